// worker/context.h — What the parts of one Worker share.
#pragma once
#include "checkpoint/checkpointer.h"
#include "invoke/failure_policy.h"
#include "invoke/invoke_gate.h"
#include "lease/lease_table.h"
#include "runtime/loop.h"
#include "runtime/memory_budget.h"
#include "stream/read_budget.h"
#include "worker/rules.h"
#include "worker/trigger.h"

namespace kt::worker {

/// What a Worker is given. All of it outlives the Worker.
struct WorkerDeps {
  Loop& loop;
  Clock& clock;
  Random& random;
  lease::LeaseTable& table;
  Log log;
};

/// The Worker's own, as references: lives as long as the Worker.
struct WorkerContext {
  WorkerDeps& deps;
  const WorkerOptions& options;
  const Rules& rules;
  MemoryBudget& memory;
  stream::ReadBudgets& budgets;
  invoke::FailurePolicy& policy;
  invoke::InvokeGate& spilled_calls;
  checkpoint::Checkpointer& checkpointer;
};

}  // namespace kt::worker
