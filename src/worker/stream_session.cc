#include "worker/stream_session.h"

#include <algorithm>
#include <utility>

#include "runtime/with_deadline.h"
#include "stream/shard_poller.h"
#include "stream/shard_subscriber.h"

namespace kt::worker {
namespace {

constexpr Duration kDescribeEvery = std::chrono::seconds(30);
constexpr Duration kLookAfterShards = std::chrono::seconds(5);
constexpr Duration kStallMargin = std::chrono::seconds(10);
constexpr std::size_t kRestartsALook = 8;  ///< of a trigger: all at once would be a herd

lease::LeaseCoordinator::Options coordinator_options(const StreamSession::Deps& deps) {
  const WorkerOptions& options = deps.context.options;
  lease::LeaseCoordinator::Options out;
  out.mode = options.lease_mode;
  // Each trigger beats for itself: one that hangs must not keep another's leases alive.
  out.worker = WorkerId(options.worker.str() + "/" + deps.trigger.options.application.str());
  out.consumer = deps.positions.key();
  out.failover = options.failover;
  const Rules& rules = deps.context.rules;
  out.eligible = [&rules](std::span<const lease::Lease> rows) { return rules.eligible(rows); };
  return out;
}

}  // namespace

StreamSession::StreamSession(Deps deps, Log log)
    : deps_(deps),
      log_(std::move(log)),
      coordinator_(lease::LeaseCoordinator::Deps{deps.context.deps.clock, deps.context.deps.random,
                                                 deps.context.deps.table, *this, log_},
                   coordinator_options(deps)) {
  const TriggerOptions& trigger = deps_.trigger.options;
  if (trigger.enhanced_fan_out.empty())
    return;
  stream::FanOutConsumer::Options consumer;
  consumer.name_or_arn = trigger.enhanced_fan_out;
  fan_out_.emplace(deps_.context.deps.clock, deps_.trigger.api, trigger.stream, std::move(consumer),
                   log_);
}

Task<Result<Unit>> StreamSession::run() {
  group_.emplace(deps_.context.deps.loop);
  group_->spawn(coordinator_.run());
  group_->spawn(discover());
  group_->spawn(watch_shards());
  group_->spawn(serve_drain());
  auto ended = co_await group_->join();
  deps_.probe.beats += coordinator_.beats();
  deps_.probe.failed_beats += coordinator_.failed_beats();
  co_return ended;
}

void StreamSession::lease_taken(lease::HeldLeasePtr lease) {
  auto run = std::make_shared<ShardRun>(std::move(lease), deps_.context.deps.clock);
  runs_.push_back(run);
  ++deps_.probe.taken_leases;
  if (draining_)
    stop_run(*run);
  group_->spawn(run_shard(std::move(run)));
}

void StreamSession::lease_asked_back(lease::HeldLeasePtr lease) {
  for (const ShardRunPtr& run : runs_) {
    if (run->lease != lease || run->stopping)
      continue;
    stop_run(*run);
    group_->spawn(interrupt_later(run));
  }
}

void StreamSession::lease_lost(lease::HeldLeasePtr lease) {
  for (const ShardRunPtr& run : runs_) {
    if (run->lease != lease || run->lost || !deps_.context.rules.must_stop(lease->holding()))
      continue;
    run->lost = true;
    run->nap.stay_awake();
    ++deps_.probe.lost_leases;
    deps_.positions.remember(lease->row());
    if (run->consumer)
      run->consumer->lose_lease();
  }
}

void StreamSession::stop_run(ShardRun& run) {
  run.stopping = true;
  deps_.context.checkpointer.hurry();
  run.nap.stay_awake();
  if (run.consumer)
    run.consumer->drain();
}

Task<Result<Unit>> StreamSession::interrupt_later(ShardRunPtr run) {
  co_await deps_.context.deps.clock.sleep(deps_.context.options.drain_timeout);
  if (run->consumer)
    run->consumer->interrupt_call();
  co_return Unit{};
}

Task<Result<Unit>> StreamSession::run_shard(ShardRunPtr run) {
  co_await wait_for_predecessor(run);
  if (!deps_.trigger.options.enabled)
    co_await park(run);
  co_await consume(run);
  if (!run->lost && run->lease->lost()) {
    run->lost = true;
    ++deps_.probe.lost_leases;
  }
  if (run->consumer && run->consumer->exit() == ShardExit::LeaseLost) {
    coordinator_.report_lost(run->lease);
  } else if (!run->lost) {
    co_await coordinator_.release(run->lease);
    ++deps_.probe.released_leases;
  }
  runs_.remove(run);
  runs_changed_.notify_all();
  coordinator_.poke();
  co_return Unit{};
}

Task<void> StreamSession::wait_for_predecessor(ShardRunPtr run) {
  for (;;) {
    const auto first = std::find_if(runs_.begin(), runs_.end(), [&](const ShardRunPtr& other) {
      return other->lease->shard() == run->lease->shard();
    });
    if (first == runs_.end() || *first == run)
      co_return;
    co_await runs_changed_.wait();
  }
}

Task<void> StreamSession::park(ShardRunPtr run) {
  while (!run->stopping && !run->lost)
    co_await run->nap.rest(std::chrono::hours(1));
}

Task<void> StreamSession::consume(ShardRunPtr run) {
  Backoff backoff;
  for (std::uint32_t failures = 1; !run->stopping && !run->lost; ++failures) {
    run->consumer = make_consumer(run->lease);
    run->counted = false;
    co_await run->consumer->run();
    count_source(*run);
    const ShardExit exit = run->consumer->exit();
    if (exit == ShardExit::DataLost)
      co_await park(run);
    if (exit == ShardExit::Stalled) {
      // What it enqueued is finished work: where the next one starts must not lie before it.
      co_await deps_.context.checkpointer.flush();
      if (is_shard_end(run->lease->row().checkpoint))
        co_return;  // the last of that work was the end itself
      continue;
    }
    if (exit != ShardExit::Failed)
      co_return;
    log_.error("a shard can not be read, will try again",
               {{"shard", run->lease->shard().str()}, {"error", run->consumer->trouble()}});
    co_await run->nap.rest(backoff.delay(failures, deps_.context.deps.random));
  }
}

std::unique_ptr<stream::ShardSource> StreamSession::make_source(const lease::Lease& row,
                                                                const Log& log) {
  WorkerContext& context = deps_.context;
  const TriggerOptions& trigger = deps_.trigger.options;
  const stream::SourceDeps reading{context.deps.clock, context.deps.random, deps_.trigger.api,
                                   deps_.directory, context.memory};
  stream::SourceOptions poll;
  poll.shard = row.key.shard;
  poll.start = row.checkpoint;
  poll.start_arrival = row.checkpoint_arrival;
  poll.idle_wait = trigger.idle_wait;
  poll.queue_bytes_max = context.options.prefetch_bytes_max;
  poll.on_data_loss = context.options.on_data_loss;
  poll.tell_every_tip = trigger.tumbling_window.count() > 0;
  const Rules& rules = context.rules;
  poll.rebuild = [&rules](const Checkpoint& start,
                          const std::optional<ExtendedSequenceNumber>& last) {
    return rules.rebuild_position(start, last);
  };
  auto budget = context.budgets.of(trigger.endpoint, trigger.stream, row.key.shard);
  if (!fan_out_)
    return std::make_unique<stream::ShardPoller>(reading, std::move(budget), std::move(poll), log);
  stream::ShardSubscriber::Options push;
  push.source = std::move(poll);
  return std::make_unique<stream::ShardSubscriber>(reading, std::move(budget), *fan_out_,
                                                   std::move(push), log);
}

ShardConsumer::Options StreamSession::consumer_options(const lease::Lease& row) const {
  const TriggerOptions& trigger = deps_.trigger.options;
  ShardConsumer::Options options;
  options.intake.batch = trigger.batch;
  options.intake.batch.tumbling =
      std::chrono::duration_cast<std::chrono::milliseconds>(trigger.tumbling_window);
  options.intake.lanes = trigger.lanes;
  options.intake.filters = trigger.filters;
  options.intake.deaggregate = trigger.deaggregate;
  if (const auto* after = std::get_if<After>(&row.checkpoint); after && !after->position.whole())
    options.intake.resume_after = after->position;
  if (const Shard* shard = deps_.directory.lineage().find(row.key.shard))
    options.intake.hash_range = shard->hash_keys;
  options.lane.handler_timeout = trigger.handler_timeout;
  options.lane.limits = trigger.limits;
  options.lane.report_item_failures = trigger.report_item_failures;
  options.lane.may_reject =
      trigger.filters && trigger.filters->on_non_json() == filter::OnNonJson::Fail;
  options.lane.call.stream = trigger.stream;
  options.lane.call.stream_created = row.key.consumer.stream_created;
  options.lane.given_up.application = trigger.application;
  options.lane.given_up.component = trigger.component;
  options.lane.given_up.stream = trigger.stream;
  options.lane.given_up.stream_created = row.key.consumer.stream_created;
  options.quarantine = trigger.quarantine;
  if (trigger.on_poison == OnPoison::Shard)
    options.quarantine.keys_max = 0;
  options.retained_bytes_max = deps_.context.options.prefetch_bytes_max;
  options.on_data_loss = deps_.context.options.on_data_loss;
  return options;
}

std::unique_ptr<ShardConsumer> StreamSession::make_consumer(const lease::HeldLeasePtr& lease) {
  WorkerContext& context = deps_.context;
  const ShardConsumer::Deps deps{context.deps.clock,   context.deps.random,
                                 deps_.directory,      deps_.trigger.guest,
                                 context.policy,       deps_.trigger.destination,
                                 coordinator_,         context.checkpointer,
                                 context.memory,       *this,
                                 context.rules,        deps_.probe,
                                 context.deps.loop,    deps_.trigger.spill,
                                 context.spilled_calls};
  Log log = log_.with("shard", lease->shard().view());
  auto source = make_source(lease->row(), log);
  return std::make_unique<ShardConsumer>(deps, lease, std::move(source),
                                         consumer_options(lease->row()), std::move(log));
}

Task<Result<Unit>> StreamSession::add_children(std::vector<Shard> children) {
  // All that is listed gets its row before: a second parent of a merge without a row would not
  // hold the child back.
  CO_TRY(deps_.directory.refresh());
  CO_TRY(const bool added, deps_.positions.add_missing(std::move(children)));
  if (added)
    coordinator_.poke();
  co_return Unit{};
}

Task<Result<Unit>> StreamSession::watch_shards() {
  const auto& limit = deps_.context.options.stall_timeout;
  const bool restarts_any = !limit || limit->count() > 0;
  for (;;) {
    co_await deps_.context.deps.clock.sleep(kLookAfterShards);
    std::size_t restarts = 0;
    for (const ShardRunPtr& run : runs_) {
      log_reason(*run);
      if (restarts_any && restarts < kRestartsALook && restart_if_stalled(*run))
        ++restarts;
    }
  }
}

void StreamSession::log_reason(ShardRun& run) const {
  const Reason reason = reason_of_run(run);
  const Reason before = std::exchange(run.seen, reason);
  // What does not last from one look to the next is not worth a line.
  if (before != reason || run.logged == reason)
    return;
  run.logged = reason;
  const ShardStatus status = status_of(run);
  if (status.reason == Reason::None || severity(status.reason) == Severity::Fine) {
    log_.info("a shard moves", {{"shard", status.shard.str()}, {"reason", name(status.reason)}});
  } else if (severity(status.reason) == Severity::Waiting) {
    log_.info("a shard waits", {{"shard", status.shard.str()},
                                {"reason", name(status.reason)},
                                {"detail", status.detail}});
  } else {
    log_.warn("a shard is in trouble", {{"shard", status.shard.str()},
                                        {"reason", name(status.reason)},
                                        {"detail", status.detail}});
  }
}

bool StreamSession::restart_if_stalled(ShardRun& run) {
  if (!run.consumer || !run.consumer->running() || run.stopping || run.lost)
    return false;
  const TriggerOptions& trigger = deps_.trigger.options;
  const Duration least = deps_.context.options.stall_timeout.value_or(2 * trigger.handler_timeout +
                                                                      std::chrono::minutes(1));
  const StallWatch::Limits limits{std::max(least, 2 * trigger.idle_wait + kStallMargin),
                                  std::max(least, 2 * trigger.batch.window + kStallMargin)};
  Clock& clock = deps_.context.deps.clock;
  if (!run.watch.stands_still(run.consumer->pulse(), clock.now(), limits))
    return false;
  run.watch.restarted();
  ++deps_.probe.stalls;
  const ShardStatus status = run.consumer->status();
  log_.error("a shard stands still for no known reason: restarted from its checkpoint",
             {{"shard", status.shard.str()},
              {"reason", name(Reason::Stalled)},
              {"state", status.state},
              {"checkpoint", status.checkpoint},
              {"restarts", run.watch.restarts()}});
  run.consumer->restart();
  return true;
}

void StreamSession::count_source(ShardRun& run) {
  deps_.probe.finished_sources += run.consumer->source_counters();
  run.counted = true;
}

Task<Result<Unit>> StreamSession::discover() {
  Clock& clock = deps_.context.deps.clock;
  MonotonicTime described = clock.now();
  std::uint32_t failures = 0;
  Backoff backoff;
  while (!recreated_) {
    const Duration wait = failures == 0
                              ? deps_.trigger.options.detector_poll
                              : std::min(deps_.trigger.options.detector_poll,
                                         backoff.delay(failures, deps_.context.deps.random));
    co_await clock.sleep(wait);
    const bool describe = clock.now() - described >= kDescribeEvery;
    auto looked = co_await look_around(describe);
    if (looked) {
      failures = 0;
      listing_trouble_.reset();
      if (describe)
        described = clock.now();
      continue;
    }
    ++failures;
    listing_trouble_ = looked.error();
    log_.warn("listing the shards failed, will repeat",
              {{"failures", failures}, {"error", looked.error().what}});
  }
  group_->cancel();
  co_return Unit{};
}

Task<Result<Unit>> StreamSession::look_around(bool describe) {
  if (describe) {
    const WallTime created = deps_.directory.description().created;
    CO_TRY(deps_.directory.describe());
    if (deps_.directory.description().created != created) {
      recreated_ = true;
      co_return Unit{};
    }
  }
  for (const ShardRunPtr& run : runs_)
    deps_.positions.remember(run->lease->row());
  if (const auto& from = coordinator_.rows_read_from())
    deps_.probe.rows_recreated += deps_.positions.notice_deleted(coordinator_.rows(), *from);
  std::vector<Shard> none;
  CO_TRY(add_children(std::move(none)));
  CO_TRY(deps_.positions.remove_forgotten());
  co_return Unit{};
}

Task<Result<Unit>> StreamSession::idle() {
  while (!runs_.empty())
    co_await runs_changed_.wait();
  co_return Unit{};
}

Task<void> StreamSession::wait_until_idle(Duration limit) {
  Clock& clock = deps_.context.deps.clock;
  co_await with_deadline(clock, clock.now() + limit, idle(), "draining");
}

Task<Result<Unit>> StreamSession::serve_drain() {
  co_await drain_.wait();
  draining_ = true;
  coordinator_.stop_taking();
  for (const ShardRunPtr& run : runs_)
    stop_run(*run);
  const Duration limit = deps_.context.options.drain_timeout;
  co_await wait_until_idle(limit);
  for (const ShardRunPtr& run : runs_) {
    if (run->consumer)
      run->consumer->interrupt_call();
  }
  // What is left now waits for the store. A store that does not answer must not keep us for ever.
  co_await wait_until_idle(limit);
  if (runs_.empty())
    co_await coordinator_.leave();
  else
    log_.warn("stopped before every lease was given back", {{"leases", runs_.size()}});
  group_->cancel();
  co_return Unit{};
}

}  // namespace kt::worker
