// admin/status_page.h — The status as a page for people.
//
// Why: the first look at a machine in trouble must need nothing but a browser: one page, no script,
// nothing fetched from elsewhere. Everything shown may come from outside, so all of it is escaped.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "admin/readiness.h"

namespace kt::admin {

/// Shows at most so many shards, those in trouble first.
constexpr std::size_t kShardsOnPage = 500;

std::string status_page(const WorkerStatus& worker, const std::vector<ShardStatus>& shards,
                        std::string_view program_version);

/// `<` and its like as entities.
std::string escape_html(std::string_view text);

}  // namespace kt::admin
