// stream/fan_out_consumer.h — The registered consumer that the shards of one trigger share.
//
// Why: it is found or registered once, not once a shard; and when the service refuses, one of them
// asks again from time to time, and one line in the log says so.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "observability/log.h"
#include "runtime/clock.h"
#include "runtime/event.h"
#include "stream/kinesis_api.h"

namespace kt::stream {

/// Lives on: the shard loop; outlives its calls. Registers, never deregisters: a consumer outlives
/// the process on purpose, because the next one goes on with it.
class FanOutConsumer {
 public:
  struct Options {
    std::string name_or_arn;                           ///< the manifest's `enhanced_fan_out`
    Duration ask_again = std::chrono::seconds(60);     ///< after a refusal
    Duration creation_max = std::chrono::seconds(60);  ///< how long CREATING is waited for
  };
  FanOutConsumer(Clock& clock, KinesisApi& api, StreamArn stream, Options options, Log log);

  /// Its ARN: found, or registered and ACTIVE. Refused (see is_refusal) until refused_until().
  Task<Result<std::string>> arn();
  /// The service said that it is not there (any more): the next arn() looks again.
  void forget() { arn_.clear(); }
  /// The service does not let us subscribe: shards are polled until refused_until().
  void refuse(const Error& error);
  /// Subscribing works.
  void accept();
  /// None while nothing was refused, or the time to ask again has come.
  std::optional<MonotonicTime> refused_until() const;
  /// Why it was refused; empty when it was not.
  const std::string& refusal() const { return refusal_; }

 private:
  Task<Result<std::string>> find_or_register();
  Task<Result<std::string>> wait_active(StreamConsumer consumer);

  Clock& clock_;
  KinesisApi& api_;
  StreamArn stream_;
  Options options_;
  Log log_;
  std::string arn_;
  std::string refusal_;
  MonotonicTime refused_until_{};
  bool looking_ = false;
  Event looked_;
};

/// Whether an error of registering or subscribing means that pushing is not to be had for now, so
/// that polling is the answer: not allowed, not known to the service, over a limit.
bool is_refusal(const Error& error);

}  // namespace kt::stream
