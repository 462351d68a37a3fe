#include "cli/test_expectation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

namespace kt::cli {
namespace {

using invoke::InvokeOutcome;

std::string list_text(const std::vector<std::uint32_t>& items) {
  return fmt::format("{}", fmt::join(items, ","));
}

}  // namespace

std::string_view word_for(InvokeOutcome outcome) {
  switch (outcome) {
    case InvokeOutcome::Done:
      return "ok";
    case InvokeOutcome::Partial:
      return "failures";
    case InvokeOutcome::Failed:
      return "error";
    case InvokeOutcome::Trapped:
      return "trap";
    case InvokeOutcome::TimedOut:
      return "timeout";
    case InvokeOutcome::OutOfMemory:
      return "memory";
    case InvokeOutcome::HostFault:
    case InvokeOutcome::Interrupted:
      break;
  }
  return "host";
}

std::vector<std::uint32_t> failed_records(const invoke::Invocation& ended, std::size_t count) {
  std::vector<std::uint32_t> out;
  if (ended.outcome == InvokeOutcome::Done)
    return out;
  if (ended.outcome == InvokeOutcome::Partial && !ended.failed_items.empty())
    return ended.failed_items;
  for (std::uint32_t i = ended.outcome == InvokeOutcome::Partial ? ended.first_failed : 0;
       i < count; ++i)
    out.push_back(i);
  return out;
}

Result<Expectation> parse_expectation(const std::string& text) {
  Expectation out;
  const auto equals = text.find('=');
  out.outcome = text.substr(0, equals);
  const std::string rest = equals == std::string::npos ? "" : text.substr(equals + 1);
  const bool known = out.outcome == "ok" || out.outcome == "error" || out.outcome == "trap" ||
                     out.outcome == "timeout" || out.outcome == "memory" ||
                     (out.outcome == "failures" && !rest.empty());
  const bool has_rest = equals != std::string::npos;
  if (!known || (has_rest && out.outcome != "error" && out.outcome != "failures")) {
    return fail(ErrorCode::Invalid,
                "--expect " + text.substr(0, 80) +
                    ": it is ok, error, error=TEXT, failures=0,2,…, trap, timeout or memory");
  }
  if (out.outcome == "error") {
    out.message = rest;
    return out;
  }
  for (std::size_t at = 0; at < rest.size();) {
    const std::size_t end = std::min(rest.find(',', at), rest.size());
    std::uint32_t index = 0;
    const auto read = std::from_chars(rest.data() + at, rest.data() + end, index);
    if (read.ec != std::errc() || read.ptr != rest.data() + end) {
      return fail(ErrorCode::Invalid,
                  "--expect " + text.substr(0, 80) + ": indexes of records, counted from 0");
    }
    out.failures.push_back(index);
    at = end + 1;
  }
  std::sort(out.failures.begin(), out.failures.end());
  return out;
}

std::string deviation(const Expectation& expected, const invoke::Invocation& ended,
                      std::size_t record_count) {
  const std::string_view outcome = word_for(ended.outcome);
  if (outcome != expected.outcome)
    return fmt::format("expected {}, but it ended with {}", expected.outcome, outcome);
  if (ended.message.find(expected.message) == std::string::npos)
    return fmt::format("expected an error with \"{}\"", expected.message);
  const auto failed = failed_records(ended, record_count);
  if (expected.outcome == "failures" && failed != expected.failures)
    return fmt::format("expected failures of {}, but {} failed", list_text(expected.failures),
                       list_text(failed));
  return "";
}

}  // namespace kt::cli
