// host/redis/redis_capability.h — What one component may do with Redis servers.
#pragma once
#include <memory>

#include "host/capability.h"
#include "host/connection_permits.h"
#include "host/outbound_policy.h"
#include "redis/client.h"

namespace kt::host {

/// One component's; answers the operations KT_REDIS_*. Lives on: the host loop; may be destroyed on
/// another thread while that loop runs.
///
/// Instances share a connection an address. A handle on which the guest executes a command that
/// changes the connection's state or blocks it gets one of its own, for as long as it is open.
class RedisCapability final : public Capability {
 public:
  struct Deps {
    Executor executor;  ///< of the host loop
    Clock& clock;       ///< of the host loop
    std::shared_ptr<OutboundPolicy> policy;
    std::shared_ptr<ConnectionPermits> permits;  ///< use "redis"
  };
  struct Options {
    std::size_t handles_max = 1024;  ///< of one instance
    /// How long a connection without handles stays; zero where connections are limited.
    Duration idle_time = std::chrono::seconds(10);
    /// is_blocked is the policy's.
    redis::RedisOptions client;
  };

  RedisCapability(Deps deps, Options options);
  ~RedisCapability() override;

  std::unique_ptr<CapabilitySession> begin() override;

 private:
  friend class RedisSession;
  struct Shared;

  std::shared_ptr<Shared> shared_;
};

}  // namespace kt::host
