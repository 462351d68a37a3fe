#include "admin/status_page.h"

#include <fmt/format.h>

#include "admin/words.h"

namespace kt::admin {
namespace {

constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="5">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>trigger-kinesis</title>
<style>
:root{color-scheme:light dark;--line:#8884;--soft:#888;--bad:#c33;--odd:#b70;--good:#2a7}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:80rem;padding:0 1rem}
h1{font-size:1.3rem;margin:0}h2{font-size:1rem;margin:2rem 0 .5rem}
p{margin:.3rem 0}.soft{color:var(--soft)}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.3rem .8rem .3rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600;color:var(--soft)}td.n,th.n{text-align:right}
.broken{color:var(--bad)}.warning{color:var(--odd)}.fine{color:var(--good)}
code{font-size:.9em}.scroll{overflow-x:auto}
</style></head><body>
)";

std::string_view class_of(Reason reason) {
  switch (severity(reason)) {
    case Severity::Broken:
      return "broken";
    case Severity::Warning:
      return "warning";
    case Severity::Waiting:
    case Severity::Fine:
      return "soft";
  }
  return "soft";
}

std::string cell(std::string_view text) {
  return "<td>" + escape_html(text) + "</td>";
}
std::string number(std::string_view text) {
  return "<td class=\"n\">" + escape_html(text) + "</td>";
}

void write_findings(std::string& out, const Readiness& found) {
  if (found.ready())
    out += "<p class=\"fine\">Ready.</p>\n";
  const auto write = [&out](const Finding& one) {
    out += fmt::format("<p class=\"{}\">{}{}{}: {}</p>\n", class_of(one.reason),
                       escape_html(one.application), one.shard.empty() ? "" : " ",
                       escape_html(one.shard),
                       escape_html(one.detail.empty() ? describe(one.reason) : one.detail));
  };
  constexpr std::size_t kShown = 20;
  for (const auto* list : {&found.reasons, &found.warnings}) {
    for (std::size_t i = 0; i < list->size() && i < kShown; ++i)
      write((*list)[i]);
    if (list->size() > kShown)
      out += fmt::format("<p class=\"soft\">and {} more</p>\n", list->size() - kShown);
  }
}

void write_triggers(std::string& out, const WorkerStatus& worker) {
  out +=
      "<h2>Triggers</h2><div class=\"scroll\"><table><tr><th>application</th><th>stream</th>"
      "<th class=\"n\">records</th><th class=\"n\">bytes</th><th class=\"n\">calls</th>"
      "<th class=\"n\">failed calls</th><th class=\"n\">set aside</th><th>reason</th></tr>\n";
  for (const TriggerStatus& trigger : worker.triggers) {
    const TriggerCounters& counters = trigger.counters;
    out += "<tr>" + cell(trigger.application.view()) + cell(trigger.stream) +
           number(as_count(counters.records_done)) + number(as_bytes(counters.bytes_done)) +
           number(as_count(counters.calls)) + number(as_count(counters.failed_calls)) +
           number(as_count(counters.delivered_records));
    out += fmt::format("<td class=\"{}\">{}{}{}</td></tr>\n", class_of(trigger.reason),
                       trigger.reason == Reason::None ? "" : name(trigger.reason),
                       trigger.detail.empty() ? "" : ": ", escape_html(trigger.detail));
  }
  out += "</table></div>\n";
}

void write_shards(std::string& out, std::vector<ShardStatus> shards) {
  sort_by_trouble(shards);
  out +=
      "<h2>Shards</h2><div class=\"scroll\"><table><tr><th>shard</th><th>application</th>"
      "<th>position</th><th class=\"n\">behind</th><th class=\"n\">in flight</th>"
      "<th class=\"n\">failures</th><th class=\"n\">records</th><th>state</th></tr>\n";
  std::size_t shown = 0;
  std::size_t hidden = 0;
  for (const ShardStatus& shard : shards) {
    if (shard.shard.empty())
      continue;
    if (shown == kShardsOnPage) {
      ++hidden;
      continue;
    }
    ++shown;
    out += "<tr>" + cell(shard.shard.view()) + cell(shard.application.view());
    out += "<td><code title=\"" + escape_html(shard.checkpoint) + "\">" +
           escape_html(as_position(shard.checkpoint)) + "</code></td>";
    out += number(as_duration(lag_millis(shard))) + number(as_count(shard.records_in_flight)) +
           number(as_count(shard.failing_attempts)) + number(as_count(shard.records_done));
    out += fmt::format("<td class=\"{}\">{}{}{}</td></tr>\n", class_of(shard.reason),
                       escape_html(shard.reason == Reason::None ? std::string_view(shard.state)
                                                                : describe(shard.reason)),
                       shard.detail.empty() ? "" : ": ", escape_html(shard.detail));
  }
  out += "</table></div>\n";
  if (hidden > 0)
    out += fmt::format(
        "<p class=\"soft\">and {} more: see <a href=\"/api/status\">/api/status</a>"
        "</p>\n",
        hidden);
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string status_page(const WorkerStatus& worker, const std::vector<ShardStatus>& shards,
                        std::string_view program_version) {
  std::string out(kHead);
  const auto uptime = std::chrono::duration_cast<std::chrono::milliseconds>(worker.uptime).count();
  out += fmt::format(
      "<h1>trigger-kinesis {}</h1>\n<p class=\"soft\">worker {}, up {}, {} of {} read ahead</p>\n",
      escape_html(program_version), escape_html(worker.worker.view()), as_duration(uptime),
      as_bytes(worker.memory_used_bytes), as_bytes(worker.memory_budget_bytes));
  write_findings(out, readiness(worker, shards));
  write_triggers(out, worker);
  write_shards(out, shards);
  out +=
      "<p class=\"soft\"><a href=\"/metrics\">/metrics</a> · <a href=\"/healthz\">/healthz</a> · "
      "<a href=\"/readyz\">/readyz</a> · <a href=\"/api/status\">/api/status</a></p>\n"
      "</body></html>\n";
  return out;
}

}  // namespace kt::admin
