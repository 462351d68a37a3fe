#include "worker/shard_consumer.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "runtime/with_deadline.h"
#include "worker/spill_scope.h"

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
      begun_at_(committed_at_),
      progressed_at_(committed_at_),
      nap_(deps.clock) {
  CHECK(!is_shard_end(lease_->row().checkpoint), "a finished shard is never read again");
  options_.lane.call.shard = lease_->shard();
  options_.lane.call.fencing_token = lease_->fencing_token();
  options_.lane.given_up.shard = lease_->shard();
  const bool windowed = options_.intake.batch.tumbling.count() > 0;
  if (deps_.spill != nullptr && !windowed)
    quarantine_ = make_quarantine();
  for (std::size_t i = 0; i < intake_.lane_count(); ++i) {
    const Lane::Deps lane{*this,           intake_.lane(i),   deps_.guest,
                          deps_.policy,    deps_.destination, quarantine_.get(),
                          deps_.directory, deps_.rules,       deps_.counters,
                          deps_.loop,      deps_.clock,       deps_.random};
    lanes_.emplace_back(lane, options_.lane, log_);
  }
  if (windowed) {
    CHECK(lanes_.size() == 1, "windows go with one lane");
    window_.emplace(options_.intake.batch.tumbling);
    lanes_.front().use_window(*window_);
  }
}

Task<Result<Unit>> ShardConsumer::run() {
  if (ended_ || draining_)
    co_return Unit{};
  if (window_) {
    co_await refuse_waiting_keys();
    co_await load_window();
    if (stopping())
      co_return Unit{};
  }
  group_.emplace(deps_.loop);
  lanes_left_ = lanes_.size();
  group_->spawn(source_->run());
  for (Lane& lane : lanes_)
    group_->spawn(lane.run());
  if (quarantine_)
    group_->spawn(run_quarantine());
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
  if (quarantine_)
    quarantine_->drain();
}

void ShardConsumer::interrupt_call() {
  for (Lane& lane : lanes_)
    lane.interrupt();
  if (quarantine_)
    quarantine_->interrupt();
}

void ShardConsumer::lose() {
  stop(ShardExit::LeaseLost);
  if (quarantine_)
    quarantine_->lose_lease();
  if (group_)
    group_->cancel();
}

void ShardConsumer::restart() {
  stop(ShardExit::Stalled);
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
  part_ended_.notify_all();
}

Task<Result<Unit>> ShardConsumer::serve() {
  co_await load_quarantine();
  co_await feed_lanes();
  co_await find_heirs();
  wake_lanes();
  while (lanes_left_ > 0)
    co_await part_ended_.wait();
  if (!ended_)
    co_await settle(nap_);
  if (!stopping())
    co_await conclude();
  co_await end_quarantine();
  stop(ShardExit::Drained);
  group_->cancel();  // the source has nobody left to read for
  co_return Unit{};
}

// Keys that wait

spill::SpillScope ShardConsumer::spill_scope() const {
  const lease::Lease& row = lease_->row();
  spill::SpillScope scope = spill_scope_of(row.key);
  scope.owner = *row.owner;
  return scope;
}

std::optional<ExtendedSequenceNumber> ShardConsumer::finished_up_to() const {
  const auto* after = std::get_if<After>(&lease_->row().checkpoint);
  return after != nullptr ? std::optional(after->position) : std::nullopt;
}

std::unique_ptr<Quarantine> ShardConsumer::make_quarantine() {
  const Quarantine::Deps deps{deps_.loop,          deps_.clock,   deps_.random, *this,
                              *deps_.spill,        deps_.guest,   deps_.policy, deps_.destination,
                              deps_.spilled_calls, deps_.counters};
  Quarantine::Options options;
  options.scope = spill_scope();
  options.checkpoint = finished_up_to();
  options.call = options_.lane.call;
  options.given_up = options_.lane.given_up;
  options.handler_timeout = options_.lane.handler_timeout;
  options.limits = options_.lane.limits;
  options.report_item_failures = options_.lane.report_item_failures;
  options.bounds = options_.quarantine;
  options.batch_records_max = options_.intake.batch.records_max;
  return std::make_unique<Quarantine>(deps, std::move(options), log_);
}

Task<Result<Unit>> ShardConsumer::run_quarantine() {
  quarantine_runs_ = true;
  auto ran = co_await quarantine_->run();
  quarantine_runs_ = false;
  part_ended_.notify_all();
  co_return ran;
}

Task<void> ShardConsumer::load_quarantine() {
  Backoff backoff;
  for (std::uint32_t failures = 1; quarantine_ && !stopping(); ++failures) {
    auto loaded = co_await quarantine_->load();
    if (loaded)
      break;
    trouble_ = loaded.error().what;
    log_.warn("the keys that wait can not be read, will repeat", {{"error", trouble_}});
    co_await nap_.rest(backoff.delay(failures, deps_.random));
  }
  trouble_.clear();
  loaded_ = true;
}

Task<void> ShardConsumer::end_quarantine() {
  if (!quarantine_)
    co_return;
  quarantine_->drain();
  while (quarantine_runs_)
    co_await part_ended_.wait();
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
      wake_lanes();
    } else {
      co_await nap_.rest(kForNow);
    }
  }
}

void ShardConsumer::feed() {
  BoundedQueue<stream::Fetched>& queue = source_->out();
  // What the feeding task waits for is its own: it must see the end, and the tip.
  bool fed = false;
  while (loaded_ && !popping_ && !stopping() && !end_ && !queue.empty() && wants_more() &&
         has_room()) {
    absorb(queue.take());
    fed = true;
  }
  // Without news nobody is woken: lanes that wait for a window would wake each other for ever.
  if (fed)
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
    if (quiet() && intake_.end_ordinal() > 0)
      progressed_at_ = deps_.clock.now();  // all that came before is finished
    const batch::IntakeProbe before = intake_.probe();
    intake_.add(std::move(page->page), page->first, deps_.clock.now());
    const batch::IntakeProbe& after = intake_.probe();
    deps_.counters.polled_records += after.polled - before.polled;
    deps_.counters.filtered_records +=
        after.filtered_out - before.filtered_out + after.dropped_non_json - before.dropped_non_json;
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
      progressed_at_ = deps_.clock.now();
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
      progressed_at_ = committed_at_;
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
  // A finished shard is never looked at again, and its children begin.
  if (quarantine_) {
    const bool empty = co_await quarantine_->wait_until_empty();
    if (!empty)
      co_return;
  }
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

}  // namespace kt::worker
