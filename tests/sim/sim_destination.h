// tests/sim/sim_destination.h — A destination that errs: away, slow, answers lost.
#pragma once
#include <string>
#include <utility>

#include "deliver/destination.h"
#include "runtime/clock.h"
#include "runtime/random.h"
#include "tests/sim/history.h"
#include "tests/sim/sim_kinesis.h"
#include "tests/sim/sim_options.h"

namespace kt::sim {

/// One life's way to the destination, which outlives all lives. Like its other ways out each
/// delivery begins with a wait on the life's own clock: a killed life delivers nothing more.
class SimDestination final : public deliver::Destination {
 public:
  struct Deps {
    Clock& clock;
    History& history;
    const SimOptions& options;
    const Weather& weather;
  };
  SimDestination(Deps deps, Random random) : deps_(deps), random_(random) {}

  Task<Result<Unit>> deliver(deliver::FailedBatch failed) override {
    co_await deps_.clock.sleep(random_.between(Duration(1), std::chrono::milliseconds(50)));
    const bool bad = deps_.weather.bad;
    if (bad && random_.chance(deps_.options.destination_fail_per_mille)) {
      deps_.history.reached("a delivery that was refused");
      co_return fail(ErrorCode::Unavailable, "injected: the destination is away");
    }
    deps_.history.given_up(*failed.batch);
    if (bad && random_.chance(deps_.options.destination_fail_per_mille / 2)) {
      deps_.history.reached("a delivery whose answer was lost");
      co_return fail(ErrorCode::TimedOut, "injected: the reply was lost");
    }
    co_return Unit{};
  }
  Task<Result<Unit>> check() override { co_return Unit{}; }
  std::string describe() const override { return "sim"; }

 private:
  Deps deps_;
  Random random_;
};

}  // namespace kt::sim
