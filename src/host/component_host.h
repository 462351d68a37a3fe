// host/component_host.h — The host of one component: its capabilities, and the calls of its
// instances.
//
// Why: guests run on threads of their own; everything a capability does happens on one loop, so
// that a guest that waits holds no thread and no capability needs a lock.
#pragma once
#include <map>
#include <memory>

#include "host/capability.h"
#include "host/host_loop.h"

namespace kt::host {

/// Give it its capabilities before it is linked; then it is immutable. The loop must run until
/// every instance is gone (the engine is freed).
class ComponentHost final : public wasm::Host {
 public:
  explicit ComponentHost(HostLoop& loop) : loop_(loop) {}

  void add(CapabilityFamily family, std::shared_ptr<Capability> capability);
  wasm::HostSession* begin() noexcept override { return begin_traced(TraceContext()); }
  wasm::HostSession* begin_traced(const TraceContext& trace) noexcept override;

 private:
  friend class Session;
  using Capabilities = std::map<CapabilityFamily, std::shared_ptr<Capability>>;

  HostLoop& loop_;
  std::shared_ptr<Capabilities> capabilities_ = std::make_shared<Capabilities>();
};

}  // namespace kt::host
