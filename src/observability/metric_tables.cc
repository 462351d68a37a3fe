#include "observability/metric_tables.h"

#include <limits>

namespace kt::metric {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

template <class T>
double number(T value) {
  return static_cast<double>(value);
}
double seconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1e6;
}
double millis(std::int64_t value) {
  return static_cast<double>(value) / 1e3;
}

constexpr WorkerRow kWorkerRows[] = {
    {"trigger_kinesis_worker_uptime_seconds", "Time since the worker began.", Kind::Gauge,
     [](const WorkerStatus& w) -> double { return seconds(w.uptime); }},
    {"trigger_kinesis_worker_draining", "1 while the worker is stopping.", Kind::Gauge,
     [](const WorkerStatus& w) -> double { return w.draining ? 1 : 0; }},
    {"trigger_kinesis_memory_used_bytes", "Bytes of records read ahead, of the budget.",
     Kind::Gauge, [](const WorkerStatus& w) -> double { return number(w.memory_used_bytes); }},
    {"trigger_kinesis_memory_budget_bytes", "The budget: memory_budget_bytes of the manifest.",
     Kind::Gauge, [](const WorkerStatus& w) -> double { return number(w.memory_budget_bytes); }},
    {"trigger_kinesis_checkpoint_commits_total", "Group commits of positions.", Kind::Counter,
     [](const WorkerStatus& w) -> double { return number(w.checkpoint_commits); }},
    {"trigger_kinesis_checkpoint_failing", "1 while positions can not be stored.", Kind::Gauge,
     [](const WorkerStatus& w) -> double { return w.checkpoint_trouble.empty() ? 0 : 1; }},
};

constexpr TriggerRow kTriggerRows[] = {
    {"trigger_kinesis_records_processed_total",
     "Records finished: handled, filtered or delivered to the destination.", Kind::Counter,
     [](const TriggerView& v) -> double { return number(v.trigger.counters.records_done); }},
    {"trigger_kinesis_processed_bytes_total", "Payload bytes of finished records.", Kind::Counter,
     [](const TriggerView& v) -> double { return number(v.trigger.counters.bytes_done); }},
    {"trigger_kinesis_batches_processed_total", "Batches finished.", Kind::Counter,
     [](const TriggerView& v) -> double { return number(v.trigger.counters.batches_done); }},
    {"trigger_kinesis_calls_total", "Calls of the handler that began.", Kind::Counter,
     [](const TriggerView& v) -> double { return number(v.trigger.counters.calls); }},
    {"trigger_kinesis_failed_calls_total", "Calls that ended in anything but success.",
     Kind::Counter,
     [](const TriggerView& v) -> double { return number(v.trigger.counters.failed_calls); }},
    {"trigger_kinesis_interrupted_calls_total", "Calls interrupted by a stop or a lost lease.",
     Kind::Counter,
     [](const TriggerView& v) -> double { return number(v.trigger.counters.interrupted_calls); }},
    {"trigger_kinesis_polled_records_total", "Records read, after de-aggregation, before filters.",
     Kind::Counter,
     [](const TriggerView& v) -> double { return number(v.trigger.counters.polled_records); }},
    {"trigger_kinesis_filtered_records_total", "Records that no filter let pass.", Kind::Counter,
     [](const TriggerView& v) -> double { return number(v.trigger.counters.filtered_records); }},
    {"trigger_kinesis_invoked_records_total", "Records handed to the handler; retries count again.",
     Kind::Counter,
     [](const TriggerView& v) -> double { return number(v.trigger.counters.invoked_records); }},
    {"trigger_kinesis_failed_invoke_records_total",
     "Records of calls that failed; retries count again.", Kind::Counter,
     [](const TriggerView& v) -> double {
       return number(v.trigger.counters.failed_invoke_records);
     }},
    {"trigger_kinesis_dropped_records_total",
     "Records given up on with no destination to hold them.", Kind::Counter,
     [](const TriggerView& v) -> double { return number(v.trigger.counters.dropped_records); }},
    {"trigger_kinesis_delivered_records_total", "Records that the on_failure destination holds.",
     Kind::Counter,
     [](const TriggerView& v) -> double { return number(v.trigger.counters.delivered_records); }},
    {"trigger_kinesis_destination_failures_total",
     "Attempts to deliver to the destination that failed.", Kind::Counter,
     [](const TriggerView& v) -> double {
       return number(v.trigger.counters.destination_failures);
     }},
    {"trigger_kinesis_expired_records_total", "Records past maximum_record_age_seconds.",
     Kind::Counter,
     [](const TriggerView& v) -> double { return number(v.trigger.counters.expired_records); }},
    {"trigger_kinesis_retries_total", "Batches called again.", Kind::Counter,
     [](const TriggerView& v) -> double { return number(v.trigger.counters.retries); }},
    {"trigger_kinesis_bisections_total", "Batches split in two after a failure.", Kind::Counter,
     [](const TriggerView& v) -> double { return number(v.trigger.counters.bisections); }},
    {"trigger_kinesis_spilled_records_total",
     "Records that went to the spill behind a poisoned key.", Kind::Counter,
     [](const TriggerView& v) -> double { return number(v.trigger.counters.spilled_records); }},
    {"trigger_kinesis_leases_taken_total", "Leases taken.", Kind::Counter,
     [](const TriggerView& v) -> double { return number(v.trigger.counters.taken_leases); }},
    {"trigger_kinesis_leases_released_total", "Leases given back.", Kind::Counter,
     [](const TriggerView& v) -> double { return number(v.trigger.counters.released_leases); }},
    {"trigger_kinesis_leases_lost_total", "Leases lost to another worker or by expiry.",
     Kind::Counter,
     [](const TriggerView& v) -> double { return number(v.trigger.counters.lost_leases); }},
    {"trigger_kinesis_lease_beats_total", "Signs of life stored.", Kind::Counter,
     [](const TriggerView& v) -> double { return number(v.trigger.counters.beats); }},
    {"trigger_kinesis_lease_beat_failures_total", "Signs of life that could not be stored.",
     Kind::Counter,
     [](const TriggerView& v) -> double { return number(v.trigger.counters.failed_beats); }},
    {"trigger_kinesis_lease_rows_recreated_total", "Rows that somebody deleted, made again.",
     Kind::Counter,
     [](const TriggerView& v) -> double { return number(v.trigger.counters.rows_recreated); }},
    {"trigger_kinesis_shards_finished_total", "Shards read to their end.", Kind::Counter,
     [](const TriggerView& v) -> double { return number(v.trigger.counters.shards_finished); }},
    {"trigger_kinesis_stall_restarts_total",
     "Shards restarted from their checkpoint by the watchdog.", Kind::Counter,
     [](const TriggerView& v) -> double { return number(v.trigger.counters.stalls); }},
    {"trigger_kinesis_lost_ranges_total",
     "Ranges of records that the stream lost before they were read.", Kind::Counter,
     [](const TriggerView& v) -> double { return number(v.trigger.counters.lost_ranges); }},
    {"trigger_kinesis_source_reads_total", "Answers to GetRecords, and pushed events.",
     Kind::Counter, [](const TriggerView& v) -> double { return number(v.sources.reads); }},
    {"trigger_kinesis_source_read_seconds_total", "Time spent waiting for answers to reads.",
     Kind::Counter, [](const TriggerView& v) -> double { return seconds(v.sources.read_time); }},
    {"trigger_kinesis_source_records_total", "Records read, aggregates as one.", Kind::Counter,
     [](const TriggerView& v) -> double { return number(v.sources.records); }},
    {"trigger_kinesis_source_read_bytes_total", "Payload bytes read.", Kind::Counter,
     [](const TriggerView& v) -> double { return number(v.sources.bytes); }},
    {"trigger_kinesis_source_throttled_total", "Reads that the service throttled.", Kind::Counter,
     [](const TriggerView& v) -> double { return number(v.sources.throttled); }},
    {"trigger_kinesis_source_failures_total", "Reads that failed for another reason.",
     Kind::Counter, [](const TriggerView& v) -> double { return number(v.sources.failed); }},
    {"trigger_kinesis_source_restarts_total", "Iterators and subscriptions begun again.",
     Kind::Counter, [](const TriggerView& v) -> double { return number(v.sources.rebuilt); }},
    {"trigger_kinesis_leases_held", "Leases that this worker holds.", Kind::Gauge,
     [](const TriggerView& v) -> double { return number(v.trigger.leases_held); }},
    {"trigger_kinesis_leases", "Leases of shards that are not finished, whoever holds them.",
     Kind::Gauge, [](const TriggerView& v) -> double { return number(v.trigger.leases_total); }},
    {"trigger_kinesis_workers", "Workers alive, as this one sees it.", Kind::Gauge,
     [](const TriggerView& v) -> double { return number(v.trigger.workers_alive); }},
    {"trigger_kinesis_trigger_enabled", "0 with enabled = false.", Kind::Gauge,
     [](const TriggerView& v) -> double { return v.trigger.enabled ? 1 : 0; }},
    {"trigger_kinesis_behind_latest_seconds", "The largest lag of the trigger's shards.",
     Kind::Gauge, [](const TriggerView& v) -> double { return millis(v.behind_latest_millis); }},
    {"trigger_kinesis_iterator_age_seconds",
     "The largest age of a shard's last finished record, when it was finished.", Kind::Gauge,
     [](const TriggerView& v) -> double { return millis(v.iterator_age_millis); }},
    {"trigger_kinesis_batches_in_flight", "Batches being handled or retried.", Kind::Gauge,
     [](const TriggerView& v) -> double { return number(v.batches_in_flight); }},
    {"trigger_kinesis_in_flight_bytes", "Payload bytes of batches being handled or retried.",
     Kind::Gauge, [](const TriggerView& v) -> double { return number(v.bytes_in_flight); }},
    {"trigger_kinesis_spill_waiting_records", "Records that wait in the spill.", Kind::Gauge,
     [](const TriggerView& v) -> double { return number(v.spilled_records); }},
};

constexpr ShardRow kShardRows[] = {
    {"trigger_kinesis_shard_behind_latest_seconds",
     "How far the reading is behind the newest record.", Kind::Gauge, Merge::Worst,
     [](const ShardStatus& s) -> double { return millis(s.millis_behind_latest); }},
    {"trigger_kinesis_shard_unfinished_age_seconds",
     "Age of the oldest record being worked on: rises while a handler keeps failing.", Kind::Gauge,
     Merge::Worst,
     [](const ShardStatus& s) -> double {
       return s.unfinished_age_millis ? millis(*s.unfinished_age_millis) : kNone;
     }},
    {"trigger_kinesis_shard_iterator_age_seconds",
     "Age of the last finished record when it was finished.", Kind::Gauge, Merge::Worst,
     [](const ShardStatus& s) -> double {
       return s.iterator_age_millis ? millis(*s.iterator_age_millis) : kNone;
     }},
    {"trigger_kinesis_shard_progress_age_seconds",
     "Time since the checkpoint moved, or nothing was left to read.", Kind::Gauge, Merge::Worst,
     [](const ShardStatus& s) -> double {
       return s.progress_ago ? seconds(*s.progress_ago) : kNone;
     }},
    {"trigger_kinesis_shard_retention_used_ratio",
     "How much of the retention the position has used up: at 1 records are lost.", Kind::Gauge,
     Merge::Worst,
     [](const ShardStatus& s) -> double {
       return static_cast<double>(s.retention_used_percent) / 100;
     }},
    {"trigger_kinesis_shard_records_processed_total", "Records finished under this lease.",
     Kind::Counter, Merge::Sum,
     [](const ShardStatus& s) -> double { return number(s.records_done); }},
    {"trigger_kinesis_shard_processed_bytes_total", "Payload bytes finished under this lease.",
     Kind::Counter, Merge::Sum,
     [](const ShardStatus& s) -> double { return number(s.bytes_done); }},
    {"trigger_kinesis_shard_batches_processed_total", "Batches finished under this lease.",
     Kind::Counter, Merge::Sum,
     [](const ShardStatus& s) -> double { return number(s.batches_done); }},
    {"trigger_kinesis_shard_reads_total", "Reads under this lease.", Kind::Counter, Merge::Sum,
     [](const ShardStatus& s) -> double { return number(s.source_counters.reads); }},
    {"trigger_kinesis_shard_throttled_reads_total",
     "Reads that the service throttled, under this lease.", Kind::Counter, Merge::Sum,
     [](const ShardStatus& s) -> double { return number(s.source_counters.throttled); }},
    {"trigger_kinesis_shard_failed_reads_total",
     "Reads that failed for another reason, under this lease.", Kind::Counter, Merge::Sum,
     [](const ShardStatus& s) -> double { return number(s.source_counters.failed); }},
    {"trigger_kinesis_shard_expired_iterators_total",
     "Iterators and subscriptions begun again under this lease.", Kind::Counter, Merge::Sum,
     [](const ShardStatus& s) -> double { return number(s.source_counters.rebuilt); }},
    {"trigger_kinesis_shard_retries_total", "Batches called again under this lease.", Kind::Counter,
     Merge::Sum, [](const ShardStatus& s) -> double { return number(s.retries); }},
    {"trigger_kinesis_shard_failing_attempts",
     "Failures so far of the batch in flight that failed most often.", Kind::Gauge, Merge::Worst,
     [](const ShardStatus& s) -> double { return number(s.failing_attempts); }},
    {"trigger_kinesis_shard_batches_in_flight", "Batches being handled or retried.", Kind::Gauge,
     Merge::Sum, [](const ShardStatus& s) -> double { return number(s.batches_in_flight); }},
    {"trigger_kinesis_shard_in_flight_bytes", "Payload bytes of batches being handled or retried.",
     Kind::Gauge, Merge::Sum,
     [](const ShardStatus& s) -> double { return number(s.bytes_in_flight); }},
    {"trigger_kinesis_shard_queued_bytes", "Payload bytes read ahead.", Kind::Gauge, Merge::Sum,
     [](const ShardStatus& s) -> double { return number(s.bytes_queued); }},
    {"trigger_kinesis_shard_spilled_keys", "Partition keys that wait in the spill.", Kind::Gauge,
     Merge::Sum, [](const ShardStatus& s) -> double { return number(s.spilled_keys); }},
    {"trigger_kinesis_shard_spilled_records", "Records that wait in the spill.", Kind::Gauge,
     Merge::Sum, [](const ShardStatus& s) -> double { return number(s.spilled_records); }},
    {"trigger_kinesis_shard_stall_restarts", "Restarts by the watchdog under this lease.",
     Kind::Gauge, Merge::Sum, [](const ShardStatus& s) -> double { return number(s.stalls); }},
    {"trigger_kinesis_shard_needs_help", "1: readiness fails because of this shard.", Kind::Gauge,
     Merge::Worst, [](const ShardStatus& s) -> double { return s.needs_help ? 1 : 0; }},
};

}  // namespace

std::span<const WorkerRow> worker_rows() {
  return kWorkerRows;
}
std::span<const TriggerRow> trigger_rows() {
  return kTriggerRows;
}
std::span<const ShardRow> shard_rows() {
  return kShardRows;
}

}  // namespace kt::metric
