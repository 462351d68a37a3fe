// tests/sim/sim_kinesis.h — The service as one worker reaches it.
//
// Why: the model of the embedded Kinesis is the service; between it and the worker lies a network
// that is slow, throttles, fails, loses answers and shows yesterday's listings.
#pragma once
#include <string>
#include <vector>

#include "local/kinesis_model.h"
#include "runtime/random.h"
#include "stream/kinesis_api.h"
#include "tests/sim/history.h"
#include "tests/sim/sim_options.h"

namespace kt::sim {

/// Switched off when the schedule heals.
struct Weather {
  bool bad = true;
};

/// Lives on: the simulation's loop. Every call waits on the worker's clock before and after it
/// touches the model, so that a stopped or killed worker does neither.
class SimKinesis final : public stream::KinesisApi {
 public:
  struct Deps {
    Clock& clock;  ///< the worker's
    local::KinesisModel& model;
    VirtualClock& world;
    History& history;
    const LifeView& life;
    const SimOptions& options;
    const Weather& weather;
  };

  SimKinesis(Deps deps, Random random) : deps_(deps), random_(random) {}

  Task<Result<StreamDescription>> describe_stream(StreamArn stream) override;
  Task<Result<stream::ShardListing>> list_shards(StreamArn stream, std::string token) override;
  Task<Result<ShardIterator>> get_shard_iterator(StreamArn stream, ShardId shard,
                                                 Checkpoint position) override;
  Task<Result<stream::RecordsAnswer>> get_records(StreamArn stream, ShardIterator iterator,
                                                  int records_max) override;
  Task<Result<stream::StreamConsumer>> register_consumer(StreamArn stream,
                                                         std::string name) override;
  Task<Result<stream::StreamConsumer>> describe_consumer(StreamArn stream,
                                                         std::string name_or_arn) override;
  Task<Result<std::unique_ptr<stream::ShardSubscription>>> subscribe_to_shard(
      StreamArn stream, std::string consumer_arn, ShardId shard, Checkpoint position) override;

 private:
  class Subscription;

  Task<Result<Unit>> way_there();
  Task<Result<Unit>> way_back();
  bool happens(unsigned per_mille) { return deps_.weather.bad && random_.chance(per_mille); }
  Result<stream::ShardListing> page_of(const StreamArn& stream, const std::string& token);

  Deps deps_;
  Random random_;
  std::vector<Shard> older_;  ///< an earlier listing
};

/// The answer of the model in the client's form.
stream::RecordsAnswer to_client(local::RecordsAnswer answer);

}  // namespace kt::sim
