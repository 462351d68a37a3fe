// stream/kinesis/records_reader.h — Reads a GetRecords answer in place.
#pragma once
#include <string>
#include <string_view>

#include "stream/kinesis_api.h"

namespace kt::stream {

/// Whether the text begins like a JSON object; CBOR never does.
bool looks_like_json(std::string_view body);

/// Both move `body` into the page; the records are views of it, or of the page's side buffers where
/// a payload was base64 text or a string held escapes. The page gives the body to `pool` at its
/// end, unless that is null. Corrupt names what is wrong.
Result<RecordsAnswer> read_cbor_records(std::string body, TextPoolPtr pool);
Result<RecordsAnswer> read_json_records(std::string body, TextPoolPtr pool);

}  // namespace kt::stream
