// tests/sim/world.h — One simulated schedule: service, store, workers, faults and checkers in one
// thread, under virtual time, from one seed.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/loop.h"
#include "runtime/work_thread.h"
#include "tests/sim/life.h"

namespace kt::sim {

/// What a schedule came to.
struct Report {
  std::optional<Checker> violation;
  std::string message;
  std::string options;
  std::uint64_t trace = 0;
  std::map<std::string, std::uint64_t> reached;
  std::size_t records = 0;
  std::uint64_t calls = 0;
  std::uint64_t repeated = 0;
  Duration virtual_time{0};
};

/// Two phases: faults while records flow and shards split and merge; then good weather, in which
/// everything must be handled soon. Equal seeds give equal traces.
class World {
 public:
  explicit World(SimOptions options, Mutant mutant = Mutant::None,
                 std::optional<Checker> only = std::nullopt, Log log = Log());
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Report run();

 private:
  Task<Result<Unit>> produce();
  Task<Result<Unit>> reshard();
  Task<Result<Unit>> swap_handlers();
  Task<Result<Unit>> live(std::size_t slot);
  Task<Result<Unit>> outage();
  Task<Result<Unit>> judge();

  Task<void> chaos_tick(std::size_t slot);
  Task<void> sleep_in_chaos(Duration duration);
  Task<void> wait_for_convergence();
  std::string missing() const;
  Task<void> stop_everything();
  void begin_life(std::size_t slot);
  Task<void> end_life(std::size_t slot);
  Task<bool> owns_a_row(const LifeView& life);
  Task<void> stop_orderly(std::size_t slot);
  void put_one();
  void split_or_merge();
  void note_shards();
  bool chaos_over() const { return clock_.now() >= chaos_end_; }
  bool anybody_lives() const;
  void tear_down();

  SimOptions options_;
  Loop loop_;
  VirtualClock clock_;
  Random random_;
  Random lives_random_;
  Random swap_random_;
  History history_;
  local::KinesisModel model_;
  InlineWork work_;
  std::unique_ptr<lease::LeaseTable> table_;
  std::unique_ptr<spill::SpillStore> spill_;
  test::ModelledDynamoDb dynamodb_;
  DynamoDbTap dynamodb_tap_;
  Weather weather_;
  Stage stage_;
  std::vector<std::unique_ptr<Life>> slots_;
  std::vector<Shard> listing_;
  TaskGroup group_;
  MonotonicTime chaos_end_;
  int lives_ = 0;
  std::size_t slots_done_ = 0;
  std::uint64_t lost_ranges_ = 0;
  bool outage_ = false;
  bool judged_ = false;
};

/// Draws the options of `seed` and runs them.
Report run_seed(std::uint64_t seed, Log log = Log());

}  // namespace kt::sim
