#include "worker/shard_consumer.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "runtime/with_deadline.h"

namespace kt::worker {
stream::ShardPoller::Options ShardConsumer::poller_options(const Rules& rules,
                                                           const lease::Lease& row,
                                                           const Options& options) {
  stream::ShardPoller::Options poll;
  poll.shard = row.key.shard;
  poll.start = row.checkpoint;
  poll.start_arrival = row.checkpoint_arrival;
  poll.idle_wait = options.idle_wait;
  poll.queue_bytes_max = options.prefetch_bytes_max;
  poll.on_data_loss = options.on_data_loss;
  poll.rebuild = [&rules](const Checkpoint& start,
                          const std::optional<ExtendedSequenceNumber>& last) {
    return rules.rebuild_position(start, last);
  };
  return poll;
}

ShardConsumer::ShardConsumer(Deps deps, lease::HeldLeasePtr lease,
                             std::shared_ptr<stream::ReadBudget> budget, Options options, Log log)
    : deps_(deps),
      lease_(std::move(lease)),
      options_(options),
      log_(std::move(log)),
      poller_(deps.stream, std::move(budget), poller_options(deps.rules, lease_->row(), options),
              log_),
      batcher_(options.batch),
      nap_(deps.stream.clock) {
  CHECK(!is_shard_end(lease_->row().checkpoint), "a finished shard is never read again");
}

Task<Result<Unit>> ShardConsumer::run() {
  if (ended_ || draining_)
    co_return Unit{};
  group_.emplace(deps_.loop);
  group_->spawn(poller_.run());
  group_->spawn(serve());
  auto joined = co_await group_->join();
  ended_ = true;
  co_return joined;
}

void ShardConsumer::drain() {
  draining_ = true;
  poller_.out().close();
  nap_.stay_awake();
}

void ShardConsumer::interrupt_call() {
  if (state_ == State::Calling && group_)
    group_->cancel();
}

void ShardConsumer::lose_lease() {
  stop(ShardExit::LeaseLost);
  draining_ = true;
  if (group_)
    group_->cancel();
}

ShardConsumer::Next ShardConsumer::stop(ShardExit exit) {
  if (!ended_)
    exit_ = exit;
  ended_ = true;
  return Next::Stop;
}

Task<Result<Unit>> ShardConsumer::serve() {
  Next next = Next::GoOn;
  while (next == Next::GoOn) {
    auto job = co_await next_job();
    if (tip_ && !ended_ && !job) {
      next = co_await commit_tip();
      continue;
    }
    if (!job)
      break;
    next = co_await run_job(std::move(*job));
  }
  if (!ended_ && !draining_)
    co_await conclude();
  stop(ShardExit::Drained);
  group_->cancel();  // the poller has nobody left to read for
  co_return Unit{};
}

Task<std::optional<ShardConsumer::Job>> ShardConsumer::next_job() {
  state_ = State::Reading;
  std::optional<Job> job;
  while (!draining_ && !ended_) {
    if (!ready_.empty()) {
      job = std::move(ready_.front());
      ready_.pop_front();
      co_return job;
    }
    // What lies ready anyway fills the batch, whatever its window.
    while (!batcher_.full() && !end_ && !tip_ && !poller_.out().empty())
      co_await absorb_next();
    if (batcher_.due(deps_.stream.clock.now()) || (end_ && !batcher_.empty())) {
      job.emplace();
      job->batch = batcher_.cut();
      co_return job;
    }
    if (end_ || tip_)
      co_return job;
    co_await absorb_next();
  }
  co_return job;
}

Task<Result<std::optional<stream::Fetched>>> ShardConsumer::pop() {
  co_return co_await poller_.out().pop();
}

Task<void> ShardConsumer::absorb_next() {
  const auto due = batcher_.due_at();
  std::optional<stream::Fetched> item;
  if (!due || !poller_.out().empty()) {
    item = co_await poller_.out().pop();
  } else {
    auto popped = co_await with_deadline(deps_.stream.clock, *due, pop(), "batching window");
    if (popped)
      item = std::move(*popped);
  }
  if (item)
    absorb(std::move(*item));
}

void ShardConsumer::absorb(stream::Fetched item) {
  if (auto* page = std::get_if<stream::FetchedPage>(&item)) {
    behind_latest_ = page->behind_latest;
    batcher_.add(std::move(page->page), page->first, deps_.stream.clock.now());
  } else if (const auto* tip = std::get_if<stream::TipReached>(&item)) {
    behind_latest_ = std::chrono::milliseconds(0);
    if (batcher_.empty())
      tip_ = tip->time;
  } else if (const auto* lost = std::get_if<stream::DataLost>(&item)) {
    ++deps_.probe.lost_ranges;
    trouble_ = to_string(lost->range);
    if (options_.on_data_loss == stream::OnDataLoss::Fail)
      end_ = std::move(item);
  } else {
    end_ = std::move(item);
  }
}

Task<ShardConsumer::Next> ShardConsumer::run_job(Job job) {
  if (deps_.rules.may_checkpoint(std::nullopt)) {
    const Next early = co_await commit_batch(job.batch);
    if (early == Next::Stop)
      co_return early;
  }
  const Next called = co_await call(job);
  if (called == Next::Stop)
    co_return called;
  if (!deps_.rules.may_checkpoint(last_call_.outcome))
    co_return co_await retry(std::move(job));
  failures_ = 0;
  trouble_.clear();
  const Next committed = co_await commit_batch(job.batch);
  if (committed == Next::Stop)
    co_return committed;
  ++batches_done_;
  records_done_ += job.batch->records.size();
  ++deps_.probe.batches_done;
  deps_.probe.records_done += job.batch->records.size();
  deps_.probe.bytes_done += job.batch->payload_bytes;
  co_return Next::GoOn;
}

bool ShardConsumer::may_go_on() const {
  return deps_.rules.may_call(deps_.stream.clock.now(), deps_.leases.usable_until()) &&
         !deps_.rules.must_stop(lease_->holding());
}

Task<ShardConsumer::Next> ShardConsumer::call(const Job& job) {
  if (draining_ || ended_)
    co_return Next::Stop;
  const MonotonicTime now = deps_.stream.clock.now();
  if (!may_go_on())
    co_return stop(ShardExit::LeaseLost);
  invoke::CallContext context;
  context.shard = lease_->shard();
  context.attempt = job.attempt;
  context.behind_latest = behind_latest_;
  context.fencing_token = lease_->fencing_token();
  state_ = State::Calling;
  ++deps_.probe.calls;
  last_call_ = co_await deps_.guest.handle(job.batch, context, now + options_.handler_timeout);
  state_ = State::Reading;
  deps_.probe.call_time += last_call_.took;
  if (ended_)
    co_return Next::Stop;
  if (last_call_.outcome == invoke::InvokeOutcome::Interrupted) {
    ++deps_.probe.interrupted_calls;
    co_return stop(ShardExit::Drained);
  }
  co_return Next::GoOn;
}

Task<ShardConsumer::Next> ShardConsumer::retry(Job job) {
  ++deps_.probe.failed_calls;
  failures_ = ++job.failures;
  trouble_ = std::string(name(last_call_.outcome)) + ": " + last_call_.message;
  const Record& first = job.batch->records.front();
  invoke::FailedCall failed;
  failed.outcome = last_call_.outcome;
  failed.failure_count = job.failures;
  failed.age = deps_.stream.directory.service_now() - first.approximate_arrival;
  const invoke::Retry again = deps_.policy.decide(failed);
  if (again.spends_attempt)
    ++job.attempt;
  log_.warn(
      "a batch failed, will be called again",
      {{"outcome", name(last_call_.outcome)},
       {"failures", job.failures},
       {"first", first.sequence_number},
       {"records", job.batch->records.size()},
       {"delay_ms", std::chrono::duration_cast<std::chrono::milliseconds>(again.delay).count()},
       {"message", last_call_.message}});
  const std::size_t behind = deps_.rules.retry_behind();
  while (ready_.size() < behind && !batcher_.empty()) {
    Job later;
    later.batch = batcher_.cut();
    ready_.push_back(std::move(later));
  }
  const auto place = static_cast<std::ptrdiff_t>(std::min(behind, ready_.size()));
  ready_.insert(ready_.begin() + place, std::move(job));
  state_ = State::Retrying;
  co_await nap_.rest(again.delay);
  co_return ended_ ? Next::Stop : Next::GoOn;
}

Task<ShardConsumer::Next> ShardConsumer::commit(Checkpoint checkpoint,
                                                std::optional<WallTime> arrival) {
  if (!is_forward(lease_->row().checkpoint, checkpoint))
    co_return Next::GoOn;  // a position that is passed already needs no write
  Backoff backoff;
  for (std::uint32_t failures = 1;; ++failures) {
    state_ = State::Committing;
    auto written = co_await deps_.checkpointer.commit(lease_, checkpoint, arrival);
    if (ended_)
      co_return Next::Stop;
    if (written && *written == lease::WriteOutcome::Written)
      co_return Next::GoOn;
    if (written)
      co_return stop(ShardExit::LeaseLost);
    if (written.error().code == ErrorCode::Closed)
      co_return stop(ShardExit::Drained);
    trouble_ = "storing the position: " + written.error().what;
    log_.error("a position can not be stored, will repeat",
               {{"checkpoint", to_string(checkpoint)}, {"error", written.error().what}});
    if (draining_)
      co_return Next::Stop;
    co_await nap_.rest(backoff.delay(failures, deps_.stream.random));
    if (draining_)
      co_return Next::Stop;
  }
}

Task<ShardConsumer::Next> ShardConsumer::commit_batch(std::shared_ptr<const Batch> batch) {
  Checkpoint checkpoint = After(batch->last_position());
  co_return co_await commit(std::move(checkpoint), batch->records.back().approximate_arrival);
}

Task<ShardConsumer::Next> ShardConsumer::commit_tip() {
  const WallTime time = *tip_;
  tip_.reset();
  Checkpoint unchanged = lease_->row().checkpoint;
  co_return co_await commit(std::move(unchanged), time);
}

Task<void> ShardConsumer::conclude() {
  CHECK(end_.has_value() && batcher_.empty() && ready_.empty(), "a shard ended with work left");
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
  auto listed = co_await deps_.stream.directory.refresh();
  const bool gone = listed && deps_.stream.directory.lineage().find(lease_->shard()) == nullptr;
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
  ++deps_.probe.lost_ranges;
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
  state_ = State::Closing;
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
    co_await nap_.rest(backoff.delay(failures, deps_.stream.random));
  }
  Checkpoint end = ShardEnd();
  const Next committed = co_await commit(std::move(end), lease_->row().checkpoint_arrival);
  if (committed == Next::Stop)
    co_return;
  ++deps_.probe.shards_finished;
  log_.info("shard finished", {{"children", children.size()}});
  stop(ShardExit::Finished);
}

int ShardConsumer::retention_used() const {
  const lease::Lease& row = lease_->row();
  const auto& directory = deps_.stream.directory;
  return stream::retention_used_percent(stream::known_until(row.checkpoint, row.checkpoint_arrival),
                                        directory.service_now(), directory.description().retention);
}

bool ShardConsumer::needs_help() const {
  const bool stopped = ended_ && (exit_ == ShardExit::DataLost || exit_ == ShardExit::Failed);
  return stopped || retention_used() >= 80;
}

ShardStatus ShardConsumer::status() const {
  static constexpr const char* kStates[] = {"reading", "calling", "retrying", "committing",
                                            "closing"};
  const lease::Lease& row = lease_->row();
  ShardStatus status;
  status.application = row.key.consumer.application;
  status.stream = row.key.consumer.stream.str();
  status.shard = row.key.shard;
  status.checkpoint = to_string(row.checkpoint);
  status.state = kStates[static_cast<std::size_t>(state_)];
  if (ended_ && exit_ == ShardExit::DataLost)
    status.state = "stopped: data loss";
  else if (ended_ && exit_ == ShardExit::Failed)
    status.state = "stopped: failed";
  if (!trouble_.empty())
    status.state += ": " + trouble_;
  else if (!poller_.probe().trouble.empty())
    status.state += ": " + poller_.probe().trouble;
  if (const int used = retention_used(); used >= 50)
    status.state += "; " + std::to_string(used) + " % of the stream's retention used";
  status.millis_behind_latest = poller_.probe().behind_latest.count();
  status.records_done = records_done_;
  status.batches_done = batches_done_;
  status.failing_attempts = failures_;
  return status;
}

}  // namespace kt::worker
