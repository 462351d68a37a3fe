#include "host/mqtt/mqtt_client.h"

#include <utility>

#include "host/mqtt/mqtt_connection.h"
#include "host/reachable_addresses.h"
#include "runtime/with_deadline.h"

namespace kt::host {

MqttClient::MqttClient(Executor executor, Clock& clock, const MosquittoLibrary& library,
                       std::shared_ptr<OutboundPolicy> policy, MqttAddress address,
                       MqttOptions options)
    : executor_(executor),
      clock_(clock),
      library_(library),
      policy_(std::move(policy)),
      address_(std::move(address)),
      options_(std::move(options)) {}

MqttClient::~MqttClient() {
  if (connection_)
    connection_->close(Error(ErrorCode::Closed, "the MQTT connection was closed"));
}

bool MqttClient::connected() const {
  return connection_ && connection_->is_ready();
}

Task<Result<std::shared_ptr<MqttConnection>>> MqttClient::connection() {
  if (!connection_ || connection_->closed()) {
    CO_TRY(auto addresses, reachable_addresses(*policy_, address_.host, address_.port));
    // Another may have made one while the name was resolved.
    if (!connection_ || connection_->closed()) {
      connection_ =
          std::make_shared<MqttConnection>(executor_, clock_, library_, address_, options_);
      connection_->start(std::move(addresses));
    }
  }
  auto connection = connection_;
  CO_TRY(connection->ready());
  co_return connection;
}

Task<Result<Unit>> MqttClient::publish_now(std::shared_ptr<MqttConnection>& used, std::string topic,
                                           ByteView payload, int quality) {
  CO_TRY(used, connection());
  CO_TRY(used->publish(std::move(topic), payload, quality));
  co_return Unit{};
}

Task<Result<Unit>> MqttClient::publish(std::string topic, ByteView payload, int quality) {
  const MonotonicTime deadline = clock_.now() + options_.publish_timeout;
  std::shared_ptr<MqttConnection> used;
  auto publishing = publish_now(used, std::move(topic), payload, quality);
  auto published =
      co_await with_deadline(clock_, deadline, std::move(publishing), "publishing to MQTT");
  // Whoever waits behind this message waits in vain as well.
  if (!published && published.error().code == ErrorCode::TimedOut && used)
    used->close(published.error());
  co_return published;
}

}  // namespace kt::host
