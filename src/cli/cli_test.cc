#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/modes.h"
#include "cli/progress.h"
#include "cli/run.h"
#include "cli/stop_signals.h"
#include "runtime/virtual_clock.h"

namespace kt::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
};

Outcome run_with(const Arguments& arguments, const app::Environment& environment = {}) {
  std::istringstream in;
  std::ostringstream out, err;
  const Console console{in, out, err, environment};
  Outcome outcome;
  outcome.code = run(arguments, console);
  outcome.out = out.str();
  outcome.err = err.str();
  return outcome;
}

/// A folder of its own with an app in it.
class Folder : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(testing::TempDir()) / ("cli" + std::to_string(getpid()));
    fs::remove_all(root_);
    fs::create_directories(root_);
    environment_["HOME"] = root_.string();
    environment_["AWS_EC2_METADATA_DISABLED"] = "true";
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(root_ / name) << text;
    return (root_ / name).string();
  }
  std::string manifest(const std::string& more = "", const std::string& source = "c.wasm") {
    return write("spin.toml",
                 "spin_manifest_version = 2\n[application]\nname = \"a\"\n[[trigger.kinesis]]\n"
                 "component = \"c\"\n"
                 "stream_arn = \"arn:aws:kinesis:us-east-1:123456789012:stream/s\"\n" +
                     more + "\n[component.c]\nsource = \"" + source + "\"\n");
  }
  Outcome up(const std::string& file, Arguments more = {}) {
    Arguments arguments = {"up", "-f", file};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_with(arguments, environment_);
  }

  fs::path root_;
  app::Environment environment_;
};

TEST(Modes, AreDecidedInThisOrder) {
  const app::Environment none;
  const app::Environment spin = {{"SPIN_LOCKED_URL", "file:///x"}};
  const app::Environment working = {{"SPIN_WORKING_DIR", "/x"}};
  struct Row {
    Arguments arguments;
    const app::Environment& environment;
    Mode mode;
  };
  const std::vector<Row> table = {
      {{"up"}, none, Mode::Command},
      {{"up"}, spin, Mode::Command},
      {{"up", "--help"}, spin, Mode::Command},
      {{"local", "--launch-metadata-only"}, none, Mode::Command},
      {{"--help-args-only"}, none, Mode::HelpArgsOnly},
      {{"--help-args-only"}, spin, Mode::HelpArgsOnly},
      {{"--help", "--launch-metadata-only"}, spin, Mode::LaunchMetadata},
      {{"--precompose-only"}, spin, Mode::Precompose},
      {{"--help"}, spin, Mode::Help},
      {{"-h"}, none, Mode::Help},
      {{"--version"}, none, Mode::Version},
      {{}, spin, Mode::Trigger},
      {{"--quiet"}, working, Mode::Trigger},
      {{"stray"}, spin, Mode::Trigger},
      {{}, none, Mode::Nothing},
      {{"upp"}, none, Mode::Nothing},
  };
  for (const Row& row : table)
    EXPECT_EQ(decide_mode(row.arguments, row.environment), row.mode)
        << testing::PrintToString(row.arguments);
}

TEST(Start, WithNothingNamesTheVariableAndTheCommand) {
  const Outcome outcome = run_with({});
  EXPECT_EQ(outcome.code, kUsage);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, HasSubstr("SPIN_LOCKED_URL"));
  EXPECT_THAT(outcome.err, HasSubstr("trigger-kinesis up"));
  EXPECT_THAT(run_with({"upp"}).err, HasSubstr("unknown command \"upp\"; did you mean \"up\"?"));
}

TEST(Start, OfSpinNamesTheVariableThatIsMissing) {
  const Outcome outcome = run_with({}, {{"SPIN_LOCKED_URL", "file:///x"}});
  EXPECT_EQ(outcome.code, kUsage);
  EXPECT_THAT(outcome.err, HasSubstr("SPIN_WORKING_DIR is not set"));
}

TEST(HiddenFlags, PrintTheMetadataOnStderrAndNothingElse) {
  const Outcome outcome = run_with({"--launch-metadata-only"});
  EXPECT_EQ(outcome.code, kDone);
  EXPECT_THAT(outcome.out, IsEmpty());
  const auto json = nlohmann::json::parse(outcome.err);
  std::vector<std::string> flags;
  for (const auto& flag : json["all_flags"])
    flags.push_back(flag["long"].get<std::string>());
  // Every flag of Spin's own triggers: an unknown one would fail a whole `spin up`.
  for (const char* flag : {"--log-dir",
                           "--truncate-logs",
                           "--disable-cache",
                           "--cache",
                           "--disable-pooling",
                           "--debug-info",
                           "--follow",
                           "--quiet",
                           "--runtime-config-file",
                           "--state-dir",
                           "--allow-transient-write",
                           "--key-value",
                           "--sqlite",
                           "--max-instance-memory",
                           "--variable",
                           "--experimental-wasi-otel",
                           "--experimental-wasm-feature",
                           "--help-args-only",
                           "--launch-metadata-only",
                           "--precompose-only",
                           "--precompose-component-id"})
    EXPECT_THAT(flags, testing::Contains(flag));
  EXPECT_EQ(json["all_flags"][0]["short"], "-L");
}

TEST(HiddenFlags, PrintTheOptionsOnStdoutWithoutUsage) {
  const Outcome outcome = run_with({"--help-args-only"});
  EXPECT_EQ(outcome.code, kDone);
  EXPECT_THAT(outcome.err, IsEmpty());
  EXPECT_THAT(outcome.out, testing::StartsWith("Kinesis Trigger Options:\n  -L, --log-dir"));
  EXPECT_THAT(outcome.out, HasSubstr("[env: SPIN_LOG_DIR=]"));
  EXPECT_THAT(outcome.out, testing::Not(HasSubstr("--help")));
  EXPECT_THAT(outcome.out, testing::Not(HasSubstr("--launch-metadata-only")));
}

TEST(Commands, HaveHelp) {
  for (const char* command : {"up", "check", "put", "tail", "shards", "consumers", "local"}) {
    const Outcome outcome = run_with({command, "--help"});
    EXPECT_EQ(outcome.code, kDone) << command;
    EXPECT_THAT(outcome.out, HasSubstr(command));
  }
}

TEST(Commands, RefuseAnUnknownFlagAndNameTheNearest) {
  const Outcome outcome = run_with({"shards", "--stream", "x", "--jsn"});
  EXPECT_EQ(outcome.code, kUsage);
  EXPECT_THAT(outcome.err, HasSubstr("--jsn"));
  EXPECT_THAT(outcome.err, HasSubstr("did you mean --json?"));
  EXPECT_EQ(run_with({"put"}).code, kUsage);
}

TEST(Local, ListensOnLoopbackOnly) {
  const Outcome outcome = run_with({"local", "--listen", "0.0.0.0:4567"});
  EXPECT_EQ(outcome.code, kUsage);
  EXPECT_THAT(outcome.err, HasSubstr("only loopback addresses"));
  EXPECT_EQ(run_with({"local", "--listen", "127.0.0.1:x"}).code, kUsage);
}

TEST(Local, RefusesABadStreamToCreate) {
  const Outcome outcome = run_with({"local", "--create", "x:many"});
  EXPECT_EQ(outcome.code, kUsage);
  EXPECT_THAT(outcome.err, HasSubstr("x:many"));
}

TEST_F(Folder, AMissingManifestIsNamedWithTheFlag) {
  const Outcome outcome = up((root_ / "spin.toml").string());
  EXPECT_EQ(outcome.code, kUsage);
  EXPECT_THAT(outcome.err, HasSubstr("spin.toml"));
  EXPECT_THAT(outcome.err, HasSubstr("-f"));
}

TEST_F(Folder, AnUnknownKeyEndsTheStart) {
  const Outcome outcome = up(manifest("batchsize = 1"));
  EXPECT_EQ(outcome.code, kUsage);
  EXPECT_THAT(outcome.err, HasSubstr("spin.toml:7: unknown key \"batchsize\""));
}

TEST_F(Folder, AMissingComponentFileEndsTheStart) {
  const Outcome outcome = up(manifest(), {"--state-dir", (root_ / "state").string()});
  EXPECT_EQ(outcome.code, kUsage);
  EXPECT_THAT(outcome.err, HasSubstr("component \"c\": no file"));
}

TEST_F(Folder, AFileThatIsNoWasmEndsTheStart) {
  write("c.wasm", "not WebAssembly");
  const Outcome outcome = up(manifest(), {"--state-dir", (root_ / "state").string()});
  EXPECT_EQ(outcome.code, kUsage);
  EXPECT_THAT(outcome.err, HasSubstr("component \"c\""));
  EXPECT_THAT(outcome.err, HasSubstr("c.wasm"));
}

TEST_F(Folder, AStateDirectoryThatCannotBeMadeEndsTheStart) {
  write("file", "x");
  const Outcome outcome = up(manifest(), {"--state-dir", (root_ / "file" / "state").string()});
  EXPECT_NE(outcome.code, kDone);
  EXPECT_THAT(outcome.err, HasSubstr((root_ / "file").string()));
}

TEST_F(Folder, PrintConfigShowsFlagsAsOrigins) {
  const Outcome outcome =
      up(manifest(), {"--print-config", "--max-instance-memory", "1048576", "-q"});
  EXPECT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_THAT(outcome.out,
              testing::ContainsRegex("max_instance_memory = 1048576 +# --max-instance-memory"));
  environment_["SPIN_MAX_INSTANCE_MEMORY"] = "2097152";
  EXPECT_THAT(up(manifest(), {"--print-config"}).out,
              testing::ContainsRegex("= 2097152 +# SPIN_MAX_INSTANCE_MEMORY"));
}

TEST_F(Folder, WithAStreamOfOurOwnReadingGoesOnAfterLossUnlessToldOtherwise) {
  EXPECT_THAT(up(manifest(), {"--print-config"}).out, HasSubstr("on_data_loss = fail "));
  EXPECT_THAT(up(manifest(), {"--print-config", "--local"}).out,
              HasSubstr("on_data_loss = continue "));
  const std::string told = manifest("[application.trigger.kinesis]\non_data_loss = \"fail\"\n");
  EXPECT_THAT(up(told, {"--print-config", "--local"}).out, HasSubstr("on_data_loss = fail "));
}

TEST_F(Folder, ARuntimeConfigKeyThatIsNotServedIsRefused) {
  const std::string empty = write("empty.toml", "");
  EXPECT_EQ(up(manifest(), {"--print-config", "--runtime-config-file", empty}).code, kDone);
  const std::string config = write("rt.toml", "[key_value_store.default]\ntype = \"redis\"\n");
  const Outcome outcome = up(manifest(), {"--print-config", "--runtime-config-file", config});
  EXPECT_EQ(outcome.code, kUsage);
  EXPECT_THAT(outcome.err, HasSubstr("rt.toml:1: \"key_value_store\" is not supported"));
}

TEST_F(Folder, AFollowedComponentMustExist) {
  const Outcome outcome = up(manifest(), {"--print-config", "--follow", "nope"});
  EXPECT_EQ(outcome.code, kUsage);
  EXPECT_THAT(outcome.err, HasSubstr("nope"));
  EXPECT_EQ(up(manifest(), {"--print-config", "--follow", "c"}).code, kDone);
}

TEST_F(Folder, WhatIsNotBuiltYetIsRefusedByName) {
  EXPECT_THAT(up(manifest(), {"--print-config", "--key-value", "a=b"}).err,
              HasSubstr("--key-value is not available"));
  EXPECT_THAT(up(manifest(), {"--print-config", "--sqlite", "x"}).err,
              HasSubstr("--sqlite is not available"));
}

TEST_F(Folder, TheTriggerNeedsAPlaceForItsPositions) {
  const std::string lock =
      write("spin.lock",
            R"({"spin_lock_version":0,"metadata":{"name":"a"},"triggers":[{"id":"t",
      "trigger_type":"kinesis","trigger_config":{"component":"c",
      "stream_arn":"arn:aws:kinesis:us-east-1:123456789012:stream/s"}}],"components":[{"id":"c",
      "source":{"source":"file:///gone.wasm"}}]})");
  environment_["SPIN_LOCKED_URL"] = "file://" + lock;
  environment_["SPIN_WORKING_DIR"] = root_.string();
  const Outcome outcome = run_with({}, environment_);
  EXPECT_EQ(outcome.code, kUsage);
  EXPECT_THAT(outcome.err, HasSubstr("--state-dir"));
}

TEST(StopSignals, LeaveAHangupIgnoredThatWasIgnoredAtTheStart) {
  const auto before = std::signal(SIGHUP, SIG_IGN);
  Loop loop;
  VirtualClock clock;
  int drained = 0;
  StopSignals signals(loop, clock, [&] { ++drained; }, [] {});
  std::raise(SIGHUP);
  loop.poll();
  EXPECT_EQ(drained, 0);
  signals.close();
  loop.poll();
  std::signal(SIGHUP, before);
}

TEST(StopSignals, APipeWithoutAReaderEndsNothing) {
  outlive_broken_pipes();
  int ends[2] = {};
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  EXPECT_EQ(::write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  ::close(ends[1]);
}

TEST(StopSignals, DrainOnceAndHurryOnlyAfterASecond) {
  Loop loop;
  VirtualClock clock;
  int drained = 0, hurried = 0;
  StopSignals signals(loop, clock, [&] { ++drained; }, [&] { ++hurried; });
  signals.on_signal();
  signals.on_signal();
  EXPECT_EQ(drained, 1);
  EXPECT_EQ(hurried, 0);
  OneShot later;
  clock.schedule(clock.now() + std::chrono::milliseconds(1001), later);
  clock.advance_to_next();
  signals.on_signal();
  signals.on_signal();
  EXPECT_EQ(hurried, 1);
  signals.close();
  loop.poll();
}

TEST(Progress, SaysRateLagAndPositions) {
  ShardStatus shard;
  shard.shard = ShardId("shardId-000000000012");
  shard.checkpoint = "TRIM_HORIZON";
  shard.millis_behind_latest = 1500;
  EXPECT_EQ(Progress::line(std::chrono::seconds(3), 100.4, 300, {shard}),
            "3 s  100 records/s  300 records  1 shards  1.5 s behind | 12 TRIM_HORIZON");
}

}  // namespace
}  // namespace kt::cli
