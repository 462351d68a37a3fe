#include "local/kinesis_model.h"

#include <algorithm>

#include "base/check.h"
#include "local/model_state.h"
#include "local/token.h"

namespace kt::local {
namespace {

constexpr HashKey kLastKey = ~HashKey{0};

std::uint64_t seconds_of(WallTime time) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, time.time_since_epoch().count())) /
         1000;
}

std::string not_found(const StreamArn& stream) {
  return "Stream " + stream.stream().str() + " under account " + stream.account() + " not found.";
}

}  // namespace

KinesisModel::KinesisModel(Clock& clock, ModelOptions options) : clock_(clock), options_(options) {}

KinesisModel::~KinesisModel() = default;

Result<std::unique_ptr<KinesisModel>> KinesisModel::open(Clock& clock, ModelOptions options,
                                                         StreamStore& store) {
  auto model = std::make_unique<KinesisModel>(clock, options);
  TRY(auto stored, store.load());
  model->store_ = &store;
  for (StoredStream& stream : stored) {
    TRY(model->restore(std::move(stream)));
  }
  return model;
}

Result<Unit> KinesisModel::restore(StoredStream stored) {
  auto stream = std::make_unique<ModelStream>();
  stream->uid = stored.uid;
  stream->arn = stored.arn;
  stream->created = stored.created;
  stream->retention = stored.retention;
  stream->record_bytes_max = stored.record_bytes_max;
  stream->next_shard = stored.next_shard;
  for (const StoredShard& s : stored.shards) {
    ModelShard& shard = stream->shards[s.number];
    shard.number = s.number;
    shard.parent = s.parent;
    shard.adjacent_parent = s.adjacent_parent;
    shard.keys = s.keys;
    shard.created_seconds = s.created_seconds;
    shard.created = s.created;
    shard.closed = s.closed;
    shard.log.restore_end(s.end_index);
  }
  for (const StoredConsumer& c : stored.consumers) {
    ModelConsumer& consumer = stream->consumers[c.name];
    consumer.name = c.name;
    consumer.created = c.created;
  }
  for (const RecordRun& run : stored.runs) {
    const auto shard = stream->shards.find(run.shard);
    if (shard == stream->shards.end())
      continue;
    shard->second.log.restore(run);
    stored_bytes_ += run.bytes;
  }
  stream->index_open_shards();
  HashKey next = 0;
  bool covered = !stream->open.empty();
  for (const ModelShard* shard : stream->open) {
    covered = covered && shard->keys.starting == next && shard->keys.ending >= next &&
              (next != 0 || shard == stream->open.front());
    next = shard->keys.ending + 1;
  }
  if (!covered || next != 0)
    return fail(ErrorCode::Corrupt, "local.db: the shards of stream " + stream->arn.str() +
                                        " do not cover all hash keys; move the "
                                        "file aside and create the streams again");
  next_uid_ = std::max(next_uid_, stream->uid + 1);
  by_uid_[stream->uid] = stream.get();
  const std::string key = stream->arn.str();
  streams_[key] = std::move(stream);
  return Unit{};
}

void KinesisModel::forget_deleted() {
  const MonotonicTime now = clock_.now();
  for (auto it = streams_.begin(); it != streams_.end();) {
    if (it->second->deleting && now >= it->second->settled) {
      by_uid_.erase(it->second->uid);
      it = streams_.erase(it);
    } else {
      ++it;
    }
  }
}

Answer<ModelStream*> KinesisModel::find(const StreamArn& stream) {
  const auto it = streams_.find(stream.str());
  if (it == streams_.end())
    return refuse(Fault::ResourceNotFound, not_found(stream));
  if (it->second->deleting && clock_.now() >= it->second->settled) {
    forget_deleted();
    return refuse(Fault::ResourceNotFound, not_found(stream));
  }
  return it->second.get();
}

Answer<ModelStream*> KinesisModel::find_for_data(const StreamArn& stream) {
  TRY(ModelStream * found, find(stream));
  const StreamStatus status = found->status(clock_.now());
  if (status == StreamStatus::Creating || status == StreamStatus::Deleting)
    return refuse(Fault::ResourceNotFound, not_found(stream));
  return found;
}

Answer<ModelStream*> KinesisModel::find_for_change(const StreamArn& stream) {
  TRY(ModelStream * found, find(stream));
  if (found->status(clock_.now()) != StreamStatus::Active)
    return refuse(Fault::ResourceInUse, "Stream " + stream.stream().str() + " under account " +
                                            stream.account() + " not ACTIVE, try again later.");
  return found;
}

Answer<ModelShard*> KinesisModel::find_shard(ModelStream& stream, const ShardId& shard) {
  const auto number = shard_number(shard.view());
  const auto it = number ? stream.shards.find(*number) : stream.shards.end();
  if (it == stream.shards.end())
    return refuse(Fault::ResourceNotFound,
                  "Could not find shard " + shard.str() + in_stream(stream.arn) + ".");
  return &it->second;
}

bool KinesisModel::exists(const StreamArn& stream) {
  return find(stream).has_value();
}

void KinesisModel::settle_all() {
  for (const auto& [arn, stream] : streams_)
    stream->settled = std::min(stream->settled, clock_.now());
}

int KinesisModel::open_shards_of(std::string_view region, std::string_view account) const {
  std::size_t count = 0;
  for (const auto& [arn, stream] : streams_) {
    if (stream->arn.region() == region && stream->arn.account() == account && !stream->deleting)
      count += stream->open.size();
  }
  return static_cast<int>(count);
}

Answer<Unit> KinesisModel::check_shard_limit(const StreamArn& stream, int more) const {
  const int now = open_shards_of(stream.region(), stream.account());
  if (!options_.limits || now + more <= options_.shards_max)
    return Unit{};
  return refuse(Fault::LimitExceeded,
                "This request would exceed the shard limit for the account " + stream.account() +
                    " in " + stream.region() + ". Current shard count for the account: " +
                    std::to_string(now) + ". Limit: " + std::to_string(options_.shards_max) +
                    ". Number of additional shards that would have resulted from this request: " +
                    std::to_string(more) + ".");
}

Answer<Unit> KinesisModel::create_stream(const StreamArn& arn, int shards, int record_kib) {
  constexpr int kShardsOfOneStream = 10'000;
  if (shards < 1 || shards > kShardsOfOneStream)
    return refuse(Fault::Validation,
                  "1 validation error detected: Value '" + std::to_string(shards) +
                      "' at 'shardCount' failed to satisfy constraint: Member must be between 1 "
                      "and 10000");
  TRY(const std::size_t record_bytes_max, checked_record_size(record_kib));
  forget_deleted();
  if (streams_.contains(arn.str()))
    return refuse(Fault::ResourceInUse, "Stream " + arn.stream().str() + " under account " +
                                            arn.account() + " already exists.");
  if (streams_.size() >= static_cast<std::size_t>(options_.streams_max))
    return refuse(Fault::LimitExceeded, "There are " + std::to_string(streams_.size()) +
                                            " streams already; delete one first.");
  TRY(check_shard_limit(arn, shards));

  auto stream = std::make_unique<ModelStream>();
  stream->uid = next_uid_++;
  stream->arn = arn;
  stream->created = wall();
  stream->record_bytes_max = record_bytes_max;
  // A successor is told from its predecessor by its creation time, and by its sequence numbers.
  if (const auto last = last_created_.find(arn.str()); last != last_created_.end())
    stream->created = std::max(stream->created, last->second + std::chrono::seconds(1));
  stream->creating = true;
  stream->settled = clock_.now() + options_.transition;
  const auto count = static_cast<unsigned>(shards);
  for (unsigned i = 0; i < count; ++i) {
    HashKeyRange keys;
    keys.starting = even_border(i, count);
    keys.ending = i + 1 == count ? kLastKey : even_border(i + 1, count) - 1;
    add_shard(*stream, keys, stream->created, seconds_of(stream->created));
  }
  stream->index_open_shards();
  by_uid_[stream->uid] = stream.get();
  mark_structure(*stream);
  streams_[arn.str()] = std::move(stream);
  return Unit{};
}

ModelShard& KinesisModel::add_shard(ModelStream& stream, HashKeyRange keys, WallTime created,
                                    std::uint64_t created_seconds) {
  const std::uint32_t number = stream.next_shard++;
  ModelShard& shard = stream.shards[number];
  shard.number = number;
  shard.keys = keys;
  shard.created = created;
  shard.created_seconds = created_seconds;
  return shard;
}

Answer<Unit> KinesisModel::delete_stream(const StreamArn& arn, bool with_consumers) {
  TRY(ModelStream * stream, find(arn));
  if (stream->deleting)
    return refuse(Fault::ResourceInUse, "Stream " + arn.stream().str() + " under account " +
                                            arn.account() + " is being deleted already.");
  forget_deleted_consumers(*stream);
  if (!with_consumers && !stream->consumers.empty())
    return refuse(Fault::ResourceInUse, "Stream " + arn.stream().str() + " under account " +
                                            arn.account() +
                                            " has consumers registered: deregister them, or set "
                                            "EnforceConsumerDeletion.");
  stream->deleting = true;
  if (watcher_ != nullptr)
    watcher_->structure_changed();
  stream->settled = clock_.now() + options_.transition;
  WallTime& last = last_created_[arn.str()];
  for (const auto& [number, shard] : stream->shards) {
    last = std::max(last, WallTime(std::chrono::seconds(shard.created_seconds)));
    for (const Segment& segment : shard.log.segments())
      stored_bytes_ -= segment.bytes;
  }
  if (store_) {
    removed_.push_back(stream->uid);
    structure_dirty_ = true;
  }
  forget_deleted();
  return Unit{};
}

StreamDescription KinesisModel::describe(const ModelStream& stream) const {
  StreamDescription out;
  out.name = stream.arn.stream();
  out.arn = stream.arn.str();
  out.status = stream.status(clock_.now());
  out.created = stream.created;
  out.retention = stream.retention;
  out.open_shards = static_cast<std::int64_t>(stream.open.size());
  return out;
}

Answer<StreamSummary> KinesisModel::describe_stream_summary(const StreamArn& arn) {
  TRY(ModelStream * stream, find(arn));
  StreamSummary out;
  out.stream = describe(*stream);
  forget_deleted_consumers(*stream);
  out.consumers = static_cast<std::int64_t>(stream->consumers.size());
  out.record_bytes_max = stream->record_bytes_max;
  return out;
}

Answer<Unit> KinesisModel::update_max_record_size(const StreamArn& arn, int kibibytes) {
  TRY(const std::size_t bytes, checked_record_size(kibibytes));
  TRY(ModelStream * stream, find_for_change(arn));
  stream->record_bytes_max = bytes;
  begin_change(*stream);
  return Unit{};
}

Answer<std::size_t> KinesisModel::checked_record_size(int kibibytes) const {
  const auto bytes = static_cast<std::size_t>(std::max(kibibytes, 0)) * 1024;
  if (bytes < limits::kRecordBytes || bytes > limits::kRecordBytesMax)
    return refuse(Fault::Validation,
                  "1 validation error detected: Value '" + std::to_string(kibibytes) +
                      "' at 'maxRecordSizeInKiB' failed to satisfy constraint: Member must have "
                      "value between 1024 and 10240");
  return bytes;
}

Answer<Unit> KinesisModel::increase_retention(const StreamArn& arn, int hours) {
  return change_retention(arn, hours, true);
}

Answer<Unit> KinesisModel::decrease_retention(const StreamArn& arn, int hours) {
  return change_retention(arn, hours, false);
}

Answer<Unit> KinesisModel::change_retention(const StreamArn& arn, int hours, bool increase) {
  const std::chrono::hours wanted(hours);
  const std::chrono::hours least = options_.limits ? limits::kRetentionMin : std::chrono::hours(1);
  if (wanted < least || wanted > limits::kRetentionMax)
    return refuse(Fault::InvalidArgument,
                  "The retention period has to be between 24 and 8760 hours, not " +
                      std::to_string(hours) + ".");
  TRY(ModelStream * stream, find_for_change(arn));
  if (increase ? wanted < stream->retention : wanted > stream->retention)
    return refuse(Fault::InvalidArgument,
                  "Requested retention period (" + std::to_string(hours) + " hours) for stream " +
                      arn.stream().str() + " can not be " + (increase ? "shorter" : "longer") +
                      " than existing retention period (" +
                      std::to_string(stream->retention.count()) + " hours). Use " +
                      (increase ? "Decrease" : "Increase") + "StreamRetentionPeriod.");
  for (auto& [number, shard] : stream->shards) {
    TRY(oldest(*stream, shard));
  }
  stream->retention = wanted;
  begin_change(*stream);
  return Unit{};
}

void KinesisModel::begin_change(ModelStream& stream) {
  stream.creating = false;
  stream.settled = clock_.now() + options_.transition;
  mark_structure(stream);
}

StreamArn KinesisModel::resolve(std::string_view region, std::string_view account,
                                const StreamName& name) const {
  const std::string_view partition = region.starts_with("cn-")       ? "aws-cn"
                                     : region.starts_with("us-gov-") ? "aws-us-gov"
                                                                     : "aws";
  StreamArn wanted = StreamArn::of(partition, region, account, name);
  if (streams_.contains(wanted.str()))
    return wanted;
  std::vector<const StreamArn*> here;
  std::vector<const StreamArn*> anywhere;
  for (const auto& [text, stream] : streams_) {
    if (stream->arn.stream() != name || stream->deleting)
      continue;
    anywhere.push_back(&stream->arn);
    if (stream->arn.region() == region)
      here.push_back(&stream->arn);
  }
  if (here.size() == 1)
    return *here.front();
  if (here.empty() && anywhere.size() == 1)
    return *anywhere.front();
  return wanted;
}

}  // namespace kt::local
