// tests/sim/sim_spill.h — One life's way to the spill, which outlives all lives.
//
// Why: like its other ways out each call begins with a wait on the life's own clock, so a killed
// life stores nothing more; the history is told what lies in the store, whatever becomes of the
// answer.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "runtime/clock.h"
#include "runtime/random.h"
#include "spill/spill_store.h"
#include "tests/sim/history.h"
#include "tests/sim/sim_kinesis.h"
#include "tests/sim/sim_options.h"

namespace kt::sim {

/// Over a store that does not ask who owns the lease: here it is asked. `forgetful`: an append is
/// confirmed and not done, what no store may do.
class SimSpill final : public spill::SpillStore {
 public:
  struct Deps {
    Clock& clock;
    History& history;
    const SimOptions& options;
    const Weather& weather;
    spill::SpillStore& store;
    bool forgetful;
  };
  SimSpill(Deps deps, Random random) : deps_(deps), random_(random) {}

  Task<Result<spill::SpillContent>> load(
      spill::SpillScope scope, std::optional<ExtendedSequenceNumber> checkpoint) override {
    CO_TRY(arrive());
    auto content = co_await deps_.store.load(std::move(scope), std::move(checkpoint));
    if (content && !content->keys.empty())
      deps_.history.reached("a spill loaded by the shard's next owner");
    co_return content;
  }
  Task<Result<std::vector<spill::SpilledRecord>>> head(spill::SpillScope scope,
                                                       std::string partition_key,
                                                       spill::HeadLimits limits) override {
    CO_TRY(arrive());
    co_return co_await deps_.store.head(std::move(scope), std::move(partition_key), limits);
  }
  Task<Result<spill::SpillOutcome>> append(spill::SpillScope scope,
                                           std::vector<spill::SpilledRecord> records) override {
    CO_TRY(arrive());
    if (!deps_.history.is_owner(scope.shard, scope.owner))
      co_return refused();
    if (deps_.forgetful)
      co_return spill::SpillOutcome::Stored;
    for (const spill::SpilledRecord& record : records)
      deps_.history.spilled(record.data);
    auto stored = co_await deps_.store.append(std::move(scope), std::move(records));
    CO_TRY(leave());
    co_return stored;
  }
  Task<Result<spill::SpillOutcome>> remove(spill::SpillScope scope, std::string partition_key,
                                           std::vector<ExtendedSequenceNumber> positions) override {
    CO_TRY(arrive());
    if (!deps_.history.is_owner(scope.shard, scope.owner))
      co_return refused();
    for (const ExtendedSequenceNumber& position : positions)
      deps_.history.forgotten(scope.shard, position);
    auto stored = co_await deps_.store.remove(std::move(scope), std::move(partition_key),
                                              std::move(positions));
    CO_TRY(leave());
    co_return stored;
  }

 private:
  spill::SpillOutcome refused() {
    deps_.history.reached("a spill write refused");
    return spill::SpillOutcome::LeaseLost;
  }
  Task<Result<Unit>> arrive() {
    const Duration most = std::max<Duration>(deps_.options.table_latency, Duration(1));
    co_await deps_.clock.sleep(random_.between(Duration(1), most));
    if (deps_.weather.bad && random_.chance(deps_.options.table_fail_per_mille))
      co_return fail(ErrorCode::Unavailable, "injected: the spill is away");
    co_return Unit{};
  }
  Task<Result<Unit>> leave() {
    if (deps_.weather.bad && random_.chance(deps_.options.table_lost_per_mille))
      co_return fail(ErrorCode::TimedOut, "injected: the spill's answer was lost");
    co_return Unit{};
  }

  Deps deps_;
  Random random_;
};

}  // namespace kt::sim
