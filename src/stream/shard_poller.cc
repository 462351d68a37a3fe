#include "stream/shard_poller.h"

#include <algorithm>
#include <utility>

namespace kt::stream {
namespace {

/// How many reads in a row must find nothing behind the last record of a closed shard, where the
/// service says that something is left.
constexpr int kEmptyEndsBelieved = 5;
/// What the largest answer takes: 10 MiB of payload with the frame around it.
constexpr std::size_t kAnswerBytesMax = limits::kBytesPerGet + 1024 * 1024;
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

ShardPoller::ShardPoller(Deps deps, std::shared_ptr<ReadBudget> budget, Options options, Log log)
    : deps_(deps),
      budget_(std::move(budget)),
      options_(std::move(options)),
      log_(std::move(log)),
      pace_(options_.idle_wait),
      out_(options_.queue_bytes_max),
      start_(options_.start),
      known_until_(known_until(options_.start, options_.start_arrival)),
      tip_told_(known_until_) {}

Task<Result<Unit>> ShardPoller::run() {
  auto last = co_await read_to_end();
  Fetched item;
  if (last) {
    item = std::move(*last);
  } else {
    PollFailed failed;
    failed.error = std::move(last).error();
    item = std::move(failed);
  }
  co_await out_.push(std::move(item), 0);
  co_return Unit{};
}

Task<Result<Fetched>> ShardPoller::read_to_end() {
  for (;;) {
    auto end = co_await read_once();
    if (!end && is_final(end.error()))
      co_return fail(std::move(end).error());
    if (!end) {
      co_await back_off(end.error());
      continue;
    }
    if (*end)
      co_return std::move(**end);
  }
}

Task<Result<std::optional<Fetched>>> ShardPoller::read_once() {
  std::optional<Fetched> end;
  if (loss_possible() && loss_check_due()) {
    CO_TRY(end, check_data_loss());
    if (end)
      co_return end;
  }
  if (!iterator_) {
    Checkpoint from = position();
    CO_TRY(iterator_, deps_.api.get_shard_iterator(deps_.directory.stream(), options_.shard, from));
  }
  co_await budget_->acquire();
  MemoryBudget::Share share = co_await reserve_memory();
  const MonotonicTime sent = deps_.clock.now();
  const WallTime asked_at = deps_.directory.service_now();
  CO_TRY(RecordsAnswer answer,
         deps_.api.get_records(deps_.directory.stream(), *iterator_, limits::kRecordsPerGet));
  ++probe_.read_count;
  ReadResult result;
  result.record_count = answer.page->records.size();
  result.behind_latest = answer.behind_latest;
  budget_->spend(answer.page->payload_bytes);
  if (loss_possible()) {
    // What was dropped before this answer is just absent from it: only a look afterwards can tell.
    CO_TRY(end, check_data_loss());
    if (end || !iterator_)
      co_return end;
  }
  auto next = std::move(answer.next);
  auto children = std::move(answer.children);
  co_await hand_on(std::move(answer), std::move(share), asked_at);
  if (!next) {
    iterator_.reset();
    CO_TRY(end, confirm_end(std::move(children), result));
    co_return end;
  }
  failures_ = 0;
  probe_.trouble.clear();
  iterator_ = std::move(next);
  co_await deps_.clock.sleep_until(sent + pace_.wait_after(result));
  co_return end;
}

bool ShardPoller::loss_check_due() const {
  return !loss_checked_ || deps_.clock.now() >= *loss_checked_ + kLossCheckInterval;
}

bool ShardPoller::loss_possible() const {
  return may_be_overtaken(position(), known_until_, deps_.directory.retention_horizon());
}

Task<Result<std::optional<Fetched>>> ShardPoller::check_data_loss() {
  CO_TRY(auto oldest, read_oldest(deps_.api, *budget_, deps_.directory.stream(), options_.shard));
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
  iterator_.reset();
  co_return end;
}

Task<MemoryBudget::Share> ShardPoller::reserve_memory() {
  // The page lets go of its token before its share comes back.
  auto holds_some = [this] { return token_.use_count() > 1; };
  auto reserved = deps_.memory.reserve(kAnswerBytesMax, std::move(holds_some));
  co_return co_await std::move(reserved);
}

Task<void> ShardPoller::hand_on(RecordsAnswer answer, MemoryBudget::Share share,
                                WallTime asked_at) {
  std::shared_ptr<const RecordPage> page = std::move(answer.page);
  probe_.behind_latest = answer.behind_latest;
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
    fetched.behind_latest = answer.behind_latest;
    held.reset();
    Fetched item = std::move(fetched);
    co_await out_.push(std::move(item), bytes);
  }
  if (answer.behind_latest.count() == 0)
    co_await tell_tip(asked_at);
}

std::size_t ShardPoller::first_new(const RecordPage& page) const {
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

Task<void> ShardPoller::tell_tip(WallTime asked_at) {
  known_until_ = known_until_ ? std::max(*known_until_, asked_at) : asked_at;
  const auto retention = deps_.directory.description().retention;
  const std::chrono::milliseconds often = retention;
  if (tip_told_ && asked_at - *tip_told_ < often / 8)
    co_return;
  tip_told_ = asked_at;
  TipReached tip;
  tip.time = asked_at;
  Fetched item = std::move(tip);
  co_await out_.push(std::move(item), 0);
}

bool ShardPoller::believe_end(const ReadResult& read) {
  if (!std::exchange(known_closed_, true) || read.record_count > 0) {
    empty_ends_ = 0;
    return false;
  }
  // Some emulators count the time since a shard was closed as a lag for ever.
  return read.behind_latest.count() == 0 || ++empty_ends_ >= kEmptyEndsBelieved;
}

Task<Result<std::optional<Fetched>>> ShardPoller::confirm_end(std::vector<Shard> children,
                                                              ReadResult read) {
  ShardClosed closed;
  closed.children = std::move(children);
  if (closed.children.empty()) {
    CO_TRY(deps_.directory.refresh());
    const Shard* listed = deps_.directory.lineage().find(options_.shard);
    if (listed != nullptr && listed->open())
      co_return fail(ErrorCode::Unavailable,
                     "the answer has no next iterator, but " + options_.shard.str() + " is open");
    // An answer that merely lacks its iterator must not end the shard: the end is believed when a
    // read that began after the shard was known to be closed finds nothing behind the last record.
    if (!believe_end(read))
      co_return std::nullopt;
    closed.children = deps_.directory.lineage().children_of(options_.shard);
  }
  std::optional<Fetched> end = std::move(closed);
  co_return end;
}

bool ShardPoller::is_final(const Error& error) const {
  return error.code == ErrorCode::NotFound;
}

Task<void> ShardPoller::back_off(const Error& error) {
  const bool stale = error.code == ErrorCode::ExpiredIterator || error.code == ErrorCode::Invalid;
  if (stale) {
    ++probe_.rebuilt_count;
    iterator_.reset();
  } else if (error.code == ErrorCode::Throttled) {
    ++probe_.throttled_count;
  } else {
    ++probe_.failed_count;
  }
  ++failures_;
  if (stale && failures_ == 1)
    co_return;
  probe_.trouble = error.what;
  if (!is_transient(error.code) || failures_ % 10 == 5)
    log_.warn("reading a shard fails, will repeat",
              {{"failures", failures_}, {"code", name(error.code)}, {"error", error.what}});
  co_await deps_.clock.sleep(options_.backoff.delay(failures_, deps_.random));
}

}  // namespace kt::stream
