// wasm/batch_context.h — The contracts with guests, and what a guest of the stream worlds is told.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"

namespace kt::wasm {

/// The contract that a component exports.
enum class World : std::uint8_t {
  Kinesis = 1,  ///< fermyon:spin-kinesis@2.0.0
  Stream,       ///< trigger-kinesis:handler@0.1, world stream-handler
  StreamAsync,  ///< the same, world stream-handler-async
};
std::string_view name(World world);

struct BatchWindow {
  WallTime start;
  WallTime end;
  bool final_call = false;
  bool terminated_early = false;
};

/// Where a call stands in its shard's history. Views of the caller's text.
struct BatchContext {
  std::string_view stream_arn;
  WallTime stream_created;  ///< part of the idempotency keys
  std::string_view shard_id;
  std::uint32_t attempt = 1;
  std::chrono::milliseconds behind_latest{0};
  std::uint64_t fencing_token = 0;
  std::optional<BatchWindow> window;
  std::optional<std::string_view> window_state;
};

}  // namespace kt::wasm
