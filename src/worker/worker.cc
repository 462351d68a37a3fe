#include "worker/worker.h"

#include <algorithm>
#include <utility>

#include "runtime/with_deadline.h"
#include "worker/stream_consumer.h"

namespace kt::worker {
namespace {

checkpoint::Checkpointer::Options checkpointer_options(const WorkerOptions& options) {
  checkpoint::Checkpointer::Options out;
  out.interval = options.checkpoint_interval;
  return out;
}

/// Notes the outcome of a first attempt, and fails only for good.
Task<Result<Unit>> try_to_start(StreamConsumer& consumer, Log log) {
  auto prepared = co_await consumer.prepare();
  if (prepared)
    co_return Unit{};
  const Error error =
      std::move(prepared).error().within("trigger " + consumer.options().application.str());
  if (StreamConsumer::is_fatal(error))
    co_return fail(error);
  log.warn("a trigger can not start yet", {{"error", error.what}});
  co_return Unit{};
}

}  // namespace

Worker::Worker(Deps deps, Options options, std::vector<Trigger> triggers,
               std::shared_ptr<const Rules> rules)
    : deps_(std::move(deps)),
      options_(std::move(options)),
      rules_(std::move(rules)),
      memory_(options_.memory_budget_bytes),
      budgets_(deps_.clock, options_.pacing),
      policy_(deps_.random, options_.retry),
      checkpointer_(
          checkpoint::Checkpointer::Deps{deps_.clock, deps_.random, deps_.table, deps_.log},
          checkpointer_options(options_)),
      context_{deps_, options_, *rules_, memory_, budgets_, policy_, spilled_calls_, checkpointer_},
      begun_(deps_.clock.now()) {
  for (Trigger& trigger : triggers)
    consumers_.push_back(std::make_unique<StreamConsumer>(context_, std::move(trigger)));
}

Worker::~Worker() = default;

Task<Result<Unit>> Worker::run() {
  group_.emplace(deps_.loop);
  group_->spawn(checkpointer_.run());
  group_->spawn(run_triggers());
  co_return co_await group_->join();
}

Task<Result<Unit>> Worker::start_triggers() {
  starting_.emplace(deps_.loop);
  for (const auto& consumer : consumers_)
    starting_->spawn(try_to_start(*consumer, deps_.log));
  if (stopping_)
    starting_->cancel();
  co_return co_await starting_->join();
}

Task<Result<Unit>> Worker::consume_all() {
  TaskGroup all(deps_.loop);
  for (const auto& consumer : consumers_)
    all.spawn(consumer->consume());
  co_return co_await all.join();
}

Task<Result<Unit>> Worker::flush() {
  co_await checkpointer_.flush();
  co_return Unit{};
}

Task<Result<Unit>> Worker::run_triggers() {
  CO_TRY(start_triggers());
  CO_TRY(consume_all());
  // A store that does not answer must not keep a stopping process: what is lost only repeats.
  auto flushed = co_await with_deadline(deps_.clock, deps_.clock.now() + options_.drain_timeout,
                                        flush(), "storing the last positions");
  if (!flushed)
    deps_.log.warn("stopped before the last positions were stored; they will be repeated");
  group_->cancel();
  co_return Unit{};
}

void Worker::stop() {
  if (std::exchange(stopping_, true))
    return;
  if (starting_)
    starting_->cancel();
  for (const auto& consumer : consumers_)
    consumer->drain();
}

std::vector<ShardStatus> Worker::status() const {
  std::vector<ShardStatus> all;
  for (const auto& consumer : consumers_) {
    for (ShardStatus& status : consumer->status())
      all.push_back(std::move(status));
  }
  return all;
}

WorkerStatus Worker::worker_status() const {
  WorkerStatus out;
  out.worker = options_.worker;
  out.uptime = deps_.clock.now() - begun_;
  out.draining = stopping_;
  out.memory_used_bytes = memory_.used();
  out.memory_budget_bytes = memory_.bytes_max();
  out.checkpoint_commits = checkpointer_.commits_count();
  if (const auto& trouble = checkpointer_.trouble())
    out.checkpoint_trouble = trouble->what;
  for (const auto& consumer : consumers_)
    out.triggers.push_back(consumer->trigger_status());
  return out;
}

bool Worker::ready() const {
  return std::all_of(consumers_.begin(), consumers_.end(),
                     [](const auto& consumer) { return consumer->ready(); });
}

std::vector<ConsumerProbe> Worker::probes() const {
  std::vector<ConsumerProbe> all;
  for (const auto& consumer : consumers_)
    all.push_back(consumer->probe());
  return all;
}

}  // namespace kt::worker
