// wasm/invocation.h — How a guest call ended, and what the handler said.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kt::wasm {

/// How a call ended.
enum class InvocationKind : std::uint8_t {
  Ok,
  GuestError,   ///< the handler returned an error; message is its text
  Trap,         ///< the guest crashed
  TimedOut,     ///< the deadline passed, computing or waiting
  OutOfMemory,  ///< crashed after a refused memory request
  Exit,         ///< ended itself
  Interrupted,  ///< the awaiting task was cancelled, or the engine is going away
  BadRecord,    ///< a partition key that is not UTF-8: the guest was not called
  HostFailed,   ///< no instance could be made; not the guest's fault
  Panic,        ///< a fault of the bridge
};
std::string_view name(InvocationKind kind);

struct InvocationStats {
  std::chrono::nanoseconds queued{0};       ///< until a guest thread took it
  std::chrono::nanoseconds instantiate{0};  ///< making the instance
  std::chrono::nanoseconds call{0};         ///< copying records in and running the handler
  std::uint64_t peak_memory_bytes = 0;
  std::uint64_t output_dropped_bytes = 0;
};

/// What a handler of the stream worlds says of its batch, as it said it: the indexes may be out of
/// range, doubled and in any order, but are not more than the batch has records.
enum class Said : std::uint8_t { Done, FailedFrom, FailedItems };

struct Invocation {
  Invocation() = default;

  bool ok() const { return kind == InvocationKind::Ok; }

  InvocationKind kind = InvocationKind::HostFailed;
  std::string message;
  Said said = Said::Done;                   ///< with Ok; always Done in the first world
  std::uint32_t failed_from = 0;            ///< with FailedFrom
  std::vector<std::uint32_t> failed_items;  ///< with FailedItems
  std::optional<std::string> window_state;  ///< with Ok; at most kWindowStateBytesMax
  InvocationStats stats;
};

/// A handler that returns a longer window state has failed. Far more than a window may keep: its
/// owner decides what happens to a state that is merely too large to keep.
constexpr std::size_t kWindowStateBytesMax = std::size_t{6} << 20;

}  // namespace kt::wasm
