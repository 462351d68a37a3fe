#include "cli/status_screen.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "admin/status_document.h"
#include "admin/words.h"

namespace kt::cli {
namespace {

using Json = nlohmann::ordered_json;
using admin::as_bytes;
using admin::as_count;
using admin::as_duration;

/// Without what a terminal would obey.
std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
      },
      ' ');
  // C1 controls: U+0080 to U+009F in UTF-8.
  for (std::size_t at = 0; (at = text.find('\xc2', at)) != std::string::npos; ++at) {
    if (at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xa0)
      text.replace(at, 2, "  ");
  }
  return text;
}

std::string word(const Json& from, const char* key) {
  return printable(from.at(key).get<std::string>());
}
std::string count(const Json& from, const char* key) {
  return as_count(from.at(key).get<std::uint64_t>());
}

/// Characters as a terminal counts them, near enough: code points.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
  }));
}

/// Cut to `columns` characters.
std::string cut(const std::string& line, std::size_t columns) {
  if (width(line) <= columns)
    return line;
  std::size_t end = 0;
  for (std::size_t seen = 0; end < line.size(); ++end) {
    if ((static_cast<unsigned char>(line[end]) & 0xc0U) != 0x80U && ++seen == columns)
      break;
  }
  return line.substr(0, end) + "…";
}

/// Columns as wide as their widest cell; those of numbers to the right.
class Table {
 public:
  Table(std::vector<std::string> head, std::string_view alignment) : alignment_(alignment) {
    rows_.push_back(std::move(head));
  }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::vector<std::string> lines() const {
    std::vector<std::size_t> widths(alignment_.size(), 0);
    for (const auto& row : rows_) {
      for (std::size_t i = 0; i < row.size(); ++i)
        widths[i] = std::max(widths[i], width(row[i]));
    }
    std::vector<std::string> out;
    for (const auto& row : rows_) {
      std::string line;
      for (std::size_t i = 0; i < row.size(); ++i) {
        const std::string space(widths[i] - width(row[i]), ' ');
        line +=
            (i == 0 ? "" : "  ") +
            (alignment_[i] == 'r' ? space + row[i] : row[i] + (i + 1 < row.size() ? space : ""));
      }
      line.erase(line.find_last_not_of(' ') + 1);
      out.push_back(std::move(line));
    }
    return out;
  }

 private:
  std::string_view alignment_;
  std::vector<std::vector<std::string>> rows_;
};

std::string with_detail(std::string reason, const std::string& detail) {
  return detail.empty() ? reason : reason + ": " + detail;
}

/// What a shard's last column says: the reason, else what it does.
std::string standing(const Json& shard) {
  const std::string reason = word(shard, "reason");
  std::string out = with_detail(reason == "none" ? word(shard, "state") : reason,
                                reason == "none" ? std::string() : word(shard, "detail"));
  const int used = shard.at("retention_used_percent").get<int>();
  if (used >= admin::kRetentionWarning && reason != "near_retention")
    out += fmt::format(" ({} % of the retention used)", used);
  return out;
}

std::vector<std::string> head_lines(const Json& status) {
  const Json& worker = status.at("worker");
  std::vector<std::string> out;
  out.push_back(fmt::format("trigger-kinesis {}   worker {}   up {}   {} of {} read ahead",
                            word(worker, "version"), word(worker, "id"),
                            as_duration(worker.at("uptime_millis").get<std::int64_t>()),
                            as_bytes(worker.at("memory_used_bytes").get<std::uint64_t>()),
                            as_bytes(worker.at("memory_budget_bytes").get<std::uint64_t>())));
  out.push_back(status.at("ready").get<bool>() ? "ready" : "NOT READY");
  constexpr std::size_t kFindingsMax = 5;
  for (const char* kind : {"reasons", "warnings"}) {
    const Json& findings = status.at(kind);
    for (std::size_t i = 0; i < findings.size() && i < kFindingsMax; ++i) {
      const Json& one = findings[i];
      std::string detail = word(one, "detail");
      if (detail.empty())
        detail = word(one, "description");
      std::string line = std::string(kind[0] == 'r' ? "  ! " : "  - ") + word(one, "application");
      if (const std::string shard = word(one, "shard"); !shard.empty())
        line += " " + shard;
      out.push_back(line + (line.size() > 4 ? " " : "") + with_detail(word(one, "reason"), detail));
    }
    if (findings.size() > kFindingsMax)
      out.push_back(fmt::format("    and {} more", findings.size() - kFindingsMax));
  }
  return out;
}

std::vector<std::string> trigger_lines(const Json& status) {
  Table table({"APPLICATION", "LEASES", "RECORDS", "CALLS", "FAILED", "SET ASIDE", "REASON"},
              "lrrrrrl");
  for (const Json& trigger : status.at("triggers")) {
    const Json& counters = trigger.at("counters");
    const std::string reason = word(trigger, "reason");
    table.add({word(trigger, "application"), count(trigger, "leases_held"),
               count(counters, "records_done"), count(counters, "calls"),
               count(counters, "failed_calls"), count(counters, "delivered_records"),
               reason == "none" ? "" : with_detail(reason, word(trigger, "detail"))});
  }
  return table.lines();
}

/// Reading, or finishing what was read.
std::int64_t lag_of(const Json& shard) {
  std::int64_t lag = shard.at("behind_latest_millis").get<std::int64_t>();
  const auto unfinished = shard.find("unfinished_age_millis");
  if (unfinished != shard.end() && unfinished->is_number())
    lag = std::max(lag, unfinished->get<std::int64_t>());
  return lag;
}

std::vector<std::string> shard_lines(const Json& status) {
  const Json& triggers = status.at("triggers");
  const bool several = triggers.size() > 1;
  Table table({"SHARD", "OWNER", "POSITION", "BEHIND", "IN FLIGHT", "FAILURES", "STATE"},
              "lllrrrl");
  for (const Json& shard : status.at("shards")) {
    std::string id = word(shard, "shard");
    if (several)
      id = word(shard, "application") + " " + id;
    table.add({std::move(id), shard.at("held").get<bool>() ? "this worker" : word(shard, "owner"),
               admin::as_position(word(shard, "checkpoint")), as_duration(lag_of(shard)),
               count(shard, "records_in_flight"), count(shard, "failing_attempts"),
               standing(shard)});
  }
  return table.lines();
}

Result<Json> parse(const std::string& document) {
  Json status = Json::parse(document, nullptr, false);
  if (status.is_discarded() || !status.is_object() || !status.contains("version"))
    return fail(ErrorCode::Corrupt, "the answer is no status document: is this an admin port?");
  if (status["version"] != admin::kStatusVersion) {
    return fail(ErrorCode::Corrupt, "the status document is of another version (" +
                                        status["version"].dump() +
                                        "): use the program of the version that runs there");
  }
  return status;
}

}  // namespace

Result<std::string> on_one_line(const std::string& document) {
  TRY(const Json status, parse(document));
  return status.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<StatusScreen> draw_status(const std::string& document, const ScreenSize& size) {
  TRY(const Json status, parse(document));
  StatusScreen out;
  try {
    std::vector<std::string> lines = head_lines(status);
    out.healthy = status.at("ready").get<bool>();
    const auto append = [&lines](std::vector<std::string> more) {
      lines.emplace_back();
      lines.insert(lines.end(), more.begin(), more.end());
    };
    append(trigger_lines(status));
    append(shard_lines(status));
    const std::size_t most = size.rows == 0 ? lines.size() : std::max<std::size_t>(size.rows, 4);
    const std::size_t hidden = lines.size() > most ? lines.size() - most + 1 : 0;
    for (std::size_t i = 0; i < lines.size() - hidden; ++i) {
      const std::string line = cut(lines[i], size.columns);
      const bool marked = size.color && i == 1;
      out.text += marked ? (out.healthy ? "\033[32m" : "\033[31m") + line + "\033[0m" : line;
      out.text += "\n";
    }
    if (hidden > 0)
      out.text += fmt::format("and {} more lines\n", hidden);
  } catch (const Json::exception& problem) {
    return fail(ErrorCode::Corrupt,
                std::string("the status document is not as documented: ") + problem.what());
  }
  return out;
}

}  // namespace kt::cli
