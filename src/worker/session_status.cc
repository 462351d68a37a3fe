// What a stream's consumption tells of itself. Apart from stream_session.cc, which is about what it
// does.
#include <algorithm>

#include "worker/stream_session.h"

namespace kt::worker {

bool StreamSession::healthy() const {
  return !coordinator_.trouble() &&
         std::none_of(runs_.begin(), runs_.end(), [](const ShardRunPtr& run) {
           return run->consumer && run->consumer->needs_help();
         });
}

Reason StreamSession::reason_of_run(const ShardRun& run) const {
  if (!run.consumer)
    return deps_.trigger.options.enabled ? Reason::WaitingForLease : Reason::Disabled;
  const Reason reason = run.consumer->reason();
  return reason == Reason::None && run.watch.healing() ? Reason::Stalled : reason;
}

ShardStatus StreamSession::status_of(const ShardRun& run) const {
  const TriggerOptions& trigger = deps_.trigger.options;
  ShardStatus status;
  if (run.consumer) {
    status = run.consumer->status();
    const bool pushed =
        !trigger.enhanced_fan_out.empty() && status.reason != Reason::FallenBackToPolling;
    status.source = pushed ? SourceKind::Push : SourceKind::Polling;
    if (run.counted)
      status.source_counters = SourceCounters();
    if (status.reason == Reason::None && run.watch.healing())
      status.detail = "restarted from its checkpoint";
    status.reason = reason_of_run(run);
    status.stalls = run.watch.restarts();
    return status;
  }
  const lease::Lease& row = run.lease->row();
  status.application = row.key.consumer.application;
  status.stream = row.key.consumer.stream.str();
  status.shard = row.key.shard;
  status.checkpoint = to_string(row.checkpoint);
  status.held = true;
  if (row.owner)
    status.owner = row.owner->str();
  status.lease_counter = row.counter;
  status.reason = reason_of_run(run);
  status.state = trigger.enabled ? "waiting" : "not enabled";
  return status;
}

/// The shards that this worker does not hold: why not.
void StreamSession::add_rows_of_others(std::vector<ShardStatus>& all) const {
  const std::vector<lease::Lease>& rows = coordinator_.rows();
  std::set<ShardId> eligible;
  for (const lease::Lease& row : lease::eligible(rows))
    eligible.insert(row.key.shard);
  std::set<ShardId> held;
  for (const ShardRunPtr& run : runs_)
    held.insert(run->lease->shard());
  for (const lease::Lease& row : rows) {
    if (is_shard_end(row.checkpoint) || held.contains(row.key.shard))
      continue;
    ShardStatus status;
    status.application = row.key.consumer.application;
    status.stream = row.key.consumer.stream.str();
    status.shard = row.key.shard;
    status.checkpoint = to_string(row.checkpoint);
    status.lease_counter = row.counter;
    if (row.owner)
      status.owner = row.owner->str();
    if (!eligible.contains(row.key.shard)) {
      status.reason = Reason::WaitingForParent;
      for (const ShardId& parent : row.parents)
        status.detail += (status.detail.empty() ? "" : ", ") + parent.str();
    } else {
      status.reason = row.owner ? Reason::OwnedElsewhere : Reason::WaitingForLease;
    }
    status.state = kt::describe(status.reason);
    all.push_back(std::move(status));
  }
}

std::vector<ShardStatus> StreamSession::status() const {
  std::vector<ShardStatus> all;
  if (runs_.empty()) {
    ShardStatus none;
    none.application = deps_.trigger.options.application;
    none.stream = deps_.trigger.options.stream.str();
    none.state = "holds no lease";
    if (coordinator_.trouble())
      none.state += ": " + coordinator_.trouble()->what;
    all.push_back(std::move(none));
  }
  for (const ShardRunPtr& run : runs_)
    all.push_back(status_of(*run));
  add_rows_of_others(all);
  return all;
}

void StreamSession::describe(TriggerStatus& status) const {
  status.counters.beats += coordinator_.beats();
  status.counters.failed_beats += coordinator_.failed_beats();
  status.leases_held = runs_.size();
  status.workers_alive = coordinator_.workers_alive();
  for (const lease::Lease& row : coordinator_.rows())
    status.leases_total += is_shard_end(row.checkpoint) ? 0 : 1;
  if (const auto& store = coordinator_.trouble()) {
    const Reason reason = reason_of(*store);
    status.reason = reason == Reason::ServiceUnreachable ? Reason::StoreFailing : reason;
    status.detail = "the leases can not be read: " + store->what;
  } else if (listing_trouble_) {
    status.reason = reason_of(*listing_trouble_);
    status.detail = "the shards can not be listed: " + listing_trouble_->what;
  }
}

}  // namespace kt::worker
