#include "host/component_host.h"

#include <memory>
#include <utility>

#include "base/check.h"

namespace kt::host {

/// One instance. The bridge's threads only post; all else happens on the host loop.
class Session final : public wasm::HostSession {
 public:
  Session(HostLoop& loop, std::shared_ptr<ComponentHost::Capabilities> capabilities,
          TraceContext trace)
      : loop_(loop),
        capabilities_(std::move(capabilities)),
        trace_(std::make_shared<InstanceTrace>(std::move(trace))),
        calls_(loop.executor()) {}

  void call(wasm::HostCall call) noexcept override {
    loop_.loop().post(
        [this, call = std::move(call)]() mutable { calls_.spawn(serve(std::move(call))); });
  }

  void end() noexcept override {
    loop_.loop().post([this] {
      calls_.cancel();
      loop_.ending().spawn(finish(std::unique_ptr<Session>(this)));
    });
  }

 private:
  static Task<Result<Unit>> finish(std::unique_ptr<Session> self) {
    // A call's failure went to the guest; what is left here is only that all of them are over.
    [[maybe_unused]] const auto ended = co_await self->calls_.join();
    co_return Unit{};
  }

  Task<Result<Unit>> serve(wasm::HostCall call) {
    CapabilitySession* const capability = find(family_of(call.operation()));
    if (capability == nullptr) {
      HostRefusal refusal;
      refusal.fault = KT_FAULT_ACCESS_DENIED;
      refusal.message = "this host does not offer the interface";
      call.refuse(std::move(refusal));
      co_return Unit{};
    }
    auto answer = co_await capability->call(call.operation(), call.arguments());
    if (answer)
      call.answer(*std::move(answer));
    else
      call.refuse(std::move(answer).error());
    co_return Unit{};
  }

  CapabilitySession* find(CapabilityFamily family) {
    const auto known = sessions_.find(family);
    if (known != sessions_.end())
      return known->second.get();
    const auto offered = capabilities_->find(family);
    if (offered == capabilities_->end())
      return nullptr;
    return sessions_.emplace(family, offered->second->begin_traced(trace_)).first->second.get();
  }

  HostLoop& loop_;
  std::shared_ptr<ComponentHost::Capabilities> capabilities_;
  std::shared_ptr<InstanceTrace> trace_;
  std::map<CapabilityFamily, std::unique_ptr<CapabilitySession>> sessions_;
  TaskGroup calls_;
};

void ComponentHost::add(CapabilityFamily family, std::shared_ptr<Capability> capability) {
  CHECK(capabilities_->emplace(family, std::move(capability)).second,
        "a capability was added twice");
}

wasm::HostSession* ComponentHost::begin_traced(const TraceContext& trace) noexcept {
  return std::make_unique<Session>(loop_, capabilities_, trace).release();
}

}  // namespace kt::host
