#include "tests/sim/sim_kinesis.h"

#include <utility>

#include "tests/support/one_event_ahead.h"

namespace kt::sim {
namespace {

/// Keeps what the record views point into.
struct ChunkPage {
  RecordPage page;
  std::vector<std::shared_ptr<const local::RecordChunk>> chunks;
};

local::IteratorRequest request_of(const Checkpoint& position) {
  local::IteratorRequest request;
  if (const auto* at = std::get_if<AtTimestamp>(&position)) {
    request.type = local::IteratorType::AtTimestamp;
    request.timestamp = at->time;
  } else if (const auto* sequence = std::get_if<AtSequenceNumber>(&position)) {
    request.type = local::IteratorType::AtSequenceNumber;
    request.sequence_number = sequence->sequence.str();
  } else if (const auto* after = std::get_if<After>(&position)) {
    request.type = after->position.whole() ? local::IteratorType::AfterSequenceNumber
                                           : local::IteratorType::AtSequenceNumber;
    request.sequence_number = after->position.sequence.str();
  }
  return request;
}

/// "shardId-000000000007:AAAA…" would be opaque; the model is asked for the shard by its own token.
constexpr char kSeparator = '|';

}  // namespace

stream::RecordsAnswer to_client(local::RecordsAnswer answer) {
  auto kept = std::make_shared<ChunkPage>();
  for (const local::RecordView& view : answer.records) {
    Record record;
    record.data = view.data;
    record.partition_key = view.partition_key;
    record.sequence_number = view.sequence_number;
    record.approximate_arrival = view.arrival;
    kept->page.records.push_back(record);
  }
  kept->page.payload_bytes = answer.payload_bytes;
  kept->chunks = std::move(answer.chunks);
  stream::RecordsAnswer out;
  out.page = std::shared_ptr<const RecordPage>(kept, &kept->page);
  out.next = std::move(answer.next);
  out.children = std::move(answer.children);
  out.behind_latest = std::chrono::milliseconds(answer.millis_behind_latest);
  return out;
}

namespace {

stream::StreamConsumer to_client(const local::ConsumerDescription& consumer) {
  stream::StreamConsumer out;
  out.name = consumer.name;
  out.arn = consumer.arn;
  out.active = consumer.status == local::ConsumerStatus::Active;
  return out;
}

/// The longest that a push waits for the next look at the model, and between signs of life.
constexpr Duration kLook = std::chrono::milliseconds(200);
constexpr Duration kHeartbeat = std::chrono::seconds(5);

}  // namespace

/// The modelled event stream: pushes, dead air, breaks, and an end after five minutes.
class SimKinesis::Subscription final : public testing::OneEventAhead {
 public:
  Subscription(SimKinesis& kinesis, ShardId shard, local::PushCursor cursor)
      : kinesis_(kinesis),
        shard_(std::move(shard)),
        cursor_(std::move(cursor)),
        ends_(kinesis.deps_.clock.now() + kinesis.deps_.options.push_life) {}

 private:
  Task<Result<std::optional<stream::PushedEvent>>> make() override {
    History& history = kinesis_.deps_.history;
    for (;;) {
      co_await kinesis_.deps_.clock.sleep(kinesis_.random_.between(Duration(50), kLook));
      if (kinesis_.happens(kinesis_.deps_.options.push_silence_per_mille)) {
        silent_ = true;
        history.reached("a subscription that fell silent");
      }
      if (silent_ && kinesis_.deps_.weather.bad)
        continue;
      if (over_ || kinesis_.deps_.clock.now() >= ends_) {
        history.reached("a subscription at its end");
        co_return std::nullopt;
      }
      if (kinesis_.happens(kinesis_.deps_.options.push_break_per_mille)) {
        history.reached("a subscription that broke off");
        co_return fail(ErrorCode::Unavailable, "simulated: the event stream broke off");
      }
      auto event = kinesis_.deps_.model.push(cursor_);
      if (!event) {
        if (event.error().fault == local::Fault::ResourceInUse)
          history.reached("a subscription that was taken over");
        co_return fail(to_error(event.error()));
      }
      const MonotonicTime now = kinesis_.deps_.clock.now();
      if (event->records.empty() && !event->last && now < spoke_ + kHeartbeat)
        continue;
      spoke_ = now;
      kinesis_.deps_.history.shard_read(kinesis_.deps_.life, shard_);
      co_return to_event(std::move(*event));
    }
  }

  std::optional<stream::PushedEvent> to_event(local::PushedEvent event) {
    over_ = event.last;
    local::RecordsAnswer answer;
    answer.records = std::move(event.records);
    answer.children = std::move(event.children);
    answer.chunks = std::move(event.chunks);
    answer.payload_bytes = event.payload_bytes;
    answer.millis_behind_latest = event.millis_behind_latest;
    stream::RecordsAnswer read = to_client(std::move(answer));
    std::optional<stream::PushedEvent> out;
    out.emplace();
    out->page = std::move(read.page);
    out->children = std::move(read.children);
    out->behind_latest = read.behind_latest;
    return out;
  }

  SimKinesis& kinesis_;
  ShardId shard_;
  local::PushCursor cursor_;
  MonotonicTime ends_;
  MonotonicTime spoke_{};
  bool silent_ = false;
  bool over_ = false;
};

Task<Result<stream::StreamConsumer>> SimKinesis::register_consumer(StreamArn stream,
                                                                   std::string name) {
  CO_TRY(way_there());
  auto made = deps_.model.register_consumer(stream, name);
  CO_TRY(way_back());
  if (!made)
    co_return fail(to_error(made.error()));
  co_return to_client(*made);
}

Task<Result<stream::StreamConsumer>> SimKinesis::describe_consumer(StreamArn stream,
                                                                   std::string name_or_arn) {
  CO_TRY(way_there());
  local::ConsumerRequest request;
  if (name_or_arn.starts_with("arn:")) {
    request.arn = name_or_arn;
  } else {
    request.stream = stream;
    request.name = name_or_arn;
  }
  auto found = deps_.model.describe_consumer(request);
  CO_TRY(way_back());
  if (!found)
    co_return fail(to_error(found.error()));
  co_return to_client(*found);
}

Task<Result<std::unique_ptr<stream::ShardSubscription>>> SimKinesis::subscribe_to_shard(
    StreamArn, std::string consumer_arn, ShardId shard, Checkpoint position) {
  CO_TRY(way_there());
  if (happens(deps_.options.push_refused_per_mille)) {
    deps_.history.reached("a refused subscription");
    co_return fail(ErrorCode::AccessDenied, "simulated: not allowed to subscribe");
  }
  local::SubscribeRequest request;
  request.consumer_arn = std::move(consumer_arn);
  request.shard = shard;
  request.position = request_of(position);
  auto cursor = deps_.model.subscribe(request);
  CO_TRY(way_back());
  if (!cursor)
    co_return fail(to_error(cursor.error()));
  std::unique_ptr<stream::ShardSubscription> made =
      std::make_unique<Subscription>(*this, shard, std::move(*cursor));
  co_return std::move(made);
}

Task<Result<Unit>> SimKinesis::way_there() {
  co_await deps_.clock.sleep(random_.between(Duration(50), deps_.options.api_latency));
  if (happens(deps_.options.api_fail_per_mille)) {
    deps_.history.reached("a request that did not arrive");
    co_return fail(ErrorCode::Unavailable, "simulated: the service is not reachable");
  }
  if (happens(deps_.options.api_fail_per_mille)) {
    deps_.history.reached("a throttled request");
    co_return fail(ErrorCode::Throttled, "simulated: slow down");
  }
  co_return Unit{};
}

Task<Result<Unit>> SimKinesis::way_back() {
  co_await deps_.clock.sleep(random_.between(Duration(50), deps_.options.api_latency));
  if (happens(deps_.options.api_fail_per_mille)) {
    deps_.history.reached("a lost answer of the service");
    co_return fail(ErrorCode::TimedOut, "simulated: no answer");
  }
  co_return Unit{};
}

Task<Result<StreamDescription>> SimKinesis::describe_stream(StreamArn stream) {
  CO_TRY(way_there());
  auto answer = deps_.model.describe_stream_summary(stream);
  CO_TRY(way_back());
  if (!answer)
    co_return fail(to_error(answer.error()));
  co_return std::move(answer->stream);
}

Result<stream::ShardListing> SimKinesis::page_of(const StreamArn& stream,
                                                 const std::string& token) {
  local::ListShardsRequest request;
  if (token.empty())
    request.stream = stream;
  request.next_token = token;
  request.max_results = deps_.options.listing_page;
  auto answer = deps_.model.list_shards(request);
  if (!answer)
    return fail(to_error(answer.error()));
  stream::ShardListing listing;
  listing.shards = std::move(answer->shards);
  listing.next_token = std::move(answer->next_token);
  listing.service_time = deps_.world.wall_now();
  return listing;
}

Task<Result<stream::ShardListing>> SimKinesis::list_shards(StreamArn stream, std::string token) {
  CO_TRY(way_there());
  if (!token.empty() && happens(deps_.options.expire_per_mille)) {
    deps_.history.reached("an expired listing token");
    co_return fail(ErrorCode::ExpiredToken, "simulated: the token is too old");
  }
  auto listing = page_of(stream, token);
  if (listing && token.empty() && listing->next_token.empty()) {
    if (!older_.empty() && happens(deps_.options.stale_per_mille)) {
      if (older_.size() != listing->shards.size())
        deps_.history.reached("a listing without the newest shards");
      listing->shards = older_;
    } else if (older_.empty() || random_.chance(300)) {
      older_ = listing->shards;
    }
  }
  CO_TRY(way_back());
  co_return listing;
}

Task<Result<ShardIterator>> SimKinesis::get_shard_iterator(StreamArn stream, ShardId shard,
                                                           Checkpoint position) {
  CO_TRY(way_there());
  auto answer = deps_.model.get_shard_iterator(stream, shard, request_of(position));
  CO_TRY(way_back());
  if (!answer)
    co_return fail(to_error(answer.error()));
  co_return ShardIterator(shard.str() + kSeparator + answer->str());
}

Task<Result<stream::RecordsAnswer>> SimKinesis::get_records(StreamArn stream,
                                                            ShardIterator iterator,
                                                            int records_max) {
  CO_TRY(way_there());
  if (happens(deps_.options.hang_per_mille)) {
    deps_.history.reached("a read that is never answered");
    co_await deps_.clock.sleep(std::chrono::hours(1'000));
  }
  const auto split = iterator.str().find(kSeparator);
  const std::string shard = iterator.str().substr(0, split);
  if (happens(deps_.options.expire_per_mille)) {
    deps_.history.reached("an expired iterator");
    co_return fail(ErrorCode::ExpiredIterator, "simulated: the iterator is too old");
  }
  deps_.history.shard_read(deps_.life, ShardId(shard));
  // Short answers make more of them.
  const int most = random_.chance(300) ? 1 + static_cast<int>(random_.below(5)) : records_max;
  const ShardIterator inner(iterator.str().substr(split + 1));
  auto answer = deps_.model.get_records(inner, most, &stream);
  CO_TRY(way_back());
  if (!answer)
    co_return fail(to_error(answer.error()));
  if (!answer->children.empty() && happens(deps_.options.no_children_per_mille)) {
    deps_.history.reached("a last answer without children");
    answer->children.clear();
  }
  if (answer->next && happens(deps_.options.no_next_per_mille)) {
    deps_.history.reached("an answer without next iterator");
    answer->next.reset();
  }
  if (answer->next)
    answer->next = ShardIterator(shard + kSeparator + answer->next->str());
  co_return to_client(std::move(*answer));
}

}  // namespace kt::sim
