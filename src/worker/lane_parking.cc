// What a Lane does with on_poison = "key": it finds the key at fault, and lets only that one wait.
#include <algorithm>
#include <set>
#include <utility>

#include "worker/lane.h"

namespace kt::worker {
namespace {

bool has_one_key(const Batch& batch) {
  const std::string_view key = batch.records.front().partition_key;
  return std::all_of(batch.records.begin(), batch.records.end(),
                     [key](const Record& record) { return record.partition_key == key; });
}

/// Which records the handler blamed: those it listed, else the first that it did not manage; and
/// with them the later ones of their keys. With `alone` only those themselves. What else lies
/// behind the first comes again: the handler may have stopped there.
Shares divide_named(const Batch& batch, const invoke::Invocation& ended, std::size_t first,
                    bool alone) {
  const auto& items = ended.failed_items;
  std::set<std::string_view> keys;
  const auto share = [&](std::size_t i, const Record& record) {
    if (i < first)
      return Share::Finished;
    const bool named =
        items.empty() ? i == first : std::binary_search(items.begin(), items.end(), i);
    if (named)
      keys.insert(record.partition_key);
    const bool blamed = named || (!alone && keys.contains(record.partition_key));
    return blamed ? Share::Aside : Share::Rest;
  };
  return divide(batch, share);
}

}  // namespace

bool Lane::isolates_keys() const {
  return deps_.quarantine != nullptr && deps_.quarantine->admits_keys();
}

bool Lane::has_claims() const {
  if (deps_.quarantine == nullptr || deps_.quarantine->is_idle())
    return false;
  const auto& records = jobs_.front().batch->records;
  return std::any_of(records.begin(), records.end(), [this](const Record& record) {
    return deps_.quarantine->claim(record) != Claim::Free;
  });
}

Task<Next> Lane::honour_claims() {
  const Quarantine& quarantine = *deps_.quarantine;
  const auto share = [&quarantine](std::size_t, const Record& record) {
    const Claim claim = quarantine.claim(record);
    if (claim == Claim::Free)
      return Share::Rest;
    return claim == Claim::Park ? Share::Aside : Share::Finished;
  };
  Shares shares = divide(*jobs_.front().batch, share);
  if (shares.aside) {
    Parking parking;
    parking.batch = shares.aside;
    const Next parked = co_await park(std::move(parking));
    if (parked == Next::Stop)
      co_return parked;
  }
  co_return co_await keep_of_front(std::move(shares), false);
}

Task<Next> Lane::isolate(invoke::FailedCall failed) {
  Job& job = jobs_.front();
  if (!has_one_key(*job.batch)) {
    // Once more as a whole: it may have been an outage. Then halves tell which key it is.
    const bool again = job.failures == 1 && options_.limits.retries_max != 0U;
    if (!again)
      split_front(job.size() / 2);
    co_return co_await rest(deps_.policy.delay(jobs_.front().failures));
  }
  invoke::FailureLimits limits = options_.limits;
  limits.bisect = false;
  const invoke::Decision decision = deps_.policy.decide(failed, limits);
  const auto* again = std::get_if<invoke::Retry>(&decision);
  if (again == nullptr || !deps_.quarantine->has_room(*job.batch))
    co_return co_await carry_out(decision);
  Parking parking;
  parking.batch = job.batch;
  parking.spent = job.spent;
  parking.failures = job.failures;
  parking.calls = job.calls;
  parking.delay = again->delay;
  parking.message = job.message;
  const Next parked = co_await park(std::move(parking));
  if (parked == Next::Stop)
    co_return parked;
  Shares shares;
  shares.aside = jobs_.front().batch;
  co_return co_await keep_of_front(std::move(shares), false);
}

Task<Next> Lane::set_aside_named(invoke::Invocation ended, std::size_t first) {
  // Progress renews the budget of what is left, as without a quarantine.
  Job& job = jobs_.front();
  invoke::FailedCall failed;
  failed.outcome = ended.outcome;
  failed.whole = false;
  failed.spent = first > 0 ? 0 : job.spent + 1;
  failed.failure_count = first > 0 ? 1 : job.failures + 1;
  note_failure(job, ended.outcome);
  if (deps_.host.stopping()) {
    // Nothing begins to wait any more; but what is handled need not be handled again.
    if (first > 0)
      co_await drop_front(first);
    co_return Next::Stop;
  }
  const invoke::Decision decision = deps_.policy.decide(failed, options_.limits);
  const auto* again = std::get_if<invoke::Retry>(&decision);
  Shares shares = divide_named(*job.batch, ended, first, again == nullptr);
  Next next = Next::GoOn;
  if (again == nullptr) {
    next = co_await give_up(shares.aside, deliver::Condition::RetryAttemptsExhausted);
  } else if (deps_.quarantine->has_room(*shares.aside)) {
    Parking parking;
    parking.batch = shares.aside;
    parking.spent = failed.spent;
    parking.failures = failed.failure_count;
    parking.calls = first > 0 ? 0 : job.calls;
    parking.delay = again->delay;
    parking.message = job.message;
    next = co_await park(std::move(parking));
  } else if (first == 0) {
    co_return co_await fail_front(ended.outcome, false);
  } else {
    next = co_await drop_front(first);
    if (next == Next::Stop)
      co_return next;
    co_return co_await fresh_budget();
  }
  if (next == Next::Stop)
    co_return next;
  if (shares.rest) {
    // Nobody blamed these: a new batch, called at once.
    jobs_.front().spent = 0;
    jobs_.front().failures = 0;
    jobs_.front().calls = 0;
  }
  co_return co_await keep_of_front(std::move(shares), again == nullptr);
}

Task<Next> Lane::park(Parking parking) {
  state_ = State::Parking;
  const Parked parked = co_await deps_.quarantine->park(std::move(parking));
  state_ = State::Waiting;
  if (deps_.host.ended() || parked == Parked::Stopped)
    co_return Next::Stop;
  if (parked == Parked::LeaseLost) {
    deps_.host.lose();
    co_return Next::Stop;
  }
  clear_trouble();
  co_return Next::GoOn;
}

}  // namespace kt::worker
