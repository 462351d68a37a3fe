// host/mqtt/mqtt_capability.h — What one component may do with MQTT brokers.
#pragma once
#include <memory>
#include <optional>

#include "host/capability.h"
#include "host/connection_permits.h"
#include "host/mqtt/mqtt_client.h"
#include "host/outbound_policy.h"

namespace kt::host {

/// One component's; answers the operations KT_MQTT_*. Lives on: the host loop; may be destroyed on
/// another thread while that loop runs. Instances that open a broker with the same address, user,
/// password and keep-alive share a connection.
class MqttCapability final : public Capability {
 public:
  struct Deps {
    Executor executor;  ///< of the host loop
    Clock& clock;       ///< of the host loop
    std::shared_ptr<OutboundPolicy> policy;
    std::shared_ptr<ConnectionPermits> permits;  ///< use "mqtt"
  };
  struct Options {
    std::size_t handles_max = 1024;  ///< of one instance
    /// How long a connection without handles stays; zero where connections are limited.
    Duration idle_time = std::chrono::seconds(10);
    std::optional<std::size_t> payload_max_bytes;  ///< max_payload_size_bytes
    MqttOptions client;
  };

  MqttCapability(Deps deps, Options options);
  ~MqttCapability() override;

  std::unique_ptr<CapabilitySession> begin() override;

 private:
  friend class MqttSession;
  struct Shared;

  std::shared_ptr<Shared> shared_;
};

}  // namespace kt::host
