// invoke/traced/traced_guest.h — A guest whose calls are seen by telemetry.
//
// Why: every call is a span of a consumer, counted, with what its component prints; the guest
// itself need not know.
#pragma once
#include <memory>
#include <string>

#include "invoke/guest.h"
#include "otel/telemetry.h"

namespace kt::invoke {

/// Lives on: the shard loop; the guest and the telemetry outlive it.
class TracedGuest final : public Guest {
 public:
  struct Options {
    std::string component;
    std::string app;  ///< its id: the locked app's URL, or the manifest's path
  };

  TracedGuest(Guest& guest, otel::Telemetry& telemetry, Options options);

  Task<Invocation> handle(std::shared_ptr<const Batch> batch, CallContext context,
                          MonotonicTime deadline) override;
  GuestTraits traits() const override { return guest_.traits(); }

 private:
  otel::SpanStart begin(const Batch& batch, const CallContext& context) const;

  Guest& guest_;
  otel::Telemetry& telemetry_;
  std::string component_;
  otel::Instrument requests_;
  otel::Instrument memory_;
  otel::Attributes request_attributes_;
  otel::Attributes memory_attributes_;
};

}  // namespace kt::invoke
