#include "tests/sim/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "lease/memory/memory_lease_table.h"
#include "lease/sqlite/sqlite_lease_table.h"
#include "runtime/run_virtual.h"
#include "spill/memory/memory_spill_store.h"
#include "spill/sqlite/sqlite_spill_store.h"

namespace kt::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kTick = milliseconds(250);
constexpr Duration kRetention = std::chrono::hours(24);
constexpr Duration kConvergence = std::chrono::minutes(3);
constexpr Duration kOrderlyStop = seconds(40);
constexpr std::size_t kShardsMax = 12;

const StreamArn kStream = StreamArn::of("aws", "eu-west-1", "123456789012", StreamName("orders"));

local::ModelOptions model_options(const SimOptions& options) {
  local::ModelOptions out;
  out.transition = options.transition;
  return out;
}

test::ModelledDynamoDb::Options dynamodb_options(const SimOptions& options) {
  test::ModelledDynamoDb::Options out;
  out.creating = milliseconds(options.seed % 2000);
  out.page_bytes = options.seed % 2 == 0 ? 700 : 1024 * 1024;
  return out;
}

std::unique_ptr<lease::LeaseTable> make_table(const SimOptions& options, WorkThread& work) {
  if (!options.sqlite)
    return std::make_unique<lease::MemoryLeaseTable>();
  auto table = lease::SqliteLeaseTable::open(":memory:", work);
  CHECK(table.has_value(), table ? "" : table.error().what);
  return std::move(*table);
}

std::unique_ptr<spill::SpillStore> make_spill(const SimOptions& options, WorkThread& work) {
  if (!options.sqlite)
    return std::make_unique<spill::MemorySpillStore>();
  auto store = spill::SqliteSpillStore::open(":memory:", work);
  CHECK(store.has_value(), store ? "" : store.error().what);
  return std::move(*store);
}

}  // namespace

World::World(SimOptions options, Mutant mutant, std::optional<Checker> only, Log log)
    : options_(std::move(options)),
      random_(options_.seed),
      lives_random_(random_.fork()),
      swap_random_(options_.seed * 43 + 7),
      history_(clock_, kRetention),
      model_(clock_, model_options(options_)),
      table_(make_table(options_, work_)),
      spill_(make_spill(options_, work_)),
      dynamodb_(clock_, Random(options_.seed + 99), dynamodb_options(options_)),
      dynamodb_tap_(history_, dynamodb_),
      stage_{loop_,          clock_,   model_,
             *table_,        *spill_,  options_.dynamodb ? &dynamodb_ : nullptr,
             &dynamodb_tap_, history_, options_,
             weather_,       mutant,   kStream,
             std::move(log)},
      group_(loop_),
      chaos_end_(clock_.now() + options_.chaos) {
  history_.set_start(options_.latest, static_cast<std::size_t>(options_.batch_max),
                     static_cast<std::size_t>(options_.lanes));
  if (only)
    history_.enable_only(*only);
  slots_.resize(static_cast<std::size_t>(options_.workers));
}

Report World::run() {
  const auto created = model_.create_stream(kStream, options_.shards);
  CHECK(created.has_value(), created ? "" : created.error().message);
  note_shards();
  group_.spawn(produce());
  group_.spawn(reshard());
  group_.spawn(outage());
  group_.spawn(swap_handlers());
  for (std::size_t slot = 0; slot < slots_.size(); ++slot)
    group_.spawn(live(slot));
  group_.spawn(judge());
  run_virtual(loop_, clock_, [this] { return judged_ || history_.violation().has_value(); });
  if (!judged_ && !history_.violation())
    history_.violated(Checker::Converges, "nothing is left that could wake anybody");
  Report report;
  report.virtual_time = clock_.now().time_since_epoch();
  report.trace = history_.trace() ^ clock_.trace();
  tear_down();
  report.violation = history_.violation();
  report.message = history_.message();
  report.options = options_.describe();
  report.reached = history_.reached();
  report.records = history_.record_count();
  report.calls = history_.call_count();
  report.repeated = history_.repeated_count();
  return report;
}

void World::tear_down() {
  group_.cancel();
  for (const auto& life : slots_) {
    if (life)
      life->kill();
  }
  const bool ended = run_virtual(loop_, clock_, [this] {
    return group_.empty() && std::all_of(slots_.begin(), slots_.end(),
                                         [](const auto& life) { return !life || life->ended(); });
  });
  CHECK(ended, "a killed worker does not end");
}

Task<void> World::sleep_in_chaos(Duration duration) {
  co_await clock_.sleep_until(std::min(clock_.now() + duration, chaos_end_));
}

// The stream

Task<Result<Unit>> World::produce() {
  while (!chaos_over()) {
    if (outage_) {
      co_await clock_.sleep(std::chrono::hours(1));
      continue;
    }
    co_await sleep_in_chaos(random_.between(milliseconds(1), options_.put_pause_max));
    const auto count = 1 + random_.below(static_cast<std::uint64_t>(options_.put_batch_max));
    for (std::uint64_t i = 0; i < count; ++i)
      put_one();
  }
  co_return Unit{};
}

void World::put_one() {
  const int key = static_cast<int>(random_.below(static_cast<std::uint64_t>(options_.keys)));
  const std::string payload = History::payload_of(history_.next_record());
  const std::string partition_key = "k" + std::to_string(key);
  local::PutEntry entry;
  entry.partition_key = partition_key;
  entry.data = as_bytes(payload);
  const auto put = model_.put_record(kStream, entry);
  if (put)
    history_.record_put(key, put->shard, put->sequence_number);
}

Task<Result<Unit>> World::reshard() {
  while (!chaos_over()) {
    co_await sleep_in_chaos(outage_ ? std::chrono::hours(1) : kTick);
    if (!outage_ && listing_.size() < kShardsMax && random_.chance(options_.reshard_per_mille))
      split_or_merge();
  }
  co_return Unit{};
}

void World::split_or_merge() {
  std::vector<const Shard*> open;
  for (const Shard& shard : listing_) {
    if (shard.open())
      open.push_back(&shard);
  }
  std::sort(open.begin(), open.end(), [](const Shard* a, const Shard* b) {
    return a->hash_keys.starting < b->hash_keys.starting;
  });
  if (open.empty())
    return;
  const std::size_t at = random_.below(open.size());
  if (open.size() > 1 && random_.chance(450)) {
    const std::size_t left = std::min(at, open.size() - 2);
    if (model_.merge_shards(kStream, open[left]->id, open[left + 1]->id))
      history_.reached("a merge");
  } else {
    const HashKeyRange& keys = open[at]->hash_keys;
    const HashKey middle = keys.starting + (keys.ending - keys.starting) / 2 + 1;
    if (model_.split_shard(kStream, open[at]->id, to_decimal(middle)))
      history_.reached("a split");
  }
  note_shards();
}

void World::note_shards() {
  local::ListShardsRequest request;
  request.stream = kStream;
  request.max_results = 1000;
  auto listed = model_.list_shards(request);
  if (!listed)
    return;
  listing_ = std::move(listed->shards);
  for (const Shard& shard : listing_)
    history_.shard_listed(shard);
}

// The workers

void World::begin_life(std::size_t slot) {
  const std::string name = fmt::format("w{}-{}", slot, ++lives_);
  slots_[slot] = std::make_unique<Life>(stage_, name, lives_random_.fork());
  slots_[slot]->start();
  history_.mix(0x55);
}

Task<void> World::end_life(std::size_t slot) {
  while (!slots_[slot]->ended())
    co_await clock_.sleep(Duration(1));
  const auto& result = slots_[slot]->result();
  // With a full disk a worker says so and does not start; somebody makes room and starts it again.
  const bool full = result && !*result && result->error().code == ErrorCode::StorageFull;
  if (full)
    history_.reached("a start on a full disk");
  if (result && !*result && !full)
    history_.violated(Checker::Converges, "a worker gave up: " + result->error().what);
  lost_ranges_ += slots_[slot]->lost_ranges();
  if (slots_[slot]->stalls_healed() > 0)
    history_.reached("a shard begun again by the watch");
  slots_[slot].reset();
}

/// Whether a row is this life's, also where the store is asked: what a cancelled write did, its
/// task never told.
Task<bool> World::owns_a_row(const LifeView& life) {
  for (const lease::LeaseKey& believed : history_.rows_of(life)) {
    if (options_.dynamodb)
      co_return true;  // the service itself tells of each write
    const auto rows = co_await table_->list(believed.consumer);
    if (!rows)
      co_return true;
    for (const lease::Lease& row : *rows) {
      if (row.key == believed && row.owner && row.owner->str() == life.name)
        co_return true;
    }
    history_.reached("a release whose answer was cancelled");
  }
  co_return false;
}

Task<void> World::stop_orderly(std::size_t slot) {
  slots_[slot]->stop();
  const MonotonicTime end = clock_.now() + kOrderlyStop;
  while (!slots_[slot]->ended() && clock_.now() < end)
    co_await clock_.sleep(milliseconds(10));
  if (!slots_[slot]->ended()) {
    history_.violated(Checker::Converges, "a worker does not stop");
    slots_[slot]->kill();
  } else if (!weather_.bad) {
    const bool owns = co_await owns_a_row(slots_[slot]->view());
    if (owns)
      history_.violated(Checker::Converges, "a worker stopped without giving back its leases");
  }
  co_await end_life(slot);
}

Task<void> World::chaos_tick(std::size_t slot) {
  Life& life = *slots_[slot];
  if (outage_ || random_.chance(options_.crash_per_mille)) {
    history_.reached("a kill");
    life.kill();
    co_await end_life(slot);
  } else if (random_.chance(options_.stop_per_mille)) {
    history_.reached("an orderly stop");
    co_await stop_orderly(slot);
  } else if (random_.chance(options_.stall_per_mille)) {
    history_.reached("a stall");
    life.stall();
    co_await sleep_in_chaos(random_.between(milliseconds(100), options_.stall_max));
    life.resume();
  } else if (random_.chance(options_.table_down_per_mille)) {
    history_.reached("a table that is away");
    life.take_table_down(true, random_.chance(300));
    co_await sleep_in_chaos(random_.between(milliseconds(200), seconds(7)));
    life.take_table_down(false, false);
  } else if (life.ended()) {
    co_await end_life(slot);
  }
}

Task<Result<Unit>> World::live(std::size_t slot) {
  while (!chaos_over()) {
    if (slots_[slot]) {
      co_await sleep_in_chaos(random_.between(kTick / 2, kTick));
      co_await chaos_tick(slot);
    } else if (outage_) {
      co_await clock_.sleep(seconds(1));
    } else {
      co_await sleep_in_chaos(random_.between(Duration(0), seconds(2)));
      begin_life(slot);
    }
  }
  if (slots_[slot] && slots_[slot]->ended())
    co_await end_life(slot);
  if (!slots_[slot])
    begin_life(slot);
  ++slots_done_;
  co_return Unit{};
}

/// Its chances are drawn apart, so that a schedule without swaps is the same seed's but for them.
Task<Result<Unit>> World::swap_handlers() {
  while (options_.swap_per_mille > 0 && !chaos_over()) {
    co_await sleep_in_chaos(outage_ ? std::chrono::hours(1)
                                    : swap_random_.between(kTick / 2, kTick));
    for (const auto& life : slots_) {
      if (life && swap_random_.chance(options_.swap_per_mille))
        life->swap_handler();
    }
  }
  co_return Unit{};
}

bool World::anybody_lives() const {
  return std::any_of(slots_.begin(), slots_.end(),
                     [](const auto& life) { return life != nullptr; });
}

Task<Result<Unit>> World::outage() {
  if (!options_.outage)
    co_return Unit{};
  co_await clock_.sleep_until(chaos_end_ - options_.chaos / 2);
  outage_ = true;
  chaos_end_ += std::chrono::hours(48);
  while (anybody_lives())
    co_await clock_.sleep(kTick);
  history_.reached("an outage");
  co_await clock_.sleep(std::chrono::hours(20) +
                        random_.between(seconds(1), std::chrono::hours(8)));
  outage_ = false;
  chaos_end_ = clock_.now() + options_.chaos / 2;
  co_return Unit{};
}

// The end

Task<void> World::wait_for_convergence() {
  // What is left may take its time even in good weather: one record a batch, a commit a second, a
  // batch that fails for ever taken apart to single records. Standing still is what must not be.
  MonotonicTime end = clock_.now() + kConvergence;
  std::size_t settled = history_.settled_count();
  while (clock_.now() < end && !missing().empty()) {
    co_await clock_.sleep(milliseconds(500));
    if (const std::size_t now_settled = history_.settled_count(); now_settled > settled) {
      settled = now_settled;
      end = clock_.now() + kConvergence;
    }
  }
  const std::string still = missing();
  history_.check_windows();
  if (!still.empty())
    history_.violated(Checker::Converges, still);
}

std::string World::missing() const {
  std::uint64_t told = lost_ranges_;
  for (const auto& life : slots_)
    told += life ? life->lost_ranges() : 0;
  const std::string lost = history_.lost();
  if (!lost.empty() && told == 0)
    return "retention ended and nobody was told: " + lost;
  return history_.missing();
}

Task<void> World::stop_everything() {
  for (std::size_t slot = 0; slot < slots_.size(); ++slot)
    slots_[slot]->stop();
  for (std::size_t slot = 0; slot < slots_.size(); ++slot)
    co_await stop_orderly(slot);
}

Task<Result<Unit>> World::judge() {
  while (!chaos_over() || slots_done_ < slots_.size())
    co_await clock_.sleep(outage_ ? Duration(std::chrono::minutes(10)) : kTick);
  weather_.bad = false;
  for (const auto& life : slots_)
    life->feel_weather();
  note_shards();
  co_await wait_for_convergence();
  co_await stop_everything();
  judged_ = true;
  co_return Unit{};
}

Report run_seed(std::uint64_t seed, Log log) {
  return World(SimOptions::draw(seed), Mutant::None, std::nullopt, std::move(log)).run();
}

}  // namespace kt::sim
