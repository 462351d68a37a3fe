#include <cstdio>
#include <handler_helpers.hpp>

namespace {

using handler_helpers::Failure;
using stream_handler::Context;
using stream_handler::Record;
using stream_handler::Records;
using stream_handler::Result;

/// May see a record again: its idempotency_key() is the same each time. Views live until `handle`
/// returns.
Failure handle_record(Record record) {
  if (!handler_helpers::is_text(record.data()))
    return "no text";
  std::printf("%.*s: %.*s\n", static_cast<int>(record.partition_key().size()),
              record.partition_key().data(), static_cast<int>(record.data().size()),
              record.data().data());
  return std::nullopt;
}

/// Is called with the records of one shard, in their order. The first one that fails comes again, with
/// all behind it; Result::error brings the whole batch again.
Result handle(const Context& context, Records records) {
  std::printf("%zu records of %.*s\n", records.size(), static_cast<int>(context.shard_id().size()),
              context.shard_id().data());
  return handler_helpers::in_order(records, handle_record);
}

}  // namespace

STREAM_HANDLER(handle)
