// What a lane does for tumbling windows (worker/tumbling_window.h): final calls, and the state that
// each call has to return.
#include <utility>

#include "worker/lane.h"

namespace kt::worker {
namespace {

/// Not the handler's answer, but what is wrong with it.
void fail_for_state(invoke::Invocation& ended) {
  ended.outcome = invoke::InvokeOutcome::Failed;
  ended.first_failed = 0;
  ended.failed_items.clear();
  ended.message =
      "the handler returned no window state: with tumbling_window_seconds every call but a final "
      "one has to";
}

}  // namespace

bool Lane::window_must_end() const {
  if (window_ == nullptr || !window_->open())
    return false;
  const bool merged = deps_.host.closing() && deps_.batcher.empty() && deps_.host.ends_window();
  return merged || window_->over(deps_.batcher.front_window());
}

Task<Next> Lane::end_window() {
  invoke::CallContext context = options_.call;
  window_->describe_final(context);
  if (!window_->over(deps_.batcher.front_window()))
    TumblingWindow::mark_early(context);
  const Next called = co_await call_final(std::move(context));
  if (called == Next::Stop)
    co_return called;
  window_->end();
  // A record may still come that is dated before the end: it belongs to the next window.
  deps_.batcher.open_window(*window_->earliest());
  co_return co_await settle();
}

Task<Next> Lane::end_window_early(std::shared_ptr<const std::string> state, WallTime start) {
  invoke::CallContext context = options_.call;
  window_->describe(start, context);
  TumblingWindow::mark_early(context);
  context.window_state = std::move(state);
  co_return co_await call_final(std::move(context));
}

/// Until it succeeds: what was carried can go nowhere else.
Task<Next> Lane::call_final(invoke::CallContext context) {
  static const auto kNoRecords = std::make_shared<const Batch>();
  TriggerCounters& counters = deps_.counters;
  for (std::uint32_t failures = 1;; ++failures) {
    if (may_act() == Next::Stop)
      co_return Next::Stop;
    invoke::CallContext attempt = context;
    attempt.behind_latest = deps_.host.behind_latest();
    ++counters.calls;
    state_ = State::Calling;
    const MonotonicTime deadline = deps_.clock.now() + options_.handler_timeout;
    auto ended = co_await deps_.guest.handle(kNoRecords, std::move(attempt), deadline);
    state_ = State::Waiting;
    counters.call_time += ended.took;
    counters.call_durations.observe(ended.took);
    if (deps_.host.ended())
      co_return Next::Stop;
    const invoke::Verdict verdict = invoke::assess(ended, 0);
    if (verdict.kind == invoke::Verdict::Kind::NotMade) {
      ++counters.interrupted_calls;
      if (deps_.host.stopping())
        co_return Next::Stop;
    }
    if (verdict.kind == invoke::Verdict::Kind::Done)
      break;
    ++counters.failed_calls;
    ++counters.retries;
    if (invoke::spends_attempt(ended.outcome))
      ++context.attempt;
    note_trouble(Reason::HandlerFailing,
                 "the final call of the window from " + to_rfc3339(context.window->start) + ": " +
                     std::string(name(ended.outcome)) + ": " + ended.message);
    log_.warn("the final call of a window failed, will be made again",
              {{"window", to_rfc3339(context.window->start)},
               {"outcome", name(ended.outcome)},
               {"failures", failures},
               {"message", ended.message}});
    const Next rested = co_await rest(deps_.policy.delay(failures));
    if (rested == Next::Stop)
      co_return rested;
  }
  clear_trouble();
  co_return Next::GoOn;
}

Task<Next> Lane::keep_window_state(invoke::Invocation& ended) {
  using Kind = invoke::Verdict::Kind;
  const std::shared_ptr<const Batch> batch = jobs_.front().batch;
  const Kind kind = invoke::assess(ended, batch->records.size()).kind;
  if (kind != Kind::Done && kind != Kind::Progress)
    co_return Next::GoOn;
  if (!ended.window_state) {
    fail_for_state(ended);
    co_return Next::GoOn;
  }
  std::string state = *std::exchange(ended.window_state, std::nullopt);
  const WallTime start = *batch->window_start;
  if (state.size() <= kWindowStateMax) {
    window_->take(start, std::move(state));
    co_return Next::GoOn;
  }
  // Before the batch is finished: a kill in between repeats it, and with it the long state.
  auto kept = std::make_shared<const std::string>(std::move(state));
  log_.warn("a window ends early: its state is longer than can be kept",
            {{"window", to_rfc3339(start)}, {"bytes", kept->size()}, {"max", kWindowStateMax}});
  const Next called = co_await end_window_early(std::move(kept), start);
  if (called == Next::GoOn)
    window_->start_afresh(start);
  co_return called;
}

}  // namespace kt::worker
