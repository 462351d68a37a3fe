#include "stream/shard_cursor.h"

#include <algorithm>
#include <utility>

namespace kt::stream {
namespace {

constexpr Duration kLossCheckInterval = std::chrono::minutes(1);

/// A page with its share of the memory budget: both end with the last batch that was cut from it.
struct HeldPage {
  HeldPage(std::shared_ptr<const RecordPage> p, MemoryBudget::Share s, std::shared_ptr<Unit> t)
      : page(std::move(p)), share(std::move(s)), token(std::move(t)) {}

  std::shared_ptr<const RecordPage> page;
  MemoryBudget::Share share;
  std::shared_ptr<Unit> token;
};

std::size_t memory_of(const RecordPage& page) {
  std::size_t bytes = page.body.size() + page.records.size() * sizeof(Record);
  for (const std::string& payload : page.side)
    bytes += payload.size();
  return std::max(bytes, page.payload_bytes);
}

}  // namespace

Checkpoint rebuild_position(const Checkpoint& start,
                            const std::optional<ExtendedSequenceNumber>& last) {
  if (last)
    return After(*last);
  return start;
}

ShardCursor::ShardCursor(SourceDeps deps, std::shared_ptr<ReadBudget> budget, SourceOptions options,
                         Log log)
    : deps_(deps),
      budget_(std::move(budget)),
      options_(std::move(options)),
      log_(std::move(log)),
      out_(options_.queue_bytes_max),
      start_(options_.start),
      known_until_(known_until(options_.start, options_.start_arrival)),
      tip_told_(known_until_) {}

bool ShardCursor::loss_check_due() const {
  return !loss_checked_ || deps_.clock.now() >= *loss_checked_ + kLossCheckInterval;
}

bool ShardCursor::loss_possible() const {
  return may_be_overtaken(position(), known_until_, deps_.directory.retention_horizon());
}

Task<Result<std::optional<Fetched>>> ShardCursor::check_data_loss() {
  CO_TRY(auto oldest, read_oldest(deps_.api, *budget_, stream(), options_.shard));
  loss_checked_ = deps_.clock.now();
  std::optional<Fetched> end;
  auto range = lost_range(options_.shard, position(), known_until_, oldest);
  if (!range)
    co_return end;
  log_.error("records were lost", {{"range", to_string(*range)}});
  DataLost lost;
  lost.range = std::move(*range);
  if (options_.on_data_loss == OnDataLoss::Fail) {
    end = std::move(lost);
    co_return end;
  }
  Fetched told = std::move(lost);
  co_await out_.push(std::move(told), 0);
  start_ = TrimHorizon();
  last_.reset();
  known_until_ = deps_.directory.service_now();
  ++moves_;
  co_return end;
}

Task<MemoryBudget::Share> ShardCursor::reserve(std::size_t bytes) {
  // The page lets go of its token before its share comes back.
  auto holds_some = [this] { return token_.use_count() > 1; };
  auto reserved = deps_.memory.reserve(bytes, std::move(holds_some));
  probe_.wants_memory = true;
  MemoryBudget::Share share = co_await std::move(reserved);
  probe_.wants_memory = false;
  co_return share;
}

Task<void> ShardCursor::hand_on(std::shared_ptr<const RecordPage> page,
                                std::chrono::milliseconds behind_latest, MemoryBudget::Share share,
                                std::optional<WallTime> complete_until) {
  probe_.behind_latest = behind_latest;
  const std::size_t first = first_new(*page);
  const std::size_t count = page->records.size();
  if (first < count) {
    const Record& last = page->records.back();
    last_ = ExtendedSequenceNumber(SequenceNumber(last.sequence_number));
    known_until_ = last.approximate_arrival;
    probe_.record_count += count - first;
    probe_.byte_count += page->payload_bytes;
    const std::size_t bytes = memory_of(*page);
    share.shrink_to(bytes);
    auto held = std::make_shared<HeldPage>(std::move(page), std::move(share), token_);
    FetchedPage fetched;
    fetched.page = std::shared_ptr<const RecordPage>(held, held->page.get());
    fetched.first = first;
    fetched.behind_latest = behind_latest;
    held.reset();
    Fetched item = std::move(fetched);
    co_await out_.push(std::move(item), bytes);
  }
  if (behind_latest.count() == 0 && complete_until)
    co_await tell_tip(*complete_until);
}

Task<void> ShardCursor::conclude(Result<Fetched> last) {
  Fetched item;
  if (last) {
    item = std::move(*last);
  } else {
    PollFailed failed;
    failed.error = std::move(last).error();
    item = std::move(failed);
  }
  co_await out_.push(std::move(item), 0);
}

std::size_t ShardCursor::first_new(const RecordPage& page) const {
  // A service that answers with records before the asked place must not make us go backwards.
  const auto* after = std::get_if<After>(&start_);
  const auto* at = std::get_if<AtSequenceNumber>(&start_);
  std::string_view bound;
  bool with_bound = false;  // a record at the bound is new: asked for, or an unfinished aggregate
  if (last_) {
    bound = last_->sequence.view();
  } else if (after != nullptr) {
    bound = after->position.sequence.view();
    with_bound = !after->position.whole();
  } else if (at != nullptr) {
    bound = at->sequence.view();
    with_bound = true;
  }
  if (bound.empty())
    return 0;
  std::size_t first = 0;
  for (; first < page.records.size(); ++first) {
    const auto order = compare_sequence_numbers(page.records[first].sequence_number, bound);
    if (order > 0 || (order == 0 && with_bound))
      break;
  }
  return first;
}

Task<void> ShardCursor::tell_tip(WallTime complete_until) {
  known_until_ = known_until_ ? std::max(*known_until_, complete_until) : complete_until;
  const auto retention = deps_.directory.description().retention;
  const std::chrono::milliseconds often = retention;
  TipReached tip;
  tip.time = complete_until;
  tip.worth_storing = !tip_told_ || complete_until - *tip_told_ >= often / 8;
  if (!tip.worth_storing && !(options_.tell_every_tip && out_.empty()))
    co_return;
  if (tip.worth_storing)
    tip_told_ = complete_until;
  Fetched item = std::move(tip);
  co_await out_.push(std::move(item), 0);
}

}  // namespace kt::stream
