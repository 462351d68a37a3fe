#include "wasm/linked_component.h"

#include <gmock/gmock.h>
#include <malloc.h>

#include <filesystem>
#include <fstream>

#include "wasm/testing.h"

namespace kt::wasm {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using Call = WasmTest;

TEST_F(Call, HandsEveryFieldOfEveryRecordToTheGuest) {
  auto component = link("handler");
  TestRecords records;
  records.add("first", "user-1", "49590338271490256608559692538361571095921575989136588898");
  records.add("second", "w\xc3\xb6rld \xe2\x98\x83", "2").add("");
  const Invocation done = call(*component, records);
  EXPECT_EQ(done.kind, InvocationKind::Ok) << done.message;
  EXPECT_EQ(output_.stdout_text(),
            "record 49590338271490256608559692538361571095921575989136588898 user-1 first\n"
            "record 2 w\xc3\xb6rld \xe2\x98\x83 second\n"
            "record 3 key \n");
  EXPECT_GT(done.stats.call.count(), 0);
  EXPECT_GT(done.stats.peak_memory_bytes, 64u << 10);
  const Invocation fields = command(*component, "!fields");
  EXPECT_EQ(fields.message, "arrival 1700000000 encryption 1");
}

#if defined(__GLIBC__) && !defined(KT_SANITIZED)
/// What the heap has lent to the whole process.
std::size_t heap_bytes() {
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

/// Notes the heap's size when the guest prints first.
class HeapAtFirstOutput final : public GuestOutput {
 public:
  void write(OutputStream, std::string_view) noexcept override {
    if (bytes == 0)
      bytes = heap_bytes();
  }
  std::size_t bytes = 0;
};

TEST_F(Call, HoldsNoCopyOfThePayloadsBesideTheGuests) {
  constexpr std::size_t kPayload = 8u << 20;
  auto component = link("handler");
  TestRecords records;
  records.add("small").add(std::string(kPayload, 'x'));
  EXPECT_TRUE(call(*component, records).ok()) << "warms up";
  HeapAtFirstOutput output;
  CallOptions options(std::chrono::seconds(20), &output);
  const std::size_t before = heap_bytes();
  std::optional<Invocation> done;
  TaskGroup group(loop_);
  group.spawn(keep(component->invoke(records.span(), options), done));
  serve_until_empty(group);
  ASSERT_TRUE(done->ok()) << done->message;
  ASSERT_GT(output.bytes, 0u);
  EXPECT_GT(done->stats.peak_memory_bytes, kPayload) << "the guest has it";
  EXPECT_LT(output.bytes, before + kPayload / 8) << "and nobody else";
}
#endif

TEST_F(Call, AcceptsAnEmptyBatch) {
  auto component = link("handler");
  TestRecords records;
  EXPECT_TRUE(call(*component, records).ok());
}

TEST_F(Call, ReportsTheHandlersOwnError) {
  auto component = link("handler");
  const Invocation done = command(*component, "!fail the stock is empty");
  EXPECT_EQ(done.kind, InvocationKind::GuestError);
  EXPECT_EQ(done.message, "the stock is empty");
}

TEST_F(Call, ReportsATrapWithItsCauseFirst) {
  auto component = link("handler");
  const Invocation done = command(*component, "!trap");
  EXPECT_EQ(done.kind, InvocationKind::Trap);
  EXPECT_THAT(done.message,
              AllOf(StartsWith("wasm trap: wasm `unreachable`"), HasSubstr("wasm backtrace")));
}

TEST_F(Call, SurvivesAGuestThatOverflowsItsStack) {
  auto component = link("handler");
  EXPECT_EQ(command(*component, "!stack").kind, InvocationKind::Trap);
  EXPECT_TRUE(command(*component, "fine").ok());
}

TEST_F(Call, StopsAnEndlessLoopAtTheDeadline) {
  auto component = link("handler");
  const Invocation done = command(*component, "!loop", 100ms);
  EXPECT_EQ(done.kind, InvocationKind::TimedOut) << done.message;
  EXPECT_GE(done.stats.call, 90ms);
  EXPECT_LT(done.stats.call, 5s);
}

TEST_F(Call, StopsAWaitingGuestAtTheDeadline) {
  auto component = link("handler");
  const Invocation done = command(*component, "!sleep 30000", 100ms);
  EXPECT_EQ(done.kind, InvocationKind::TimedOut) << done.message;
  EXPECT_LT(done.stats.call, 5s);
}

TEST_F(Call, KeepsEveryDeadlineWhenLoopingGuestsFillAllThreads) {
  auto component = link("handler");
  TestRecords records;
  records.add("!loop");
  const auto span = records.span();
  std::vector<std::optional<Invocation>> done(6);
  TaskGroup group(loop_);
  for (auto& out : done)
    group.spawn(keep(component->invoke(span, CallOptions(100ms, nullptr)), out));
  serve_until_empty(group);
  for (const auto& out : done) {
    ASSERT_TRUE(out);
    EXPECT_EQ(out->kind, InvocationKind::TimedOut);
    EXPECT_LT(out->stats.call, 5s);
  }
}

TEST_F(Call, IsInterruptedWhileItComputesWhenItsTaskIsCancelled) {
  auto component = link("handler");
  TestRecords records;
  records.add("!loop");
  const Invocation done = cancel_when_printed(*component, records, "looping");
  EXPECT_EQ(done.kind, InvocationKind::Interrupted) << done.message;
}

TEST_F(Call, IsInterruptedWhileItWaitsWhenItsTaskIsCancelled) {
  auto component = link("handler");
  TestRecords records;
  records.add("!sleep 30000");
  const Invocation done = cancel_when_printed(*component, records, "sleeping");
  EXPECT_EQ(done.kind, InvocationKind::Interrupted) << done.message;
}

TEST_F(Call, IsInterruptedWhileItWaitsForItsTurn) {
  auto component = link("handler");
  TestRecords loops;
  loops.add("!loop");
  const auto span = loops.span();
  std::vector<std::optional<Invocation>> done(20);  // the engine has 8 slots
  TaskGroup group(loop_);
  for (auto& out : done)
    group.spawn(keep(component->invoke(span, CallOptions(60s, &output_)), out));
  output_.when_printed("looping", [&] { loop_.post([&group] { group.cancel(); }); });
  serve_until_empty(group);
  for (const auto& out : done) {
    ASSERT_TRUE(out);
    EXPECT_EQ(out->kind, InvocationKind::Interrupted) << out->message;
  }
}

TEST_F(Call, WaitsForItsTurnWhenEveryInstanceIsTaken) {
  auto component = link("handler");
  TestRecords records;
  records.add("!sleep 5");
  const auto span = records.span();
  std::vector<std::optional<Invocation>> done(50);
  TaskGroup group(loop_);
  for (auto& out : done)
    group.spawn(keep(component->invoke(span, CallOptions(20s, nullptr)), out));
  serve_until_empty(group);
  for (const auto& out : done) {
    ASSERT_TRUE(out);
    EXPECT_TRUE(out->ok()) << out->message;
  }
}

TEST_F(Call, TellsAGuestThatCrashedForWantOfMemory) {
  LinkOptions options;
  options.memory_limit_bytes = 16 << 20;
  auto component = link("handler", options);
  const Invocation done = command(*component, "!grow");
  EXPECT_EQ(done.kind, InvocationKind::OutOfMemory) << done.message;
  EXPECT_THAT(done.message, HasSubstr("16777216 bytes"));
  EXPECT_LE(done.stats.peak_memory_bytes, 16u << 20);
}

TEST_F(Call, LetsAGuestHandleRefusedMemory) {
  LinkOptions options;
  options.memory_limit_bytes = 16 << 20;
  auto component = link("handler", options);
  const Invocation done = command(*component, "!growsoft");
  EXPECT_EQ(done.kind, InvocationKind::GuestError);
  EXPECT_THAT(done.message, StartsWith("malloc refused after"));
}

TEST_F(Call, ReportsAGuestThatExits) {
  auto component = link("handler");
  const Invocation done = command(*component, "!exit");
  EXPECT_EQ(done.kind, InvocationKind::Exit);
  EXPECT_THAT(done.message, HasSubstr("exited with status"));
}

TEST_F(Call, GivesTheGuestOnlyTheEnvironmentOfItsOptions) {
  LinkOptions options;
  options.environment = {{"STAGE", "test"}};
  auto component = link("handler", options);
  EXPECT_EQ(command(*component, "!env STAGE").message, "env: test");
  EXPECT_EQ(command(*component, "!env PATH").message, "env: ");
}

TEST_F(Call, LetsTheGuestReadAPreopenedDirectoryAndNothingElse) {
  const TemporaryDir dir;
  std::ofstream(dir.path() + "/hello.txt") << "hello from outside";
  LinkOptions options;
  options.dirs = {{dir.path(), "/data", DirAccess::Read}};
  auto component = link("handler", options);
  EXPECT_EQ(command(*component, "!read /data/hello.txt").message, "read: hello from outside");
  EXPECT_EQ(command(*component, "!write /data/new.txt").message, "cannot write /data/new.txt");
  EXPECT_EQ(command(*component, "!read /etc/hostname").message, "cannot read /etc/hostname");
  EXPECT_THAT(command(*component, "!read /data/../../etc/hostname").message,
              StartsWith("cannot read"));
}

TEST_F(Call, LetsTheGuestWriteWhereItMay) {
  const TemporaryDir dir;
  LinkOptions options;
  options.dirs = {{dir.path(), "/data", DirAccess::ReadWrite}};
  auto component = link("handler", options);
  EXPECT_TRUE(command(*component, "!write /data/new.txt").ok());
  EXPECT_TRUE(std::filesystem::exists(dir.path() + "/new.txt"));
}

TEST_F(Call, FailsAsTheHostsFaultWhenADirectoryVanished) {
  auto dir = std::make_unique<TemporaryDir>();
  LinkOptions options;
  options.dirs = {{dir->path(), "/data", DirAccess::Read}};
  auto component = link("handler", options);
  const std::string path = dir->path();
  dir.reset();
  const Invocation done = command(*component, "x");
  EXPECT_EQ(done.kind, InvocationKind::HostFailed);
  EXPECT_THAT(done.message, HasSubstr(path));
}

TEST_F(Call, RefusesAKeyThatIsNotUtf8WithoutCallingTheGuest) {
  auto component = link("handler");
  TestRecords records;
  records.add("fine").add("bad", "\xff\xfe");
  const Invocation done = call(*component, records);
  EXPECT_EQ(done.kind, InvocationKind::BadRecord);
  EXPECT_THAT(done.message, AllOf(HasSubstr("record 1 of the batch"), HasSubstr("partition key")));
  EXPECT_EQ(output_.stdout_text(), "");
}

TEST_F(Call, SeparatesStderrFromStdout) {
  auto component = link("handler");
  EXPECT_TRUE(command(*component, "!stderr careful").ok());
  EXPECT_EQ(output_.stderr_text(), "careful\n");
}

TEST_F(Call, TruncatesAFloodOfOutputAndStillSucceeds) {
  LinkOptions options;
  options.output_limit_bytes = 100'000;
  auto component = link("handler", options);
  const Invocation done = command(*component, "!flood");
  EXPECT_TRUE(done.ok()) << done.message;
  EXPECT_EQ(output_.stdout_text().size(), 100'000u);
  EXPECT_GE(done.stats.output_dropped_bytes, (8u << 20) - 100'000);
}

TEST_F(Call, CarriesTenRecordsOfAMebibyte) {
  auto component = link("handler");
  TestRecords records;
  for (int i = 0; i < 10; ++i)
    records.add(std::string(1 << 20, 'x'));
  EXPECT_TRUE(call(*component, records).ok());
}

TEST_F(Call, CarriesTenThousandRecords) {
  LinkOptions options;
  options.environment = {{"GUEST_PRINT", "batches"}};
  auto component = link("handler", options);
  TestRecords records;
  for (int i = 0; i < 10'000; ++i)
    records.add(std::string(512, 'y'), "key-" + std::to_string(i));
  EXPECT_TRUE(call(*component, records).ok());
  EXPECT_EQ(output_.stdout_text(), "batch of 10000 records, 5120000 bytes\n");
}

TEST_F(Call, GetsAFreshInstanceEachTime) {
  auto component = link("handler");
  EXPECT_EQ(command(*component, "!trap").kind, InvocationKind::Trap);
  EXPECT_TRUE(command(*component, "after the trap").ok());
}

TEST_F(Call, RunsAPlainModuleThatDoesNotDescribeItself) {
  auto component = link("plain");
  TestRecords records;
  records.add("a").add("b");
  EXPECT_TRUE(call(*component, records).ok());
  EXPECT_EQ(output_.stdout_text(), "plain: 2 records\n");
}

TEST_F(Call, RunsARustGuest) {
  if (!std::filesystem::exists(guest("rust")))
    GTEST_SKIP() << "no Rust standard library for wasm32 here; see tools/guest-rust.sh";
  auto component = link("rust");
  TestRecords records;
  records.add("hello", "user-1");
  EXPECT_TRUE(call(*component, records).ok());
  EXPECT_EQ(output_.stdout_text(), "record 1 user-1 hello\n");
  EXPECT_EQ(command(*component, "!fail").message, "handler said no");
  EXPECT_EQ(command(*component, "!trap").kind, InvocationKind::Trap);
  EXPECT_EQ(command(*component, "!loop", 100ms).kind, InvocationKind::TimedOut);
}

TEST_F(Call, OutlivesTheComponentItWasLinkedFrom) {
  auto compiled = engine().load(guest("handler"));
  ASSERT_TRUE(compiled) << compiled.error().what;
  auto linked = LinkedComponent::link(engine(), *compiled, LinkOptions());
  ASSERT_TRUE(linked) << linked.error().what;
  *compiled = CompiledComponent();
  EXPECT_TRUE(command(**linked, "x").ok());
}

TEST_F(Call, EndsAsInterruptedWhenItsEngineGoesAway) {
  EngineOptions options;
  options.worker_threads = 1;
  auto own = Engine::create(options);
  ASSERT_TRUE(own) << own.error().what;
  auto compiled = (*own)->load(guest("handler"));
  ASSERT_TRUE(compiled) << compiled.error().what;
  auto linked = LinkedComponent::link(**own, *compiled, LinkOptions());
  ASSERT_TRUE(linked) << linked.error().what;
  TestRecords records;
  records.add("!sleep 30000");
  std::optional<Invocation> done;
  TaskGroup group(loop_);
  group.spawn(keep((*linked)->invoke(records.span(), CallOptions(60s, &output_)), done));
  output_.when_printed("sleeping", [&] { loop_.post([&own] { own->reset(); }); });
  serve_until_empty(group);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->kind, InvocationKind::Interrupted);
}

}  // namespace
}  // namespace kt::wasm
