// host/mqtt/mqtt_client.h — Publishes to one broker, for all instances that come with one login.
#pragma once
#include <memory>

#include "base/bytes.h"
#include "host/mqtt/mosquitto_library.h"
#include "host/mqtt/mqtt_address.h"
#include "host/outbound_policy.h"
#include "runtime/clock.h"

namespace kt::host {

struct MqttOptions {
  Duration connect_timeout = std::chrono::seconds(10);
  /// Of each publishing, connecting included. A broker that lets it pass loses the connection.
  Duration publish_timeout = std::chrono::seconds(30);
  /// PEM roots for mqtts in place of the system's; empty: the system's.
  std::string roots_file;
};

class MqttConnection;

/// Connects at the first publishing and again after a loss. Lives on: host loop, destroyed there
/// too; `clock` outlives it. What is under way when it is destroyed fails as Closed.
class MqttClient {
 public:
  MqttClient(Executor executor, Clock& clock, const MosquittoLibrary& library,
             std::shared_ptr<OutboundPolicy> policy, MqttAddress address, MqttOptions options);
  ~MqttClient();
  MqttClient(const MqttClient&) = delete;
  MqttClient& operator=(const MqttClient&) = delete;

  /// Returns when the broker has it as surely as the quality of service says: 0 when it is written
  /// to the socket, 1 when it is acknowledged, 2 when that is complete. `payload` outlives the
  /// task. Internal: the topic or the payload cannot be sent; AccessDenied; Unavailable; TimedOut.
  /// After a loss the message may or may not have arrived.
  Task<Result<Unit>> publish(std::string topic, ByteView payload, int quality);

  bool connected() const;

 private:
  /// `used` is the connection that it got, for its caller, who outlives it.
  Task<Result<Unit>> publish_now(std::shared_ptr<MqttConnection>& used, std::string topic,
                                 ByteView payload, int quality);
  Task<Result<std::shared_ptr<MqttConnection>>> connection();

  Executor executor_;
  Clock& clock_;
  const MosquittoLibrary& library_;
  std::shared_ptr<OutboundPolicy> policy_;
  MqttAddress address_;
  MqttOptions options_;
  std::shared_ptr<MqttConnection> connection_;
};

}  // namespace kt::host
