#include "admin/readiness.h"

#include <algorithm>
#include <tuple>

namespace kt::admin {
namespace {

/// Whether waiting is of no use: nobody but a human changes it.
bool is_final(Reason reason) {
  return reason == Reason::DataLost || reason == Reason::Failed || reason == Reason::Starting ||
         reason == Reason::SpillFull;
}

bool is_broken(const ShardStatus& shard) {
  if (severity(shard.reason) != Severity::Broken)
    return false;
  return is_final(shard.reason) || !shard.reason_for || *shard.reason_for >= kPatience;
}

Finding finding(const ShardStatus& shard, Reason reason, std::string detail) {
  Finding out;
  out.reason = reason;
  out.application = shard.application.str();
  out.shard = shard.shard.str();
  out.detail = std::move(detail);
  return out;
}

void judge(const ShardStatus& shard, Readiness& out) {
  const int used = shard.retention_used_percent;
  if (used >= kRetentionWarning) {
    const std::string detail = std::to_string(used) + " % of the stream's retention used";
    (shard.needs_help ? out.reasons : out.warnings)
        .push_back(finding(shard, Reason::NearRetention, detail));
  }
  if (shard.reason == Reason::NearRetention)
    return;
  if (is_broken(shard) || (shard.needs_help && used < kRetentionWarning))
    out.reasons.push_back(finding(shard, shard.reason, shard.detail));
  else if (severity(shard.reason) >= Severity::Warning)
    out.warnings.push_back(finding(shard, shard.reason, shard.detail));
}

}  // namespace

Readiness readiness(const WorkerStatus& worker, const std::vector<ShardStatus>& shards) {
  Readiness out;
  if (worker.draining) {
    Finding stopping;
    stopping.reason = Reason::Draining;
    stopping.detail = "the worker is stopping";
    out.reasons.push_back(std::move(stopping));
  }
  if (!worker.checkpoint_trouble.empty()) {
    Finding store;
    store.reason = Reason::StoreFailing;
    store.detail = worker.checkpoint_trouble;
    out.reasons.push_back(std::move(store));
  }
  for (const TriggerStatus& trigger : worker.triggers) {
    if (severity(trigger.reason) < Severity::Warning)
      continue;
    Finding whole;
    whole.reason = trigger.reason;
    whole.application = trigger.application.str();
    whole.detail = trigger.detail;
    const bool broken = severity(trigger.reason) == Severity::Broken;
    (broken ? out.reasons : out.warnings).push_back(std::move(whole));
  }
  for (const ShardStatus& shard : shards) {
    if (!shard.shard.empty())
      judge(shard, out);
  }
  return out;
}

void sort_by_trouble(std::vector<ShardStatus>& shards) {
  const auto trouble = [](const ShardStatus& shard) {
    return std::tuple(!shard.needs_help, -static_cast<int>(severity(shard.reason)),
                      -static_cast<int>(shard.reason), -lag_millis(shard), shard.application.view(),
                      shard.shard.view());
  };
  std::sort(shards.begin(), shards.end(),
            [&](const ShardStatus& a, const ShardStatus& b) { return trouble(a) < trouble(b); });
}

}  // namespace kt::admin
