// admin/readiness.h — Whether a worker does its work, and if not, why.
//
// Why: an orchestrator and a person ask the same question; the answer is always in the words of
// Reason.
#pragma once
#include <string>
#include <vector>

#include "model/control.h"

namespace kt::admin {

/// What a reason in the service's or the store's hands may last before readiness fails by it: one
/// failed request is no outage.
constexpr Duration kPatience = std::chrono::seconds(10);
constexpr int kRetentionWarning = 50;  ///< percent

struct Finding {
  Reason reason = Reason::None;
  std::string application;  ///< empty: the whole worker
  std::string shard;        ///< empty: the whole trigger
  std::string detail;
};

struct Readiness {
  std::vector<Finding> reasons;   ///< none: ready
  std::vector<Finding> warnings;  ///< what a human may want to look at
  bool ready() const { return reasons.empty(); }
};

Readiness readiness(const WorkerStatus& worker, const std::vector<ShardStatus>& shards);

/// Those in trouble first, then those that are furthest behind.
void sort_by_trouble(std::vector<ShardStatus>& shards);

}  // namespace kt::admin
