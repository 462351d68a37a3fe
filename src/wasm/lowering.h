// wasm/lowering.h — A batch and its call's end, between our types and the bridge's.
//
// Why: nothing is copied here but idempotency keys, and nothing is allocated a record: an array of
// views a call, and for the stream worlds a second one and one text for all keys.
#pragma once
#include <kt_bridge.h>

#include <span>
#include <string>
#include <vector>

#include "model/record.h"
#include "wasm/batch_context.h"
#include "wasm/invocation.h"

namespace kt::wasm {

/// What the bridge borrows during one call. Does not move while a call runs.
class Lowering {
 public:
  /// For the first world.
  void take(std::span<const Record> records);
  /// For the stream worlds. Records and context must outlive the call.
  void take(std::span<const Record> records, const BatchContext& context);

  void put_into(kt_invocation& invocation) const;

 private:
  void take_keys(std::span<const Record> records, const BatchContext& context);

  std::vector<kt_record> records_;
  std::vector<kt_record_extra> extras_;
  std::string keys_;  ///< idempotency keys, end to end
  kt_batch_context context_ = {};
  bool has_context_ = false;
};

/// Copies what lives only during the bridge's callback.
Invocation to_invocation(const kt_result& result);

}  // namespace kt::wasm
