#include "checkpoint/checkpointer.h"

#include <algorithm>
#include <map>
#include <utility>

#include "runtime/backoff.h"

namespace kt::checkpoint {
namespace {

using lease::CheckpointWrite;
using lease::WriteOutcome;

/// What passes by itself, or when a human makes room. Giving up would lose the position.
bool may_heal(ErrorCode code) {
  return is_transient(code) || code == ErrorCode::StorageFull || code == ErrorCode::ReadOnly ||
         code == ErrorCode::LimitExceeded;
}

}  // namespace

Checkpointer::Checkpointer(Deps deps, Options options)
    : deps_(std::move(deps)), options_(options) {}

Task<Result<WriteOutcome>> Checkpointer::commit(lease::HeldLeasePtr lease, Checkpoint to,
                                                std::optional<WallTime> arrival,
                                                std::optional<lease::WindowState> window) {
  if (lease->lost())
    co_return WriteOutcome::Lost;
  CHECK(is_forward(lease->row().checkpoint, to), "a checkpoint would go backwards");
  auto pending = std::make_shared<Pending>();
  pending->lease = std::move(lease);
  pending->to = std::move(to);
  pending->arrival = arrival;
  pending->window = std::move(window);
  waiting_.push_back(pending);
  changed_.notify_all();
  if (is_urgent(*pending))
    hurry();
  while (!pending->outcome)
    co_await pending->done.wait();
  co_return *pending->outcome;
}

void Checkpointer::hurry() {
  if (turn_)
    turn_->fire();
}

bool Checkpointer::is_urgent(const Pending& pending) {
  return pending.lease->holding() == lease::Holding::Asked || is_shard_end(pending.to);
}

Task<void> Checkpointer::wait_for_turn(MonotonicTime next) {
  if (deps_.clock.now() >= next ||
      std::ranges::any_of(waiting_, [](const PendingPtr& pending) { return is_urgent(*pending); }))
    co_return;
  struct Turn {
    Turn(Checkpointer& checkpointer, MonotonicTime when)
        : self(checkpointer), id(self.deps_.clock.schedule(when, self.turn_.emplace())) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
      self.deps_.clock.cancel(id);
      self.turn_.reset();
    }
    Checkpointer& self;
    Clock::AlarmId id;
  } turn(*this, next);
  co_await turn_->wait();
}

Task<void> Checkpointer::flush() {
  // Later commits go behind these.
  std::vector<PendingPtr> open(in_flight_);
  open.insert(open.end(), waiting_.begin(), waiting_.end());
  for (const PendingPtr& pending : open) {
    while (!pending->outcome)
      co_await pending->done.wait();
  }
}

void Checkpointer::finish(Pending& pending, Result<WriteOutcome> outcome) {
  pending.outcome = std::move(outcome);
  pending.done.notify_all();
}

void Checkpointer::note_trouble(const Error& error) {
  trouble_ = error.within("storing checkpoints");
  deps_.log.warn("checkpoints can not be stored, will repeat", {{"error", error.what}});
}

Task<Result<Unit>> Checkpointer::run() {
  /// Whoever still waits when the writer stops must not wait for ever.
  struct Closer {
    explicit Closer(Checkpointer& checkpointer) : self(checkpointer) {}
    ~Closer() {
      std::vector<PendingPtr> open(std::exchange(self.in_flight_, {}));
      open.insert(open.end(), self.waiting_.begin(), self.waiting_.end());
      self.waiting_.clear();
      for (const PendingPtr& pending : open) {
        if (!pending->outcome)
          self.finish(*pending, fail(ErrorCode::Closed, "the checkpoint writer has stopped"));
      }
    }
    Checkpointer& self;
  } closer(*this);
  MonotonicTime next = deps_.clock.now();
  for (;;) {
    while (waiting_.empty())
      co_await changed_.wait();
    co_await wait_for_turn(next);
    next = deps_.clock.now() + options_.interval;
    in_flight_.assign(waiting_.begin(), waiting_.end());
    waiting_.clear();
    co_await write(in_flight_);
    in_flight_.clear();
  }
}

std::vector<Checkpointer::Item> Checkpointer::merge(const std::vector<PendingPtr>& group) {
  std::vector<Item> items;
  std::map<const lease::HeldLease*, std::size_t> places;
  for (const PendingPtr& pending : group) {
    const auto [place, is_new] = places.try_emplace(pending->lease.get(), items.size());
    if (is_new) {
      Item item;
      item.lease = pending->lease;
      item.write.key = pending->lease->key();
      item.write.owner = *pending->lease->row().owner;
      item.write.counter = pending->lease->row().counter;
      item.write.checkpoint = pending->lease->row().checkpoint;
      items.push_back(std::move(item));
    }
    Item& item = items[place->second];
    item.callers.push_back(pending);
    if (is_forward(item.write.checkpoint, pending->to)) {
      item.write.checkpoint = pending->to;
      item.write.checkpoint_arrival = pending->arrival;
    }
    if (pending->window)
      item.write.window = pending->window;
  }
  return items;
}

Task<void> Checkpointer::write(std::vector<PendingPtr> group) {
  std::vector<Item> open = merge(group);
  Backoff backoff;
  backoff.first = options_.retry_min;
  backoff.longest = options_.retry_max;
  for (std::uint32_t failures = 1; !open.empty(); ++failures) {
    std::vector<CheckpointWrite> writes;
    for (const Item& item : open)
      writes.push_back(item.write);
    auto settled = co_await attempt(std::move(writes));
    if (settled) {
      open = settle(std::move(open), *settled);
      if (open.empty())
        break;
    } else {
      note_trouble(settled.error());
      if (!may_heal(settled.error().code)) {
        for (const Item& item : open) {
          for (const PendingPtr& caller : item.callers)
            finish(*caller, fail(settled.error()));
        }
        co_return;
      }
    }
    co_await deps_.clock.sleep(backoff.delay(failures, deps_.random));
  }
  trouble_.reset();
}

std::vector<Checkpointer::Item> Checkpointer::settle(std::vector<Item> items,
                                                     const std::vector<Settled>& settled) {
  CHECK(settled.size() == items.size(), "a lease table answered for fewer writes than it got");
  std::vector<Item> open;
  for (std::size_t i = 0; i < items.size(); ++i) {
    Item& item = items[i];
    if (settled[i] == Settled::Open && !item.lease->lost()) {
      open.push_back(std::move(item));
      continue;
    }
    // A lease that was lost and taken again meanwhile is another holding: this one is over.
    const bool written = settled[i] == Settled::Written && !item.lease->lost();
    if (written) {
      item.lease->written(item.write);
      ++commits_;
    }
    for (const PendingPtr& caller : item.callers)
      finish(*caller, written ? WriteOutcome::Written : WriteOutcome::Lost);
  }
  return open;
}

Task<Result<std::vector<Checkpointer::Settled>>> Checkpointer::attempt(
    std::vector<CheckpointWrite> writes) {
  auto outcomes = co_await deps_.table.checkpoint(writes);
  if (!outcomes && !is_transient(outcomes.error().code))
    co_return fail(outcomes.error());
  std::vector<Settled> settled(writes.size(), Settled::Written);
  std::vector<std::size_t> doubtful;
  std::vector<CheckpointWrite> questions;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    if (outcomes && outcomes->at(i) == WriteOutcome::Written)
      continue;
    // Refused: perhaps because our own earlier attempt was done and only its answer was lost.
    doubtful.push_back(i);
    questions.push_back(writes[i]);
  }
  if (doubtful.empty())
    co_return settled;
  if (!outcomes)
    note_trouble(outcomes.error());
  CO_TRY(auto answers, look_again(std::move(questions)));
  for (std::size_t i = 0; i < doubtful.size(); ++i)
    settled[doubtful[i]] = answers[i];
  co_return settled;
}

Task<Result<std::vector<Checkpointer::Settled>>> Checkpointer::look_again(
    std::vector<CheckpointWrite> writes) {
  std::map<lease::LeaseKey, lease::Lease> rows;
  std::map<lease::ConsumerKey, bool> read;
  for (const CheckpointWrite& write : writes) {
    if (!read.try_emplace(write.key.consumer, true).second)
      continue;
    CO_TRY(auto listed, deps_.table.list(write.key.consumer));
    for (lease::Lease& row : listed) {
      lease::LeaseKey key = row.key;
      rows.emplace(std::move(key), std::move(row));
    }
  }
  std::vector<Settled> settled;
  for (const CheckpointWrite& write : writes) {
    const auto found = rows.find(write.key);
    const bool ours = found != rows.end() && found->second.owner == write.owner;
    if (ours && found->second.counter == write.counter + 1 &&
        found->second.checkpoint == write.checkpoint) {
      settled.push_back(Settled::Written);
    } else if (ours && found->second.counter == write.counter) {
      CHECK(is_forward(found->second.checkpoint, write.checkpoint),
            "the stored checkpoint is ahead of what its only owner writes");
      settled.push_back(Settled::Open);
    } else {
      settled.push_back(Settled::Lost);
    }
  }
  co_return settled;
}

}  // namespace kt::checkpoint
