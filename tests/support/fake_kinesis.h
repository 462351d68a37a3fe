// tests/support/fake_kinesis.h — A small Kinesis in memory, with faults on demand.
//
// Why: tests of the consumer need a service whose every answer they can steer. It is no model of
// the service's limits: src/local/ is.
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "stream/kinesis_api.h"
#include "tests/support/fake_stream.h"
#include "tests/support/one_event_ahead.h"

namespace kt::testing {

/// Lives on: the shard loop.
class FakeKinesis final : public FakeStream, public stream::KinesisApi {
 public:
  enum class Op { Describe, List, Iterator, Get, Register, DescribeConsumer, Subscribe };

  FakeKinesis(Clock& clock, StreamArn stream, int shard_count)
      : FakeStream(clock, std::move(stream), shard_count) {}

  /// The next calls of `op` fail so.
  void fail_next(Op op, ErrorCode code, int times = 1) {
    for (int i = 0; i < times; ++i)
      failures_[op].push_back(code);
  }
  /// The next calls of `op` are never answered.
  void hang_next(Op op, int times = 1) { hanging_[op] += times; }
  /// Every iterator given out so far is too old from now on.
  void expire_iterators() { iterator_floor_ = next_iterator_; }

  std::vector<std::pair<MonotonicTime, ShardId>> reads;   ///< every GetRecords that was answered
  std::vector<std::pair<ShardId, Checkpoint>> iterators;  ///< every iterator that was asked
  std::map<Op, int> calls;
  Duration latency = std::chrono::milliseconds(5);
  std::size_t list_page = 1000;
  int records_per_answer = 10'000;
  bool tell_children = true;                ///< false: as emulators that know no ChildShards
  std::chrono::milliseconds lag_at_end{0};  ///< of a closed shard read to its end: some count on
  bool deny_next_once = false;              ///< the next answer has no next iterator, though open

  Task<Result<StreamDescription>> describe_stream(StreamArn stream) override {
    CO_TRY(begin(Op::Describe, stream));
    co_return description_;
  }
  Task<Result<stream::ShardListing>> list_shards(StreamArn stream, std::string token) override {
    CO_TRY(begin(Op::List, stream));
    stream::ShardListing listing;
    listing.service_time = std::chrono::floor<std::chrono::seconds>(clock_.wall_now());
    std::size_t at = token.empty() ? 0 : std::stoul(token);
    std::size_t index = 0;
    for (const auto& [id, entry] : shards_) {
      if (index >= at && listing.shards.size() < list_page)
        listing.shards.push_back(entry.listed);
      ++index;
    }
    if (at + list_page < shards_.size())
      listing.next_token = std::to_string(at + list_page);
    co_return listing;
  }
  Task<Result<ShardIterator>> get_shard_iterator(StreamArn stream, ShardId shard,
                                                 Checkpoint position) override {
    CO_TRY(begin(Op::Iterator, stream));
    iterators.emplace_back(shard, position);
    if (!shards_.contains(shard))
      co_return fail(ErrorCode::NotFound, "no shard " + shard.str());
    co_return make_iterator(shard, first_of(shards_.at(shard), position));
  }
  Task<Result<stream::RecordsAnswer>> get_records(StreamArn stream, ShardIterator iterator,
                                                  int records_max) override {
    CO_TRY(begin(Op::Get, stream));
    const std::string& text = iterator.str();
    const auto slash = text.find('/');
    const auto colon = text.find(':');
    const std::uint64_t number = std::stoull(text.substr(0, slash));
    const ShardId id(text.substr(slash + 1, colon - slash - 1));
    const std::string from = text.substr(colon + 1);
    if (number < iterator_floor_)
      co_return fail(ErrorCode::ExpiredIterator, "the iterator is too old");
    if (!shards_.contains(id))
      co_return fail(ErrorCode::NotFound, "no shard " + id.str());
    reads.emplace_back(clock_.now(), id);
    co_return read(id, from, std::min(records_max, records_per_answer));
  }

  Task<Result<stream::StreamConsumer>> register_consumer(StreamArn stream,
                                                         std::string name) override {
    CO_TRY(begin(Op::Register, stream));
    if (consumers.contains(name))
      co_return fail(ErrorCode::InUse, "there is a consumer " + name);
    stream::StreamConsumer& made = consumers[name];
    made.name = name;
    made.arn = stream.str() + "/consumer/" + name + ":1";
    made.active = true;
    co_return made;
  }
  Task<Result<stream::StreamConsumer>> describe_consumer(StreamArn stream,
                                                         std::string name_or_arn) override {
    CO_TRY(begin(Op::DescribeConsumer, stream));
    for (const auto& [name, consumer] : consumers) {
      if (name == name_or_arn || consumer.arn == name_or_arn)
        co_return consumer;
    }
    co_return fail(ErrorCode::NotFound, "no consumer " + name_or_arn);
  }
  Task<Result<std::unique_ptr<stream::ShardSubscription>>> subscribe_to_shard(
      StreamArn stream, std::string, ShardId shard, Checkpoint position) override {
    CO_TRY(begin(Op::Subscribe, stream));
    if (!shards_.contains(shard))
      co_return fail(ErrorCode::NotFound, "no shard " + shard.str());
    subscribed.emplace_back(clock_.now(), position);
    current = std::make_shared<Push>();
    current->from = first_of(shards_.at(shard), position);
    std::unique_ptr<stream::ShardSubscription> made =
        std::make_unique<Subscription>(*this, shard, current);
    co_return std::move(made);
  }

  /// What a test does to the newest subscription.
  struct Push {
    std::string from;
    bool silent = false;          ///< nothing comes any more, not even a sign of life
    bool ends = false;            ///< the service ends it in order
    std::optional<Error> breaks;  ///< it ends with this
  };
  std::shared_ptr<Push> current;
  std::map<std::string, stream::StreamConsumer> consumers;
  std::vector<std::pair<MonotonicTime, Checkpoint>> subscribed;  ///< every subscription begun
  Duration heartbeat = std::chrono::seconds(5);
  Duration push_look =
      std::chrono::milliseconds(1);  ///< how often a subscription looks for records

 private:
  class Subscription final : public OneEventAhead {
   public:
    Subscription(FakeKinesis& kinesis, ShardId shard, std::shared_ptr<Push> push)
        : kinesis_(kinesis), shard_(std::move(shard)), push_(std::move(push)) {}

   private:
    Task<Result<std::optional<stream::PushedEvent>>> make() override {
      for (;;) {
        const MonotonicTime now = kinesis_.clock_.now();
        if (push_->breaks)
          co_return fail(*push_->breaks);
        if (push_->ends)
          co_return std::nullopt;
        if (!push_->silent && kinesis_.shards_.contains(shard_)) {
          auto answer = kinesis_.read(shard_, push_->from, kinesis_.records_per_answer);
          const bool last = !answer.next;
          if (!answer.page->records.empty() || last || now >= spoke_ + kinesis_.heartbeat) {
            spoke_ = now;
            if (!answer.page->records.empty())
              push_->from = std::to_string(
                  std::stoull(std::string(answer.page->records.back().sequence_number)) + 1);
            push_->ends = last;
            std::optional<stream::PushedEvent> event;
            event.emplace();
            event->page = std::move(answer.page);
            event->children = std::move(answer.children);
            event->behind_latest = answer.behind_latest;
            co_return std::move(event);
          }
        }
        co_await kinesis_.clock_.sleep(kinesis_.push_look);
      }
    }

    FakeKinesis& kinesis_;
    ShardId shard_;
    std::shared_ptr<Push> push_;
    MonotonicTime spoke_{};
  };

  Task<Result<Unit>> begin(Op op, StreamArn stream) {
    ++calls[op];
    if (int& hanging = hanging_[op]; hanging > 0) {
      --hanging;
      co_await clock_.sleep(std::chrono::hours(1'000'000));
    }
    co_await clock_.sleep(latency);
    if (!(stream == stream_) || shards_.empty())
      co_return fail(ErrorCode::NotFound, "no stream " + stream.str());
    auto& planned = failures_[op];
    if (!planned.empty()) {
      const ErrorCode code = planned.front();
      planned.pop_front();
      co_return fail(code, "planned by the test");
    }
    co_return Unit{};
  }
  ShardIterator make_iterator(const ShardId& shard, const std::string& from) {
    return ShardIterator(std::to_string(next_iterator_++) + "/" + shard.str() + ":" + from);
  }
  stream::RecordsAnswer read(const ShardId& id, const std::string& from, int records_max) {
    const FakeShard& entry = shards_.at(id);
    std::vector<const Stored*> found;
    bool more = false;
    std::string next = from;
    for (const Stored& record : entry.records) {
      if (compare_sequence_numbers(record.sequence, from) < 0)
        continue;
      if (found.size() == static_cast<std::size_t>(records_max)) {
        more = true;
        break;
      }
      found.push_back(&record);
      next = std::to_string(std::stoull(record.sequence) + 1);
    }
    stream::RecordsAnswer answer;
    answer.page = make_page(found);
    const bool at_end = !more && !entry.listed.open();
    answer.behind_latest = at_end ? lag_at_end : std::chrono::milliseconds(more ? 1000 : 0);
    if (at_end && tell_children) {
      for (const ShardId& child : entry.children)
        answer.children.push_back(shards_.at(child).listed);
    }
    if (!at_end && !std::exchange(deny_next_once, false))
      answer.next = make_iterator(id, next);
    return answer;
  }
  std::map<Op, std::deque<ErrorCode>> failures_;
  std::map<Op, int> hanging_;
  std::uint64_t next_iterator_ = 1;
  std::uint64_t iterator_floor_ = 0;
};

}  // namespace kt::testing
