#include "stream/poll_loop.h"

#include <utility>

namespace kt::stream {
namespace {

/// How many reads in a row must find nothing behind the last record of a closed shard, where the
/// service says that something is left.
constexpr int kEmptyEndsBelieved = 5;
/// What the largest answer takes: 10 MiB of payload with the frame around it.
constexpr std::size_t kAnswerBytesMax = limits::kBytesPerGet + 1024 * 1024;

}  // namespace

Task<Result<std::optional<Fetched>>> PollLoop::read(std::optional<MonotonicTime> until) {
  iterator_.reset();  // somebody else may have moved the cursor since
  for (;;) {
    auto end = co_await read_once();
    if (!end && end.error().code == ErrorCode::NotFound)
      co_return fail(std::move(end).error());
    if (!end)
      co_await back_off(end.error());
    else if (*end)
      co_return end;
    if (until && deps_.clock.now() >= *until)
      co_return std::nullopt;
  }
}

Task<Result<std::optional<Fetched>>> PollLoop::read_once() {
  std::optional<Fetched> end;
  if (cursor_.loss_possible() && cursor_.loss_check_due()) {
    CO_TRY(end, cursor_.check_data_loss());
    if (end)
      co_return end;
  }
  if (moves_ != cursor_.moves())
    iterator_.reset();
  if (!iterator_) {
    Checkpoint from = cursor_.position();
    moves_ = cursor_.moves();
    cursor_.probe().asking = true;
    CO_TRY(iterator_, deps_.api.get_shard_iterator(cursor_.stream(), cursor_.shard(), from));
  }
  cursor_.probe().asking = false;
  co_await cursor_.budget().acquire();
  MemoryBudget::Share share = co_await cursor_.reserve(kAnswerBytesMax);
  const MonotonicTime sent = deps_.clock.now();
  const WallTime asked_at = deps_.directory.service_now();
  cursor_.probe().asking = true;
  CO_TRY(RecordsAnswer answer,
         deps_.api.get_records(cursor_.stream(), *iterator_, limits::kRecordsPerGet));
  SourceProbe& probe = cursor_.probe();
  probe.asking = false;
  probe.read_time += deps_.clock.now() - sent;
  ++probe.read_count;
  ReadResult result;
  result.record_count = answer.page->records.size();
  result.behind_latest = answer.behind_latest;
  cursor_.budget().spend(answer.page->payload_bytes);
  if (cursor_.loss_possible()) {
    // What was dropped before this answer is just absent from it: only a look afterwards can tell.
    CO_TRY(end, cursor_.check_data_loss());
    if (end || moves_ != cursor_.moves())
      co_return end;
  }
  co_await cursor_.hand_on(std::move(answer.page), answer.behind_latest, std::move(share),
                           asked_at);
  if (!answer.next) {
    iterator_.reset();
    CO_TRY(end, confirm_end(std::move(answer.children), result));
    co_return end;
  }
  failures_ = 0;
  probe.clear_trouble();
  iterator_ = std::move(answer.next);
  co_await deps_.clock.sleep_until(sent + pace_.wait_after(result));
  co_return end;
}

bool PollLoop::believe_end(const ReadResult& read) {
  if (!std::exchange(known_closed_, true) || read.record_count > 0) {
    empty_ends_ = 0;
    return false;
  }
  // Some emulators count the time since a shard was closed as a lag for ever.
  return read.behind_latest.count() == 0 || ++empty_ends_ >= kEmptyEndsBelieved;
}

Task<Result<std::optional<Fetched>>> PollLoop::confirm_end(std::vector<Shard> children,
                                                           ReadResult read) {
  ShardClosed closed;
  closed.children = std::move(children);
  if (closed.children.empty()) {
    CO_TRY(deps_.directory.refresh());
    const Shard* listed = deps_.directory.lineage().find(cursor_.shard());
    if (listed != nullptr && listed->open())
      co_return fail(ErrorCode::Unavailable,
                     "the answer has no next iterator, but " + cursor_.shard().str() + " is open");
    // An answer that merely lacks its iterator must not end the shard: the end is believed when a
    // read that began after the shard was known to be closed finds nothing behind the last record.
    if (!believe_end(read))
      co_return std::nullopt;
    closed.children = deps_.directory.lineage().children_of(cursor_.shard());
  }
  std::optional<Fetched> end = std::move(closed);
  co_return end;
}

Task<void> PollLoop::back_off(const Error& error) {
  SourceProbe& probe = cursor_.probe();
  probe.asking = false;
  const bool stale = error.code == ErrorCode::ExpiredIterator || error.code == ErrorCode::Invalid;
  if (stale) {
    ++probe.rebuilt_count;
    iterator_.reset();
  } else if (error.code == ErrorCode::Throttled) {
    ++probe.throttled_count;
  } else {
    ++probe.failed_count;
  }
  ++failures_;
  if (stale && failures_ == 1)
    co_return;
  probe.note_trouble(error, deps_.clock.now());
  if (!is_transient(error.code) || failures_ % 10 == 5)
    cursor_.log().warn(
        "reading a shard fails, will repeat",
        {{"failures", failures_}, {"code", name(error.code)}, {"error", error.what}});
  co_await deps_.clock.sleep(cursor_.options().backoff.delay(failures_, deps_.random));
}

}  // namespace kt::stream
