// stream_handler.hpp — A handler of `trigger-kinesis:handler@0.1.0` in C++, with no generator.
//
// Write a function and name it once (spin_kinesis.hpp must lie beside this file):
//
//     #include <stream_handler.hpp>
//
//     using namespace stream_handler;
//     Result handle(const Context& context, Records records) {
//       std::vector<std::uint32_t> failed;
//       for (std::uint32_t i = 0; i < records.size(); ++i)
//         if (!store(records[i].idempotency_key(), records[i].data(), context.fencing_token()))
//           failed.push_back(i);
//       return Result::failed_items(failed);
//     }
//     STREAM_HANDLER(handle)
//
//     clang++ --target=wasm32-wasi -mexec-model=reactor -fno-exceptions -fno-rtti -O2 ...
//
// The result is a core module; the trigger makes it a component at load. Everything that Context
// and Record return is a view that lives until the handler returns.
#pragma once
#include <spin_kinesis.hpp>
#include <vector>

namespace stream_handler {

/// The canonical ABI's memory layout on wasm32.
namespace abi {

using spin_kinesis::abi::Slice;
using spin_kinesis::abi::text;

struct OptionalSlice {
  std::uint8_t has;
  Slice value;
};
struct Record {
  Slice data;
  Slice partition_key;
  OptionalSlice explicit_hash_key;
  Slice sequence_number;
  std::uint64_t sub_sequence_number;
  std::uint64_t arrival_millis;
  Slice idempotency_key;
};
struct Window {
  std::uint64_t start_millis;
  std::uint64_t end_millis;
  std::uint8_t final_call;
  std::uint8_t terminated_early;
};
struct OptionalWindow {
  std::uint8_t has;
  Window value;
};
struct Context {
  Slice stream_arn;
  Slice shard_id;
  std::uint32_t attempt;
  std::uint64_t millis_behind_latest;
  std::uint64_t fencing_token;
  OptionalWindow window;
  OptionalSlice window_state;
};
struct Parameters {
  Context context;
  Record* records;
  std::uint32_t count;
};
enum class Outcome : std::uint8_t { Done = 0, FailedFrom = 1, FailedItems = 2 };
struct BatchResult {
  Outcome outcome;
  union {
    std::uint32_t failed_from;
    struct {
      std::uint32_t* data;
      std::uint32_t count;
    } failed_items;
  };
  OptionalSlice window_state;
};
struct HandlerResult {
  std::uint8_t is_error;
  union {
    BatchResult value;
    Slice message;
  };
};
#ifdef __wasm32__
static_assert(sizeof(Record) == 64 && offsetof(Record, sub_sequence_number) == 40);
static_assert(sizeof(Context) == 88 && offsetof(Context, window_state) == 72);
static_assert(offsetof(Parameters, records) == 88);
static_assert(sizeof(HandlerResult) == 28 && offsetof(HandlerResult, value) == 4);
#endif

inline std::optional<std::string_view> text(const OptionalSlice& slice) {
  return slice.has ? std::optional(text(slice.value)) : std::nullopt;
}

}  // namespace abi

/// One record: a view, cheap to copy.
class Record {
 public:
  explicit Record(const abi::Record* raw) : raw_(raw) {}

  std::string_view data() const { return abi::text(raw_->data); }
  std::string_view partition_key() const { return abi::text(raw_->partition_key); }
  std::optional<std::string_view> explicit_hash_key() const {
    return abi::text(raw_->explicit_hash_key);
  }
  std::string_view sequence_number() const { return abi::text(raw_->sequence_number); }
  /// The place within a KPL aggregate; 0 of a plain record.
  std::uint64_t sub_sequence_number() const { return raw_->sub_sequence_number; }
  /// UNIX milliseconds.
  std::uint64_t approximate_arrival_millis() const { return raw_->arrival_millis; }
  /// The same at every delivery of this record, and of no other record.
  std::string_view idempotency_key() const { return abi::text(raw_->idempotency_key); }

 private:
  const abi::Record* raw_;
};

using Records = spin_kinesis::BatchOf<Record, abi::Record>;

struct Window {
  std::uint64_t start_millis = 0;
  std::uint64_t end_millis = 0;
  bool final_call = false;
  bool terminated_early = false;
};

/// Where the call stands.
class Context {
 public:
  explicit Context(const abi::Context* raw) : raw_(raw) {}

  std::string_view stream_arn() const { return abi::text(raw_->stream_arn); }
  std::string_view shard_id() const { return abi::text(raw_->shard_id); }
  /// 1 at the first delivery.
  std::uint32_t attempt() const { return raw_->attempt; }
  std::uint64_t millis_behind_latest() const { return raw_->millis_behind_latest; }
  /// Grows when the shard changes hands: a store that keeps the greatest can refuse a late writer.
  std::uint64_t fencing_token() const { return raw_->fencing_token; }
  std::optional<Window> window() const {
    const abi::Window& window = raw_->window.value;
    if (!raw_->window.has)
      return std::nullopt;
    return Window{window.start_millis, window.end_millis, window.final_call != 0,
                  window.terminated_early != 0};
  }
  /// Whether this is the window's last call: it has no records, and the state is complete.
  bool final_call() const { return raw_->window.has != 0 && raw_->window.value.final_call != 0; }
  /// As the window's last successful call returned it; none at its first.
  std::optional<std::string_view> window_state() const { return abi::text(raw_->window_state); }

 private:
  const abi::Context* raw_;
};

/// What the handler says of the batch.
class Result {
 public:
  static Result done() { return Result(); }
  /// This record and all after it come again.
  static Result failed_from(std::uint32_t index) {
    Result result;
    result.outcome_ = abi::Outcome::FailedFrom;
    result.failed_from_ = index;
    return result;
  }
  /// The first of these and all after it come again; none: as done().
  static Result failed_items(std::vector<std::uint32_t> indexes) {
    Result result;
    result.outcome_ = abi::Outcome::FailedItems;
    result.failed_items_ = std::move(indexes);
    return result;
  }
  /// The whole batch comes again.
  static Result error(std::string message) {
    Result result;
    result.message_ = std::move(message);
    return result;
  }
  Result with_window_state(std::string state) && {
    window_state_ = std::move(state);
    return std::move(*this);
  }

  /// In memory that release() frees.
  abi::HandlerResult lower() const {
    abi::HandlerResult out = {};
    if (message_) {
      out.is_error = 1;
      out.message = copy(message_->data(), message_->size());
      return out;
    }
    out.value.outcome = outcome_;
    if (outcome_ == abi::Outcome::FailedFrom) {
      out.value.failed_from = failed_from_;
    } else if (outcome_ == abi::Outcome::FailedItems) {
      const std::size_t bytes = failed_items_.size() * sizeof(std::uint32_t);
      out.value.failed_items.data =
          reinterpret_cast<std::uint32_t*>(copy(failed_items_.data(), bytes).data);
      out.value.failed_items.count = static_cast<std::uint32_t>(failed_items_.size());
    }
    if (window_state_) {
      out.value.window_state.has = 1;
      out.value.window_state.value = copy(window_state_->data(), window_state_->size());
    }
    return out;
  }

 private:
  /// An empty list's pointer is not read but must be aligned, so something is allocated.
  static abi::Slice copy(const void* bytes, std::size_t size) {
    void* memory = std::malloc(size == 0 ? 1 : size);
    if (memory == nullptr)
      __builtin_trap();
    if (size > 0)
      std::memcpy(memory, bytes, size);
    return {static_cast<std::uint8_t*>(memory), static_cast<std::uint32_t>(size)};
  }

  abi::Outcome outcome_ = abi::Outcome::Done;
  std::uint32_t failed_from_ = 0;
  std::vector<std::uint32_t> failed_items_;
  std::optional<std::string> window_state_;
  std::optional<std::string> message_;
};

namespace detail {

template <class Handler>
abi::HandlerResult* call(Handler handler, abi::Parameters* in) {
  static abi::HandlerResult out;
  spin_kinesis::detail::in_handler = true;
  {
    const Context context(&in->context);
    const Result result = handler(context, Records(in->records, in->count));
    out = result.lower();
  }
  std::fflush(nullptr);
  spin_kinesis::detail::in_handler = false;
  spin_kinesis::detail::arena.clear();
  if (in->count > 0)
    std::free(in->records);
  std::free(in);
  return &out;
}

inline void release(abi::HandlerResult* result) {
  if (result->is_error) {
    std::free(result->message.data);
    return;
  }
  if (result->value.outcome == abi::Outcome::FailedItems)
    std::free(result->value.failed_items.data);
  if (result->value.window_state.has)
    std::free(result->value.window_state.value.data);
}

}  // namespace detail
}  // namespace stream_handler

#ifdef __wasm__
/// Nothing: the trigger knows the handler by its name. spin_services.hpp has a module describe
/// itself.
#define STREAM_HANDLER_DESCRIPTION
/// Makes `handler` the module's handler. Once a module, at namespace scope.
#define STREAM_HANDLER(handler)                                                                \
  STREAM_HANDLER_DESCRIPTION                                                                   \
  extern "C" {                                                                                 \
  __attribute__((export_name("cabi_realloc"))) void* cabi_realloc(void* old, size_t old_size,  \
                                                                  size_t align, size_t size) { \
    return spin_kinesis::detail::allocate(old, old_size, align, size);                         \
  }                                                                                            \
  __attribute__((export_name("trigger-kinesis:handler/handle@0.1.0#batch"))) void*             \
  stream_handler_entry(stream_handler::abi::Parameters* in) {                                  \
    return stream_handler::detail::call(handler, in);                                          \
  }                                                                                            \
  __attribute__((export_name("cabi_post_trigger-kinesis:handler/handle@0.1.0#batch"))) void    \
  stream_handler_post(stream_handler::abi::HandlerResult* result) {                            \
    stream_handler::detail::release(result);                                                   \
  }                                                                                            \
  }
#endif
