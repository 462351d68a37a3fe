// invoke/wasm/wasm_guest.h — A component of the bridge as a Guest.
#pragma once
#include <memory>
#include <utility>

#include "invoke/guest.h"
#include "invoke/guest_log.h"
#include "wasm/linked_component.h"

namespace kt::invoke {

/// A fresh instance for every batch. Lives on: the shard loop; what Deps refer to outlives it.
/// Destroyed before the component's engine.
class WasmGuest final : public Guest {
 public:
  struct Deps {
    Clock& clock;
    std::shared_ptr<const wasm::LinkedComponent> component;
    GuestLog* log;  ///< null: what guests print is dropped
  };
  explicit WasmGuest(Deps deps) : deps_(std::move(deps)) {}

  Task<Invocation> handle(std::shared_ptr<const Batch> batch, CallContext context,
                          MonotonicTime deadline) override;
  /// The second world reports items and has windows, in both of its forms.
  GuestTraits traits() const override;

  std::uint64_t output_dropped_bytes() const { return output_dropped_bytes_; }

 private:
  Deps deps_;
  std::uint64_t output_dropped_bytes_ = 0;
};

/// How the worker sees an end of a call in the bridge.
InvokeOutcome outcome_of(wasm::InvocationKind kind);
/// The same for the whole answer, its indexes checked against the batch: failed items are sorted,
/// each once; none of them is Done; an index that no record has makes the whole batch Failed.
Invocation to_invocation(wasm::Invocation ended, std::size_t record_count);

}  // namespace kt::invoke
