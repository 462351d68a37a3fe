#include "tests/sim/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "batch/intake.h"

namespace kt::sim {

const char* name(Checker checker) {
  static constexpr const char* kNames[kCheckers] = {"HandledBeforeCheckpoint",
                                                    "ParentsBeforeChildren",
                                                    "OneWriter",
                                                    "OrderPerKey",
                                                    "NoGap",
                                                    "BoundedReplay",
                                                    "CallWithinLease",
                                                    "NeverBackwards",
                                                    "FinishedStaysFinished",
                                                    "WindowChain",
                                                    "CleanSwap",
                                                    "SeedCoversStart",
                                                    "Converges"};
  return kNames[static_cast<std::size_t>(checker)];
}

int History::id_of(const Record& record) {
  return id_of(as_text(record.data));
}

int History::id_of(std::string_view payload) {
  int id = 0;
  std::memcpy(&id, payload.data(), sizeof id);
  return id;
}

std::string History::payload_of(int id) {
  std::string payload(sizeof id, '\0');
  std::memcpy(payload.data(), &id, sizeof id);
  return payload;
}

void History::set_start(bool latest, std::size_t batch_max, std::size_t lanes) {
  latest_ = latest;
  batch_max_ = batch_max;
  lanes_ = lanes;
}

void History::violated(Checker checker, const std::string& what) {
  if (violation_ || !on(checker))
    return;
  violation_ = checker;
  const auto millis =
      std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now().time_since_epoch());
  message_ = fmt::format("{} at {} ms: {}", name(checker), millis.count(), what);
}

// The service

void History::shard_listed(const Shard& shard) {
  ShardFacts& facts = shards_[shard.id];
  facts.parents = shard.parents();
  if (!shard.open() && !facts.closed_at)
    facts.closed_at = clock_.now();
}

void History::record_put(int key, const ShardId& shard, const std::string& sequence) {
  Accepted record;
  record.key = key;
  record.shard = shard;
  record.arrival = clock_.wall_now();
  record.put_at = clock_.now();
  ShardFacts& facts = shards_[shard];
  record.index = facts.records.size();
  const int id = next_record();
  facts.records.push_back(id);
  facts.by_sequence.emplace(sequence, record.index);
  by_key_[key].push_back(id);
  records_.push_back(std::move(record));
  mix(static_cast<std::uint64_t>(id) * 7 + static_cast<std::uint64_t>(key));
}

bool History::excused(const Accepted& record) const {
  return record.arrival <
         clock_.wall_now() - std::chrono::floor<std::chrono::milliseconds>(retention_);
}

bool History::must_be_handled(const Accepted& record) const {
  const bool wanted = !latest_ || (seeded_at_ && record.put_at >= *seeded_at_);
  return wanted && !record.handled && !excused(record);
}

void History::shard_read(const LifeView& life, const ShardId& shard) {
  const auto row = rows_.find(shard);
  if (row == rows_.end() || !row->second.finished_at)
    return;
  // A worker that does not know yet may read once more; one that was there, or came after, may not.
  if (life.born > *row->second.finished_at || row->second.finished_by == life.name)
    violated(Checker::FinishedStaysFinished,
             fmt::format("{} reads {}, which is at ShardEnd", life.name, shard.str()));
}

// The store

void History::seeded(const std::vector<lease::Lease>& rows) {
  seeded_at_ = clock_.now();
  for (const lease::Lease& row : rows) {
    if (const auto* at = std::get_if<AtTimestamp>(&row.checkpoint); at && latest_) {
      if (at->time > clock_.wall_now())
        violated(Checker::SeedCoversStart,
                 fmt::format("{} starts in the future", row.key.shard.str()));
      continue;
    }
    const bool at_start = std::holds_alternative<TrimHorizon>(row.checkpoint);
    const bool ended = latest_ && is_shard_end(row.checkpoint);
    if (ended && !shards_[row.key.shard].closed_at)
      violated(Checker::SeedCoversStart,
               fmt::format("open {} is stored as finished", row.key.shard.str()));
    if (!at_start && !ended)
      violated(Checker::SeedCoversStart,
               fmt::format("{} starts {}", row.key.shard.str(), to_string(row.checkpoint)));
  }
  created(rows);
}

void History::created(const std::vector<lease::Lease>& rows) {
  for (const lease::Lease& row : rows) {
    const auto [place, is_new] = rows_.try_emplace(row.key.shard);
    if (!is_new)
      continue;
    place->second.checkpoint = row.checkpoint;
    place->second.verified = passed_by(row.key.shard, row.checkpoint);
    if (is_shard_end(row.checkpoint))
      place->second.finished_at = clock_.now();
    mix(0x11);
  }
}

void History::taken(const LifeView& life, const lease::Lease& row) {
  taken_at_.insert_or_assign(row.key.shard, clock_.now());
  Row& mine = rows_[row.key.shard];
  if (mine.owner && mine.owner != row.owner)
    reached("a lease taken from a silent owner");
  mine.owner = row.owner;
  mine.consumer = row.key.consumer;
  if (life.usable_until)
    reached("a lease taken in a shared table");
  mix(row.counter * 31 + 0x22);
}

void History::released(const lease::Lease& row) {
  rows_[row.key.shard].owner.reset();
  mix(0x33);
}

void History::removed(const lease::Lease& row) {
  rows_.erase(row.key.shard);
}

std::size_t History::passed_by(const ShardId& shard, const Checkpoint& position) const {
  const auto found = shards_.find(shard);
  if (found == shards_.end())
    return 0;
  const ShardFacts& facts = found->second;
  if (is_shard_end(position))
    return facts.records.size();
  if (const auto* after = std::get_if<After>(&position)) {
    const auto at = facts.by_sequence.find(after->position.sequence.str());
    if (at == facts.by_sequence.end())
      return 0;
    return after->position.whole() ? at->second + 1 : at->second;
  }
  return 0;
}

void History::check_passed(const ShardId& shard, Row& row, const Checkpoint& to) {
  const std::size_t passed = passed_by(shard, to);
  const auto& ids = shards_[shard].records;
  for (; row.verified < passed; ++row.verified) {
    const int id = ids[row.verified];
    const Accepted& record = records_[static_cast<std::size_t>(id)];
    // Nobody looks at the spill of a shard that has ended.
    const bool waits = record.spilled && !is_shard_end(to);
    if (must_be_handled(record) && !waits)
      violated(Checker::HandledBeforeCheckpoint,
               fmt::format("{} moves to {}, past record {} that no guest finished", shard.str(),
                           to_string(to), id));
  }
}

void History::checkpoint_written(const LifeView& life, const lease::CheckpointWrite& write) {
  const ShardId& shard = write.key.shard;
  Row& row = rows_[shard];
  if (!row.owner || row.owner->str() != life.name)
    violated(Checker::OneWriter, fmt::format("{} moves {} that belongs to {}", life.name,
                                             shard.str(), row.owner ? row.owner->str() : "nobody"));
  if (!is_forward(row.checkpoint, write.checkpoint))
    violated(Checker::NeverBackwards,
             fmt::format("{} from {} to {}", shard.str(), to_string(row.checkpoint),
                         to_string(write.checkpoint)));
  check_passed(shard, row, write.checkpoint);
  row.checkpoint = write.checkpoint;
  if (is_shard_end(row.checkpoint) && !row.finished_at) {
    row.finished_at = clock_.now();
    row.finished_by = life.name;
    reached("a shard finished");
  }
  mix(passed_by(shard, row.checkpoint) * 131 + 0x44);
}

std::vector<lease::LeaseKey> History::rows_of(const LifeView& life) const {
  std::vector<lease::LeaseKey> out;
  for (const auto& [shard, row] : rows_) {
    if (row.owner && row.owner->str() == life.name)
      out.push_back({row.consumer, shard});
  }
  return out;
}

bool History::is_owner(const ShardId& shard, const WorkerId& worker) const {
  const auto row = rows_.find(shard);
  return row != rows_.end() && row->second.owner == worker;
}

std::string History::lost() const {
  for (std::size_t id = 0; id < records_.size(); ++id) {
    const Accepted& record = records_[id];
    // What was gone before the first worker ever came was not ours to lose.
    const bool ours =
        seeded_at_ && record.put_at >= *seeded_at_ - (latest_ ? Duration(0) : retention_);
    if (ours && !record.handled && excused(record))
      return fmt::format("record {} of {}, put {}", id, record.shard.str(),
                         to_rfc3339(record.arrival));
  }
  return {};
}

// The guests

void History::check_lease(const LifeView& life, MonotonicTime local_now, const ShardId& shard) {
  if (life.usable_until && local_now >= *life.usable_until)
    violated(Checker::CallWithinLease,
             fmt::format("{} calls for {} after its lease expired", life.name, shard.str()));
  const auto row = rows_.find(shard);
  if (row == rows_.end() || !row->second.owner || row->second.owner->str() != life.name)
    violated(Checker::CallWithinLease,
             fmt::format("{} calls for {} without owning it", life.name, shard.str()));
}

void History::check_parents(const ShardId& shard) {
  for (const ShardId& parent : shards_[shard].parents) {
    const auto row = rows_.find(parent);
    if (row != rows_.end() && is_shard_end(row->second.checkpoint))
      continue;
    const auto& ids = shards_[parent].records;
    const bool work_left = std::any_of(ids.begin(), ids.end(), [&](int id) {
      return must_be_handled(records_[static_cast<std::size_t>(id)]);
    });
    if (row != rows_.end() || work_left)
      violated(Checker::ParentsBeforeChildren,
               fmt::format("{} is handled before its parent {}", shard.str(), parent.str()));
  }
}

void History::check_call_place(const ShardId& shard, const Batch& batch) {
  const auto row = rows_.find(shard);
  if (row == rows_.end())
    return;
  // A key that waits is called from the spill, wherever the checkpoint is.
  if (records_[static_cast<std::size_t>(id_of(batch.records.front()))].spilled) {
    reached("a call for a key that waits");
    return;
  }
  const std::size_t done = passed_by(shard, row->second.checkpoint);
  const auto place = [&](const Record& record) {
    return records_[static_cast<std::size_t>(id_of(record))].index;
  };
  const std::size_t first = place(batch.records.front());
  const std::size_t last = place(batch.records.back());
  if (first < done)
    violated(Checker::BoundedReplay,
             fmt::format("{} hands out its {}th record again, {} are checkpointed", shard.str(),
                         first, done));
  const auto& ids = shards_[shard].records;
  std::size_t ahead = batch.records.size();
  for (std::size_t i = done; i < first; ++i)
    ahead += records_[static_cast<std::size_t>(ids[i])].delivered ? 1 : 0;
  // A lane may go on while another one's batch holds the checkpoint back.
  if (lanes_ == 1 && ahead > batch_max_)
    violated(Checker::BoundedReplay, fmt::format("{} is {} records ahead of its checkpoint, at {}",
                                                 shard.str(), ahead, last));
  const auto lane = [this](int key) { return batch::lane_of("k" + std::to_string(key), lanes_); };
  const std::size_t mine = lane(records_[static_cast<std::size_t>(ids[first])].key);
  std::size_t next = done;
  for (const Record& record : batch.records) {
    for (; next < place(record); ++next) {
      const Accepted& left_out = records_[static_cast<std::size_t>(ids[next])];
      if (must_be_handled(left_out) && !left_out.spilled && lane(left_out.key) == mine)
        violated(Checker::NoGap, fmt::format("{} leaves out its {}th record", shard.str(), next));
    }
    next = place(record) + 1;
  }
}

void History::deliver(const Batch& batch) {
  std::set<int> before;
  for (const Record& record : batch.records) {
    const int id = id_of(record);
    Accepted& accepted = records_[static_cast<std::size_t>(id)];
    if (accepted.delivered) {
      ++repeated_;
    } else {
      const auto& same_key = by_key_[accepted.key];
      std::size_t& prefix = finished_prefix_[accepted.key];
      while (prefix < same_key.size() &&
             !must_be_handled(records_[static_cast<std::size_t>(same_key[prefix])]))
        ++prefix;
      for (std::size_t i = prefix; i < same_key.size() && same_key[i] < id; ++i) {
        const int earlier = same_key[i];
        if (must_be_handled(records_[static_cast<std::size_t>(earlier)]) &&
            !before.contains(earlier))
          violated(Checker::OrderPerKey,
                   fmt::format("record {} of key {} is delivered before record {} is finished", id,
                               accepted.key, earlier));
      }
      accepted.delivered = true;
    }
    before.insert(id);
  }
}

void History::call_started(const LifeView& life, MonotonicTime local_now, const ShardId& shard,
                           const Batch& batch) {
  ++calls_;
  mix(static_cast<std::uint64_t>(id_of(batch.records.front())) * 13 + batch.records.size());
  if (on(Checker::CallWithinLease))
    check_lease(life, local_now, shard);
  if (on(Checker::ParentsBeforeChildren))
    check_parents(shard);
  check_call_place(shard, batch);
  for (const Record& record : batch.records) {
    const LifeView*& holder = records_[static_cast<std::size_t>(id_of(record))].in_call_of;
    if (holder == &life)
      violated(Checker::CleanSwap,
               fmt::format("{} has record {} in two calls at a time", life.name, id_of(record)));
    holder = &life;
  }
  if (const auto row = rows_.find(shard); row != rows_.end() && row->second.finished_at)
    violated(Checker::FinishedStaysFinished,
             fmt::format("a call for {}, which is at ShardEnd", shard.str()));
  deliver(batch);
}

void History::call_ended(const LifeView& life, const Batch& batch) {
  for (const Record& record : batch.records) {
    const LifeView*& holder = records_[static_cast<std::size_t>(id_of(record))].in_call_of;
    if (holder == &life)
      holder = nullptr;
  }
}

void History::call_done(const Batch& batch, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    records_[static_cast<std::size_t>(id_of(batch.records[i]))].handled = true;
  mix(static_cast<std::uint64_t>(id_of(batch.records[count - 1])) * 17);
}

void History::given_up(const Batch& batch) {
  reached("records given up");
  for (const Record& record : batch.records) {
    records_[static_cast<std::size_t>(id_of(record))].handled = true;
    windows_.given_up(id_of(record));
  }
  mix(static_cast<std::uint64_t>(id_of(batch.records.back())) * 19);
}

// The spill

void History::spilled(std::string_view payload) {
  const int id = id_of(payload);
  records_[static_cast<std::size_t>(id)].spilled = true;
  reached("a record spilled");
  mix(static_cast<std::uint64_t>(id) * 23);
}

void History::forgotten(std::string_view payload) {
  forget_spilled(id_of(payload));
}

void History::forgotten(const ShardId& shard, const ExtendedSequenceNumber& position) {
  const ShardFacts& facts = shards_[shard];
  const auto at = facts.by_sequence.find(position.sequence.str());
  if (at != facts.by_sequence.end())
    forget_spilled(facts.records[at->second]);
}

void History::forget_spilled(int id) {
  Accepted& record = records_[static_cast<std::size_t>(id)];
  record.spilled = false;
  mix(static_cast<std::uint64_t>(id) * 29);
  if (must_be_handled(record) && record.index < rows_[record.shard].verified)
    violated(Checker::HandledBeforeCheckpoint,
             fmt::format("record {} is taken from the spill, and no guest finished it", id));
}

void History::final_call_started(const LifeView& life, MonotonicTime local_now,
                                 const ShardId& shard) {
  ++calls_;
  mix(23);
  if (on(Checker::CallWithinLease))
    check_lease(life, local_now, shard);
  if (on(Checker::ParentsBeforeChildren))
    check_parents(shard);
}

std::string History::window_call_done(const invoke::CallContext& context, const Batch& batch,
                                      std::size_t count) {
  const auto origin = windows_.origin(context);
  if (origin == WindowLedger::Origin::OtherShard)
    reached("a window that a parent left");
  if (context.window->terminated_early)
    reached("a window ended early");
  const auto taken_since = [this](const ShardId& shard, MonotonicTime time) {
    const auto taken = taken_at_.find(shard);
    return taken != taken_at_.end() && taken->second > time;
  };
  std::string state;
  std::string fault;
  if (context.window->final_call)
    fault = windows_.ended(context, clock_.now(), taken_since);
  else
    fault = windows_.handled(context, batch, count, state);
  if (context.window->final_call)
    reached("a final call");
  if (!fault.empty())
    violated(Checker::WindowChain, fault);
  return state;
}

std::size_t History::settled_count() const {
  const auto settled = [this](const Accepted& record) {
    return !must_be_handled(record) && !record.spilled;
  };
  return static_cast<std::size_t>(std::ranges::count_if(records_, settled)) +
         windows_.ended_count();
}

void History::check_windows() {
  if (const std::string left = windows_.missing(); !left.empty())
    violated(Checker::WindowChain, left);
}

std::string History::missing() const {
  if (!seeded_at_)
    return "no first positions were stored";
  for (std::size_t id = 0; id < records_.size(); ++id) {
    if (must_be_handled(records_[id]))
      return fmt::format("record {} of {} was never handled", id, records_[id].shard.str());
    if (records_[id].spilled)
      return fmt::format("record {} of {} still lies in the spill", id, records_[id].shard.str());
  }
  for (const auto& [shard, facts] : shards_) {
    const auto row = rows_.find(shard);
    if (row == rows_.end()) {
      // The service lists a closed shard no longer once retention took all of it: either after its
      // row was stored, or before the first positions were.
      const bool unlisted = facts.closed_at && *facts.closed_at + retention_ <= *seeded_at_;
      const auto is_gone = [this](int id) {
        return excused(records_[static_cast<std::size_t>(id)]);
      };
      const bool gone = !facts.records.empty() && std::ranges::all_of(facts.records, is_gone);
      if (facts.closed_at && (gone || unlisted || clock_.now() > *seeded_at_ + retention_))
        continue;
      return fmt::format("{} has no row", shard.str());
    }
    if (facts.closed_at && !is_shard_end(row->second.checkpoint))
      return fmt::format("closed {} is not finished but {}", shard.str(),
                         to_string(row->second.checkpoint));
    for (std::size_t i = passed_by(shard, row->second.checkpoint); i < facts.records.size(); ++i) {
      const Accepted& record = records_[static_cast<std::size_t>(facts.records[i])];
      if (record.handled && !excused(record))
        return fmt::format("{} is handled to its {}th record, its checkpoint is {}", shard.str(), i,
                           to_string(row->second.checkpoint));
    }
  }
  return windows_.missing();
}

}  // namespace kt::sim
