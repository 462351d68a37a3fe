// worker/worker.h — Runs all triggers of an app in one process.
//
// Why: the one place where stream, lease, batch, invoke and checkpoint meet. Every trigger is
// consumed by itself: a failing one never ends the others. How it is wired stands in README.md.
#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "checkpoint/checkpointer.h"
#include "invoke/failure_policy.h"
#include "lease/lease_coordinator.h"
#include "model/control.h"
#include "runtime/memory_budget.h"
#include "stream/read_budget.h"
#include "worker/context.h"

namespace kt::worker {

class StreamConsumer;

/// Lives on: the shard loop. Lifetime: outlives run(); what Deps refer to outlives it.
/// Stopping: stop() drains (no new call; calls in flight get drain_timeout, then are interrupted),
/// checkpoints, releases the leases; then run() returns. Cancelling run() instead is what a crash
/// would do, without the release.
/// Errors: run() fails only when a trigger can not start (no such stream, access denied, invalid)
/// before any trigger ran; later faults are waited out and shown by status().
class Worker final : public Control {
 public:
  using Deps = WorkerDeps;
  using Options = WorkerOptions;

  Worker(Deps deps, Options options, std::vector<Trigger> triggers,
         std::shared_ptr<const Rules> rules = std::make_shared<const Rules>());
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() override;

  /// Consumes until stop() is through.
  Task<Result<Unit>> run();
  /// Begins to drain. May be called again; on the loop.
  void stop();

  std::vector<ShardStatus> status() const override;
  WorkerStatus worker_status() const override;
  /// Every trigger has its positions stored and is being consumed.
  bool ready() const;
  /// In the order of the triggers.
  std::vector<ConsumerProbe> probes() const;

 private:
  Task<Result<Unit>> run_triggers();
  Task<Result<Unit>> start_triggers();
  Task<Result<Unit>> consume_all();
  Task<Result<Unit>> flush();

  Deps deps_;
  Options options_;
  std::shared_ptr<const Rules> rules_;
  MemoryBudget memory_;
  stream::ReadBudgets budgets_;
  invoke::FailurePolicy policy_;
  invoke::InvokeGate spilled_calls_{8};  ///< turns of keys that wait: bounds their payloads
  checkpoint::Checkpointer checkpointer_;
  WorkerContext context_;
  std::vector<std::unique_ptr<StreamConsumer>> consumers_;
  std::optional<TaskGroup> group_;
  std::optional<TaskGroup> starting_;
  MonotonicTime begun_;
  bool stopping_ = false;
};

}  // namespace kt::worker
