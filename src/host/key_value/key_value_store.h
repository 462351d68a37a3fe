// host/key_value/key_value_store.h — One key-value store, wherever it is kept.
//
// Why: what a component may do with a store is decided in one place (key_value_capability.h), how a
// store is kept in another: a file, Redis, DynamoDB or Cosmos DB. Every back end writes what Spin's
// own writes, so that an app's other triggers find the same data.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "runtime/task.h"
#include "wasm/host_call.h"

namespace kt::host {

/// A value on its way to a guest; none: there is no such key.
using StoredValue = std::optional<wasm::HostBuffer>;

struct KeyAndValue {
  std::string_view key;
  ByteView value;
};

/// What a compare-and-swap came to.
struct SwapOutcome {
  bool swapped = false;
  StoredValue stored;  ///< when not: what is stored instead
};

/// Bounds what one answer may hold in memory.
inline constexpr std::size_t kResultBytesMax = std::size_t{128} * 1024 * 1024;

/// Lives on: the host loop; outlives its calls. What a call is given by view must live until its
/// task has ended, also when it is cancelled. Opens at its first use.
/// Errors: StorageFull; Unavailable, Throttled, TimedOut (the write may have been done); Invalid
/// (the key can not be a key there; increment: the value is no number); LimitExceeded (the answer
/// is longer than kResultBytesMax); others as its service says.
class KeyValueStore {
 public:
  virtual ~KeyValueStore() = default;

  /// Where it is kept, for the line at the start: `"/app/.spin/sqlite_key_value.db"`.
  virtual std::string summary() const = 0;
  /// Whether it can be used.
  virtual Task<Result<Unit>> open() = 0;
  virtual Task<Result<StoredValue>> get(std::string_view key) = 0;
  virtual Task<Result<Unit>> set(std::string_view key, ByteView value) = 0;
  /// Of a key that is not there: nothing to do.
  virtual Task<Result<Unit>> remove(std::string_view key) = 0;
  virtual Task<Result<bool>> exists(std::string_view key) = 0;
  /// In no order.
  virtual Task<Result<std::vector<std::string>>> keys() = 0;
  /// In the order of `keys`.
  virtual Task<Result<std::vector<StoredValue>>> get_many(
      std::span<const std::string_view> keys) = 0;
  /// Of a key that is named twice the last value stays. May be done in part when it fails.
  virtual Task<Result<Unit>> set_many(std::span<const KeyAndValue> entries) = 0;
  virtual Task<Result<Unit>> remove_many(std::span<const std::string_view> keys) = 0;
  /// Adds, in one step, to the number under `key` (0 when there is none) and returns the sum.
  virtual Task<Result<std::int64_t>> increment(std::string_view key, std::int64_t delta) = 0;
  /// Stores `value` where `expected` is stored now (none: where there is no such key).
  virtual Task<Result<SwapOutcome>> swap(std::string_view key, std::optional<ByteView> expected,
                                         ByteView value) = 0;
};

inline std::string too_large() {
  return "query result exceeds limit of " + std::to_string(kResultBytesMax) + " bytes";
}

/// Counts what an answer holds. The first that is too much makes it fail.
class ResultSize {
 public:
  explicit ResultSize(std::size_t bytes_max) : left_(bytes_max) {}
  Result<Unit> add(std::size_t bytes) {
    bytes += kEach;
    if (bytes > left_)
      return fail(ErrorCode::LimitExceeded, too_large());
    left_ -= bytes;
    return Unit{};
  }

 private:
  static constexpr std::size_t kEach = 32;  ///< what a text or a value costs beside its bytes
  std::size_t left_;
};

}  // namespace kt::host
