// What a shard tells of itself. Apart from shard_consumer.cc, which is about what it does.
#include <algorithm>

#include "worker/shard_consumer.h"

namespace kt::worker {

const Lane* ShardConsumer::worst_lane() const {
  const Lane* worst = nullptr;
  for (const Lane& lane : lanes_) {
    const auto rank = [](const Lane& l) { return std::make_pair(l.reason(), l.failures()); };
    if (lane.reason() != Reason::None && (worst == nullptr || rank(lane) > rank(*worst)))
      worst = &lane;
  }
  return worst;
}

int ShardConsumer::retention_used() const {
  const lease::Lease& row = lease_->row();
  return stream::retention_used_percent(stream::known_until(row.checkpoint, row.checkpoint_arrival),
                                        deps_.directory.service_now(),
                                        deps_.directory.description().retention);
}

bool ShardConsumer::needs_help() const {
  const bool stopped = ended_ && (exit_ == ShardExit::DataLost || exit_ == ShardExit::Failed);
  return stopped || retention_used() >= 80;
}

Reason ShardConsumer::reason() const {
  if (ended_ && exit_ == ShardExit::DataLost)
    return Reason::DataLost;
  if (ended_ && exit_ == ShardExit::Failed)
    return Reason::Failed;
  if (ended_ && exit_ == ShardExit::LeaseLost)
    return Reason::LeaseLost;
  if (ended_ && exit_ == ShardExit::Stalled)
    return Reason::Stalled;
  const stream::SourceProbe& probe = source_->probe();
  Reason gravest = draining_ ? Reason::Draining : Reason::None;
  // A shard with records in work only does not read ahead: that is no reason to stand still.
  if (probe.wants_memory && quiet() && source_->out().empty())
    gravest = std::max(gravest, Reason::WaitingForMemory);
  if (!probe.remark.empty())
    gravest = std::max(gravest, Reason::FallenBackToPolling);
  if (retention_used() >= 80)
    gravest = std::max(gravest, Reason::NearRetention);
  if (const Lane* lane = worst_lane())
    gravest = std::max(gravest, lane->reason());
  if (quarantine_)
    gravest = std::max(gravest, quarantine_->status().reason);
  if (deps_.checkpointer.trouble())
    gravest = std::max(gravest, Reason::StoreFailing);
  if (!probe.trouble.empty()) {
    gravest =
        std::max(gravest, probe.reason == Reason::None ? Reason::ServiceUnreachable : probe.reason);
  }
  return gravest;
}

std::string ShardConsumer::state_text() const {
  if (ended_ && exit_ == ShardExit::DataLost)
    return "stopped: data loss";
  if (ended_ && exit_ == ShardExit::Failed)
    return "stopped: failed";
  if (concluding_)
    return "closing";
  static constexpr const char* kStates[] = {"reading",
                                            "calling",
                                            "retrying",
                                            "committing",
                                            "delivering failed records",
                                            "setting records aside"};
  auto state = Lane::State::Waiting;
  for (const Lane& lane : lanes_)
    state = std::max(state, lane.state());
  return kStates[static_cast<std::size_t>(state)];
}

/// What exactly stands behind the reason.
std::string ShardConsumer::detail() const {
  if (!trouble_.empty())
    return trouble_;
  const stream::SourceProbe& probe = source_->probe();
  if (!probe.trouble.empty())
    return probe.trouble;
  if (const Lane* lane = worst_lane())
    return lane->trouble();
  if (const auto& store = deps_.checkpointer.trouble())
    return store->what;
  if (quarantine_ && !quarantine_->empty())
    return quarantine_->status().detail();
  return probe.remark;
}

std::optional<Duration> ShardConsumer::reason_for(Reason reason) const {
  const Lane* lane = worst_lane();
  std::optional<MonotonicTime> since;
  if (lane != nullptr && lane->reason() == reason)
    since = lane->trouble_since();
  else if (!source_->probe().trouble.empty())
    since = source_->probe().trouble_since;
  if (!since)
    return std::nullopt;
  return deps_.clock.now() - *since;
}

void ShardConsumer::describe_lanes(ShardStatus& status) const {
  status.lanes = lanes_.size();
  std::optional<WallTime> arrival;
  for (const Lane& lane : lanes_) {
    status.records_done += lane.records_done();
    status.bytes_done += lane.bytes_done();
    status.batches_done += lane.batches_done();
    status.failing_attempts = std::max(status.failing_attempts, lane.failures());
    if (const Batch* batch = lane.in_flight()) {
      ++status.batches_in_flight;
      status.records_in_flight += batch->records.size();
      status.bytes_in_flight += batch->payload_bytes;
      if (!batch->records.empty()) {
        const auto age = deps_.directory.service_now() - batch->records.front().approximate_arrival;
        status.unfinished_age_millis = std::max<std::int64_t>(
            {status.unfinished_age_millis.value_or(0), age.count(), std::int64_t{0}});
      }
    }
    status.retries += lane.retries();
    if (lane.last_arrival() && (!arrival || *lane.last_arrival() > *arrival)) {
      arrival = lane.last_arrival();
      status.iterator_age_millis = lane.last_age().count();
    }
  }
  status.bytes_queued = source_->out().bytes();
  for (std::size_t i = 0; i < intake_.lane_count(); ++i)
    status.bytes_queued += intake_.lane(i).byte_count();
}

SourceCounters ShardConsumer::source_counters() const {
  const stream::SourceProbe& probe = source_->probe();
  SourceCounters out;
  out.reads = probe.read_count;
  out.records = probe.record_count;
  out.bytes = probe.byte_count;
  out.throttled = probe.throttled_count;
  out.failed = probe.failed_count;
  out.rebuilt = probe.rebuilt_count;
  out.read_time = probe.read_time;
  return out;
}

ShardStatus ShardConsumer::status() const {
  const lease::Lease& row = lease_->row();
  ShardStatus status;
  status.application = row.key.consumer.application;
  status.stream = row.key.consumer.stream.str();
  status.shard = row.key.shard;
  status.checkpoint = to_string(row.checkpoint);
  status.state = state_text();
  status.reason = reason();
  status.reason_for = reason_for(status.reason);
  status.detail = detail();
  if (!status.detail.empty())
    status.state += ": " + status.detail;
  status.retention_used_percent = retention_used();
  if (status.retention_used_percent >= 50)
    status.state +=
        "; " + std::to_string(status.retention_used_percent) + " % of the stream's retention used";
  status.needs_help = needs_help();
  status.millis_behind_latest = source_->probe().behind_latest.count();
  status.progress_ago = deps_.clock.now() - progressed_at_;
  status.source_counters = source_counters();
  status.held = true;
  if (row.owner)
    status.owner = row.owner->str();
  status.lease_counter = row.counter;
  describe_lanes(status);
  if (quarantine_) {
    const QuarantineStatus waiting = quarantine_->status();
    status.spilled_keys = waiting.keys;
    status.spilled_records = waiting.records;
    status.failing_attempts = std::max(status.failing_attempts, waiting.most_failures);
  }
  return status;
}

Pulse ShardConsumer::pulse() const {
  const SourceCounters source = source_counters();
  Pulse out;
  out.reading = source.reads + source.failed + source.throttled + source.rebuilt;
  out.reading_rests = end_ || !source_->out().empty() ||
                      (deps_.memory.waiting_count() > 0 && !source_->probe().asking);
  out.progressed = progressed_at_ > begun_at_;
  out.working = lease_->row().counter + intake_.end_ordinal() + deps_.counters.destination_failures;
  // Keys that wait are called all the while; a shard that is at its end waits for them.
  const bool keys_wait = quarantine_ && !quarantine_->empty();
  out.working_rests = quiet() && source_->out().empty() && (!end_ || keys_wait);
  for (const Lane& lane : lanes_) {
    out.working += lane.records_done() + lane.retries() + lane.failures();
    // A call ends by its deadline, the store is asked again until it answers, and room in the spill
    // is made by the keys that wait.
    out.working_rests = out.working_rests || lane.state() == Lane::State::Calling ||
                        lane.state() == Lane::State::Committing ||
                        lane.state() == Lane::State::Parking;
  }
  return out;
}

}  // namespace kt::worker
