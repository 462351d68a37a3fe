#include "tests/sim/life.h"

#include <algorithm>
#include <utility>

namespace kt::sim {
namespace {

using invoke::InvokeOutcome;

const char* const kApplication = "sim/orders";
constexpr unsigned kBrokenBuildsPerMille = 300;

int draw_drift(const SimOptions& options, Random& random) {
  const auto span = static_cast<std::uint64_t>(2 * options.drift_per_mille + 1);
  return static_cast<int>(random.below(span)) - options.drift_per_mille;
}

std::chrono::milliseconds draw_wall_offset(const SimOptions& options, Random& random) {
  if (options.drift_per_mille == 0)
    return std::chrono::milliseconds(0);
  return std::chrono::milliseconds(random.below(600'000)) - std::chrono::milliseconds(300'000);
}

}  // namespace

worker::WorkerOptions Life::worker_options(const Stage& stage, const std::string& name) {
  worker::WorkerOptions options;
  options.worker = WorkerId(name);
  options.lease_mode =
      stage.options.exclusive ? lease::LeaseMode::Exclusive : lease::LeaseMode::Shared;
  options.drain_timeout = std::chrono::seconds(2);
  options.checkpoint_interval = stage.options.checkpoint_interval;
  options.on_data_loss =
      stage.options.outage ? stream::OnDataLoss::Continue : stream::OnDataLoss::Fail;
  options.retry.longest = std::chrono::seconds(2);
  // Makes 12 s, twice what may lie between two reads and a margin.
  options.stall_timeout = std::chrono::seconds(stage.options.watched ? 2 : 0);
  if (stage.options.tight_memory) {
    options.memory_budget_bytes = 300;
    options.prefetch_bytes_max = 100;
  }
  return options;
}

worker::TriggerOptions Life::trigger_options(const Stage& stage) {
  worker::TriggerOptions options;
  options.application = ApplicationName(kApplication);
  options.endpoint = EndpointName("sim");
  options.stream = stage.stream;
  if (stage.options.latest)
    options.start = Latest();
  else
    options.start = TrimHorizon();
  options.batch.records_max = static_cast<std::size_t>(stage.options.batch_max);
  options.batch.window = stage.options.window;
  options.tumbling_window = stage.options.tumbling;
  options.detector_poll = stage.options.detector_poll;
  options.handler_timeout = stage.options.handler_timeout;
  options.component = "handler";
  if (stage.options.fan_out)
    options.enhanced_fan_out = "sim";
  options.lanes = static_cast<std::size_t>(stage.options.lanes);
  if (stage.options.retries_max >= 0)
    options.limits.retries_max = static_cast<std::uint32_t>(stage.options.retries_max);
  if (stage.options.age_max.count() > 0) {
    options.limits.age_max =
        std::chrono::duration_cast<std::chrono::milliseconds>(stage.options.age_max);
  }
  options.limits.bisect = stage.options.bisect;
  if (stage.options.waiting_keys) {
    options.on_poison = worker::OnPoison::Key;
    options.quarantine.keys_max = static_cast<std::size_t>(stage.options.spill_keys_max);
    options.quarantine.records_max = static_cast<std::size_t>(stage.options.spill_records_max);
  }
  return options;
}

Life::Life(Stage& stage, std::string name, Random random)
    : stage_(stage),
      random_(random),
      worker_random_(random_.fork()),
      clock_(stage.clock, draw_drift(stage.options, random_),
             draw_wall_offset(stage.options, random_)),
      table_random_(stage.options.seed ^ std::hash<std::string>()(name)),
      write_tap_(stage.table, stage.history, view_),
      unconditional_(innermost()),
      faulty_(clock_, random_.fork(),
              stage.mutant == Mutant::UnconditionalWrite
                  ? static_cast<lease::LeaseTable&>(unconditional_)
                  : innermost()),
      beat_tap_(faulty_, clock_, view_),
      api_(SimKinesis::Deps{clock_, stage.model, stage.clock, stage.history, view_, stage.options,
                            stage.weather},
           random_.fork()),
      build_random_(stage.options.seed * 41 + std::hash<std::string>()(name)),
      guest_(make_build()),
      destination_(SimDestination::Deps{clock_, stage.history, stage.options, stage.weather},
                   Random(stage.options.seed * 31 + std::hash<std::string>()(name))),
      spill_(make_spill()),
      group_(stage.loop),
      badly_swapped_(stage.mutant, guest_, group_) {
  view_.name = name + "/" + kApplication;
  view_.born = stage.clock.now();
  if (!stage.options.exclusive)
    view_.usable_until = MonotonicTime::min();
  feel_weather();
  const worker::WorkerDeps deps{stage.loop, clock_, worker_random_, beat_tap_,
                                stage.log.with("life", name)};
  const worker::Trigger trigger{trigger_options(stage), api_, handler(), &destination_,
                                spill_.get()};
  auto rules = std::make_shared<const MutantRules>(stage.mutant, stage.clock);
  worker_.emplace(deps, worker_options(stage, name), std::vector<worker::Trigger>(1, trigger),
                  std::move(rules));
}

/// The faults are those of the network then, below the real table, and the service itself tells the
/// history what was stored.
void Life::reach_dynamodb() {
  network_.emplace(clock_, table_random_.fork(), *stage_.dynamodb);
  network_->on_arrival = [this] { stage_.dynamodb_tap->arrives(view_); };
  network_->on_event = [this](const char* event) { stage_.history.reached(event); };
  const lease::DynamoDbLeaseTable::Deps deps{clock_, table_random_, *network_};
  lease::DynamoDbLeaseTable::Options options;
  options.prefix = "sim";
  options.requests_max = 3;
  dynamodb_table_.emplace(deps, options);
}

std::unique_ptr<spill::SpillStore> Life::make_spill() {
  if (network_) {
    spill_places_.emplace(dynamodb_table_->tables());
    return std::make_unique<spill::DynamoDbSpillStore>(*network_, *spill_places_);
  }
  const bool forgetful = stage_.mutant == Mutant::ForgetfulSpill;
  const SimSpill::Deps deps{clock_,         stage_.history, stage_.options,
                            stage_.weather, stage_.spill,   forgetful};
  return std::make_unique<SimSpill>(deps, Random(stage_.options.seed * 37 + 5));
}

lease::LeaseTable& Life::innermost() {
  if (stage_.dynamodb == nullptr)
    return write_tap_;
  if (!dynamodb_table_)
    reach_dynamodb();
  return *dynamodb_table_;
}

void Life::feel_weather() {
  const bool worse = stage_.weather.bad;
  if (network_) {
    test::DynamoDbNetwork::Faults& net = network_->faults;
    const Duration calm = std::chrono::milliseconds(10);
    net.delay_max =
        worse ? stage_.options.table_latency : std::min(stage_.options.table_latency, calm);
    net.fail_before_per_mille = worse ? stage_.options.table_fail_per_mille : 0;
    net.throttle_per_mille = worse ? stage_.options.table_fail_per_mille / 4 : 0;
    net.conflict_per_mille = worse ? stage_.options.table_fail_per_mille : 0;
    net.lose_reply_per_mille = worse ? stage_.options.table_lost_per_mille : 0;
    return;
  }
  lease::FaultyLeaseTable::Faults& faults = faulty_.faults;
  const bool bad = stage_.weather.bad;
  const Duration mild = std::chrono::milliseconds(20);
  faults.delay_max =
      bad ? stage_.options.table_latency : std::min(stage_.options.table_latency, mild);
  faults.fail_before_per_mille = bad ? stage_.options.table_fail_per_mille : 0;
  faults.throttle_per_mille = bad ? stage_.options.table_fail_per_mille / 4 : 0;
  faults.lose_reply_per_mille = bad ? stage_.options.table_lost_per_mille : 0;
}

void Life::start() {
  group_.spawn(live());
}

Task<Result<Unit>> Life::live() {
  result_ = co_await worker_->run();
  co_return Unit{};
}

void Life::kill() {
  dead_ = true;
  if (calls_in_flight_ > 0)
    stage_.history.reached("a kill with a call in flight");
  group_.cancel();
}

void Life::stall() {
  ++stalls_;
  if (calls_in_flight_ > 0)
    stage_.history.reached("a stall with a call in flight");
  clock_.stall();
}

void Life::take_table_down(bool down, bool disk_full) {
  faulty_.faults.down = down;
  faulty_.faults.down_code = disk_full ? ErrorCode::StorageFull : ErrorCode::Unavailable;
}

std::uint64_t Life::lost_ranges() const {
  std::uint64_t ranges = 0;
  for (const worker::ConsumerProbe& probe : worker_->probes())
    ranges += probe.lost_ranges;
  return ranges;
}

std::uint64_t Life::stalls_healed() const {
  std::uint64_t stalls = 0;
  for (const worker::ConsumerProbe& probe : worker_->probes())
    stalls += probe.stalls;
  return stalls;
}

/// The first build is good. Of the others some fail until the next one, or until the weather is
/// good: whoever made them has mended them by then.
std::shared_ptr<invoke::Guest> Life::make_build() {
  const std::uint64_t number = ++builds_;
  const bool broken = number > 1 && build_random_.chance(kBrokenBuildsPerMille);
  const auto body = [this, broken](std::shared_ptr<const Batch> batch,
                                   invoke::CallContext context) {
    return handle(std::move(batch), std::move(context), broken);
  };
  const auto begun = [this, number] {
    if (number != builds_)
      stage_.history.violated(Checker::CleanSwap, "a call begins on a former build");
  };
  return std::make_shared<SimBuild>(clock_, body, begun);
}

invoke::Guest& Life::handler() {
  const bool badly =
      stage_.mutant == Mutant::SwapEndsCalls || stage_.mutant == Mutant::SwapCallsAgain;
  return badly ? static_cast<invoke::Guest&>(badly_swapped_) : guest_;
}

void Life::swap_handler() {
  if (dead_)
    return;
  stage_.history.reached(calls_in_flight_ > 0 ? "a handler built anew with a call in flight"
                                              : "a handler built anew");
  auto build = make_build();
  if (stage_.mutant == Mutant::SwapForgotten && calls_in_flight_ > 0)
    return;
  guest_.swap(std::move(build));
  badly_swapped_.swapped();
}

Duration Life::draw_guest_time() {
  const bool slow = stage_.weather.bad && random_.chance(stage_.options.guest_slow_per_mille);
  if (!slow)
    return random_.between(Duration(0), stage_.options.guest_time);
  return random_.between(Duration(0), std::chrono::seconds(5));
}

bool Life::is_poison(const Record& record) const {
  // What is never given up heals with the weather.
  if (stage_.options.retries_max < 0 && !stage_.weather.bad)
    return false;
  Random luck(stage_.options.seed ^ (static_cast<std::uint64_t>(History::id_of(record)) << 20));
  return luck.chance(stage_.options.poison_per_mille);
}

invoke::Invocation Life::draw_answer(const Batch& batch, bool broken) {
  static constexpr InvokeOutcome kBad[] = {InvokeOutcome::Failed, InvokeOutcome::Failed,
                                           InvokeOutcome::Trapped, InvokeOutcome::OutOfMemory,
                                           InvokeOutcome::HostFault};
  const auto& records = batch.records;
  invoke::Invocation answer;
  answer.outcome = InvokeOutcome::Done;
  const auto poison = std::find_if(records.begin(), records.end(),
                                   [this](const Record& record) { return is_poison(record); });
  const bool poisoned = poison != records.end();
  const bool unlucky =
      stage_.weather.bad && (broken || random_.chance(stage_.options.guest_fail_per_mille));
  if (!poisoned && !unlucky)
    return answer;
  const bool partial = random_.chance(stage_.options.partial_per_mille);
  const std::size_t at = poisoned ? static_cast<std::size_t>(poison - records.begin())
                                  : random_.below(records.size() + 1);
  answer.outcome = partial ? InvokeOutcome::Partial : kBad[random_.below(poisoned ? 4 : 5)];
  answer.first_failed = static_cast<std::uint32_t>(at);
  return answer;
}

Task<invoke::Invocation> Life::handle(std::shared_ptr<const Batch> batch,
                                      invoke::CallContext context, bool broken) {
  struct InFlight {
    InFlight(Life& l, ShardId s, std::shared_ptr<const Batch> b)
        : life(l), shard(std::move(s)), batch(std::move(b)) {
      ++life.calls_in_flight_;
      if (++life.in_flight_of_[shard] > 1)
        life.stage_.history.reached("several calls of a shard at a time");
    }
    InFlight(const InFlight&) = delete;
    InFlight& operator=(const InFlight&) = delete;
    ~InFlight() {
      --life.calls_in_flight_;
      --life.in_flight_of_[shard];
      life.stage_.history.call_ended(life.view_, *batch);
      if (!ended && !life.dead_)
        life.stage_.history.reached("a call interrupted or timed out");
    }
    Life& life;
    ShardId shard;
    std::shared_ptr<const Batch> batch;
    bool ended = false;
  };
  if (dead_)
    throw Cancelled{};
  if (batch->empty())
    stage_.history.final_call_started(view_, clock_.now(), context.shard);
  else
    stage_.history.call_started(view_, clock_.now(), context.shard, *batch);
  InFlight in_flight(*this, context.shard, batch);
  const int stalls = stalls_;
  const Duration time = draw_guest_time();
  if (time > stage_.options.handler_timeout)
    stage_.history.reached("a call beyond its deadline");
  co_await clock_.sleep(time);
  if (view_.usable_until && clock_.now() > *view_.usable_until && stalls == stalls_)
    stage_.history.violated(Checker::CallWithinLease, "a guest runs on after its lease expired");
  in_flight.ended = true;
  invoke::Invocation invocation = draw_answer(*batch, broken);
  const bool partial = invocation.outcome == InvokeOutcome::Partial;
  // An index outside of the batch says nothing: none is handled.
  const std::size_t in_batch =
      invocation.first_failed < batch->records.size() ? invocation.first_failed : 0;
  const std::size_t handled = partial ? in_batch : batch->records.size();
  if ((partial || invocation.outcome == InvokeOutcome::Done) && handled > 0)
    stage_.history.call_done(*batch, handled);
  if (context.window && (invocation.outcome == InvokeOutcome::Done || handled > 0) &&
      (partial || invocation.outcome == InvokeOutcome::Done))
    invocation.window_state = stage_.history.window_call_done(context, *batch, handled);
  if (partial && handled > 0)
    stage_.history.reached("a call that handled some");
  if (invocation.outcome != InvokeOutcome::Done)
    stage_.history.reached("a call that failed");
  co_return invocation;
}

}  // namespace kt::sim
