#include "worker/shard_consumer.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "runtime/with_deadline.h"

namespace kt::worker {
namespace {

constexpr Duration kForNow = std::chrono::hours(1);  ///< somebody wakes us before
/// How often a position is stored that only skipped records lead to.
constexpr Duration kPassEvery = std::chrono::seconds(5);

}  // namespace

ShardConsumer::ShardConsumer(Deps deps, lease::HeldLeasePtr lease,
                             std::unique_ptr<stream::ShardSource> source, Options options, Log log)
    : deps_(deps),
      lease_(std::move(lease)),
      options_(std::move(options)),
      log_(std::move(log)),
      source_(std::move(source)),
      intake_(options_.intake),
      committed_at_(deps.clock.now()),
      nap_(deps.clock) {
  CHECK(!is_shard_end(lease_->row().checkpoint), "a finished shard is never read again");
  options_.lane.call.shard = lease_->shard();
  options_.lane.call.fencing_token = lease_->fencing_token();
  options_.lane.given_up.shard = lease_->shard();
  for (std::size_t i = 0; i < intake_.lane_count(); ++i) {
    const Lane::Deps lane{
        *this,       intake_.lane(i), deps_.guest, deps_.policy, deps_.destination, deps_.directory,
        deps_.rules, deps_.counters,  deps_.loop,  deps_.clock,  deps_.random};
    lanes_.emplace_back(lane, options_.lane, log_);
  }
  if (options_.intake.batch.tumbling.count() > 0) {
    CHECK(lanes_.size() == 1, "windows go with one lane");
    window_.emplace(options_.intake.batch.tumbling);
    lanes_.front().use_window(*window_);
  }
}

Task<Result<Unit>> ShardConsumer::run() {
  if (ended_ || draining_)
    co_return Unit{};
  if (window_) {
    co_await load_window();
    if (stopping())
      co_return Unit{};
  }
  group_.emplace(deps_.loop);
  lanes_left_ = lanes_.size();
  group_->spawn(source_->run());
  for (Lane& lane : lanes_)
    group_->spawn(lane.run());
  group_->spawn(serve());
  auto joined = co_await group_->join();
  ended_ = true;
  co_return joined;
}

void ShardConsumer::drain() {
  draining_ = true;
  source_->out().close();
  nap_.stay_awake();
  for (Lane& lane : lanes_)
    lane.stay_awake();
}

void ShardConsumer::interrupt_call() {
  for (Lane& lane : lanes_)
    lane.interrupt();
}

void ShardConsumer::lose() {
  stop(ShardExit::LeaseLost);
  if (group_)
    group_->cancel();
}

void ShardConsumer::stop(ShardExit exit) {
  if (!ended_)
    exit_ = exit;
  ended_ = true;
  drain();
}

void ShardConsumer::lane_ended() {
  --lanes_left_;
  lane_ended_.notify_all();
}

Task<Result<Unit>> ShardConsumer::serve() {
  co_await feed_lanes();
  wake_lanes();
  while (lanes_left_ > 0)
    co_await lane_ended_.wait();
  if (!ended_)
    co_await settle(nap_);
  if (!ended_ && !draining_)
    co_await conclude();
  stop(ShardExit::Drained);
  group_->cancel();  // the source has nobody left to read for
  co_return Unit{};
}

// Reading

Task<void> ShardConsumer::feed_lanes() {
  while (!stopping()) {
    feed();
    if (end_)
      co_return;
    const bool due = deps_.clock.now() >= committed_at_ + kPassEvery;
    if (quiet() && (tip_ || (due && passed_over()))) {
      const Next next = co_await commit_quietly();
      if (next == Next::Stop)
        co_return;
    } else if (wants_more() && has_room()) {
      popping_ = true;
      co_await absorb_next();
      popping_ = false;
    } else {
      co_await nap_.rest(kForNow);
    }
  }
}

void ShardConsumer::feed() {
  BoundedQueue<stream::Fetched>& queue = source_->out();
  // What the feeding task waits for is its own: it must see the end, and the tip.
  while (!popping_ && !stopping() && !end_ && !queue.empty() && wants_more() && has_room())
    absorb(queue.take());
  wake_lanes();
}

bool ShardConsumer::wants_more() const {
  return std::any_of(lanes_.begin(), lanes_.end(),
                     [](const Lane& lane) { return lane.wants_more(); });
}

bool ShardConsumer::has_room() const {
  // Where no lane holds a batch nothing will be finished that makes room.
  return intake_.retained_bytes() < options_.retained_bytes_max ||
         std::none_of(
             lanes_.begin(), lanes_.end(),
             [](const Lane& lane) { return lane.in_flight() != nullptr; });
}

bool ShardConsumer::quiet() const {
  return std::all_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return lane.idle(); });
}

Task<Result<std::optional<stream::Fetched>>> ShardConsumer::pop() {
  co_return co_await source_->out().pop();
}

Task<void> ShardConsumer::absorb_next() {
  std::optional<stream::Fetched> item;
  if (!passed_over()) {
    item = co_await source_->out().pop();
  } else {
    const MonotonicTime until = committed_at_ + kPassEvery;
    auto popped = co_await with_deadline(deps_.clock, until, pop(), "storing what was skipped");
    if (popped)
      item = std::move(*popped);
  }
  if (item)
    absorb(std::move(*item));
}

void ShardConsumer::absorb(stream::Fetched item) {
  if (auto* page = std::get_if<stream::FetchedPage>(&item)) {
    behind_latest_ = page->behind_latest;
    tip_.reset();
    const WallTime arrival = page->page->records.back().approximate_arrival;
    intake_.add(std::move(page->page), page->first, deps_.clock.now());
    if (quiet()) {
      intake_.forget_before(intake_.end_ordinal());
      note_window_time(arrival);
    }
  } else if (const auto* tip = std::get_if<stream::TipReached>(&item)) {
    behind_latest_ = std::chrono::milliseconds(0);
    if (quiet()) {
      if (tip->worth_storing)
        tip_ = tip->time;
      note_window_time(tip->time);
    }
  } else if (const auto* lost = std::get_if<stream::DataLost>(&item)) {
    ++deps_.counters.lost_ranges;
    trouble_ = to_string(lost->range);
    if (options_.on_data_loss == stream::OnDataLoss::Fail)
      end_ = std::move(item);
  } else {
    end_ = std::move(item);
  }
  if (end_ || tip_)
    nap_.wake();  // a lane may have fed itself
}

void ShardConsumer::wake_lanes() {
  for (Lane& lane : lanes_) {
    if (lane.hungry() && (end_ || !lane.idle()))
      lane.wake();
  }
}

// Committing

bool ShardConsumer::may_call() const {
  return deps_.rules.may_call(deps_.clock.now(), deps_.leases.usable_until()) &&
         !deps_.rules.must_stop(lease_->holding());
}

std::uint64_t ShardConsumer::watermark() const {
  std::optional<std::uint64_t> mark;
  for (const Lane& lane : lanes_) {
    if (const auto first = lane.first_unfinished())
      mark = deps_.rules.watermark(mark, *first);
  }
  return mark.value_or(intake_.end_ordinal());
}

Task<Next> ShardConsumer::settle(Nap& nap) {
  const std::uint64_t mark = watermark();
  const auto place = mark > committed_ ? intake_.position_before(mark) : std::nullopt;
  if (!place) {
    if (!window_ || !window_->unsaved())
      co_return Next::GoOn;
    Checkpoint unchanged = lease_->row().checkpoint;
    co_return co_await commit(nap, std::move(unchanged), lease_->row().checkpoint_arrival);
  }
  intake_.forget_before(mark);
  nap_.wake();  // there may be room again
  Checkpoint checkpoint = After(place->position);
  const Next next = co_await commit(nap, std::move(checkpoint), place->arrival);
  if (next == Next::GoOn)
    committed_ = std::max(committed_, mark);
  co_return next;
}

Task<Next> ShardConsumer::commit(Nap& nap, Checkpoint checkpoint, std::optional<WallTime> arrival) {
  // What goes with this position, not with a later one.
  const auto window = window_ ? window_->unsaved() : std::nullopt;
  const std::uint64_t window_version = window_ ? window_->version() : 0;
  Backoff backoff;
  for (std::uint32_t failures = 1;; ++failures) {
    if (!is_forward(lease_->row().checkpoint, checkpoint))
      co_return Next::GoOn;  // a position that is passed already needs no write
    auto written = co_await deps_.checkpointer.commit(lease_, checkpoint, arrival, window);
    committed_at_ = deps_.clock.now();
    if (ended_)
      co_return Next::Stop;
    if (written && *written == lease::WriteOutcome::Written) {
      if (window_)
        window_->saved(window_version);
      co_return Next::GoOn;
    }
    if (written) {
      lose();
      co_return Next::Stop;
    }
    if (written.error().code == ErrorCode::Closed) {
      stop(ShardExit::Drained);
      co_return Next::Stop;
    }
    trouble_ = "storing the position: " + written.error().what;
    log_.error("a position can not be stored, will repeat",
               {{"checkpoint", to_string(checkpoint)}, {"error", written.error().what}});
    if (draining_)
      co_return Next::Stop;
    co_await nap.rest(backoff.delay(failures, deps_.random));
    if (draining_)
      co_return Next::Stop;
  }
}

Task<Next> ShardConsumer::commit_quietly() {
  const std::optional<WallTime> tip = std::exchange(tip_, std::nullopt);
  const Next settled = co_await settle(nap_);
  if (settled == Next::Stop || !tip || !quiet())
    co_return settled;
  Checkpoint unchanged = lease_->row().checkpoint;
  co_return co_await commit(nap_, std::move(unchanged), tip);
}

// The end

Task<void> ShardConsumer::conclude() {
  CHECK(end_.has_value() && quiet(), "a shard ended with work left");
  if (auto* closed = std::get_if<stream::ShardClosed>(&*end_)) {
    co_await close_shard(std::move(closed->children));
  } else if (const auto* lost = std::get_if<stream::DataLost>(&*end_)) {
    ask_about_loss(lost->range);
    stop(ShardExit::DataLost);
  } else if (const auto* failed = std::get_if<stream::PollFailed>(&*end_)) {
    co_await conclude_missing(failed->error);
  }
}

Task<void> ShardConsumer::conclude_missing(Error error) {
  auto listed = co_await deps_.directory.refresh();
  const bool gone = listed && deps_.directory.lineage().find(lease_->shard()) == nullptr;
  if (ended_ || draining_)
    co_return;
  if (!gone) {
    trouble_ = error.what;
    stop(ShardExit::Failed);
    co_return;
  }
  stream::LostRange range;
  range.shard = lease_->shard();
  range.after = to_string(lease_->row().checkpoint);
  range.until = "the end of the shard";
  range.reason = "the service no longer lists the shard";
  trouble_ = to_string(range);
  ++deps_.counters.lost_ranges;
  log_.error("records were lost", {{"range", trouble_}});
  if (options_.on_data_loss == stream::OnDataLoss::Fail) {
    ask_about_loss(range);
    stop(ShardExit::DataLost);
    co_return;
  }
  std::vector<Shard> none;
  co_await close_shard(std::move(none));
}

void ShardConsumer::ask_about_loss(const stream::LostRange& range) {
  const std::string advice =
      "set on_data_loss = \"continue\" in [application.trigger.kinesis] to go on with what is left";
  log_.error("this shard is stopped: records were lost", {{"advice", advice}});
  trouble_ = to_string(range) + "; " + advice;
}

Task<void> ShardConsumer::close_shard(std::vector<Shard> children) {
  concluding_ = true;
  Backoff backoff;
  for (std::uint32_t failures = 1;; ++failures) {
    if (ended_ || draining_)
      co_return;
    auto added = co_await deps_.registrar.add_children(children);
    if (added)
      break;
    trouble_ = "storing the children of a finished shard: " + added.error().what;
    log_.warn("the children of a finished shard can not be stored, will repeat",
              {{"error", added.error().what}});
    co_await nap_.rest(backoff.delay(failures, deps_.random));
  }
  Checkpoint end = ShardEnd();
  const Next committed = co_await commit(nap_, std::move(end), lease_->row().checkpoint_arrival);
  if (committed == Next::Stop)
    co_return;
  ++deps_.counters.shards_finished;
  log_.info("shard finished", {{"children", children.size()}});
  stop(ShardExit::Finished);
}

int ShardConsumer::retention_used() const {
  const lease::Lease& row = lease_->row();
  return stream::retention_used_percent(stream::known_until(row.checkpoint, row.checkpoint_arrival),
                                        deps_.directory.service_now(),
                                        deps_.directory.description().retention);
}

bool ShardConsumer::needs_help() const {
  const bool stopped = ended_ && (exit_ == ShardExit::DataLost || exit_ == ShardExit::Failed);
  return stopped || retention_used() >= 80;
}

// Status

const Lane* ShardConsumer::worst_lane() const {
  const Lane* worst = nullptr;
  for (const Lane& lane : lanes_) {
    const auto rank = [](const Lane& l) { return std::make_pair(l.reason(), l.failures()); };
    if (lane.reason() != Reason::None && (worst == nullptr || rank(lane) > rank(*worst)))
      worst = &lane;
  }
  return worst;
}

Reason ShardConsumer::reason() const {
  if (ended_ && exit_ == ShardExit::DataLost)
    return Reason::DataLost;
  if (ended_ && exit_ == ShardExit::Failed)
    return Reason::Failed;
  if (ended_ && exit_ == ShardExit::LeaseLost)
    return Reason::LeaseLost;
  Reason gravest = draining_ ? Reason::Draining : Reason::None;
  if (const Lane* lane = worst_lane())
    gravest = std::max(gravest, lane->reason());
  if (deps_.checkpointer.trouble())
    gravest = std::max(gravest, Reason::StoreFailing);
  if (!source_->probe().trouble.empty())
    gravest = std::max(gravest, Reason::ServiceUnreachable);
  return gravest;
}

std::string ShardConsumer::state_text() const {
  if (ended_ && exit_ == ShardExit::DataLost)
    return "stopped: data loss";
  if (ended_ && exit_ == ShardExit::Failed)
    return "stopped: failed";
  if (concluding_)
    return "closing";
  static constexpr const char* kStates[] = {"reading", "calling", "retrying", "committing",
                                            "delivering failed records"};
  auto state = Lane::State::Waiting;
  for (const Lane& lane : lanes_)
    state = std::max(state, lane.state());
  return kStates[static_cast<std::size_t>(state)];
}

void ShardConsumer::describe_lanes(ShardStatus& status) const {
  status.lanes = lanes_.size();
  std::optional<WallTime> arrival;
  for (const Lane& lane : lanes_) {
    status.records_done += lane.records_done();
    status.bytes_done += lane.bytes_done();
    status.batches_done += lane.batches_done();
    status.failing_attempts = std::max(status.failing_attempts, lane.failures());
    if (const Batch* batch = lane.in_flight()) {
      ++status.batches_in_flight;
      status.records_in_flight += batch->records.size();
      status.bytes_in_flight += batch->payload_bytes;
    }
    if (lane.last_arrival())
      arrival = std::max(arrival.value_or(*lane.last_arrival()), *lane.last_arrival());
  }
  status.bytes_queued = source_->out().bytes();
  for (std::size_t i = 0; i < intake_.lane_count(); ++i)
    status.bytes_queued += intake_.lane(i).byte_count();
}

ShardStatus ShardConsumer::status() const {
  const lease::Lease& row = lease_->row();
  ShardStatus status;
  status.application = row.key.consumer.application;
  status.stream = row.key.consumer.stream.str();
  status.shard = row.key.shard;
  status.checkpoint = to_string(row.checkpoint);
  status.state = state_text();
  status.reason = reason();
  const Lane* lane = worst_lane();
  if (!trouble_.empty())
    status.detail = trouble_;
  else if (lane != nullptr)
    status.detail = lane->trouble();
  else
    status.detail = source_->probe().trouble;
  if (!status.detail.empty())
    status.state += ": " + status.detail;
  if (lane != nullptr && lane->trouble_since())
    status.reason_for = deps_.clock.now() - *lane->trouble_since();
  status.retention_used_percent = retention_used();
  if (status.retention_used_percent >= 50)
    status.state +=
        "; " + std::to_string(status.retention_used_percent) + " % of the stream's retention used";
  status.needs_help = needs_help();
  status.millis_behind_latest = source_->probe().behind_latest.count();
  if (row.owner)
    status.owner = row.owner->str();
  status.lease_counter = row.counter;
  describe_lanes(status);
  return status;
}

}  // namespace kt::worker
