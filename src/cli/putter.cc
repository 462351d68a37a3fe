#include "cli/putter.h"

#include <algorithm>

#include "model/limits.h"

namespace kt::cli {
namespace {

constexpr std::size_t kBytesMax = limits::kBytesPerPut / 2;
/// Replayed records that are due so close together go in one request.
constexpr Duration kTogether = std::chrono::milliseconds(20);

std::size_t size_of(const stream::PutEntry& entry) {
  return entry.data.size() + entry.partition_key.size();
}

}  // namespace

Task<Result<Unit>> Putter::run() {
  begun_ = deps_.clock.now();
  progress_at_ = begun_;
  for (;;) {
    const auto filled = fill();
    if (!filled)
      co_return fail(filled.error());
    if (waiting_.empty())
      co_return Unit{};
    const MonotonicTime due = due_time();
    if (due > deps_.clock.now()) {
      co_await deps_.clock.sleep_until(due);
      progress_at_ = deps_.clock.now();
    }
    CO_TRY(send());
  }
}

/// As many records as one request takes, and no more than a tenth of a second's worth.
Result<Unit> Putter::fill() {
  std::size_t most = limits::kRecordsPerPut;
  if (options_.rate > 0)
    most = std::clamp<std::size_t>(static_cast<std::size_t>(options_.rate / 10), 1, most);
  std::size_t bytes = 0;
  keys_.clear();
  for (const stream::PutEntry& entry : waiting_) {
    bytes += size_of(entry);
    keys_.insert(entry.partition_key);
  }
  for (;;) {
    TRY(const bool any, look_ahead());
    if (!any || !fits(*ahead_, most, bytes))
      return Unit{};
    if (waiting_.empty())
      due_ = ahead_->due;
    bytes += size_of(ahead_->entry);
    keys_.insert(ahead_->entry.partition_key);
    waiting_.push_back(std::move(ahead_->entry));
    ahead_.reset();
  }
}

/// False: there are no more, or their time is over.
Result<bool> Putter::look_ahead() {
  if (options_.duration && deps_.clock.now() - begun_ >= *options_.duration)
    return false;
  if (!ahead_) {
    TRY(ahead_, deps_.source.next());
  }
  return ahead_.has_value();
}

bool Putter::fits(const PutRecord& record, std::size_t most, std::size_t bytes) const {
  if (waiting_.empty())
    return true;
  if (waiting_.size() >= most || bytes + size_of(record.entry) > kBytesMax)
    return false;
  if (options_.in_order && keys_.contains(record.entry.partition_key))
    return false;
  return !record.due || *record.due <= due_.value_or(Duration(0)) + kTogether;
}

MonotonicTime Putter::due_time() const {
  if (due_)
    return begun_ + *due_;
  if (options_.rate <= 0)
    return begun_;
  const double seconds = static_cast<double>(done_) / options_.rate;
  return begun_ + Duration(static_cast<std::int64_t>(seconds * 1e6));
}

/// Keeps what was refused; returns why, empty when all was taken.
Result<std::string> Putter::sort_out(const stream::PutRecordsAnswer& answer) {
  std::string refusal;
  std::vector<stream::PutEntry> refused;
  for (std::size_t i = 0; i < waiting_.size() && i < answer.outcomes.size(); ++i) {
    const auto& error = answer.outcomes[i].error;
    if (!error)
      continue;
    if (!is_transient(error->code))
      return fail(*error);
    refusal = error->what;
    refused.push_back(std::move(waiting_[i]));
  }
  done_ += waiting_.size() - refused.size();
  if (refused.size() < waiting_.size())
    progress_at_ = deps_.clock.now();
  waiting_ = std::move(refused);
  return refusal;
}

Task<Result<Unit>> Putter::send() {
  auto answer = co_await deps_.client.put_records(stream_, waiting_);
  std::string refusal;
  if (answer) {
    auto sorted = sort_out(*answer);
    if (!sorted)
      co_return fail(sorted.error());
    refusal = *std::move(sorted);
  } else if (is_transient(answer.error().code)) {
    refusal = answer.error().what;
  } else {
    co_return fail(answer.error());
  }
  if (refusal.empty()) {
    failures_ = 0;
    co_return Unit{};
  }
  constexpr Duration kPatience = std::chrono::seconds(60);
  if (deps_.clock.now() - progress_at_ > kPatience)
    co_return fail(ErrorCode::Unavailable, "no record was taken for a minute: " + refusal);
  const Duration delay = backoff_.delay(++failures_, deps_.random);
  co_await deps_.clock.sleep(delay);
  co_return Unit{};
}

}  // namespace kt::cli
