#include "stream/shard_subscriber.h"

#include <algorithm>
#include <utility>

#include "runtime/with_deadline.h"

namespace kt::stream {
namespace {

/// Beside its frame an event takes this much: its records' views.
constexpr std::size_t kEventOverhead = 16 * 1024;
/// By how much the date of a tip is put back: an event was made before it arrived.
constexpr std::chrono::minutes kTipMargin{1};
/// An event that had to be waited for no longer than this ago is news, not a rest of the window.
constexpr Duration kFresh = std::chrono::seconds(10);
/// So many failures in a row, and the shard is polled for a while.
constexpr std::uint32_t kFailuresToPoll = 6;

}  // namespace

ShardSubscriber::ShardSubscriber(Deps deps, std::shared_ptr<ReadBudget> budget,
                                 FanOutConsumer& consumer, Options options, Log log)
    : cursor_(deps, std::move(budget), options.source, std::move(log)),
      polling_(cursor_),
      consumer_(consumer),
      options_(std::move(options)) {}

Task<Result<Unit>> ShardSubscriber::run() {
  auto last = co_await read_to_end();
  co_await cursor_.conclude(std::move(last));
  co_return Unit{};
}

Task<Result<Fetched>> ShardSubscriber::read_to_end() {
  Clock& clock = cursor_.deps().clock;
  for (;;) {
    End end;
    if (const auto refused = consumer_.refused_until()) {
      CO_TRY(end, poll_until(*refused));
    } else if (std::exchange(unsaid_end_, false)) {
      CO_TRY(end, poll_until(clock.now()));
    } else {
      auto followed = co_await follow();
      if (followed) {
        end = std::move(*followed);
      } else {
        CO_TRY(end, recover(followed.error()));
      }
    }
    if (end)
      co_return std::move(*end);
  }
}

Task<Result<ShardSubscriber::End>> ShardSubscriber::poll_until(MonotonicTime until) {
  if (!consumer_.refusal().empty())
    cursor_.probe().remark = "polled, because " + consumer_.refusal();
  co_return co_await polling_.read(until);
}

bool ShardSubscriber::is_known_closed() const {
  const Shard* listed = cursor_.deps().directory.lineage().find(cursor_.shard());
  return listed != nullptr && !listed->open();
}

Task<Result<ShardSubscriber::End>> ShardSubscriber::follow() {
  End end;
  if (cursor_.loss_possible() && cursor_.loss_check_due()) {
    CO_TRY(end, cursor_.check_data_loss());
    if (end)
      co_return end;
  }
  CO_TRY(std::string arn, consumer_.arn());
  Checkpoint from = cursor_.position();
  CO_TRY(auto subscription, cursor_.deps().api.subscribe_to_shard(cursor_.stream(), std::move(arn),
                                                                  cursor_.shard(), from));
  consumer_.accept();
  ++cursor_.probe().rebuilt_count;
  cursor_.probe().remark.clear();
  const std::uint64_t records = cursor_.probe().record_count;
  auto taken = co_await take(*subscription);
  // Emulators that do not say that a shard is at its end just end, or say nothing for ever.
  if (taken && !*taken)
    unsaid_end_ = unsaid_end_ || cursor_.probe().record_count == records;
  co_return taken;
}

Task<Result<ShardSubscriber::End>> ShardSubscriber::take(ShardSubscription& subscription) {
  Clock& clock = cursor_.deps().clock;
  const std::uint64_t moves = cursor_.moves();
  MonotonicTime read_at = clock.now();
  for (;;) {
    const bool fresh = clock.now() - read_at < kFresh;
    const WallTime asked_at = cursor_.deps().directory.service_now() - kTipMargin;
    const MonotonicTime deadline = clock.now() + options_.dead_air;
    SourceProbe& probe = cursor_.probe();
    probe.asking = true;
    auto coming = subscription.wait();
    CO_TRY(const std::size_t bytes, with_deadline(clock, deadline, std::move(coming),
                                                  "a subscription without sign of life"));
    probe.asking = false;
    if (bytes == 0)
      co_return std::nullopt;
    MemoryBudget::Share share = co_await cursor_.reserve(2 * bytes + kEventOverhead);
    probe.asking = true;
    auto reading = subscription.next();
    const MonotonicTime limit = clock.now() + options_.dead_air;
    CO_TRY(auto event,
           with_deadline(clock, limit, std::move(reading), "a subscription within an event"));
    probe.asking = false;
    read_at = clock.now();
    if (!event)
      co_return std::nullopt;
    std::optional<WallTime> complete_until;
    if (fresh)
      complete_until = asked_at;
    CO_TRY(End end, handle(std::move(*event), std::move(share), complete_until));
    if (end || moves != cursor_.moves())
      co_return end;
    if (unsaid_end_)
      co_return std::nullopt;
  }
}

Task<Result<ShardSubscriber::End>> ShardSubscriber::handle(PushedEvent event,
                                                           MemoryBudget::Share share,
                                                           std::optional<WallTime> complete_until) {
  End end;
  SourceProbe& probe = cursor_.probe();
  ++probe.read_count;
  if (cursor_.loss_possible()) {
    // What was dropped before this event is just absent from it.
    const std::uint64_t moves = cursor_.moves();
    CO_TRY(end, cursor_.check_data_loss());
    if (end || moves != cursor_.moves())
      co_return end;
  }
  failures_ = 0;
  probe.clear_trouble();
  unsaid_end_ = event.page->records.empty() && event.children.empty() && is_known_closed();
  co_await cursor_.hand_on(std::move(event.page), event.behind_latest, std::move(share),
                           complete_until);
  if (event.children.empty())
    co_return end;
  ShardClosed closed;
  closed.children = std::move(event.children);
  end = std::move(closed);
  co_return end;
}

Task<Result<ShardSubscriber::End>> ShardSubscriber::recover(Error error) {
  Clock& clock = cursor_.deps().clock;
  SourceProbe& probe = cursor_.probe();
  probe.asking = false;
  if (is_refusal(error)) {
    consumer_.refuse(error);
    co_return std::nullopt;
  }
  if (error.code == ErrorCode::InUse) {
    // Another subscription of ours less than five seconds ago, or another worker's.
    probe.note_trouble(error, clock.now());
    ++probe.throttled_count;
    co_await clock.sleep(options_.in_use_wait);
    co_return std::nullopt;
  }
  if (error.code == ErrorCode::NotFound) {
    // The consumer, the shard or the stream: polling tells which, and ends with the latter two.
    consumer_.forget();
    co_return co_await poll_until(clock.now());
  }
  // The first failure after an event is how subscriptions end in a network: no reason to wait.
  ++failures_;
  ++probe.failed_count;
  if (failures_ == 1)
    co_return std::nullopt;
  probe.note_trouble(error, clock.now());
  if (failures_ % kFailuresToPoll == 0) {
    cursor_.log().warn("subscribing to a shard keeps failing: it is polled for a while",
                       {{"code", name(error.code)}, {"error", error.what}});
    probe.remark = "polled, because " + error.what;
    co_return co_await polling_.read(clock.now() + options_.poll_while_failing);
  }
  co_await clock.sleep(cursor_.options().backoff.delay(failures_, cursor_.deps().random));
  co_return std::nullopt;
}

}  // namespace kt::stream
