// invoke/item_failures.h — Lambda's batchItemFailures in the error text of a 2.0.0 handler.
//
// Why: the world fermyon:spin-kinesis@2.0.0 can only say yes, or no with a text. With
// `function_response_types = ["ReportBatchItemFailures"]` that text may be Lambda's response, so
// that a handler written for Lambda keeps its protocol.
#pragma once
#include <string_view>

#include "invoke/guest.h"

namespace kt::invoke {

/// Reads the text of a failed call as Lambda reads a response:
///
///     "" [] null {} {"batchItemFailures": [] or null}      every record is handled: Done
///     {"batchItemFailures": [{"itemIdentifier": "…"}, …]}  from the lowest of those on: Partial
///     an identifier that is empty, null, unknown or absent  none is handled: Failed
///     anything else (no JSON, an object with other keys)    an ordinary error: unchanged
///
/// Of several the lowest counts: handlers written for streams stop there, so that what lies behind
/// it may not have been looked at. An identifier is a sequence number; of a user record of an
/// aggregate "<sequence>.<sub>", while
/// "<sequence>" alone means all of the aggregate. Texts over kItemFailuresBytesMax are ordinary
/// errors. Pure.
Invocation read_item_failures(Invocation failed, const Batch& batch);

constexpr std::size_t kItemFailuresBytesMax = std::size_t{4} << 20;

}  // namespace kt::invoke
