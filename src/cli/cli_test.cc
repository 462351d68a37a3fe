#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/engine_settings.h"
#include "cli/modes.h"
#include "cli/notices.h"
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
  for (const char* command :
       {"up", "check", "put", "tail", "shards", "consumers", "local", "new", "test"}) {
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

TEST_F(Folder, ARuntimeConfigurationIsReadWholeAndItsUnknownKeysRefused) {
  const std::string empty = write("empty.toml", "");
  EXPECT_EQ(up(manifest(), {"--print-config", "--runtime-config-file", empty}).code, kDone);
  environment_["RUNTIME_CONFIG_FILE"] = write("rt.toml", "[key_value_stores.default]\n");
  const Outcome outcome = up(manifest(), {"--print-config"});
  EXPECT_EQ(outcome.code, kUsage);
  EXPECT_THAT(outcome.err, HasSubstr("rt.toml:1: unused runtime config key(s): key_value_stores"));
  EXPECT_EQ(up(manifest(), {"--print-config", "--runtime-config-file", empty}).code, kDone)
      << "a flag counts before the environment";
  EXPECT_THAT(up(manifest(), {"--runtime-config-file", (root_ / "gone").string()}).err,
              HasSubstr("gone"));
}

TEST_F(Folder, TheMemoryLimitComesFromFlagThenEnvironmentThenRuntimeConfiguration) {
  const std::string file = write("rt.toml", "max_instance_memory = 1048576\n");
  const Arguments with_file = {"--print-config", "--runtime-config-file", file};
  EXPECT_THAT(up(manifest(), with_file).out, HasSubstr("rt.toml:1"));
  environment_["SPIN_MAX_INSTANCE_MEMORY"] = "2097152";
  EXPECT_THAT(up(manifest(), with_file).out,
              testing::ContainsRegex("= 2097152 +# SPIN_MAX_INSTANCE_MEMORY"));
  environment_["SPIN_MAX_INSTANCE_MEMORY"] = "2 MB";
  EXPECT_THAT(up(manifest(), with_file).err, HasSubstr("must be a number of bytes"));
}

TEST_F(Folder, LabelsOfAllComponentsMustBeDefined) {
  const std::string file = manifest(
      "[component.web]\nsource = \"w.wasm\"\n"
      "key_value_stores = [\"sessions\"]\n");
  EXPECT_THAT(up(file, {"--print-config"}).err,
              HasSubstr("unknown key_value_stores label \"sessions\" for component \"web\""));
  const std::string config = write("rt.toml", "[key_value_store.sessions]\ntype = \"spin\"\n");
  EXPECT_EQ(up(file, {"--print-config", "--runtime-config-file", config}).code, kDone);
}

TEST_F(Folder, AFollowedComponentMustExist) {
  const Outcome outcome = up(manifest("[component.web]\nsource = \"w.wasm\"\n"),
                             {"--print-config", "--follow", "nope", "--follow", "c"});
  EXPECT_EQ(outcome.code, kUsage);
  EXPECT_THAT(outcome.err, HasSubstr("The following component(s) specified in --follow do not "
                                     "exist in the application:\n  - nope\n"
                                     "The following components exist:\n  - c\n  - web"));
  EXPECT_EQ(up(manifest(), {"--print-config", "--follow", "c"}).code, kDone);
  EXPECT_EQ(up(manifest(), {"--print-config", "--follow", "c", "--quiet"}).code, kUsage);
  EXPECT_EQ(up(manifest(), {"--print-config", "--shush"}).code, kDone);
}

TEST_F(Folder, ValuesOfFlagsAreCheckedBeforeAnythingStarts) {
  const auto error_of = [&](const Arguments& more) {
    Arguments all = {"--print-config"};
    all.insert(all.end(), more.begin(), more.end());
    const Outcome outcome = up(manifest(), all);
    return outcome.code == kDone ? "no error" : outcome.err;
  };
  EXPECT_THAT(error_of({"--key-value", "a"}), HasSubstr("must be of the form `key=value`"));
  EXPECT_EQ(error_of({"--key-value", "a=b=c", "--key-value", "d="}), "no error");
  EXPECT_THAT(error_of({"--sqlite", "@:label"}), HasSubstr("file path is empty"));
  EXPECT_THAT(error_of({"--sqlite", "@f:"}), HasSubstr("database label is empty"));
  EXPECT_THAT(error_of({"--sqlite", "@"}), HasSubstr("database configuration is empty"));
  EXPECT_THAT(error_of({"--experimental-wasm-feature", "magic"}), HasSubstr("magic"));
  EXPECT_THAT(error_of({"--cache", "x", "--disable-cache"}), HasSubstr("--disable-cache"));
  EXPECT_THAT(error_of({"--variable", "@file.yaml"}), HasSubstr("ends in .json or .toml"));
  EXPECT_THAT(error_of({"--variable", "nope"}), HasSubstr("--variable takes name=value"));
}

TEST(TriggerFlags, SplitPairsAndStatements) {
  TriggerFlags flags;
  flags.key_value = {"a=b=c", "d="};
  flags.sqlite = {"SELECT 1", "@up.sql", "@ more.sql : audit "};
  EXPECT_THAT(flags.key_values(),
              testing::ElementsAre(testing::Pair("a", "b=c"), testing::Pair("d", "")));
  const auto statements = flags.sql_at_start();
  ASSERT_EQ(statements.size(), 3U);
  EXPECT_EQ(statements[0].statement, "SELECT 1");
  EXPECT_EQ(statements[0].label, "default");
  EXPECT_EQ(statements[1].file, "up.sql");
  EXPECT_EQ(statements[1].label, "default");
  EXPECT_EQ(statements[2].file, "more.sql");
  EXPECT_EQ(statements[2].label, "audit");
}

TEST(TriggerFlags, ReadBooleansOfTheEnvironmentAsSpinDoes) {
  for (const char* on : {"1", "true", "YES", "on", "y", "t"})
    EXPECT_TRUE(boolish("X", on).value()) << on;
  for (const char* off : {"", "0", "False", "no", "off", "n", "f"})
    EXPECT_FALSE(boolish("X", off).value()) << off;
  EXPECT_THAT(boolish("X", "maybe").error().what, HasSubstr("X must be 1, true"));
}

class Engine : public Folder {
 protected:
  Result<wasm::EngineOptions> options(TriggerFlags flags = {}) {
    AppSetup setup;
    setup.app.components.resize(1);
    setup.app.components[0].dependencies.resize(dependencies_);
    setup.state_dir = root_ / "state";
    setup.app.process.max_concurrent_invocations = 16;
    std::istringstream in;
    std::ostringstream out;
    const Console console{in, out, out, environment_};
    return engine_options(setup, flags, console);
  }

  std::size_t dependencies_ = 0;
};

TEST_F(Engine, TakesItsPoolFromSpinsVariables) {
  EXPECT_EQ(options()->instances_max, 16U);
  environment_["SPIN_MAX_INSTANCE_COUNT"] = "12";
  environment_["SPIN_WASMTIME_TOTAL_STACKS"] = "20";
  environment_["SPIN_WASMTIME_CORE_INSTANCE_SIZE"] = "20971520";
  EXPECT_EQ(options()->instances_max, 12U);
  EXPECT_EQ(options()->pool.total_component_instances, 12U);
  EXPECT_EQ(options()->pool.total_stacks, 20U);
  EXPECT_EQ(options()->pool.max_core_instance_size, 20971520U);
  environment_["SPIN_WASMTIME_INSTANCE_COUNT"] = "8";
  EXPECT_EQ(options()->instances_max, 8U);
  environment_["SPIN_WASMTIME_INSTANCE_TABLES"] = "many";
  EXPECT_THAT(options().error().what,
              HasSubstr("failed to parse env var `SPIN_WASMTIME_INSTANCE_TABLES=many`"));
}

TEST_F(Engine, HasRoomForThePartsOfComposedComponents) {
  EXPECT_EQ(options()->pool.total_memories, 0U);
  dependencies_ = 3;
  EXPECT_EQ(options()->pool.total_memories, 16U * 4 * 2);
  EXPECT_EQ(options()->pool.total_core_instances, 16U * 4 * 8);
  environment_["SPIN_WASMTIME_TOTAL_MEMORIES"] = "20";
  EXPECT_EQ(options()->pool.total_memories, 20U);
}

TEST_F(Engine, TakesItsAllocatorFromFlagOrVariable) {
  TriggerFlags flags;
  flags.disable_pooling = true;
  EXPECT_EQ(options(flags)->allocation, wasm::Allocation::OnDemand);
  environment_["SPIN_WASMTIME_POOLING"] = "0";
  EXPECT_EQ(options()->allocation, wasm::Allocation::OnDemand);
  environment_["SPIN_WASMTIME_POOLING"] = "1";
  EXPECT_EQ(options()->allocation, wasm::EngineOptions().allocation);
  environment_["SPIN_WASMTIME_POOLING"] = "yes";
  EXPECT_EQ(options().error().what, "SPIN_WASMTIME_POOLING=yes not supported, only 1/0 supported");
}

TEST_F(Engine, KeepsCompiledCodeWhereTheCacheFileSays) {
  TriggerFlags flags;
  EXPECT_EQ(options()->cache_dir, (root_ / ".cache/trigger-kinesis/wasm").string());
  flags.cache = write("cache.toml", "[cache]\ndirectory = \"" + (root_ / "there").string() +
                                        "\"\ncleanup-interval = \"1h\"\n");
  EXPECT_EQ(options(flags)->cache_dir, (root_ / "there").string());
  flags.cache = write("off.toml", "[cache]\nenabled = false\n");
  EXPECT_EQ(options(flags)->cache_dir, "");
  flags.cache = write("relative.toml", "[cache]\ndirectory = \"x\"\n");
  EXPECT_THAT(options(flags).error().what, HasSubstr("relative.toml:2: the cache's directory"));
  flags.cache = write("odd.toml", "[cache]\ndirektory = \"/x\"\n");
  EXPECT_THAT(options(flags).error().what, HasSubstr("did you mean \"directory\"?"));
  flags.cache.clear();
  flags.disable_cache = true;
  EXPECT_EQ(options(flags)->cache_dir, "");
}

TEST_F(Engine, CompilesForDebuggersWithoutOptimization) {
  TriggerFlags flags;
  flags.debug_info = true;
  EXPECT_TRUE(options(flags)->debug_info);
  EXPECT_EQ(options(flags)->optimization, wasm::Optimization::None);
}

TEST(Notices, AreSpinsInItsOrder) {
  AppSetup setup;
  setup.data_dir = "/app/.spin";
  setup.log_dir = "/app/.spin/logs";
  app::Component component;
  component.key_value_stores = {"default"};
  component.sqlite_databases = {"default"};
  setup.app.other_components.push_back(component);
  TriggerFlags flags;
  flags.runtime_config_file = "rt.toml";
  setup.runtime.summary = "[key_value_store.x: redis]";
  std::ostringstream err;
  say_configuration(setup, flags, err);
  say_stores(setup, err);
  EXPECT_EQ(err.str(),
            "Using runtime config [key_value_store.x: redis] from \"rt.toml\"\n"
            "Logging component stdio to \"/app/.spin/logs/\"\n"
            "Storing default SQLite data to \"/app/.spin/sqlite_db.db\".\n"
            "Storing default key-value data to \"/app/.spin/sqlite_key_value.db\".\n");
}

TEST(Notices, SayOnlyWhatThereIsToSay) {
  AppSetup setup;
  app::Component component;
  component.key_value_stores = {"default"};
  setup.app.components.push_back(component);
  std::ostringstream err;
  say_configuration(setup, TriggerFlags(), err);
  say_stores(setup, err);
  EXPECT_EQ(err.str(), "Storing default key-value data to a temporary in-memory store.\n");
  setup.runtime.key_value_stores.emplace("default",
                                         app::RedisStore{"redis://user:secret@cache:6379/1"});
  err.str("");
  say_stores(setup, err);
  EXPECT_EQ(err.str(), "Storing default key-value data to Redis at cache:6379.\n");
}

/// Started by `spin up`, with one component whose source lies in the folder.
class BySpin : public Folder {
 protected:
  void lock(const std::string& component_more = "", const std::string& trigger_more = "") {
    const std::string file = write(
        "spin.lock", R"({"spin_lock_version":0,"metadata":{"name":"a")" + metadata_ +
                         R"(},"variables":{"v":{}},"triggers":[{"id":"t",
      "trigger_type":"kinesis","trigger_config":{"component":"c")" +
                         trigger_more +
                         R"(,"stream_arn":"arn:aws:kinesis:us-east-1:123456789012:stream/s"}}],
      "components":[{"id":"c")" +
                         component_more + R"(,"source":{"source":"file://)" +
                         (root_ / "c.wasm").string() + R"("}}]})");
    environment_["SPIN_LOCKED_URL"] = "file://" + file;
    environment_["SPIN_WORKING_DIR"] = root_.string();
    environment_["SPIN_VARIABLE_V"] = "1";
  }
  Outcome start(const Arguments& arguments = {}) { return run_with(arguments, environment_); }

  std::string metadata_;
};

TEST_F(BySpin, PrecomposingGivesTheBytesOfAComponentWithoutDependencies) {
  lock();
  environment_.erase("SPIN_VARIABLE_V");
  write("c.wasm", std::string("\0asm", 4));
  const Outcome outcome = start({"--precompose-only", "--precompose-component-id", "c"});
  EXPECT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_EQ(outcome.out, std::string("\0asm", 4));
  EXPECT_THAT(outcome.err, IsEmpty());
  EXPECT_EQ(start({"--precompose-only", "--precompose-component-id=c"}).code, kDone);
}

TEST_F(BySpin, PrecomposingRefusesWhatItCannotDo) {
  lock(R"(,"trigger_dependencies":{"middleware":[{}]})");
  EXPECT_THAT(start({"--precompose-only"}).err,
              HasSubstr("got --precompose-only but no --precompose-component-id"));
  EXPECT_THAT(start({"--precompose-only", "--precompose-component-id", "x"}).err,
              HasSubstr("--precompose-component-id: component does not exist"));
  const Outcome outcome = start({"--precompose-only", "--precompose-component-id", "c"});
  EXPECT_EQ(outcome.code, kFailed);
  EXPECT_THAT(outcome.err, HasSubstr("this trigger should not have dependencies"));
  EXPECT_THAT(outcome.out, IsEmpty());
  environment_.erase("SPIN_LOCKED_URL");
  EXPECT_THAT(start({"--precompose-only", "--precompose-component-id", "c"}).err,
              HasSubstr("SPIN_LOCKED_URL is not set"));
}

TEST_F(BySpin, WithoutAFolderPositionsMustBeElsewhere) {
  lock();
  EXPECT_THAT(start({"--print-config"}).err, HasSubstr("--state-dir"));
  environment_["SPIN_LOCAL_APP_DIR"] = "";
  EXPECT_EQ(start({"--print-config"}).code, kDone) << "set and empty is the folder it runs in";
  EXPECT_THAT(start({"--print-config", "--state-dir", ""}).err, HasSubstr("--state-dir"));
  environment_.erase("SPIN_LOCAL_APP_DIR");
  metadata_ = R"(,"triggers":{"kinesis":{"lease_store":"dynamodb:p"}})";
  lock();
  EXPECT_EQ(start({"--print-config"}).code, kDone);
  lock("", R"(,"maximum_retry_attempts":3)");
  EXPECT_THAT(start({"--print-config"}).err, HasSubstr("set on_failure"));
}

TEST_F(BySpin, HostRequirementsAreRefusedInSpinsWords) {
  lock(R"(,"host_requirements":{"local_service_chaining":"required"})");
  const Outcome outcome = start();
  EXPECT_EQ(outcome.code, kUsage);
  EXPECT_THAT(outcome.err,
              HasSubstr("This application requires the following features that are not available "
                        "in this version of the 'kinesis' trigger: local_service_chaining"));
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
