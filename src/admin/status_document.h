// admin/status_document.h — The status as JSON: `/api/status`, `/readyz` and `status --json`.
//
// Why: scripts read it, so names do not change within a version, and every duration says its unit.
// The members stand in docs/reference/admin-api.md.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "admin/readiness.h"

namespace kt::admin {

constexpr int kStatusVersion = 1;

std::string status_document(const WorkerStatus& worker, const std::vector<ShardStatus>& shards,
                            std::string_view program_version);
std::string readiness_document(const Readiness& readiness);

}  // namespace kt::admin
