// tests/sim/life.h — One life of one worker process: from its start to its kill or orderly end.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "cli/spill_places.h"
#include "lease/dynamodb/dynamodb_lease_table.h"
#include "runtime/task_group.h"
#include "tests/sim/dynamodb_tap.h"
#include "tests/sim/lease_taps.h"
#include "tests/sim/mutants.h"
#include "tests/sim/sim_builds.h"
#include "tests/sim/sim_destination.h"
#include "tests/sim/sim_kinesis.h"
#include "tests/sim/sim_spill.h"
#include "tests/sim/worker_clock.h"
#include "tests/support/faulty_lease_table.h"
#include "worker/worker.h"

namespace kt::sim {

/// What all lives of a schedule share.
struct Stage {
  Loop& loop;
  VirtualClock& clock;
  local::KinesisModel& model;
  lease::LeaseTable& table;  ///< not looked at when `dynamodb` is set
  spill::SpillStore& spill;  ///< neither
  test::ModelledDynamoDb* dynamodb;
  DynamoDbTap* dynamodb_tap;
  History& history;
  const SimOptions& options;
  Weather& weather;
  Mutant mutant;
  StreamArn stream;
  Log log;
};

/// A real Worker over its own view of service, table and time, with a guest that errs by chance.
/// Lives on: the simulation's loop. It must have ended before it dies.
class Life {
 public:
  Life(Stage& stage, std::string name, Random random);
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  void start();
  /// As SIGKILL: nothing more leaves this worker. Join ended() afterwards.
  void kill();
  /// As SIGTERM.
  void stop() { worker_->stop(); }
  bool ended() const { return group_.empty(); }
  /// After ended(): how run() ended, if it was not killed.
  const std::optional<Result<Unit>>& result() const { return result_; }

  /// As `up --watch`: another build of the handler takes over.
  void swap_handler();
  void stall();
  void resume() { clock_.resume(); }
  void take_table_down(bool down, bool disk_full);
  /// Takes over the weather as it is now.
  void feel_weather();
  std::uint64_t lost_ranges() const;
  /// Shards that the worker's own watch began again.
  std::uint64_t stalls_healed() const;
  const LifeView& view() const { return view_; }

 private:
  static worker::WorkerOptions worker_options(const Stage& stage, const std::string& name);
  static worker::TriggerOptions trigger_options(const Stage& stage);
  void reach_dynamodb();
  lease::LeaseTable& innermost();
  std::unique_ptr<spill::SpillStore> make_spill();
  Task<Result<Unit>> live();
  std::shared_ptr<invoke::Guest> make_build();
  invoke::Guest& handler();
  Task<invoke::Invocation> handle(std::shared_ptr<const Batch> batch, invoke::CallContext context,
                                  bool broken);
  Duration draw_guest_time();
  invoke::Invocation draw_answer(const Batch& batch, bool broken);
  bool is_poison(const Record& record) const;

  Stage& stage_;
  Random random_;
  Random worker_random_;
  LifeView view_;
  WorkerClock clock_;
  Random table_random_;
  std::optional<test::DynamoDbNetwork> network_;  ///< with DynamoDB: each worker's own way to it
  std::optional<lease::DynamoDbLeaseTable> dynamodb_table_;
  WriteTap write_tap_;
  UnconditionalLeaseTable unconditional_;
  lease::FaultyLeaseTable faulty_;
  BeatTap beat_tap_;
  SimKinesis api_;
  Random build_random_;
  std::uint64_t builds_ = 0;
  invoke::SwappableGuest guest_;
  SimDestination destination_;
  std::optional<cli::SpillPlaces> spill_places_;
  std::unique_ptr<spill::SpillStore> spill_;
  std::optional<worker::Worker> worker_;
  std::optional<Result<Unit>> result_;
  TaskGroup group_;
  BadlySwappedGuest badly_swapped_;
  bool dead_ = false;
  int calls_in_flight_ = 0;
  std::map<ShardId, int> in_flight_of_;
  int stalls_ = 0;
};

}  // namespace kt::sim
