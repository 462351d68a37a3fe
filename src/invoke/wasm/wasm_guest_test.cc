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
    log_ = *GuestLog::open(folder_, ComponentId("orders"), Echo::Off);
    use(KT_GUESTS "/handler.wasm");
  }
  void use(const char* path) {
    guest_.reset();
    const auto compiled = engine_->load(path);
    component_ = *wasm::LinkedComponent::link(*engine_, *compiled, wasm::LinkOptions());
    guest_.emplace(WasmGuest::Deps{clock_, component_, log_.get()});
  }
  ~WasmGuestTest() override {
    guest_.reset();
    component_.reset();
    engine_.reset();
  }
  Task<Result<Unit>> keep(std::shared_ptr<const Batch> batch, Duration timeout) {
    answer_ = co_await guest_->handle(std::move(batch), context_, clock_.now() + timeout);
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
  std::string folder_;
  std::unique_ptr<wasm::Engine> engine_;
  std::shared_ptr<const wasm::LinkedComponent> component_;
  std::unique_ptr<GuestLog> log_;
  std::optional<WasmGuest> guest_;
  CallContext context_;
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

TEST_F(WasmGuestTest, TellsWhatItsWorldOffers) {
  EXPECT_FALSE(guest_->traits().has_window_state);
  EXPECT_FALSE(guest_->traits().reports_items);
  use(KT_GUESTS "/stream.wasm");
  EXPECT_TRUE(guest_->traits().has_window_state);
  EXPECT_TRUE(guest_->traits().reports_items);
}

TEST_F(WasmGuestTest, HandsTheContextToAGuestOfTheSecondWorld) {
  use(KT_GUESTS "/stream.wasm");
  context_.stream = *StreamArn::parse("arn:aws:kinesis:eu-west-1:123456789012:stream/orders");
  context_.stream_created = WallTime(milliseconds(1690000000123));
  context_.shard = ShardId("shardId-000000000007");
  context_.attempt = 2;
  context_.behind_latest = milliseconds(4500);
  context_.fencing_token = 9;
  context_.window.emplace();
  context_.window->start = WallTime(seconds(60));
  context_.window->end = WallTime(seconds(120));
  context_.window->final_call = true;
  context_.window_state = std::make_shared<const std::string>("seven");
  const Invocation done = call({"!state 5", "!from"});
  EXPECT_EQ(done.outcome, InvokeOutcome::Partial) << done.message;
  EXPECT_EQ(done.first_failed, 1u);
  EXPECT_EQ(done.window_state, "sssss");
  EXPECT_THAT(
      printed("stdout"),
      ::testing::StartsWith("call arn:aws:kinesis:eu-west-1:123456789012:stream/orders "
                            "shardId-000000000007 attempt 2 behind 4500 fencing 9 window "
                            "60000-120000 final state seven\nrecord 1/0 key - 0 "
                            "arn:aws:kinesis:eu-west-1:123456789012:stream/orders/1690000000123/"
                            "shardId-000000000007/1/0 !state 5\n"));
  EXPECT_EQ(call({}).outcome, InvokeOutcome::Done) << "a window's last call";
}

TEST_F(WasmGuestTest, TakesTheSecondWorldsTrapsAndDeadlinesAsTheFirsts) {
  use(KT_GUESTS "/stream.wasm");
  EXPECT_EQ(call({"!fail because"}).outcome, InvokeOutcome::Failed);
  EXPECT_EQ(call({"!trap"}).outcome, InvokeOutcome::Trapped);
  EXPECT_EQ(call({"!loop"}, milliseconds(200)).outcome, InvokeOutcome::TimedOut);
}

wasm::Invocation said(wasm::Said what, std::vector<std::uint32_t> items = {}) {
  wasm::Invocation ended;
  ended.kind = wasm::InvocationKind::Ok;
  ended.said = what;
  ended.failed_items = std::move(items);
  ended.window_state = "kept";
  return ended;
}

TEST(WasmOutcomes, SortFailedItemsAndNameEachOnce) {
  const Invocation partial = to_invocation(said(wasm::Said::FailedItems, {4, 1, 4, 2}), 5);
  EXPECT_EQ(partial.outcome, InvokeOutcome::Partial);
  EXPECT_EQ(partial.first_failed, 1u);
  EXPECT_THAT(partial.failed_items, ::testing::ElementsAre(1, 2, 4));
  EXPECT_EQ(partial.window_state, "kept");
}

TEST(WasmOutcomes, TakeAnEmptyListOfFailedItemsAsDone) {
  const Invocation done = to_invocation(said(wasm::Said::FailedItems), 5);
  EXPECT_EQ(done.outcome, InvokeOutcome::Done);
  EXPECT_EQ(done.window_state, "kept");
}

TEST(WasmOutcomes, KeepAFailureFromTheFirstRecordOnAsPartial) {
  const Invocation partial = to_invocation(said(wasm::Said::FailedFrom), 5);
  EXPECT_EQ(partial.outcome, InvokeOutcome::Partial);
  EXPECT_EQ(partial.first_failed, 0u);
  EXPECT_TRUE(partial.failed_items.empty());
}

TEST(WasmOutcomes, FailTheWholeBatchForAnIndexThatNoRecordHas) {
  wasm::Invocation from = said(wasm::Said::FailedFrom);
  from.failed_from = 5;
  for (const wasm::Invocation& ended : {from, said(wasm::Said::FailedItems, {1, 5, 0})}) {
    const Invocation failed = to_invocation(ended, 5);
    EXPECT_EQ(failed.outcome, InvokeOutcome::Failed);
    EXPECT_THAT(failed.message, ::testing::HasSubstr("record 5 of the batch"));
    EXPECT_FALSE(failed.window_state) << "nothing that it said counts";
  }
  EXPECT_EQ(to_invocation(said(wasm::Said::FailedFrom), 0).outcome, InvokeOutcome::Failed);
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
