// invoke/gated_guest.h — A guest whose calls wait for their turn at the gate.
#pragma once
#include <memory>

#include "invoke/guest.h"
#include "invoke/invoke_gate.h"

namespace kt::invoke {

/// Lives on: the shard loop; what it was given outlives it. The wait for a permit does not count
/// against the call's deadline.
class GatedGuest final : public Guest {
 public:
  GatedGuest(Guest& guest, InvokeGate& gate, Clock& clock)
      : guest_(guest), gate_(gate), clock_(clock) {}

  Task<Invocation> handle(std::shared_ptr<const Batch> batch, CallContext context,
                          MonotonicTime deadline) override;
  GuestTraits traits() const override { return guest_.traits(); }

 private:
  Guest& guest_;
  InvokeGate& gate_;
  Clock& clock_;
};

}  // namespace kt::invoke
