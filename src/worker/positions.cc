#include "worker/positions.h"

#include <algorithm>
#include <utility>

#include "stream/starting_positions.h"

namespace kt::worker {
namespace {

constexpr Duration kForgetAfter = std::chrono::hours(1);

}  // namespace

void date_by_parents(std::vector<lease::Lease>& rows, const std::vector<lease::Lease>& stored) {
  const std::vector<lease::Lease>* const both[] = {&stored, &rows};
  const auto find = [&both](const ShardId& shard) -> const lease::Lease* {
    for (const auto* all : both) {
      for (const lease::Lease& row : *all) {
        if (row.key.shard == shard)
          return &row;
      }
    }
    return nullptr;
  };
  for (lease::Lease& row : rows) {
    std::optional<WallTime> newest;
    for (const ShardId& id : row.parents) {
      const lease::Lease* parent = find(id);
      if (parent == nullptr)
        continue;
      const auto known = stream::known_until(parent->checkpoint, parent->checkpoint_arrival);
      newest = std::max(newest, known);
    }
    if (newest && row.checkpoint_arrival && *newest < *row.checkpoint_arrival)
      row.checkpoint_arrival = newest;
  }
}

lease::ConsumerKey Positions::key() const {
  lease::ConsumerKey key;
  key.application = trigger_.options.application;
  key.endpoint = trigger_.options.endpoint;
  key.stream = trigger_.options.stream;
  key.stream_created = directory_.description().created;
  return key;
}

lease::Lease Positions::row(const Shard& shard, Checkpoint checkpoint) const {
  lease::Lease row;
  row.key.consumer = key();
  row.key.shard = shard.id;
  row.checkpoint = std::move(checkpoint);
  row.parents = shard.parents();
  // Nothing older is wanted: from now on retention can overtake even a shard that was never read.
  if (std::holds_alternative<TrimHorizon>(row.checkpoint))
    row.checkpoint_arrival = directory_.service_now();
  return row;
}

Task<Result<std::vector<stream::LostRange>>> Positions::check_incarnations() {
  const auto& options = trigger_.options;
  CO_TRY(auto all,
         context_.deps.table.incarnations(options.application, options.endpoint, options.stream));
  const lease::ConsumerKey mine = key();
  std::vector<stream::LostRange> lost;
  old_.clear();
  for (const lease::ConsumerKey& other : all) {
    if (other == mine)
      continue;
    old_.push_back(other);
    CO_TRY(auto rows, context_.deps.table.list(other));
    for (const lease::Lease& left : rows) {
      if (is_shard_end(left.checkpoint))
        continue;
      stream::LostRange range;
      range.shard = left.key.shard;
      range.after = to_string(left.checkpoint);
      range.until = "the end of the stream created " + to_rfc3339(other.stream_created);
      range.reason = "the stream was deleted and created again " + to_rfc3339(mine.stream_created);
      context_.deps.log.error("records were lost", {{"stream", options.stream.str()},
                                                    {"application", options.application.str()},
                                                    {"range", to_string(range)}});
      lost.push_back(std::move(range));
    }
  }
  co_return lost;
}

Task<Result<Unit>> Positions::drop_old_incarnations() {
  for (const lease::ConsumerKey& other : std::exchange(old_, {})) {
    CO_TRY(auto rows, context_.deps.table.list(other));
    for (const lease::Lease& left : rows) {
      CO_TRY(context_.deps.table.remove(left, true));
    }
  }
  co_return Unit{};
}

Task<Result<Checkpoint>> Positions::checked_start(ShardId shard, Checkpoint position) {
  if (const auto* at = std::get_if<AtTimestamp>(&position)) {
    if (at->time < directory_.retention_horizon())
      position = TrimHorizon();
    co_return position;
  }
  if (!stream::names_sequence(position))
    co_return position;
  // Only the shard that issued the number takes it.
  auto iterator =
      co_await trigger_.api.get_shard_iterator(trigger_.options.stream, shard, position);
  if (!iterator && iterator.error().code == ErrorCode::Invalid)
    position = TrimHorizon();
  else if (!iterator)
    co_return fail(std::move(iterator).error());
  co_return position;
}

Task<Result<Unit>> Positions::seed() {
  const lease::ConsumerKey mine = key();
  CO_TRY(const bool seeded, context_.deps.table.seeded(mine));
  if (seeded)
    co_return Unit{};
  std::vector<Shard> listing;
  for (const auto& [id, shard] : directory_.lineage().shards())
    listing.push_back(shard);
  StartingPosition start = trigger_.options.start;
  if (!old_.empty())
    start = TrimHorizon();
  auto positions = stream::starting_positions(listing, start, directory_.listed_at());
  std::vector<lease::Lease> rows;
  for (std::size_t i = 0; i < positions.size(); ++i) {
    CO_TRY(Checkpoint checkpoint,
           checked_start(positions[i].shard, std::move(positions[i].checkpoint)));
    rows.push_back(row(listing[i], std::move(checkpoint)));
  }
  CO_TRY(auto outcome, context_.deps.table.seed(mine, rows));
  if (outcome == lease::SeedOutcome::Seeded) {
    context_.deps.log.info("first positions stored", {{"application", mine.application.str()},
                                                      {"stream", mine.stream.str()},
                                                      {"shards", rows.size()}});
  }
  co_return Unit{};
}

Task<Result<Unit>> Positions::load() {
  CO_TRY(auto rows, context_.deps.table.list(key()));
  known_.clear();
  for (const lease::Lease& lease : rows) {
    note_known(lease.key.shard);
    remember(lease);
  }
  co_return Unit{};
}

void Positions::note_known(const ShardId& shard) {
  known_.emplace(shard, Known()).first->second.since = context_.deps.clock.now();
}

void Positions::remember(const lease::Lease& row) {
  if (const auto known = known_.find(row.key.shard); known != known_.end()) {
    auto& last = known->second.last;
    if (!last || row.counter > last->counter)
      last = row;
  }
  const auto deleted = deleted_.find(row.key.shard);
  if (deleted != deleted_.end() && row.counter > deleted->second.counter)
    deleted->second = row;
}

std::size_t Positions::notice_deleted(const std::vector<lease::Lease>& rows,
                                      MonotonicTime read_from) {
  std::set<ShardId> there;
  for (const lease::Lease& row : rows) {
    there.insert(row.key.shard);
    remember(row);
  }
  std::size_t count = 0;
  for (auto known = known_.begin(); known != known_.end();) {
    const auto& [shard, what] = *known;
    // A reading that began before the row was made says nothing.
    if (there.contains(shard) || what.since >= read_from) {
      ++known;
      continue;
    }
    if (directory_.lineage().find(shard) != nullptr) {
      ++count;
      context_.deps.log.warn(
          "somebody deleted the position of a shard: it is made again where it was last seen",
          {{"application", trigger_.options.application.str()},
           {"shard", shard.str()},
           {"position", what.last ? to_string(what.last->checkpoint) : "TRIM_HORIZON"}});
    }
    if (what.last)
      deleted_.insert_or_assign(shard, *what.last);
    known = known_.erase(known);
  }
  return count;
}

lease::Lease Positions::missing_row(const Shard& shard) const {
  const auto before = deleted_.find(shard.id);
  if (before == deleted_.end())
    return row(shard, TrimHorizon());
  lease::Lease again = row(shard, before->second.checkpoint);
  again.checkpoint_arrival = before->second.checkpoint_arrival;
  again.counter = before->second.counter + 1;  // fencing tokens rise
  return again;
}

Task<Result<bool>> Positions::add_missing(std::vector<Shard> children) {
  std::vector<lease::Lease> rows;
  std::set<ShardId> added;
  // Ordered by id: a parent's id is lower than its children's.
  for (const auto& [id, shard] : directory_.lineage().shards()) {
    if (!known_.contains(id) && added.insert(id).second)
      rows.push_back(missing_row(shard));
  }
  for (const Shard& child : children) {
    if (known_.contains(child.id) || added.contains(child.id))
      continue;
    for (const ShardId& parent : child.parents()) {
      // A listing may be older than the answer that named the child: the other parent of a merge
      // could then be missing, and a parent without a row holds no child back.
      if (!known_.contains(parent) && !added.contains(parent))
        co_return fail(ErrorCode::Unavailable, "shard " + parent.str() + ", a parent of " +
                                                   child.id.str() + ", is not listed yet");
    }
    added.insert(child.id);
    rows.push_back(missing_row(child));
  }
  if (rows.empty())
    co_return false;
  CO_TRY(const auto stored, context_.deps.table.list(key()));
  date_by_parents(rows, stored);
  CO_TRY(context_.deps.table.create(rows));
  for (const ShardId& shard : added) {
    note_known(shard);
    deleted_.erase(shard);
  }
  context_.deps.log.info("new shards", {{"stream", trigger_.options.stream.str()},
                                        {"application", trigger_.options.application.str()},
                                        {"count", rows.size()}});
  co_return true;
}

Task<Result<Unit>> Positions::remove_forgotten() {
  const MonotonicTime now = context_.deps.clock.now();
  std::set<ShardId> forgotten;
  for (const auto& [shard, known] : known_) {
    if (directory_.lineage().find(shard) != nullptr) {
      unlisted_since_.erase(shard);
      continue;
    }
    const auto since = unlisted_since_.emplace(shard, now).first->second;
    if (now - since >= kForgetAfter)
      forgotten.insert(shard);
  }
  if (forgotten.empty())
    co_return Unit{};
  CO_TRY(auto rows, context_.deps.table.list(key()));
  for (const lease::Lease& lease : rows) {
    const ShardId& shard = lease.key.shard;
    if (!forgotten.contains(shard) || !is_shard_end(lease.checkpoint))
      continue;
    CO_TRY(auto outcome, context_.deps.table.remove(lease, false));
    if (outcome != lease::WriteOutcome::Written)
      continue;
    known_.erase(shard);
    unlisted_since_.erase(shard);
  }
  co_return Unit{};
}

}  // namespace kt::worker
