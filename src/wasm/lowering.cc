#include "wasm/lowering.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>

#include "base/check.h"

namespace kt::wasm {
namespace {

kt_record borrow(const Record& record) {
  kt_record out = {};
  out.data = record.data.data();
  out.data_length = record.data.size();
  out.partition_key = record.partition_key.data();
  out.partition_key_length = record.partition_key.size();
  out.sequence_number = record.sequence_number.data();
  out.sequence_number_length = record.sequence_number.size();
  const auto arrival = record.approximate_arrival.time_since_epoch();
  out.arrival_seconds =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(arrival).count());
  out.has_arrival = arrival.count() > 0;
  out.encryption = static_cast<std::uint8_t>(record.encryption);
  return out;
}
static_assert(static_cast<int>(EncryptionType::None) == 1);
static_assert(static_cast<int>(EncryptionType::Kms) == 2);

std::uint64_t millis(WallTime time) {
  const auto since_epoch =
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  return since_epoch > 0 ? static_cast<std::uint64_t>(since_epoch) : 0;
}

/// Digits of the largest number, and the slash before it.
constexpr std::size_t kNumberBytesMax = std::numeric_limits<std::uint64_t>::digits10 + 2;

void append(std::string& text, std::uint64_t number) {
  char digits[kNumberBytesMax];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  text.append(digits, end);
}

kt_batch_context borrow(const BatchContext& context) {
  kt_batch_context out = {};
  out.stream_arn = context.stream_arn.data();
  out.stream_arn_length = context.stream_arn.size();
  out.shard_id = context.shard_id.data();
  out.shard_id_length = context.shard_id.size();
  out.attempt = context.attempt;
  out.millis_behind_latest =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, context.behind_latest.count()));
  out.fencing_token = context.fencing_token;
  if (context.window) {
    out.has_window = 1;
    out.window_start_millis = millis(context.window->start);
    out.window_end_millis = millis(context.window->end);
    out.window_final_call = context.window->final_call;
    out.window_terminated_early = context.window->terminated_early;
  }
  if (context.window_state) {
    out.has_window_state = 1;
    out.window_state = as_bytes(*context.window_state).data();
    out.window_state_length = context.window_state->size();
  }
  return out;
}

InvocationKind kind_of(int kind) {
  switch (kind) {
    case KT_OK:
      return InvocationKind::Ok;
    case KT_GUEST_ERROR:
      return InvocationKind::GuestError;
    case KT_TRAP:
      return InvocationKind::Trap;
    case KT_TIMEOUT:
      return InvocationKind::TimedOut;
    case KT_OUT_OF_MEMORY:
      return InvocationKind::OutOfMemory;
    case KT_EXIT:
      return InvocationKind::Exit;
    case KT_INTERRUPTED:
      return InvocationKind::Interrupted;
    case KT_BAD_RECORD:
      return InvocationKind::BadRecord;
    case KT_CALL_PANIC:
      return InvocationKind::Panic;
    default:
      return InvocationKind::HostFailed;
  }
}

}  // namespace

void Lowering::take(std::span<const Record> records) {
  records_.reserve(records.size());
  for (const Record& record : records)
    records_.push_back(borrow(record));
}

void Lowering::take(std::span<const Record> records, const BatchContext& context) {
  take(records);
  context_ = borrow(context);
  has_context_ = true;
  take_keys(records, context);
}

void Lowering::take_keys(std::span<const Record> records, const BatchContext& context) {
  std::string prefix(context.stream_arn);
  append(prefix.append("/"), millis(context.stream_created));
  prefix.append("/").append(context.shard_id).append("/");
  std::size_t bytes = 0;
  for (const Record& record : records)
    bytes += prefix.size() + record.sequence_number.size() + 1 + kNumberBytesMax;
  keys_.reserve(bytes);
  extras_.reserve(records.size());
  for (const Record& record : records) {
    const std::size_t begin = keys_.size();
    keys_.append(prefix).append(record.sequence_number).append("/");
    append(keys_, record.sub_sequence);
    CHECK(keys_.size() <= bytes, "idempotency keys need more room than was reserved");
    kt_record_extra extra = {};
    extra.idempotency_key = keys_.data() + begin;
    extra.idempotency_key_length = keys_.size() - begin;
    if (!record.explicit_hash_key.empty()) {
      extra.explicit_hash_key = record.explicit_hash_key.data();
      extra.explicit_hash_key_length = record.explicit_hash_key.size();
    }
    extra.sub_sequence_number = record.sub_sequence;
    extra.arrival_millis = millis(record.approximate_arrival);
    extras_.push_back(extra);
  }
}

void Lowering::put_into(kt_invocation& invocation) const {
  invocation.records = records_.data();
  invocation.record_count = records_.size();
  if (has_context_) {
    invocation.extras = extras_.data();
    invocation.context = &context_;
  }
}

Invocation to_invocation(const kt_result& result) {
  Invocation invocation;
  invocation.kind = kind_of(result.kind);
  invocation.message.assign(result.message, result.message_length);
  invocation.stats.queued = std::chrono::nanoseconds(result.queue_ns);
  invocation.stats.instantiate = std::chrono::nanoseconds(result.instantiate_ns);
  invocation.stats.call = std::chrono::nanoseconds(result.call_ns);
  invocation.stats.peak_memory_bytes = result.peak_memory_bytes;
  invocation.stats.output_dropped_bytes = result.output_dropped_bytes;
  invocation.said = static_cast<Said>(result.outcome);
  invocation.failed_from = result.failed_from;
  invocation.failed_items.assign(result.failed_items,
                                 result.failed_items + result.failed_item_count);
  if (result.window_state != nullptr)
    invocation.window_state = as_text(ByteView(result.window_state, result.window_state_length));
  return invocation;
}
static_assert(static_cast<int>(Said::Done) == KT_DONE);
static_assert(static_cast<int>(Said::FailedFrom) == KT_FAILED_FROM);
static_assert(static_cast<int>(Said::FailedItems) == KT_FAILED_ITEMS);
static_assert(kWindowStateBytesMax == KT_WINDOW_STATE_BYTES_MAX);

}  // namespace kt::wasm
