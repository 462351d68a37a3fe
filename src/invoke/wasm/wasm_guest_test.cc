#include "invoke/wasm/wasm_guest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "runtime/loop.h"
#include "runtime/system_clock.h"
#include "runtime/task_group.h"

namespace kt::invoke {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A batch of records with these payloads, each its own text.
std::shared_ptr<const Batch> batch_of(const std::vector<std::string>& payloads) {
  auto page = std::make_shared<RecordPage>();
  page->side = payloads;
  auto batch = std::make_shared<Batch>();
  for (const std::string& payload : page->side) {
    Record record;
    record.data = as_bytes(payload);
    record.partition_key = "key";
    record.sequence_number = "1";
    batch->records.push_back(record);
  }
  batch->pages.push_back(page);
  return batch;
}

class WasmGuestTest : public ::testing::Test {
 protected:
  WasmGuestTest() : folder_(::testing::TempDir() + "wasm_guest_test") {
    std::filesystem::remove_all(folder_);
    engine_ = *wasm::Engine::create(wasm::EngineOptions());
    const auto compiled = engine_->load(KT_GUESTS "/handler.wasm");
    component_ = *wasm::LinkedComponent::link(*engine_, *compiled, wasm::LinkOptions());
    log_ = *GuestLog::open(folder_, ComponentId("orders"), Echo::Off);
    guest_.emplace(WasmGuest::Deps{clock_, gate_, *component_, log_.get()});
  }
  ~WasmGuestTest() override {
    component_.reset();
    engine_.reset();
  }
  Task<Result<Unit>> keep(std::shared_ptr<const Batch> batch, Duration timeout) {
    answer_ = co_await guest_->handle(std::move(batch), CallContext(), clock_.now() + timeout);
    co_return Unit{};
  }
  Task<Result<Unit>> join_and_stop(TaskGroup& group) {
    auto joined = co_await group.join();
    loop_.stop();
    co_return joined;
  }
  Invocation call(const std::vector<std::string>& payloads, Duration timeout = seconds(20)) {
    TaskGroup calls(loop_);
    TaskGroup waiting(loop_);
    calls.spawn(keep(batch_of(payloads), timeout));
    waiting.spawn(join_and_stop(calls));
    loop_.run();
    loop_.context().restart();
    while (!waiting.empty())
      loop_.poll();
    loop_.context().restart();
    return answer_;
  }
  std::string printed(const char* suffix) const {
    std::ifstream file(folder_ + "/orders_" + suffix + ".txt");
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

  Loop loop_;
  SystemClock clock_{loop_};
  InvokeGate gate_{1};
  std::string folder_;
  std::unique_ptr<wasm::Engine> engine_;
  std::unique_ptr<wasm::LinkedComponent> component_;
  std::unique_ptr<GuestLog> log_;
  std::optional<WasmGuest> guest_;
  Invocation answer_;
};

TEST_F(WasmGuestTest, HandlesABatchAndKeepsWhatItPrinted) {
  EXPECT_EQ(call({"one", "two"}).outcome, InvokeOutcome::Done);
  EXPECT_THAT(printed("stdout"), ::testing::HasSubstr("record"));
}

TEST_F(WasmGuestTest, TellsErrorsTrapsAndDeadlinesApart) {
  const Invocation failed = call({"!fail because"});
  EXPECT_EQ(failed.outcome, InvokeOutcome::Failed);
  EXPECT_THAT(failed.message, ::testing::HasSubstr("because"));
  EXPECT_EQ(call({"!trap"}).outcome, InvokeOutcome::Trapped);
  EXPECT_EQ(call({"!loop"}, milliseconds(200)).outcome, InvokeOutcome::TimedOut);
  EXPECT_EQ(call({"fine"}).outcome, InvokeOutcome::Done) << "each call has its own instance";
}

TEST(WasmOutcomes, BlameTheHostForItsOwnFaultsOnly) {
  using Kind = wasm::InvocationKind;
  EXPECT_EQ(outcome_of(Kind::HostFailed), InvokeOutcome::HostFault);
  EXPECT_EQ(outcome_of(Kind::Panic), InvokeOutcome::HostFault);
  EXPECT_EQ(outcome_of(Kind::BadRecord), InvokeOutcome::Failed);
  EXPECT_EQ(outcome_of(Kind::OutOfMemory), InvokeOutcome::OutOfMemory);
  EXPECT_EQ(outcome_of(Kind::Interrupted), InvokeOutcome::Interrupted);
}

}  // namespace
}  // namespace kt::invoke
