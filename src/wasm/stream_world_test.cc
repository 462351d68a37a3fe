// The second world, in both of its forms: what the guest is told, what it may say, how a call ends.
#include <gmock/gmock.h>

#include <filesystem>

#include "runtime/system_clock.h"
#include "wasm/testing.h"

namespace kt::wasm {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kArn = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders";

class StreamWorld : public WasmTest {
 protected:
  StreamWorld() {
    context_.stream_arn = kArn;
    context_.stream_created = WallTime(1690000000123ms);
    context_.shard_id = "shardId-000000000007";
    context_.attempt = 3;
    context_.behind_latest = 4500ms;
    context_.fencing_token = 18446744073709551615u;
  }
  /// Calls with these payloads.
  Invocation call_with(const LinkedComponent& component, const std::vector<std::string>& payloads) {
    TestRecords records;
    for (const std::string& payload : payloads)
      records.add(payload);
    return call(component, records);
  }
};

/// What holds for both forms alike.
class EachForm : public StreamWorld, public ::testing::WithParamInterface<const char*> {
 protected:
  std::unique_ptr<LinkedComponent> handler(LinkOptions options = LinkOptions()) {
    return link(GetParam(), std::move(options));
  }
};
#if KT_BRIDGE_P3
#define KT_FORMS "stream", "stream_async"
#else
#define KT_FORMS "stream"
#endif
INSTANTIATE_TEST_SUITE_P(Stream, EachForm, ::testing::Values(KT_FORMS),
                         [](const auto& form) { return std::string(form.param); });

TEST_P(EachForm, TellsTheGuestWhereItsCallStands) {
  auto component = handler();
  TestRecords records;
  records.add("first", "user-1", "49590338271490256608559692538361571095921575989136588898");
  records.add("second", "w\xc3\xb6rld", "2").in_aggregate(17, "340282366920938463463");
  const Invocation done = call(*component, records);
  EXPECT_TRUE(done.ok()) << done.message;
  EXPECT_EQ(done.said, Said::Done);
  EXPECT_FALSE(done.window_state);
  const std::string key = std::string(kArn) + "/1690000000123/shardId-000000000007/";
  const std::string number = "49590338271490256608559692538361571095921575989136588898";
  EXPECT_EQ(output_.stdout_text(),
            "call " + std::string(kArn) +
                " shardId-000000000007 attempt 3 behind 4500 fencing 18446744073709551615 "
                "window - state -\n"
                "record " +
                number + "/0 user-1 - 1700000000250 " + key + number +
                "/0 first\n"
                "record 2/17 w\xc3\xb6rld 340282366920938463463 1700000000250 " +
                key + "2/17 second\n");
}

TEST_P(EachForm, TellsTheGuestItsWindowAndHandsItsStateBack) {
  LinkOptions options;
  options.environment = {{"GUEST_COUNT", "yes"}};
  auto component = handler(options);
  context_.window = BatchWindow{WallTime(1000ms), WallTime(61000ms), false, false};
  Invocation done = call_with(*component, {"a", "b", "c"});
  EXPECT_EQ(done.window_state, "3");
  const std::string state = *done.window_state;
  context_.window_state = state;
  context_.window = BatchWindow{WallTime(1000ms), WallTime(61000ms), true, true};
  done = call_with(*component, {"d"});
  EXPECT_EQ(done.window_state, "4");
  EXPECT_THAT(output_.stdout_text(), AllOf(HasSubstr("window 1000-61000 state -\n"),
                                           HasSubstr("window 1000-61000 final early state 3\n")));
}

TEST_P(EachForm, TellsAnEmptyStateFromNone) {
  auto component = handler();
  context_.window_state = "";
  const Invocation done = call_with(*component, {"!state 0"});
  ASSERT_TRUE(done.ok()) << done.message;
  EXPECT_EQ(done.window_state, "");
  EXPECT_THAT(output_.stdout_text(), HasSubstr("state \n"));
}

TEST_P(EachForm, IsCalledWithoutRecordsAtTheEndOfAWindow) {
  LinkOptions options;
  options.environment = {{"GUEST_COUNT", "yes"}};
  auto component = handler(options);
  context_.window_state = "41";
  const Invocation done = call_with(*component, {});
  EXPECT_TRUE(done.ok()) << done.message;
  EXPECT_EQ(done.window_state, "41");
}

TEST_P(EachForm, ReportsFailedItemsAsTheGuestSaidThem) {
  auto component = handler();
  const Invocation done = call_with(*component, {"ok", "!index 9", "ok", "!item", "!index 1"});
  ASSERT_TRUE(done.ok()) << done.message;
  EXPECT_EQ(done.said, Said::FailedItems);
  EXPECT_THAT(done.failed_items, ElementsAre(9, 3, 1));
}

TEST_P(EachForm, ReportsWhereTheFailureBegins) {
  auto component = handler();
  const Invocation done = call_with(*component, {"ok", "!from", "ok"});
  ASSERT_TRUE(done.ok()) << done.message;
  EXPECT_EQ(done.said, Said::FailedFrom);
  EXPECT_EQ(done.failed_from, 1u);
}

TEST_P(EachForm, RefusesMoreFailedItemsThanThereAreRecords) {
  auto component = handler();
  for (const char* command : {"!items 2", "!items 5000000"}) {
    const Invocation done = call_with(*component, {command});
    EXPECT_EQ(done.kind, InvocationKind::GuestError) << command;
    EXPECT_THAT(done.message, AllOf(HasSubstr(std::string(command).substr(7) + " failed items"),
                                    HasSubstr("a batch of 1 record")));
    EXPECT_TRUE(done.failed_items.empty());
  }
}

TEST_P(EachForm, BoundsTheWindowStateThatAGuestReturns) {
  auto component = handler();
  Invocation done = call_with(*component, {"!state " + std::to_string(kWindowStateBytesMax)});
  ASSERT_TRUE(done.ok()) << done.message;
  EXPECT_EQ(done.window_state->size(), kWindowStateBytesMax);
  done = call_with(*component, {"!state " + std::to_string(kWindowStateBytesMax + 1)});
  EXPECT_EQ(done.kind, InvocationKind::GuestError);
  EXPECT_THAT(done.message, HasSubstr(std::to_string(kWindowStateBytesMax + 1) + " bytes"));
  EXPECT_FALSE(done.window_state);
}

TEST_P(EachForm, ReportsTheHandlersOwnErrorATrapAndAnExit) {
  auto component = handler();
  const Invocation failed = command(*component, "!fail the stock is empty");
  EXPECT_EQ(failed.kind, InvocationKind::GuestError);
  EXPECT_EQ(failed.message, "the stock is empty");
  const Invocation trapped = command(*component, "!trap");
  EXPECT_EQ(trapped.kind, InvocationKind::Trap);
  EXPECT_THAT(trapped.message, StartsWith("wasm trap: wasm `unreachable`"));
  EXPECT_EQ(command(*component, "!exit").kind, InvocationKind::Exit);
  EXPECT_EQ(command(*component, "!stack").kind, InvocationKind::Trap);
  EXPECT_TRUE(command(*component, "fine").ok()) << "each call has its own instance";
}

TEST_P(EachForm, IsHeldToItsMemoryCap) {
  LinkOptions options;
  options.memory_limit_bytes = 16 << 20;
  auto component = handler(options);
  const Invocation done = command(*component, "!grow");
  EXPECT_EQ(done.kind, InvocationKind::OutOfMemory) << done.message;
  EXPECT_LE(done.stats.peak_memory_bytes, 16u << 20);
  EXPECT_EQ(command(*component, "!growsoft").kind, InvocationKind::GuestError);
}

TEST_P(EachForm, IsStoppedAtItsDeadlineWhetherItComputesOrWaits) {
  auto component = handler();
  for (const char* deed : {"!loop", "!sleep 30000"}) {
    const Invocation done = command(*component, deed, 100ms);
    EXPECT_EQ(done.kind, InvocationKind::TimedOut) << deed << ": " << done.message;
    EXPECT_LT(done.stats.call, 5s);
  }
}

TEST_P(EachForm, IsInterruptedWhenItsTaskIsCancelled) {
  auto component = handler();
  TestRecords loops;
  loops.add("!loop");
  EXPECT_EQ(cancel_when_printed(*component, loops, "looping").kind, InvocationKind::Interrupted);
  TestRecords sleeps;
  sleeps.add("!sleep 30000");
  EXPECT_EQ(cancel_when_printed(*component, sleeps, "sleeping").kind, InvocationKind::Interrupted);
}

TEST_P(EachForm, RefusesTextThatIsNotUtf8WithoutCallingTheGuest) {
  auto component = handler();
  TestRecords records;
  records.add("fine").add("bad", "\xff\xfe");
  const Invocation done = call(*component, records);
  EXPECT_EQ(done.kind, InvocationKind::BadRecord);
  EXPECT_THAT(done.message, AllOf(HasSubstr("record 1 of the batch"), HasSubstr("partition key")));
  context_.shard_id = "\xff";
  EXPECT_THAT(call_with(*component, {"x"}).message, HasSubstr("the shard's id is not UTF-8"));
  EXPECT_EQ(output_.stdout_text(), "");
}

TEST_P(EachForm, CarriesLargeBatchesAndStates) {
  LinkOptions options;
  options.environment = {{"GUEST_PRINT", "nothing"}, {"GUEST_COUNT", "yes"}};
  auto component = handler(options);
  TestRecords records;
  for (int i = 0; i < 10'000; ++i)
    records.add(std::string(512, 'y'), "key-" + std::to_string(i));
  const std::string state = "7" + std::string(1 << 20, ' ');
  context_.window_state = state;
  const Invocation done = call(*component, records);
  EXPECT_EQ(done.window_state, "10007") << done.message;
}

TEST_F(StreamWorld, IsKnownOfEachComponent) {
  EXPECT_EQ(link("handler")->world(), World::Kinesis);
  EXPECT_EQ(link("stream")->world(), World::Stream);
}

#if KT_BRIDGE_P3

TEST_F(StreamWorld, IsKnownInItsAsynchronousForm) {
  EXPECT_EQ(link("stream_async")->world(), World::StreamAsync);
}

TEST_F(StreamWorld, WaitsWithoutHoldingAThread) {
  auto component = link("stream_async");
  TestRecords records;
  records.add("!wait 200");
  const auto span = records.span();
  std::vector<std::optional<Invocation>> done(8);  // the engine has 2 threads and 8 slots
  const SystemClock clock(loop_);
  const MonotonicTime begin = clock.now();
  TaskGroup group(loop_);
  for (auto& out : done)
    group.spawn(keep(component->invoke(span, CallOptions(20s, nullptr)), out));
  serve_until_empty(group);
  const Duration took = clock.now() - begin;
  for (const auto& out : done) {
    ASSERT_TRUE(out);
    EXPECT_TRUE(out->ok()) << out->message;
    EXPECT_GE(out->stats.call, 200ms);
  }
  EXPECT_LT(took, 8 * 200ms / 2) << "two threads, one guest at a time, would take longer";
}

TEST_F(StreamWorld, EndsAnAsynchronousWaitAtTheDeadlineOrWhenItsTaskIsCancelled) {
  auto component = link("stream_async");
  const Invocation late = command(*component, "!wait 30000", 100ms);
  EXPECT_EQ(late.kind, InvocationKind::TimedOut) << late.message;
  EXPECT_LT(late.stats.call, 5s);
  TestRecords records;
  records.add("!wait 30000");
  const Invocation stopped = cancel_when_printed(*component, records, "waiting");
  EXPECT_EQ(stopped.kind, InvocationKind::Interrupted) << stopped.message;
}

TEST_F(StreamWorld, EndsAGuestThatWaitsForWhatNeverComes) {
  auto component = link("stream_async");
  const Invocation done = command(*component, "!wait");
  EXPECT_EQ(done.kind, InvocationKind::Trap) << done.message;
}

TEST_F(StreamWorld, RunsRustGuestsOfBothForms) {
  if (!std::filesystem::exists(guest("rust_async")))
    GTEST_SKIP() << "no Rust standard library for wasm32 here; see tools/guest-rust.sh";
  auto component = link("rust_stream");
  const Invocation done = call_with(*component, {"hello", "!item", "!item"});
  EXPECT_THAT(done.failed_items, ElementsAre(1, 2)) << done.message;
  EXPECT_EQ(done.window_state, "3");
  EXPECT_THAT(output_.stdout_text(), EndsWith("/1690000000123/shardId-000000000007/1/0\n"));
  EXPECT_EQ(command(*component, "!fail").message, "handler said no");
  EXPECT_EQ(command(*component, "!trap").kind, InvocationKind::Trap);

  auto waiting = link("rust_async");
  const Invocation waited = command(*waiting, "20");
  EXPECT_TRUE(waited.ok()) << waited.message;
  EXPECT_GE(waited.stats.call, 20ms);
  EXPECT_THAT(output_.stdout_text(), EndsWith("attempt 3\nwaited\n"));
  EXPECT_EQ(command(*waiting, "!fail").message, "handler said no");
  EXPECT_EQ(command(*waiting, "!trap").kind, InvocationKind::Trap);
  EXPECT_EQ(command(*waiting, "!loop", 100ms).kind, InvocationKind::TimedOut);
  EXPECT_EQ(command(*waiting, "30000", 100ms).kind, InvocationKind::TimedOut);
}

TEST_F(StreamWorld, SharesSlotsThreadsAndTicksWithTheFirstWorld) {
  auto first = link("handler");
  auto second = link("stream_async");
  TestRecords loops;
  loops.add("!loop");
  const auto span = loops.span();
  std::vector<std::optional<Invocation>> done(12);  // the engine has 8 slots
  TaskGroup group(loop_);
  for (std::size_t i = 0; i < done.size(); ++i) {
    const LinkedComponent& component = i % 2 == 0 ? *first : *second;
    group.spawn(keep(component.invoke(span, CallOptions(100ms, nullptr)), done[i]));
  }
  serve_until_empty(group);
  for (const auto& out : done) {
    ASSERT_TRUE(out);
    EXPECT_EQ(out->kind, InvocationKind::TimedOut) << out->message;
  }
}

#else

TEST_F(StreamWorld, IsRefusedInTheFormThatThisBuildLeavesOut) {
  auto component = engine().load(guest("stream_async"));
  ASSERT_FALSE(component);
  EXPECT_THAT(component.error().what, HasSubstr("which this build leaves out"));
}

#endif

}  // namespace
}  // namespace kt::wasm
