#include "worker/stream_consumer.h"

#include <algorithm>
#include <utility>

namespace kt::worker {

StreamConsumer::StreamConsumer(WorkerContext& context, Trigger trigger)
    : context_(context),
      trigger_(std::move(trigger)),
      log_(context.deps.log.with("application", trigger_.options.application.view())
               .with("stream", trigger_.options.stream.str())),
      directory_(context.deps.clock, trigger_.api, trigger_.options.stream),
      positions_(context, trigger_, directory_),
      nap_(context.deps.clock) {}

bool StreamConsumer::is_fatal(const Error& error) {
  return !is_transient(error.code) && error.code != ErrorCode::InUse &&
         error.code != ErrorCode::LimitExceeded && error.code != ErrorCode::ExpiredToken;
}

Task<Result<Unit>> StreamConsumer::prepare() {
  CO_TRY(directory_.describe());
  if (directory_.description().status == StreamStatus::Creating) {
    co_return fail(ErrorCode::InUse,
                   "stream " + trigger_.options.stream.str() + " is still being created");
  }
  CO_TRY(directory_.refresh());
  CO_TRY(auto lost, positions_.check_incarnations());
  probe_.lost_ranges += lost.size();
  if (!lost.empty() && context_.options.on_data_loss == stream::OnDataLoss::Fail) {
    stopped_ = true;
    reason_ = Reason::DataLost;
    const std::string advice =
        "set on_data_loss = \"continue\" in [application.trigger.kinesis] to go on with the new "
        "stream from its beginning";
    trouble_ = to_string(lost.front()) + "; " + advice;
    log_.error("stopped: the stream was deleted and created again",
               {{"lost", lost.size()}, {"advice", advice}});
    co_return Unit{};
  }
  CO_TRY(positions_.seed());
  CO_TRY(positions_.drop_old_incarnations());
  CO_TRY(positions_.load());
  std::vector<Shard> none;
  CO_TRY(positions_.add_missing(std::move(none)));
  prepared_ = true;
  trouble_.clear();
  co_return Unit{};
}

Task<Result<Unit>> StreamConsumer::consume() {
  Backoff backoff;
  std::uint32_t failures = 0;
  while (!draining_) {
    if (stopped_) {
      co_await nap_.rest(std::chrono::hours(1));
      continue;
    }
    auto step = prepared_ ? run_session() : run_preparation();
    auto ran = co_await std::move(step);
    if (ran) {
      failures = 0;
      continue;
    }
    ++failures;
    trouble_ = ran.error().what;
    reason_ = std::max(reason_of(ran.error()), Reason::Starting);
    log_.warn("a trigger can not run, will try again",
              {{"failures", failures}, {"code", name(ran.error().code)}, {"error", trouble_}});
    co_await nap_.rest(backoff.delay(failures, context_.deps.random));
  }
  co_return Unit{};
}

Task<Result<Unit>> StreamConsumer::run_preparation() {
  preparing_.emplace(context_.deps.loop);
  preparing_->spawn(prepare());
  co_return co_await preparing_->join();
}

Task<Result<Unit>> StreamConsumer::run_session() {
  const StreamSession::Deps deps{context_, trigger_, directory_, positions_, probe_};
  session_ = std::make_unique<StreamSession>(deps, log_);
  auto ended = co_await session_->run();
  session_.reset();
  prepared_ = false;
  reason_ = Reason::Starting;
  co_return ended;
}

void StreamConsumer::drain() {
  draining_ = true;
  nap_.stay_awake();
  if (preparing_)
    preparing_->cancel();
  if (session_)
    session_->drain();
}

TriggerStatus StreamConsumer::trigger_status() const {
  TriggerStatus out;
  out.application = trigger_.options.application;
  out.stream = trigger_.options.stream.str();
  out.component = trigger_.options.component;
  out.enabled = trigger_.options.enabled;
  out.counters = probe_;
  if (session_) {
    session_->describe(out);
    return out;
  }
  out.reason = reason_;
  out.detail = trouble_;
  return out;
}

std::vector<ShardStatus> StreamConsumer::status() const {
  if (session_)
    return session_->status();
  ShardStatus status;
  status.application = trigger_.options.application;
  status.stream = trigger_.options.stream.str();
  status.state = stopped_ ? "stopped: data loss" : "starting";
  status.reason = reason_;
  status.detail = trouble_;
  if (!trouble_.empty())
    status.state += ": " + trouble_;
  return {status};
}

}  // namespace kt::worker
