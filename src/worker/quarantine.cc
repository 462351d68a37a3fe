#include "worker/quarantine.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/check.h"
#include "spill/position_text.h"
#include "spill/spilled_record.h"
#include "worker/quarantine_key.h"

namespace kt::worker {
namespace {

/// Of one write to the store: what is copied at a time.
constexpr std::size_t kPortionBytes = std::size_t{8} * 1024 * 1024;

}  // namespace

/// A rest that stop_waiting() ends.
struct Quarantine::Resting {
  Resting(std::list<Nap*>& naps, Clock& clock) : nap(clock), all(naps) {
    place = all.insert(all.end(), &nap);
  }
  ~Resting() { all.erase(place); }
  Resting(const Resting&) = delete;
  Resting& operator=(const Resting&) = delete;

  Nap nap;
  std::list<Nap*>& all;
  std::list<Nap*>::iterator place;
};

Quarantine::Quarantine(Deps deps, Options options, Log log)
    : deps_(deps), options_(std::move(options)), log_(std::move(log)), dispatcher_(deps.clock) {}

Quarantine::~Quarantine() = default;

Task<Result<Unit>> Quarantine::load() {
  CHECK(keys_.empty(), "a quarantine is loaded before anything is parked");
  auto loaded = co_await deps_.store.load(options_.scope, options_.checkpoint);
  if (!loaded) {
    const Error error = loaded.error().within("loading the keys that wait");
    store_trouble_ = error.what;
    co_return fail(error);
  }
  store_trouble_.clear();
  for (const spill::WaitingKey& waiting : loaded->keys) {
    auto key = std::make_unique<Key>(waiting.partition_key);
    key->records = waiting.records;
    key->bytes = waiting.bytes;
    key->oldest = waiting.oldest;
    records_ += waiting.records;
    bytes_ += waiting.bytes;
    Key& kept = *keys_.emplace(waiting.partition_key, std::move(key)).first->second;
    arm(kept);
  }
  ahead_.clear();
  for (const ExtendedSequenceNumber& position : loaded->ahead)
    ahead_.insert(spill::position_text(position));
  if (!keys_.empty()) {
    log_.info("partition keys wait in the spill", {{"keys", keys_.size()},
                                                   {"records", records_},
                                                   {"bytes", bytes_},
                                                   {"ahead_of_checkpoint", ahead_.size()}});
  }
  co_return Unit{};
}

Task<Result<Unit>> Quarantine::run() {
  // A group of its own: its calls are interrupted, a lane's commit is not.
  group_.emplace(deps_.loop);
  group_->spawn(dispatch());
  co_return co_await group_->join();
}

Task<Result<Unit>> Quarantine::dispatch() {
  while (!stopping()) {
    const MonotonicTime now = deps_.clock.now();
    while (!stopping() && !due_.empty() && serving_ < options_.calls_max &&
           due_.begin()->first.first <= now) {
      Key& key = *due_.begin()->second;
      due_.erase(due_.begin());
      key.turn.reset();
      key.serving = true;
      ++serving_;
      group_->spawn(serve(key));
    }
    if (stopping())
      break;
    const bool wait_for_time = !due_.empty() && serving_ < options_.calls_max;
    if (wait_for_time)
      co_await dispatcher_.rest(due_.begin()->first.first - now);
    else
      co_await changed_.wait();
  }
  co_return Unit{};
}

Claim Quarantine::claim(const Record& record) const {
  if (is_idle())
    return Claim::Free;
  if (is_ahead(record))
    return Claim::Passed;
  return holds(record.partition_key) ? Claim::Park : Claim::Free;
}

bool Quarantine::is_ahead(const Record& record) const {
  return !ahead_.empty() && ahead_.contains(spill::position_text(record.position()));
}

bool Quarantine::has_room(const Batch& batch) const {
  std::set<std::string_view> added;
  for (const Record& record : batch.records) {
    if (!holds(record.partition_key))
      added.insert(record.partition_key);
  }
  const QuarantineLimits& bounds = options_.bounds;
  return keys_.size() + added.size() <= bounds.keys_max &&
         records_ + batch.records.size() <= bounds.records_max &&
         bytes_ + batch.payload_bytes <= bounds.bytes_max;
}

Task<Parked> Quarantine::park(Parking parking) {
  Append append;
  append.id = ++next_id_;
  enlist(append, parking);
  while (append.next < append.records.size()) {
    const std::size_t count = co_await wait_for_room(append);
    if (count == 0)
      co_return lost_ ? Parked::LeaseLost : Parked::Stopped;
    const Parked outcome = co_await store_portion(append, count);
    if (outcome != Parked::Stored)
      co_return outcome;
  }
  co_return Parked::Stored;
}

Quarantine::Key& Quarantine::key_of(const Record& record, const Parking& parking) {
  const auto known = keys_.find(record.partition_key);
  if (known != keys_.end())
    return *known->second;
  auto key = std::make_unique<Key>(record.partition_key);
  key->spent = parking.spent;
  key->failures = parking.failures;
  key->calls = parking.calls;
  key->message = parking.message;
  key->due = deps_.clock.now() + parking.delay;
  if (!parking.message.empty())
    last_failure_ = parking.message;
  return *keys_.emplace(std::string(record.partition_key), std::move(key)).first->second;
}

void Quarantine::enlist(Append& append, const Parking& parking) {
  for (const Record& record : parking.batch->records) {
    if (is_ahead(record))
      continue;  // finished, or in the store already
    key_of(record, parking);
    append.records.push_back(&record);
  }
  mark_underway(append);
}

void Quarantine::mark_underway(Append& append) {
  for (std::size_t i = append.next; i < append.records.size(); ++i) {
    Key& key = *keys_.find(append.records[i]->partition_key)->second;
    const auto is_ours = [&append](const Key::Underway& u) { return u.append == append.id; };
    if (std::any_of(key.underway.begin(), key.underway.end(), is_ours))
      continue;
    Key::Underway underway;
    underway.append = append.id;
    underway.first = append.records[i]->position();
    key.underway.push_back(std::move(underway));
  }
}

std::size_t Quarantine::portion(const Append& append) const {
  std::size_t count = 0;
  std::size_t bytes = 0;
  for (std::size_t i = append.next; i < append.records.size(); ++i, ++count) {
    bytes += append.records[i]->payload_bytes();
    // What is empty takes one record, however large: a bound must not be a deadlock.
    const bool first_of_all = records_ == 0 && count == 0;
    const bool full = records_ + count >= options_.bounds.records_max ||
                      bytes_ + bytes > options_.bounds.bytes_max;
    if ((full && !first_of_all) || (bytes > kPortionBytes && count > 0))
      break;
  }
  return count;
}

std::size_t Quarantine::portion_that_unblocks(const Append& append) const {
  for (std::size_t i = append.next; i < append.records.size(); ++i) {
    if (keys_.find(append.records[i]->partition_key)->second->blocked)
      return i - append.next + 1;
  }
  return 0;
}

Task<std::size_t> Quarantine::wait_for_room(const Append& append) {
  while (!stopping()) {
    const std::size_t count = std::max(portion(append), portion_that_unblocks(append));
    if (count > 0)
      co_return count;
    ++waiting_for_room_;
    co_await changed_.wait();
    --waiting_for_room_;
  }
  co_return 0;
}

Task<Parked> Quarantine::store_portion(Append& append, std::size_t count) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < count; ++i)
    bytes += append.records[append.next + i]->payload_bytes();
  records_ += count;
  bytes_ += bytes;
  for (std::uint32_t failures = 1;; ++failures) {
    std::vector<spill::SpilledRecord> copies;
    copies.reserve(count);
    for (std::size_t i = 0; i < count; ++i)
      copies.push_back(spill::copy_of(*append.records[append.next + i]));
    auto outcome = co_await deps_.store.append(options_.scope, std::move(copies));
    if (lost_)
      co_return Parked::LeaseLost;
    if (outcome && *outcome == spill::SpillOutcome::Stored)
      break;
    if (outcome) {
      lose();
      co_return Parked::LeaseLost;
    }
    note_store_trouble(outcome.error(), "storing records that wait");
    if (draining_)
      co_return Parked::Stopped;
    co_await rest(options_.store_backoff.delay(failures, deps_.random));
    if (stopping())
      co_return lost_ ? Parked::LeaseLost : Parked::Stopped;
  }
  store_trouble_.clear();
  stored(append, count);
  co_return Parked::Stored;
}

void Quarantine::stored(Append& append, std::size_t count) {
  std::vector<Key*> touched;
  for (std::size_t i = 0; i < count; ++i) {
    const Record& record = *append.records[append.next + i];
    Key& key = *keys_.find(record.partition_key)->second;
    if (key.records == 0)
      key.oldest = record.approximate_arrival;
    ++key.records;
    key.bytes += record.payload_bytes();
    if (touched.empty() || touched.back() != &key)
      touched.push_back(&key);
  }
  deps_.counters.spilled_records += count;
  append.next += count;
  for (Key* key : touched) {
    key->blocked = false;
    const auto is_ours = [&append](const Key::Underway& u) { return u.append == append.id; };
    std::erase_if(key->underway, is_ours);
  }
  mark_underway(append);
  for (Key* key : touched)
    arm(*key);
}

void Quarantine::arm(Key& key) {
  if (key.serving)
    return;  // armed again when it was served
  if (key.records == 0 && key.underway.empty()) {
    if (key.turn)
      due_.erase(*key.turn);
    keys_.erase(keys_.find(key.text));
    changed_.notify_all();
    return;
  }
  if (key.records > 0 && !key.turn)
    arm_at(key, std::max(key.due, deps_.clock.now()));
}

void Quarantine::arm_at(Key& key, MonotonicTime when) {
  key.turn = Turn(when, ++next_id_);
  due_.emplace(*key.turn, &key);
  dispatcher_.wake();
  changed_.notify_all();
}

Task<bool> Quarantine::wait_until_empty() {
  for (std::uint32_t failures = 0; !stopping();) {
    if (!empty()) {
      co_await changed_.wait();
      continue;
    }
    // A shard that ended is never looked at again: the store has the last word.
    auto loaded = co_await load();
    if (loaded && empty())
      co_return !stopping();
    if (loaded)
      continue;
    note_store_trouble(loaded.error(), "looking whether the spill is empty");
    co_await rest(options_.store_backoff.delay(++failures, deps_.random));
  }
  co_return false;
}

Task<void> Quarantine::rest(Duration duration) {
  if (stopping())
    co_return;
  Resting resting(resting_, deps_.clock);
  co_await resting.nap.rest(duration);
}

void Quarantine::stop_waiting() {
  for (Nap* nap : resting_)
    nap->stay_awake();
  dispatcher_.stay_awake();
  changed_.notify_all();
}

void Quarantine::drain() {
  draining_ = true;
  stop_waiting();
}

void Quarantine::interrupt() {
  if (group_)
    group_->cancel();
}

void Quarantine::lose_lease() {
  lost_ = true;
  stop_waiting();
  interrupt();
}

void Quarantine::lose() {
  lost_ = true;
  stop_waiting();
  deps_.host.lose();
}

void Quarantine::note_store_trouble(const Error& error, const char* doing) {
  store_trouble_ = std::string(doing) + ": " + error.what;
  log_.error("the spill can not be used, will repeat", {{"doing", doing}, {"error", error.what}});
}

std::string QuarantineStatus::detail() const {
  std::string text;
  if (keys > 0) {
    text = std::to_string(keys) + (keys == 1 ? " key with " : " keys with ") +
           std::to_string(records) + (records == 1 ? " record" : " records") +
           (keys == 1 ? " waits" : " wait");
  }
  const std::string& why = trouble.empty() ? last_failure : trouble;
  if (!why.empty())
    text += (text.empty() ? "" : ": ") + why;
  return text;
}

QuarantineStatus Quarantine::status() const {
  QuarantineStatus status;
  status.keys = keys_.size();
  status.records = records_;
  status.bytes = bytes_;
  for (const auto& [text, key] : keys_) {  // sums and bounds: the order does not matter
    status.most_failures = std::max(status.most_failures, key->failures);
    if (key->oldest)
      status.oldest = std::min(status.oldest.value_or(*key->oldest), *key->oldest);
  }
  if (!keys_.empty()) {
    status.last_failure = last_failure_;
    status.reason = Reason::KeysWaiting;
  }
  if (waiting_for_room_ > 0)
    status.reason = Reason::SpillFull;
  if (!destination_trouble_.empty())
    status.reason = Reason::DestinationDown;
  if (!store_trouble_.empty())
    status.reason = Reason::StoreFailing;
  status.trouble = store_trouble_.empty() ? destination_trouble_ : store_trouble_;
  return status;
}

}  // namespace kt::worker
