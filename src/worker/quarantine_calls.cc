// What a Quarantine does with one key at a time. Each step() ends at the first thing that has to
// wait: no payload and no turn of the process is held over a back-off.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "invoke/item_failures.h"
#include "spill/spilled_record.h"
#include "worker/job.h"
#include "worker/quarantine_key.h"

namespace kt::worker {
Task<Result<Unit>> Quarantine::serve(Key& key) {
  co_await step(key);
  key.serving = false;
  --serving_;
  arm(key);
  dispatcher_.wake();
  changed_.notify_all();
  co_return Unit{};
}

Task<void> Quarantine::step(Key& key) {
  const invoke::InvokeGate::Permit turn = co_await deps_.turns.enter();
  if (stopping())
    co_return;
  if (!key.finished.empty()) {
    co_await forget(key);
    co_return;
  }
  auto batch = co_await read_head(key);
  if (!batch || stopping())
    co_return;
  if (key.tries_used_up) {
    co_await give_up(key, std::move(batch), deliver::Condition::RetryAttemptsExhausted);
    co_return;
  }
  const std::size_t expired =
      invoke::expired_prefix(*batch, deps_.host.service_now(), options_.limits);
  if (expired > 0) {
    auto old = part_of(*batch, 0, expired);
    co_await give_up(key, std::move(old), deliver::Condition::RecordAgeExceeded);
    co_return;
  }
  co_await call(key, std::move(batch));
}

Task<std::shared_ptr<const Batch>> Quarantine::read_head(Key& key) {
  spill::HeadLimits limits;
  limits.records_max = key.width;
  limits.bytes_max = options_.batch_bytes_max;
  auto records = co_await deps_.store.head(options_.scope, key.text, limits);
  std::shared_ptr<const Batch> batch;
  if (!records) {
    note_store_trouble(records.error(), "reading records that wait");
    key.due = deps_.clock.now() + options_.store_backoff.delay(++key.store_failures, deps_.random);
    co_return batch;
  }
  key.store_failures = 0;
  store_trouble_.clear();
  const auto too_early = [&key](const spill::SpilledRecord& record) {
    return !key.may_call(record.position);
  };
  const bool none = records->empty();
  records->erase(std::find_if(records->begin(), records->end(), too_early), records->end());
  if (!records->empty()) {
    key.oldest = records->front().approximate_arrival;
    key.blocked = false;
    batch = spill::batch_of(*std::move(records));
    co_return batch;
  }
  if (none) {
    // Counted more than was stored: what is stored is what waits.
    records_ -= key.records;
    bytes_ -= key.bytes;
    key.records = key.bytes = 0;
  }
  // Otherwise an earlier record is on its way into the store, and arms the key when it is there. It
  // must not wait for room that only this key's records can make.
  key.blocked = !none;
  if (key.blocked)
    changed_.notify_all();
  key.due = deps_.clock.now() + options_.store_backoff.first;
  co_return batch;
}

Task<void> Quarantine::call(Key& key, std::shared_ptr<const Batch> batch) {
  if (!deps_.host.may_call()) {
    lose();
    co_return;
  }
  invoke::CallContext context = options_.call;
  context.attempt = key.spent + 1;
  context.behind_latest = deps_.host.behind_latest();
  TriggerCounters& counters = deps_.counters;
  ++counters.calls;
  counters.invoked_records += batch->records.size();
  if (key.failures > 0)
    ++counters.retries;
  const MonotonicTime deadline = deps_.clock.now() + options_.handler_timeout;
  auto ended = co_await deps_.guest.handle(batch, std::move(context), deadline);
  counters.call_time += ended.took;
  counters.call_durations.observe(ended.took);
  if (lost_)
    co_return;
  if (options_.report_item_failures)
    ended = invoke::read_item_failures(std::move(ended), *batch);
  judge(key, *batch, std::move(ended));
  // Also when draining: what is done need not be done again.
  if (!key.finished.empty())
    co_await forget(key);
}

void Quarantine::judge(Key& key, const Batch& batch, invoke::Invocation ended) {
  using Kind = invoke::Verdict::Kind;
  TriggerCounters& counters = deps_.counters;
  const std::size_t count = batch.records.size();
  const invoke::Verdict verdict = invoke::assess(ended, count);
  if (verdict.kind == Kind::NotMade) {
    ++counters.interrupted_calls;
    return;
  }
  key.calls += ended.outcome == invoke::InvokeOutcome::HostFault ? 0 : 1;
  if (verdict.kind == Kind::Done) {
    ++counters.batches_done;
    key.width = std::min(key.width * 2, options_.batch_records_max);
    finish(key, batch, count);
    return;
  }
  ++counters.failed_calls;
  counters.failed_invoke_records += count - verdict.at;
  last_failure_ = std::string(name(ended.outcome)) + ": " + ended.message;
  if (verdict.kind == Kind::Progress) {
    // What is left begins with the record that fails, with tries of its own.
    key.width = 1;
    finish(key, batch, verdict.at);
    return;
  }
  key.handler_failed = verdict.handler_failed;
  key.message = std::move(ended.message);
  fail_key(key, count, verdict, ended.outcome);
}

void Quarantine::fail_key(Key& key, std::size_t count, const invoke::Verdict& verdict,
                          invoke::InvokeOutcome outcome) {
  ++key.failures;
  log_.warn("a waiting key's record failed", {{"outcome", name(outcome)},
                                              {"failures", key.failures},
                                              {"spent", key.spent},
                                              {"records", count},
                                              {"message", key.message}});
  // Also where only one was there: what joins it meanwhile must not be given up with it.
  key.width = 1;
  if (count > 1) {
    // One at a time tells which it is; taking apart spends no try.
    ++deps_.counters.bisections;
    key.calls = 0;
    key.due = deps_.clock.now() + deps_.policy.delay(key.failures);
    return;
  }
  if (invoke::spends_attempt(outcome))
    ++key.spent;
  invoke::FailedCall failed;
  failed.outcome = outcome;
  failed.whole = verdict.whole;
  failed.spent = key.spent;
  failed.failure_count = key.failures;
  const invoke::Decision decision = deps_.policy.decide(failed, options_.limits);
  if (const auto* retry = std::get_if<invoke::Retry>(&decision)) {
    key.due = deps_.clock.now() + retry->delay;
    return;
  }
  CHECK(std::holds_alternative<invoke::GiveUp>(decision), "one record can not be split");
  key.tries_used_up = true;
  key.due = deps_.clock.now();
}

Task<void> Quarantine::give_up(Key& key, std::shared_ptr<const Batch> batch,
                               deliver::Condition condition) {
  CHECK(deps_.destination != nullptr, "records are given up, and there is no destination");
  if (!deps_.host.may_call()) {
    lose();
    co_return;
  }
  const Tries tries{key.calls, key.handler_failed, key.message};
  deliver::FailedBatch failed = give_up_of(options_.given_up, batch, condition, tries, deps_.random,
                                           deps_.host.service_now());
  const std::string request = failed.request_id;
  const std::uint32_t calls = failed.invoke_count;
  auto delivered = co_await deps_.destination->deliver(std::move(failed));
  if (lost_)
    co_return;
  const std::size_t count = batch->records.size();
  if (!delivered) {
    ++deps_.counters.destination_failures;
    destination_trouble_ = deps_.destination->describe() + ": " + delivered.error().what;
    key.due = deps_.clock.now() + deps_.policy.delay(++key.delivery_failures);
    log_.error("a destination does not take failed records, will repeat",
               {{"destination", deps_.destination->describe()},
                {"failures", key.delivery_failures},
                {"records", count},
                {"error", delivered.error().what}});
    co_return;
  }
  destination_trouble_.clear();
  deps_.counters.delivered_records += count;
  if (condition == deliver::Condition::RecordAgeExceeded)
    deps_.counters.expired_records += count;
  log_.warn("records were given up", {{"condition", deliver::name(condition)},
                                      {"destination", deps_.destination->describe()},
                                      {"request_id", request},
                                      {"first", batch->records.front().sequence_number},
                                      {"records", count},
                                      {"calls", calls},
                                      {"message", key.message}});
  finish(key, *batch, count);
  co_await forget(key);
}

void Quarantine::finish(Key& key, const Batch& batch, std::size_t count) {
  key.begin_anew();
  key.due = deps_.clock.now();
  for (std::size_t i = 0; i < count; ++i) {
    key.finished.push_back(batch.records[i].position());
    key.finished_bytes += batch.records[i].payload_bytes();
  }
}

Task<void> Quarantine::forget(Key& key) {
  auto outcome = co_await deps_.store.remove(options_.scope, key.text, key.finished);
  if (lost_)
    co_return;
  if (!outcome) {
    note_store_trouble(outcome.error(), "forgetting records that are finished");
    key.due = deps_.clock.now() + options_.store_backoff.delay(++key.store_failures, deps_.random);
    co_return;
  }
  if (*outcome == spill::SpillOutcome::LeaseLost) {
    lose();
    co_return;
  }
  store_trouble_.clear();
  key.store_failures = 0;
  const std::size_t count = key.finished.size();
  CHECK(count <= key.records && key.finished_bytes <= key.bytes,
        "more of a key is finished than waited");
  deps_.counters.records_done += count;
  deps_.counters.bytes_done += key.finished_bytes;
  key.records -= count;
  key.bytes -= key.finished_bytes;
  records_ -= count;
  bytes_ -= key.finished_bytes;
  key.finished.clear();
  key.finished_bytes = 0;
}

}  // namespace kt::worker
