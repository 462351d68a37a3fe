#include "admin/status_document.h"

#include <nlohmann/json.hpp>

namespace kt::admin {
namespace {

using Json = nlohmann::ordered_json;

std::int64_t millis(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

/// Text of services and guests may be anything; a status never fails by it.
std::string text_of(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}
Json millis_or_null(const std::optional<Duration>& value) {
  return value ? Json(millis(*value)) : Json();
}

Json findings(const std::vector<Finding>& all) {
  Json out = Json::array();
  for (const Finding& one : all) {
    Json item;
    item["reason"] = name(one.reason);
    item["description"] = describe(one.reason);
    item["application"] = one.application;
    item["shard"] = one.shard;
    item["detail"] = one.detail;
    out.push_back(std::move(item));
  }
  return out;
}

Json source(const SourceCounters& from) {
  Json out;
  out["reads"] = from.reads;
  out["records"] = from.records;
  out["bytes"] = from.bytes;
  out["throttled"] = from.throttled;
  out["failed"] = from.failed;
  out["restarts"] = from.rebuilt;
  return out;
}

Json counters(const TriggerCounters& from) {
  Json out;
  out["records_done"] = from.records_done;
  out["bytes_done"] = from.bytes_done;
  out["batches_done"] = from.batches_done;
  out["calls"] = from.calls;
  out["failed_calls"] = from.failed_calls;
  out["interrupted_calls"] = from.interrupted_calls;
  out["call_millis"] = millis(from.call_time);
  out["polled_records"] = from.polled_records;
  out["filtered_records"] = from.filtered_records;
  out["invoked_records"] = from.invoked_records;
  out["failed_invoke_records"] = from.failed_invoke_records;
  out["dropped_records"] = from.dropped_records;
  out["delivered_records"] = from.delivered_records;
  out["destination_failures"] = from.destination_failures;
  out["expired_records"] = from.expired_records;
  out["retries"] = from.retries;
  out["bisections"] = from.bisections;
  out["spilled_records"] = from.spilled_records;
  out["taken_leases"] = from.taken_leases;
  out["released_leases"] = from.released_leases;
  out["lost_leases"] = from.lost_leases;
  out["lost_ranges"] = from.lost_ranges;
  out["shards_finished"] = from.shards_finished;
  out["stalls"] = from.stalls;
  out["rows_recreated"] = from.rows_recreated;
  return out;
}

Json trigger(const TriggerStatus& from) {
  Json out;
  out["application"] = from.application.str();
  out["stream"] = from.stream;
  out["component"] = from.component;
  out["enabled"] = from.enabled;
  out["reason"] = name(from.reason);
  out["detail"] = from.detail;
  out["leases_held"] = from.leases_held;
  out["leases_total"] = from.leases_total;
  out["workers_alive"] = from.workers_alive;
  out["counters"] = counters(from.counters);
  return out;
}

std::string_view name(SourceKind kind) {
  switch (kind) {
    case SourceKind::None:
      return "none";
    case SourceKind::Polling:
      return "polling";
    case SourceKind::Push:
      return "push";
  }
  return "none";
}

Json shard(const ShardStatus& from) {
  Json out;
  out["application"] = from.application.str();
  out["stream"] = from.stream;
  out["shard"] = from.shard.str();
  out["held"] = from.held;
  out["owner"] = from.owner;
  out["state"] = from.state;
  out["reason"] = kt::name(from.reason);
  out["detail"] = from.detail;
  out["reason_for_millis"] = millis_or_null(from.reason_for);
  out["needs_help"] = from.needs_help;
  out["checkpoint"] = from.checkpoint;
  out["lease_counter"] = from.lease_counter;
  out["source"] = name(from.source);
  out["behind_latest_millis"] = from.millis_behind_latest;
  out["unfinished_age_millis"] = or_null(from.unfinished_age_millis);
  out["iterator_age_millis"] = or_null(from.iterator_age_millis);
  out["progress_ago_millis"] = millis_or_null(from.progress_ago);
  out["retention_used_percent"] = from.retention_used_percent;
  out["records_done"] = from.records_done;
  out["bytes_done"] = from.bytes_done;
  out["batches_done"] = from.batches_done;
  out["lanes"] = from.lanes;
  out["batches_in_flight"] = from.batches_in_flight;
  out["records_in_flight"] = from.records_in_flight;
  out["bytes_in_flight"] = from.bytes_in_flight;
  out["bytes_queued"] = from.bytes_queued;
  out["failing_attempts"] = from.failing_attempts;
  out["retries"] = from.retries;
  out["spilled_keys"] = from.spilled_keys;
  out["spilled_records"] = from.spilled_records;
  out["stalls"] = from.stalls;
  out["reads"] = source(from.source_counters);
  return out;
}

Json worker(const WorkerStatus& from, std::string_view program_version) {
  Json out;
  out["id"] = from.worker.str();
  out["version"] = program_version;
  out["uptime_millis"] = millis(from.uptime);
  out["draining"] = from.draining;
  out["memory_used_bytes"] = from.memory_used_bytes;
  out["memory_budget_bytes"] = from.memory_budget_bytes;
  out["checkpoint_commits"] = from.checkpoint_commits;
  out["checkpoint_trouble"] = from.checkpoint_trouble;
  return out;
}

void put(Json& out, const Readiness& from) {
  out["ready"] = from.ready();
  out["reasons"] = findings(from.reasons);
  out["warnings"] = findings(from.warnings);
}

}  // namespace

std::string status_document(const WorkerStatus& status, const std::vector<ShardStatus>& shards,
                            std::string_view program_version) {
  Json out;
  out["version"] = kStatusVersion;
  put(out, readiness(status, shards));
  out["worker"] = worker(status, program_version);
  out["triggers"] = Json::array();
  for (const TriggerStatus& one : status.triggers)
    out["triggers"].push_back(trigger(one));
  std::vector<ShardStatus> sorted = shards;
  sort_by_trouble(sorted);
  out["shards"] = Json::array();
  for (const ShardStatus& one : sorted) {
    if (!one.shard.empty())
      out["shards"].push_back(shard(one));
  }
  return text_of(out);
}

std::string readiness_document(const Readiness& from) {
  Json out;
  out["version"] = kStatusVersion;
  put(out, from);
  return text_of(out);
}

}  // namespace kt::admin
