#include "lease/lease_coordinator.h"

#include <algorithm>
#include <set>
#include <utility>

#include "runtime/backoff.h"
#include "runtime/with_deadline.h"

namespace kt::lease {
namespace {

/// A worker that was silent for this many failovers and owns nothing is forgotten.
constexpr int kForgetAfterFailovers = 100;
/// News is told at once, but this long after the last beat: what happens together is one beat.
constexpr Duration kNewsSpacing = std::chrono::milliseconds(50);
/// With this many workers more the beats are looked at less often by one interval.
constexpr std::size_t kWorkersAnInterval = 32;
constexpr std::size_t kIntervalsMax = 4;
/// While another worker is about to give something back, the beats are looked at so much more
/// often.
constexpr int kHandOverLooks = 4;

/// Keeps an alarm no longer than its wait.
class ScopedAlarm {
 public:
  ScopedAlarm(Clock& clock, MonotonicTime when, Alarm& alarm)
      : clock_(clock), id_(clock.schedule(when, alarm)) {}
  ScopedAlarm(const ScopedAlarm&) = delete;
  ScopedAlarm& operator=(const ScopedAlarm&) = delete;
  ~ScopedAlarm() { clock_.cancel(id_); }

 private:
  Clock& clock_;
  Clock::AlarmId id_;
};

/// What passes by itself, or when a human makes room: worth repeating for ever.
bool may_heal(ErrorCode code) {
  return is_transient(code) || code == ErrorCode::StorageFull || code == ErrorCode::ReadOnly ||
         code == ErrorCode::LimitExceeded;
}

}  // namespace

LeaseCoordinator::LeaseCoordinator(Deps deps, Options options)
    : deps_(std::move(deps)),
      options_(std::move(options)),
      usable_until_(options_.mode == LeaseMode::Exclusive ? MonotonicTime::max()
                                                          : MonotonicTime::min()) {
  CHECK(options_.failover > options_.margin + options_.beat_interval,
        "failover must be longer than a beat and the margin");
}

Task<Result<Unit>> LeaseCoordinator::run() {
  const Executor executor = co_await asio::this_coro::executor;
  TaskGroup group(executor);
  group.spawn(keep_scanning());
  if (options_.mode == LeaseMode::Shared) {
    group.spawn(keep_beating());
    group.spawn(watch_expiry());
  }
  co_return co_await group.join();
}

void LeaseCoordinator::look_again() {
  rows_due_ = true;
  poked_ = true;
  if (nap_)
    nap_->fire();
}

void LeaseCoordinator::announce() {
  ++news_;
  news_untold_ = true;
  if (beat_nap_)
    beat_nap_->fire();
}

void LeaseCoordinator::poke() {
  look_again();
  announce();
}

void LeaseCoordinator::stop_taking() {
  taking_ = false;
  for (const auto& [shard, lease] : held_)
    lease->set_holding(Holding::Asked);
  announce();
}

std::vector<HeldLeasePtr> LeaseCoordinator::held() const {
  std::vector<HeldLeasePtr> out;
  for (const auto& [shard, lease] : held_)
    out.push_back(lease);
  return out;
}

bool LeaseCoordinator::note_trouble(const Error& error, std::string_view doing) {
  trouble_ = error.within(doing);
  deps_.log.warn("the lease table does not answer", {{"doing", doing}, {"error", error.what}});
  return may_heal(error.code);
}

// Beats and expiry

Task<Result<Unit>> LeaseCoordinator::keep_beating() {
  Backoff backoff;
  backoff.first = options_.beat_interval / 10;
  backoff.longest = options_.beat_interval;
  std::uint32_t failures = 0;
  while (!left_) {
    const MonotonicTime sent = deps_.clock.now();
    WorkerBeat sign;
    sign.worker = options_.worker;
    sign.news = news_;
    sign.leaving = !taking_;
    news_untold_ = false;
    beat_in_flight_ = true;
    auto beat =
        co_await with_deadline(deps_.clock, sent + options_.failover / 3,
                               deps_.table.beat(options_.consumer, std::move(sign)), "heartbeat");
    beat_in_flight_ = false;
    beat_ended_.notify_all();
    if (beat) {
      failures = 0;
      ++beats_;
      confirm_beat(sent);
      co_await nap(beat_nap_, news_untold_, sent + options_.beat_interval);
      co_await deps_.clock.sleep_until(sent + kNewsSpacing);
      continue;
    }
    news_untold_ = true;
    ++failed_beats_;
    if (!note_trouble(beat.error(), "heartbeat"))
      co_return fail(beat.error().within("heartbeat"));
    co_await deps_.clock.sleep(backoff.delay(++failures, deps_.random));
  }
  co_return Unit{};
}

void LeaseCoordinator::confirm_beat(MonotonicTime sent) {
  // A confirmation that comes too late revives nothing: somebody may have taken the leases.
  if (!fresh())
    expire();
  const bool was_fresh = fresh();
  usable_until_ = std::max(usable_until_, sent + options_.failover - options_.margin);
  beat_confirmed_.notify_all();
  if (!was_fresh)
    look_again();
}

Task<Result<Unit>> LeaseCoordinator::watch_expiry() {
  for (;;) {
    while (fresh())
      co_await deps_.clock.sleep_until(usable_until_);
    expire();
    co_await beat_confirmed_.wait();
  }
}

void LeaseCoordinator::expire() {
  ++expiries_;
  const auto all = std::exchange(held_, {});
  for (const auto& [shard, lease] : all) {
    deps_.log.warn("a lease expired: no heartbeat was confirmed in time", {{"shard", shard.str()}});
    lease->set_holding(Holding::Lost);
    deps_.listener.lease_lost(lease);
  }
}

void LeaseCoordinator::lose(HeldLeasePtr lease) {
  const auto found = held_.find(lease->shard());
  if (found != held_.end() && found->second == lease)
    held_.erase(found);
  if (lease->lost())
    return;
  deps_.log.info("another worker has the lease", {{"shard", lease->shard().str()}});
  lease->set_holding(Holding::Lost);
  deps_.listener.lease_lost(std::move(lease));
}

void LeaseCoordinator::report_lost(const HeldLeasePtr& lease) {
  lose(lease);
}

// Looking at the table

Task<Result<Unit>> LeaseCoordinator::keep_scanning() {
  Backoff backoff;
  std::uint32_t failures = 0;
  for (;;) {
    poked_ = false;
    auto scanned = co_await scan();
    if (scanned) {
      failures = 0;
      trouble_.reset();
      co_await nap(nap_, poked_, deps_.clock.now() + look_interval());
      continue;
    }
    rows_due_ = true;
    if (!note_trouble(scanned.error(), "reading and taking leases"))
      co_return fail(scanned.error().within("reading and taking leases"));
    co_await deps_.clock.sleep(backoff.delay(++failures, deps_.random));
  }
}

Task<void> LeaseCoordinator::nap(std::optional<OneShot>& alarm, const bool& no_need,
                                 MonotonicTime until) {
  if (no_need)
    co_return;
  alarm.emplace();
  const ScopedAlarm scoped(deps_.clock, until, *alarm);
  co_await alarm->wait();
}

Duration LeaseCoordinator::look_interval() const {
  if (options_.mode == LeaseMode::Exclusive)
    return options_.audit_interval;
  if (hand_over_due_)
    return options_.scan_interval / kHandOverLooks;
  const std::size_t intervals = std::min(1 + others_.size() / kWorkersAnInterval, kIntervalsMax);
  return options_.scan_interval * static_cast<Duration::rep>(intervals);
}

Task<Result<Unit>> LeaseCoordinator::scan() {
  if (options_.mode == LeaseMode::Shared)
    co_return co_await scan_shared();
  const MonotonicTime read_from = deps_.clock.now();
  CO_TRY(auto rows, deps_.table.list(options_.consumer));
  keep_rows(rows, read_from);
  drop_what_others_own(rows);
  co_return co_await take_exclusively(std::move(rows));
}

Task<Result<Unit>> LeaseCoordinator::scan_shared() {
  if (!rows_due_) {
    CO_TRY(read_beats());
  }
  if (!rows_due_ && deps_.clock.now() < rows_read_at_ + options_.rows_interval)
    co_return Unit{};
  rows_due_ = false;
  rows_read_at_ = deps_.clock.now();
  const std::uint64_t given_back = given_back_;
  CO_TRY(auto rows, deps_.table.list(options_.consumer));
  if (given_back != given_back_) {
    // They may show as ours what is not any more: too many would be asked back, and taken again.
    look_again();
    co_return Unit{};
  }
  keep_rows(rows, rows_read_at_);
  drop_what_others_own(rows);
  note_owners(rows);
  // Rows first, beats second: an owner who came back and took its lease again between the two
  // readings has moved the counter, one who did before shows a new beat.
  CO_TRY(read_beats());
  for (auto& [worker, sight] : others_)
    sight.counted_alive = alive(worker);
  co_return co_await balance(std::move(rows));
}

void LeaseCoordinator::keep_rows(const std::vector<Lease>& rows, MonotonicTime read_from) {
  rows_ = rows;
  rows_read_from_ = read_from;
}

std::size_t LeaseCoordinator::workers_alive() const {
  const auto others = std::count_if(others_.begin(), others_.end(),
                                    [this](const auto& other) { return alive(other.first); });
  return 1 + static_cast<std::size_t>(others);
}

Task<Result<Unit>> LeaseCoordinator::read_beats() {
  const MonotonicTime read_from = deps_.clock.now();
  CO_TRY(auto beats, deps_.table.beats(options_.consumer));
  beats_read_from_ = read_from;
  note_beats(beats);
  co_return Unit{};
}

void LeaseCoordinator::drop_what_others_own(const std::vector<Lease>& rows) {
  std::map<ShardId, const Lease*> by_shard;
  for (const Lease& row : rows)
    by_shard.emplace(row.key.shard, &row);
  for (const HeldLeasePtr& lease : held()) {
    const auto found = by_shard.find(lease->shard());
    const bool removed = found == by_shard.end();
    // A row read before our own latest write says nothing.
    if (removed || (found->second->owner != options_.worker &&
                    found->second->counter > lease->row().counter)) {
      lose(lease);
    }
  }
}

Task<Result<Unit>> LeaseCoordinator::take_exclusively(std::vector<Lease> rows) {
  std::vector<Lease> wanted;
  for (Lease& row : options_.eligible(rows)) {
    if (!held_.contains(row.key.shard))
      wanted.push_back(std::move(row));
  }
  return take(std::move(wanted));
}

void LeaseCoordinator::note_owners(const std::vector<Lease>& rows) {
  owners_.clear();
  for (const Lease& row : rows) {
    if (row.owner)
      owners_.insert(*row.owner);
  }
}

void LeaseCoordinator::note_beats(const std::vector<WorkerBeat>& beats) {
  std::set<WorkerId> gone;
  for (const auto& [worker, sight] : others_)
    gone.insert(worker);
  std::set<WorkerId> silent = owners_;
  bool changed = false;
  for (const WorkerBeat& beat : beats) {
    gone.erase(beat.worker);
    silent.erase(beat.worker);
    changed = note_beat(beat, true) || changed;
  }
  for (const WorkerId& worker : silent) {
    gone.erase(worker);
    WorkerBeat none;
    none.worker = worker;
    changed = note_beat(none, false) || changed;
  }
  for (const WorkerId& worker : gone)
    others_.erase(worker);
  rows_due_ = rows_due_ || changed || !gone.empty();
}

bool LeaseCoordinator::note_beat(const WorkerBeat& beat, bool beats) {
  if (beat.worker == options_.worker)
    return false;
  const auto [known, is_new] = others_.try_emplace(beat.worker);
  Sight& sight = known->second;
  const bool told = is_new || sight.beats != beats || sight.last.news != beat.news ||
                    sight.last.leaving != beat.leaving;
  if (is_new || sight.beats != beats || sight.last.beat != beat.beat) {
    // Its age counts from the end of this reading: the beat was stored before.
    sight.since = deps_.clock.now();
  }
  sight.last = beat;
  sight.beats = beats;
  return told || sight.counted_alive != alive(beat.worker);
}

bool LeaseCoordinator::alive(const WorkerId& worker) const {
  const auto known = others_.find(worker);
  return known != others_.end() && silence(known->second) < options_.failover;
}

/// How many leases each worker has that may take some: the live ones that are not leaving.
LeaseCoordinator::Counts LeaseCoordinator::count(const std::vector<Lease>& candidates) const {
  Counts counts;
  counts[options_.worker] = 0;
  for (const auto& [worker, sight] : others_) {
    if (alive(worker) && sight.beats && !sight.last.leaving)
      counts[worker] = 0;
  }
  for (const Lease& row : candidates) {
    if (held_.contains(row.key.shard)) {
      ++counts[options_.worker];
    } else if (row.owner) {
      const auto owner = counts.find(*row.owner);
      if (owner != counts.end())
        ++owner->second;
    }
  }
  return counts;
}

Task<Result<Unit>> LeaseCoordinator::balance(std::vector<Lease> rows) {
  hand_over_due_ = false;
  if (!taking_)
    co_return Unit{};
  const std::vector<Lease> candidates = options_.eligible(rows);
  const Counts counts = count(candidates);
  const Counts quota = quotas(candidates.size(), counts);
  const std::size_t mine = counts.at(options_.worker);
  if (mine > quota.at(options_.worker))
    ask_back(mine - quota.at(options_.worker));
  std::vector<Lease> wanted = free_ones(candidates, counts, quota);
  // Ours in the table but not held (the answer to a take was lost): the others see it as ours, so
  // nobody else will take it. It is taken again whatever the quota, and asked back like any other.
  for (const Lease& row : candidates) {
    const ShardId& shard = row.key.shard;
    if (row.owner == options_.worker && !held_.contains(shard) && !releasing_.contains(shard))
      wanted.push_back(row);
  }
  hand_over_due_ = mine + wanted.size() < quota.at(options_.worker);
  CO_TRY(take(std::move(wanted)));
  co_return co_await forget_long_dead();
}

void LeaseCoordinator::ask_back(std::size_t surplus) {
  const auto all = held();
  for (const HeldLeasePtr& lease : all)
    surplus -= std::min<std::size_t>(surplus, lease->holding() == Holding::Asked ? 1 : 0);
  for (auto lease = all.rbegin(); lease != all.rend() && surplus > 0; ++lease) {
    if ((*lease)->holding() != Holding::Held)
      continue;
    --surplus;
    (*lease)->set_holding(Holding::Asked);
    deps_.log.info("another worker should have this lease", {{"shard", (*lease)->shard().str()}});
    deps_.listener.lease_asked_back(*lease);
  }
}

std::vector<Lease> LeaseCoordinator::free_ones(const std::vector<Lease>& candidates,
                                               const Counts& counts, const Counts& quota) {
  std::vector<Lease> free;
  for (const Lease& row : candidates) {
    const bool owned = row.owner && (row.owner == options_.worker || alive(*row.owner));
    if (!owned && !held_.contains(row.key.shard))
      free.push_back(row);
  }
  // Workers that take at the same moment should not want the same ones: each begins behind what
  // the others before it lack.
  std::size_t begin = 0;
  std::size_t lacking = 0;
  for (const auto& [worker, count] : counts) {
    lacking = quota.at(worker) - std::min(count, quota.at(worker));
    if (worker == options_.worker)
      break;
    begin += lacking;
  }
  if (!free.empty())
    std::ranges::rotate(free, free.begin() + static_cast<std::ptrdiff_t>(begin % free.size()));
  if (free.size() > lacking)
    free.resize(lacking);
  return free;
}

Task<Result<Unit>> LeaseCoordinator::take(std::vector<Lease> wanted) {
  if (wanted.empty() || !taking_ || !fresh())
    co_return Unit{};
  const std::uint64_t expiries = expiries_;
  take_in_flight_ = true;
  auto answer = co_await deps_.table.take_all(std::move(wanted), options_.worker);
  take_in_flight_ = false;
  take_ended_.notify_all();
  if (!answer)
    co_return fail(std::move(answer).error());
  // When our own time was over meanwhile, somebody else may have taken them since; the next look
  // finds them ours, or not.
  if (!fresh() || expiries != expiries_ || !taking_)
    co_return Unit{};
  for (auto& row : *answer) {
    if (!row) {
      look_again();
      continue;
    }
    auto lease = std::make_shared<HeldLease>(*std::move(row));
    deps_.log.info("lease taken", {{"shard", lease->shard().str()},
                                   {"checkpoint", to_string(lease->row().checkpoint)}});
    held_[lease->shard()] = lease;
    deps_.listener.lease_taken(std::move(lease));
  }
  co_return Unit{};
}

Task<Result<Unit>> LeaseCoordinator::forget_long_dead() {
  std::vector<WorkerId> dead;
  for (const auto& [worker, sight] : others_) {
    if (!owners_.contains(worker) && silence(sight) > options_.failover * kForgetAfterFailovers)
      dead.push_back(worker);
  }
  for (const WorkerId& worker : dead) {
    CO_TRY(deps_.table.forget(options_.consumer, worker));
    others_.erase(worker);
  }
  co_return Unit{};
}

// Giving back

Task<Result<Unit>> LeaseCoordinator::release(HeldLeasePtr lease) {
  const auto found = held_.find(lease->shard());
  if (found != held_.end() && found->second == lease)
    held_.erase(found);
  if (lease->lost())
    co_return Unit{};
  lease->set_holding(Holding::Lost);
  struct Releasing {
    Releasing(std::set<ShardId>& all, const ShardId& shard) : set(all), mine(shard) {
      set.insert(mine);
    }
    ~Releasing() { set.erase(mine); }
    Releasing(const Releasing&) = delete;
    Releasing& operator=(const Releasing&) = delete;
    std::set<ShardId>& set;
    ShardId mine;
  } releasing(releasing_, lease->shard());
  Backoff backoff;
  const MonotonicTime end = deps_.clock.now() + options_.failover;
  for (std::uint32_t failures = 1;; ++failures) {
    auto released = co_await with_deadline(deps_.clock, end, deps_.table.release(lease->row()),
                                           "giving back a lease");
    if (released) {
      announce();
      ++given_back_;
      // Whom they were given back for may be gone by now, and then they are ours to take.
      if (taking_ && releasing_.size() == 1)
        look_again();
      co_return Unit{};
    }
    const MonotonicTime next = deps_.clock.now() + backoff.delay(failures, deps_.random);
    if (!may_heal(released.error().code) || next >= end) {
      deps_.log.warn("a lease could not be given back and will expire",
                     {{"shard", lease->shard().str()}, {"error", released.error().what}});
      co_return fail(released.error());
    }
    co_await deps_.clock.sleep_until(next);
  }
}

Task<Result<Unit>> LeaseCoordinator::leave() {
  taking_ = false;
  return with_deadline(deps_.clock, deps_.clock.now() + options_.failover, give_back_the_rest(),
                       "leaving");
}

Task<Result<Unit>> LeaseCoordinator::give_back_the_rest() {
  while (take_in_flight_)
    co_await take_ended_.wait();
  // Rows that are ours without our knowing: the answer of the take was lost, or came too late.
  CO_TRY(auto rows, deps_.table.list(options_.consumer));
  for (const Lease& row : rows) {
    if (row.owner == options_.worker) {
      CO_TRY(deps_.table.release(row));
    }
  }
  if (options_.mode == LeaseMode::Exclusive)
    co_return Unit{};
  // A sign of life that arrived later would bring the worker back.
  left_ = true;
  while (beat_in_flight_)
    co_await beat_ended_.wait();
  co_return co_await deps_.table.forget(options_.consumer, options_.worker);
}

}  // namespace kt::lease
