#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>

namespace kt::cli {
namespace {

/// A sequence number's end tells more than its beginning.
std::string shortened(const std::string& checkpoint) {
  constexpr std::size_t kLongest = 24;
  if (checkpoint.size() <= kLongest)
    return checkpoint;
  return "…" + checkpoint.substr(checkpoint.size() - 12);
}

}  // namespace

std::string Progress::line(std::chrono::seconds running, double rate, std::uint64_t records,
                           const std::vector<ShardStatus>& shards) {
  constexpr std::size_t kShardsShown = 4;
  std::int64_t behind = 0;
  std::string positions;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    behind = std::max(behind, shards[i].millis_behind_latest);
    if (i >= kShardsShown)
      continue;
    const std::string& id = shards[i].shard.str();
    const auto digits = id.find_first_not_of('0', id.find('-') + 1);
    positions += fmt::format(" | {} {}", digits == std::string::npos ? "0" : id.substr(digits),
                             shortened(shards[i].checkpoint));
    if (shards[i].failing_attempts > 0)
      positions += fmt::format(" (failed {}×)", shards[i].failing_attempts);
  }
  if (shards.size() > kShardsShown)
    positions += fmt::format(" | {} more", shards.size() - kShardsShown);
  return fmt::format("{} s  {:.0f} records/s  {} records  {} shards  {:.1f} s behind{}",
                     running.count(), rate, records, shards.size(),
                     static_cast<double>(behind) / 1000.0, positions);
}

Task<Result<Unit>> Progress::run() {
  constexpr Duration kPause = std::chrono::seconds(1);
  const MonotonicTime begun = clock_.now();
  MonotonicTime last = begun;
  std::uint64_t before = 0;
  for (;;) {
    co_await clock_.sleep(kPause);
    std::uint64_t records = 0;
    for (const worker::ConsumerProbe& probe : worker_.probes())
      records += probe.records_done;
    const MonotonicTime now = clock_.now();
    const double seconds = static_cast<double>((now - last).count()) / 1e6;
    const double rate = static_cast<double>(records - before) / seconds;
    const auto running = std::chrono::duration_cast<std::chrono::seconds>(now - begun);
    const std::string text = line(running, rate, records, worker_.status());
    out_ << (in_place_ ? "\r\033[K" + text : text + "\n");
    out_.flush();
    last = now;
    before = records;
  }
}

}  // namespace kt::cli
