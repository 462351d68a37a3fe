// tests/support/quarantine_under_test.h — A quarantine with a scripted guest, store and
// destination.
#pragma once
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "deliver/memory_destination.h"
#include "invoke/native_guest.h"
#include "runtime/run_virtual.h"
#include "spill/memory/memory_spill_store.h"
#include "spill/spilled_record.h"
#include "worker/quarantine.h"

#include "tests/support/faulty_spill_store.h"

namespace kt::worker {

inline constexpr std::uint32_t kForEver = 1'000'000;

class QuarantineTest : public testing::Test, private QuarantineHost {
 protected:
  QuarantineTest() {
    options_.scope.application = ApplicationName("app/a");
    options_.scope.shard = ShardId("s0");
    options_.scope.owner = WorkerId("w1");
    options_.given_up.shard = ShardId("s0");
    auto body = [this](std::shared_ptr<const Batch> batch, invoke::CallContext context) {
      return handle(std::move(batch), std::move(context));
    };
    guest_.emplace(clock_, body);
    make();
  }
  ~QuarantineTest() override { end(); }

  void make() {
    Quarantine::Deps deps{loop_,   clock_,  random_,       *this,  store_,
                          *guest_, policy_, &destination_, turns_, counters_};
    quarantine_.emplace(deps, options_, Log());
  }
  /// Ends what runs, as a crash does, and comes back as the next owner.
  void restart(std::optional<ExtendedSequenceNumber> checkpoint = std::nullopt) {
    end();
    options_.checkpoint = std::move(checkpoint);
    make();
    ASSERT_TRUE(run_sim(loop_, clock_, quarantine_->load()));
  }
  void start() {
    running_ = true;
    if (!group_)
      group_.emplace(loop_);
    group_->spawn(run());
    loop_.poll();
  }
  Task<Result<Unit>> run() {
    auto ended = co_await quarantine_->run();
    running_ = false;
    co_return ended;
  }
  void end() {
    if (group_)
      group_->cancel();
    run_virtual(loop_, clock_, [this] { return !group_ || group_->empty(); });
    group_.reset();
  }
  void run_for(Duration duration) {
    const MonotonicTime until = clock_.now() + duration;
    OneShot bell;
    clock_.schedule(until, bell);
    run_virtual(loop_, clock_, [&] { return bell.fired(); });
  }
  void run_until_empty() {
    run_virtual(loop_, clock_, [this] { return quarantine_->empty(); });
  }

  /// "a:1 b:2 a:3": partition key and sequence number, which is the payload too.
  std::shared_ptr<const Batch> batch(const std::string& text, std::size_t payload = 1) {
    std::vector<spill::SpilledRecord> records;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find(' ', at), text.size());
      const std::string one = text.substr(at, end - at);
      spill::SpilledRecord record;
      record.partition_key = one.substr(0, one.find(':'));
      record.position = ExtendedSequenceNumber(SequenceNumber(one.substr(one.find(':') + 1)));
      record.data = std::string(payload, 'x');
      record.approximate_arrival = arrival_;
      records.push_back(std::move(record));
      at = end + 1;
    }
    return spill::batch_of(std::move(records));
  }
  Parking parking(const std::string& text, std::uint32_t failures = 0) {
    Parking parking;
    parking.batch = batch(text);
    parking.spent = parking.failures = parking.calls = failures;
    return parking;
  }
  Parked park(const std::string& text, std::uint32_t failures = 0) {
    auto wanted = parking(text, failures);
    return run_sim(loop_, clock_, quarantine_->park(std::move(wanted)));
  }
  /// A park() that the test does not wait for.
  void begin_to_park(Parking wanted) {
    if (!group_)
      group_.emplace(loop_);
    group_->spawn(park_later(std::move(wanted)));
    loop_.poll();
  }
  Task<Result<Unit>> park_later(Parking wanted) {
    parked_ = co_await quarantine_->park(std::move(wanted));
    co_return Unit{};
  }
  Claim claim(const std::string& text) { return quarantine_->claim(batch(text)->records[0]); }

  Task<invoke::Invocation> handle(std::shared_ptr<const Batch> given, invoke::CallContext context) {
    std::string text;
    bool fails = false;
    std::size_t index = 0;
    invoke::Invocation ended;
    for (const Record& record : given->records) {
      const std::string name =
          std::string(record.partition_key) + ":" + std::string(record.sequence_number);
      text += (text.empty() ? "" : " ") + name;
      auto& left = failures_left_[name];
      if (left > 0) {
        --left;
        if (!fails)
          ended.first_failed = static_cast<std::uint32_t>(index);
        fails = true;
      }
      ++index;
    }
    calls_.push_back(text);
    attempts_.push_back(context.attempt);
    ++in_flight_;
    most_in_flight_ = std::max(most_in_flight_, in_flight_);
    if (guest_time_ > Duration(0))
      co_await clock_.sleep(guest_time_);
    --in_flight_;
    ended.outcome = fails ? failure_ : invoke::InvokeOutcome::Done;
    ended.message = fails ? "no" : "";
    if (!fails)
      handled_.push_back(text);
    co_return ended;
  }

  bool may_call() const override { return may_call_; }
  void lose() override { ++losses_; }
  std::chrono::milliseconds behind_latest() const override { return std::chrono::milliseconds(0); }
  WallTime service_now() const override { return clock_.wall_now(); }

  Loop loop_;
  VirtualClock clock_;
  Random random_{7};
  spill::MemorySpillStore memory_;
  testing_support::FaultySpillStore store_{memory_};
  deliver::MemoryDestination destination_;
  invoke::FailurePolicy policy_{random_};
  invoke::InvokeGate turns_{8};
  TriggerCounters counters_;
  std::optional<invoke::NativeGuest> guest_;
  Quarantine::Options options_;
  std::optional<Quarantine> quarantine_;
  std::optional<TaskGroup> group_;
  std::optional<Parked> parked_;
  WallTime arrival_ = clock_.wall_now();
  bool running_ = false;

  std::map<std::string, std::uint32_t> failures_left_;
  invoke::InvokeOutcome failure_ = invoke::InvokeOutcome::Failed;
  Duration guest_time_{0};
  bool may_call_ = true;
  int losses_ = 0;
  int in_flight_ = 0;
  int most_in_flight_ = 0;
  std::vector<std::string> calls_;
  std::vector<std::uint32_t> attempts_;
  std::vector<std::string> handled_;
};

}  // namespace kt::worker
