#include "stream/read_budget.h"

#include <algorithm>
#include <cmath>

namespace kt::stream {
namespace {

constexpr double kBytesPerSecond = static_cast<double>(limits::kReadBytesPerSecond);

}  // namespace

double ReadBudget::tokens_at(MonotonicTime now) const {
  const std::chrono::duration<double> passed = now - tokens_time_;
  return std::min(kBytesPerSecond, tokens_ + passed.count() * kBytesPerSecond);
}

MonotonicTime ReadBudget::next_read() const {
  const MonotonicTime now = clock_.now();
  if (pacing_ == Pacing::Off)
    return now;
  MonotonicTime when = reads_[oldest_] + kWindow;
  const double tokens = tokens_at(now);
  if (tokens < 0) {
    const auto wait = static_cast<Duration::rep>(std::ceil(-tokens / kBytesPerSecond * 1e6));
    when = std::max(when, now + Duration(wait));
  }
  return when;
}

Task<void> ReadBudget::acquire() {
  for (;;) {
    const MonotonicTime when = next_read();
    if (when <= clock_.now())
      break;
    co_await clock_.sleep_until(when);
  }
  reads_[oldest_] = clock_.now();
  oldest_ = (oldest_ + 1) % reads_.size();
}

void ReadBudget::spend(std::size_t bytes) {
  const double cost = static_cast<double>(bytes);
  double tokens = tokens_at(clock_.now());
  if (cost > kBytesPerSecond)
    tokens = std::min(tokens, 0.0);
  tokens_ = tokens - cost;
  tokens_time_ = clock_.now();
}

std::shared_ptr<ReadBudget> ReadBudgets::of(const EndpointName& endpoint, const StreamArn& stream,
                                            const ShardId& shard) {
  std::erase_if(budgets_, [](const auto& entry) { return entry.second.expired(); });
  auto& known = budgets_[Key(endpoint, stream, shard)];
  auto budget = known.lock();
  if (!budget) {
    budget = std::make_shared<ReadBudget>(clock_, pacing_);
    known = budget;
  }
  return budget;
}

}  // namespace kt::stream
