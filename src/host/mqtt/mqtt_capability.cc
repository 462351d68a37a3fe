#include "host/mqtt/mqtt_capability.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "base/check.h"
#include "host/handles.h"
#include "host/shared_clients.h"

namespace kt::host {

using Clients = SharedClients<MqttClient>;

struct MqttCapability::Shared {
  Shared(Deps d, Options o)
      : deps(std::move(d)),
        options(std::move(o)),
        clients(deps.clock, deps.permits, Clients::Options{"mqtt", options.idle_time}) {}

  Deps deps;
  Options options;
  Clients clients;
};

namespace {

constexpr std::size_t kTopicMax = 65'535;

/// What a guest has open; empty until its client is there.
struct OpenMqtt {
  std::shared_ptr<Clients::Lease> lease;
};

}  // namespace

/// One instance's handles.
class MqttSession final : public CapabilitySession {
 public:
  explicit MqttSession(std::shared_ptr<MqttCapability::Shared> shared)
      : shared_(std::move(shared)), open_(shared_->options.handles_max) {}

  Task<Answer> call(HostOperation operation, HostArguments arguments) override {
    if (operation == KT_MQTT_OPEN)
      co_return co_await open(arguments);
    const std::int64_t handle = arguments[0].integer();
    if (operation == KT_MQTT_CLOSE) {
      open_.close(handle);
      co_return HostResult();
    }
    CHECK(operation == KT_MQTT_PUBLISH, "an operation of another family");
    const std::shared_ptr<OpenMqtt> mqtt = open_.find(handle);
    if (mqtt == nullptr || mqtt->lease == nullptr)
      co_return refuse(KT_FAULT_NOT_FOUND, "the connection is not open");
    co_return co_await publish(mqtt->lease, arguments);
  }

 private:
  Task<Answer> open(HostArguments arguments) {
    if (open_.full())
      co_return refuse(KT_FAULT_TOO_MANY, "too many MQTT connections are open: close some");
    auto address = parse_mqtt_address(arguments[0].text());
    if (!address)
      co_return refuse_for(std::move(address).error());
    const std::string user(arguments[1].text());
    if (!user.empty()) {
      address->user = user;
      address->password = arguments[2].text();
    }
    address->keep_alive_seconds = keep_alive_within_bounds(arguments[3].integer());
    std::string key(arguments[0].text());
    key.append(1, '\0').append(user).append(1, '\0').append(arguments[2].text());
    key.append(1, '\0').append(std::to_string(address->keep_alive_seconds));
    const auto mqtt = std::make_shared<OpenMqtt>();
    const std::int64_t handle = open_.add(mqtt);
    auto taken = co_await take(mqtt, *std::move(address), std::move(key));
    if (taken)
      co_return HostResult(handle);
    open_.close(handle);
    co_return refuse_for(std::move(taken).error());
  }

  Task<Result<Unit>> take(std::shared_ptr<OpenMqtt> mqtt, MqttAddress address, std::string key) {
    const auto& deps = shared_->deps;
    const std::string scheme = address.tls ? "mqtts" : "mqtt";
    CO_TRY(deps.policy->check(scheme, address.host, address.port));
    const auto library = MosquittoLibrary::load();
    if (!library)
      co_return fail(library.error());
    auto make = [shared = shared_, address, loaded = *library] {
      return std::make_shared<MqttClient>(shared->deps.executor, shared->deps.clock, *loaded,
                                          shared->deps.policy, address, shared->options.client);
    };
    mqtt->lease = co_await shared_->clients.take(std::move(key), std::move(make));
    co_return Unit{};
  }

  Task<Answer> publish(std::shared_ptr<Clients::Lease> lease, HostArguments arguments) {
    std::string topic(arguments[1].text());
    const ByteView payload = arguments[2].bytes();
    const std::int64_t quality = arguments[3].integer();
    if (topic.size() > kTopicMax || topic.find('\0') != std::string::npos)
      co_return refuse(KT_FAULT_OTHER, "the topic is too long or holds a null character");
    if (quality < 0 || quality > 2)
      co_return refuse(KT_FAULT_OTHER, "the quality of service must be 0, 1 or 2");
    const auto& max = shared_->options.payload_max_bytes;
    if (max && payload.size() > *max)
      co_return refuse(KT_FAULT_OTHER, "payload size " + std::to_string(payload.size()) +
                                           " exceeds the maximum allowed size of " +
                                           std::to_string(*max) + " bytes");
    auto published =
        co_await lease->client().publish(std::move(topic), payload, static_cast<int>(quality));
    if (!published)
      co_return refuse_for(std::move(published).error());
    co_return HostResult();
  }

  std::shared_ptr<MqttCapability::Shared> shared_;
  Handles<OpenMqtt> open_;
};

MqttCapability::MqttCapability(Deps deps, Options options)
    : shared_(std::make_shared<Shared>(std::move(deps), std::move(options))) {}

MqttCapability::~MqttCapability() {
  // Its connections belong to the loop.
  const Executor executor = shared_->deps.executor;
  asio::post(executor, [shared = std::move(shared_)] {});
}

std::unique_ptr<CapabilitySession> MqttCapability::begin() {
  return std::make_unique<MqttSession>(shared_);
}

}  // namespace kt::host
