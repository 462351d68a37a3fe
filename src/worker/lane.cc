#include "worker/lane.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "invoke/item_failures.h"

namespace kt::worker {
namespace {

constexpr Duration kForNow = std::chrono::hours(1);  ///< somebody wakes us before

}  // namespace

Lane::Lane(Deps deps, const Options& options, Log log)
    : deps_(deps), options_(options), log_(std::move(log)), nap_(deps.clock) {}

Task<Result<Unit>> Lane::run() {
  // A group of its own: one lane's call is interrupted, another's commit is not.
  group_.emplace(deps_.loop);
  group_->spawn(serve());
  auto joined = co_await group_->join();
  deps_.host.lane_ended();
  co_return joined;
}

void Lane::wake() {
  if (hungry_)
    nap_.wake();
}

void Lane::interrupt() {
  if (group_ && (state_ == State::Calling || state_ == State::Delivering))
    group_->cancel();
}

std::optional<std::uint64_t> Lane::first_unfinished() const {
  std::optional<std::uint64_t> first;
  for (const Job& job : jobs_) {
    if (!job.passed)
      first = std::min(first.value_or(job.first_ordinal()), job.first_ordinal());
  }
  // What waits came after all that was cut.
  return first ? first : deps_.batcher.front_ordinal();
}

Task<Result<Unit>> Lane::serve() {
  for (;;) {
    const bool found = co_await find_job();
    if (!found)
      break;
    Next next = Next::GoOn;
    if (jobs_.empty())
      next = co_await end_window();
    else
      next = co_await run_front();
    if (next == Next::Stop)
      break;
  }
  state_ = State::Waiting;
  co_return Unit{};
}

Task<bool> Lane::find_job() {
  while (!deps_.host.stopping()) {
    if (!jobs_.empty())
      co_return true;
    state_ = State::Waiting;
    hungry_ = true;
    // What lies ready anyway fills the batch, whatever its window.
    deps_.host.feed();
    batch::Batcher& batcher = deps_.batcher;
    if (window_must_end()) {
      hungry_ = false;
      co_return true;
    }
    const bool cut = batcher.due(deps_.clock.now()) || (deps_.host.closing() && !batcher.empty());
    if (cut) {
      hungry_ = false;
      jobs_.emplace_back();
      jobs_.back().batch = batcher.cut();
      co_return true;
    }
    if (deps_.host.closing())
      break;
    deps_.host.expect_more();
    const auto due = batcher.due_at();
    co_await nap_.rest(due ? *due - deps_.clock.now() : kForNow);
  }
  hungry_ = false;
  co_return false;
}

Task<Next> Lane::run_front() {
  // Whatever is finished in the shard is durable before the next call: a stop repeats at most one
  // batch of each lane.
  Next next = co_await settle();
  if (next == Next::Stop)
    co_return next;
  Job& job = jobs_.front();
  const std::size_t expired =
      invoke::expired_prefix(*job.batch, deps_.directory.service_now(), options_.limits);
  if (expired > 0)
    co_return co_await give_up_expired(expired);
  if (options_.may_reject && !job.screened)
    co_return co_await set_aside_rejected();
  if (has_claims())
    co_return co_await honour_claims();
  if (deps_.rules.may_checkpoint(std::nullopt)) {
    job.passed = true;
    next = co_await settle();
    if (next == Next::Stop)
      co_return next;
  }
  co_return co_await call();
}

Task<Next> Lane::give_up_expired(std::size_t count) {
  deps_.counters.expired_records += count;
  auto batch = part_of(*jobs_.front().batch, 0, count);
  const Next held = co_await give_up(std::move(batch), deliver::Condition::RecordAgeExceeded);
  if (held == Next::Stop)
    co_return held;
  co_return co_await drop_front(count);
}

Task<Next> Lane::set_aside_rejected() {
  jobs_.front().screened = true;
  const auto& records = jobs_.front().batch->records;
  const auto is_rejected = [](const Record& record) { return record.rejected; };
  if (std::none_of(records.begin(), records.end(), is_rejected))
    co_return Next::GoOn;
  const auto share = [](std::size_t, const Record& record) {
    return record.rejected ? Share::Aside : Share::Rest;
  };
  Shares shares = divide(*jobs_.front().batch, share);
  const Next held = co_await give_up(shares.aside, deliver::Condition::NotJson);
  if (held == Next::Stop)
    co_return held;
  co_return co_await keep_of_front(std::move(shares), true);
}

Next Lane::may_act() {
  if (deps_.host.stopping())
    return Next::Stop;
  if (deps_.host.may_call())
    return Next::GoOn;
  deps_.host.lose();
  return Next::Stop;
}

Task<Next> Lane::call() {
  if (may_act() == Next::Stop)
    co_return Next::Stop;
  Job& job = jobs_.front();
  invoke::CallContext context = options_.call;
  context.attempt = job.attempt();
  context.behind_latest = deps_.host.behind_latest();
  if (window_ != nullptr)
    window_->describe(*job.batch->window_start, context);
  TriggerCounters& counters = deps_.counters;
  ++counters.calls;
  counters.invoked_records += job.size();
  if (job.failures > 0) {
    ++counters.retries;
    ++retries_;
  }
  state_ = State::Calling;
  auto ended = co_await deps_.guest.handle(job.batch, std::move(context),
                                           deps_.clock.now() + options_.handler_timeout);
  state_ = State::Waiting;
  counters.call_time += ended.took;
  counters.call_durations.observe(ended.took);
  if (deps_.host.ended())
    co_return Next::Stop;
  co_return co_await judge(std::move(ended));
}

Task<Next> Lane::judge(invoke::Invocation ended) {
  using Kind = invoke::Verdict::Kind;
  Job& job = jobs_.front();
  if (options_.report_item_failures)
    ended = invoke::read_item_failures(std::move(ended), *job.batch);
  if (window_ != nullptr) {
    const Next kept = co_await keep_window_state(ended);
    if (kept == Next::Stop)
      co_return kept;
  }
  const invoke::Verdict verdict = invoke::assess(ended, job.size());
  if (verdict.kind == Kind::NotMade) {
    ++deps_.counters.interrupted_calls;
    if (deps_.host.stopping())
      co_return Next::Stop;
    // Nobody here interrupted it: called again, as after any fault of the host.
    job.message = "the call was interrupted";
    co_return co_await fail_front(invoke::InvokeOutcome::HostFault, false);
  }
  job.calls += ended.outcome == invoke::InvokeOutcome::HostFault ? 0 : 1;
  if (verdict.kind == Kind::Done && deps_.rules.may_checkpoint(ended.outcome)) {
    clear_trouble();
    co_return co_await drop_front(job.size());
  }
  ++deps_.counters.failed_calls;
  deps_.counters.failed_invoke_records += job.size() - verdict.at;
  job.handler_failed = verdict.handler_failed;
  job.message = ended.message;
  const bool named = ended.outcome == invoke::InvokeOutcome::Partial && !verdict.handler_failed;
  if (named && isolates_keys())
    co_return co_await set_aside_named(std::move(ended), verdict.at);
  if (verdict.kind != Kind::Progress)
    co_return co_await fail_front(ended.outcome, verdict.whole);
  note_failure(job, ended.outcome);
  const Next next = co_await drop_front(verdict.at);
  if (next == Next::Stop)
    co_return next;
  co_return co_await fresh_budget();
}

Task<Next> Lane::fresh_budget() {
  // What is left is a new batch with tries of its own.
  Job& job = jobs_.front();
  job.spent = 0;
  job.calls = 0;
  job.failures = 1;
  co_return co_await rest(deps_.policy.delay(1));
}

Task<Next> Lane::fail_front(invoke::InvokeOutcome outcome, bool whole) {
  Job& job = jobs_.front();
  ++job.failures;
  if (invoke::spends_attempt(outcome))
    ++job.spent;
  invoke::FailedCall failed;
  failed.outcome = outcome;
  failed.whole = whole;
  failed.record_count = job.size();
  failed.spent = job.spent;
  failed.failure_count = job.failures;
  note_failure(job, outcome);
  if (isolates_keys() && invoke::spends_attempt(outcome))
    co_return co_await isolate(failed);
  const invoke::Decision decision = deps_.policy.decide(failed, options_.limits);
  co_return co_await carry_out(decision);
}

Task<Next> Lane::carry_out(invoke::Decision decision) {
  if (std::holds_alternative<invoke::GiveUp>(decision)) {
    const Next held =
        co_await give_up(jobs_.front().batch, deliver::Condition::RetryAttemptsExhausted);
    if (held == Next::Stop)
      co_return held;
    co_return co_await drop_front(jobs_.front().size());
  }
  if (const auto* split = std::get_if<invoke::Split>(&decision)) {
    split_front(split->at);
    co_return co_await rest(split->delay);
  }
  put_behind(deps_.rules.retry_behind());
  co_return co_await rest(std::get<invoke::Retry>(decision).delay);
}

void Lane::split_front(std::size_t at) {
  ++deps_.counters.bisections;
  Job& whole = jobs_.front();
  whole.spent -= std::min<std::uint32_t>(whole.spent, 1);  // splitting spends no try
  whole.calls = 0;
  Job second = whole;
  second.batch = part_of(*whole.batch, at, whole.size());
  whole.batch = part_of(*whole.batch, 0, at);
  jobs_.insert(jobs_.begin() + 1, std::move(second));
}

void Lane::put_behind(std::size_t behind) {
  if (behind == 0)
    return;
  while (jobs_.size() <= behind && !deps_.batcher.empty()) {
    jobs_.emplace_back();
    jobs_.back().batch = deps_.batcher.cut();
  }
  const auto last = jobs_.begin() + static_cast<std::ptrdiff_t>(std::min(behind, jobs_.size() - 1));
  std::rotate(jobs_.begin(), jobs_.begin() + 1, last + 1);
}

Task<Next> Lane::rest(Duration delay) {
  state_ = State::Retrying;
  co_await nap_.rest(delay);
  co_return deps_.host.ended() ? Next::Stop : Next::GoOn;
}

Task<Next> Lane::give_up(std::shared_ptr<const Batch> batch, deliver::Condition condition) {
  CHECK(deps_.destination != nullptr, "records are given up, and there is no destination");
  const Tries tries{jobs_.front().calls, jobs_.front().handler_failed, jobs_.front().message};
  const deliver::FailedBatch failed =
      give_up_of(options_.given_up, std::move(batch), condition, tries, deps_.random,
                 deps_.directory.service_now());
  const std::size_t count = failed.batch->records.size();
  for (std::uint32_t failures = 1;; ++failures) {
    if (may_act() == Next::Stop)
      co_return Next::Stop;
    state_ = State::Delivering;
    auto delivered = co_await deps_.destination->deliver(failed);
    state_ = State::Waiting;
    if (deps_.host.ended())
      co_return Next::Stop;
    if (delivered)
      break;
    ++deps_.counters.destination_failures;
    if (deps_.rules.may_pass_given_up(false))
      break;
    note_trouble(Reason::DestinationDown,
                 deps_.destination->describe() + ": " + delivered.error().what);
    log_.error("a destination does not take failed records, will repeat",
               {{"destination", deps_.destination->describe()},
                {"failures", failures},
                {"records", count},
                {"error", delivered.error().what}});
    const Next rested = co_await rest(deps_.policy.delay(failures));
    if (rested == Next::Stop)
      co_return rested;
  }
  deps_.counters.delivered_records += count;
  clear_trouble();
  log_.warn("records were given up", {{"condition", deliver::name(condition)},
                                      {"destination", deps_.destination->describe()},
                                      {"request_id", failed.request_id},
                                      {"first", failed.batch->records.front().sequence_number},
                                      {"records", count},
                                      {"calls", failed.invoke_count},
                                      {"message", failed.message}});
  co_return Next::GoOn;
}

void Lane::count_finished(const Batch& batch, std::size_t count) {
  std::size_t bytes = batch.payload_bytes;
  if (count < batch.records.size()) {
    bytes = 0;
    for (std::size_t i = 0; i < count; ++i)
      bytes += batch.records[i].payload_bytes();
  }
  records_done_ += count;
  bytes_done_ += bytes;
  deps_.counters.records_done += count;
  deps_.counters.bytes_done += bytes;
  last_arrival_ = batch.records[count - 1].approximate_arrival;
  last_age_ =
      std::max(std::chrono::milliseconds(0), deps_.directory.service_now() - *last_arrival_);
}

void Lane::count_finished_batch() {
  ++batches_done_;
  ++deps_.counters.batches_done;
}

Task<Next> Lane::keep_of_front(Shares shares, bool aside_is_finished) {
  const bool all = shares.rest == nullptr;
  if (all)
    jobs_.pop_front();
  else
    jobs_.front().batch = std::move(shares.rest);
  const Next next = co_await settle();
  if (next == Next::Stop)
    co_return next;
  if (shares.finished)
    count_finished(*shares.finished, shares.finished->records.size());
  if (shares.aside && aside_is_finished)
    count_finished(*shares.aside, shares.aside->records.size());
  if (all)
    count_finished_batch();
  co_return next;
}

Task<Next> Lane::drop_front(std::size_t count) {
  Job& job = jobs_.front();
  // The records live until they are counted, the place of the next one is known at once.
  const std::shared_ptr<const Batch> batch = job.batch;
  const bool all = count == job.size();
  if (all)
    jobs_.pop_front();
  else
    job.batch = part_of(*batch, count, batch->records.size());
  const Next next = co_await settle();
  if (next == Next::Stop)
    co_return next;
  count_finished(*batch, count);
  if (all)
    count_finished_batch();
  co_return next;
}

Task<Next> Lane::settle() {
  const State before = std::exchange(state_, State::Committing);
  const Next next = co_await deps_.host.settle(nap_);
  state_ = before;
  co_return next;
}

void Lane::note_failure(const Job& job, invoke::InvokeOutcome outcome) {
  note_trouble(Reason::HandlerFailing, std::string(name(outcome)) + ": " + job.message);
  log_.warn("a batch failed", {{"outcome", name(outcome)},
                               {"failures", job.failures},
                               {"spent", job.spent},
                               {"first", job.batch->records.front().sequence_number},
                               {"records", job.size()},
                               {"message", job.message}});
}

void Lane::note_trouble(Reason reason, std::string what) {
  if (reason_ != reason)
    trouble_since_ = deps_.clock.now();
  reason_ = reason;
  trouble_ = std::move(what);
}

void Lane::clear_trouble() {
  reason_ = Reason::None;
  trouble_.clear();
  trouble_since_.reset();
}

}  // namespace kt::worker
