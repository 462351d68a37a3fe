#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "app/app.h"
#include "app/keys.h"

namespace kt::app {
namespace {

using testing::HasSubstr;

constexpr std::string_view kArn = "arn:aws:kinesis:us-east-1:123456789012:stream/orders";

/// A manifest with these lines in its trigger (from line 6 on) and in its component.
std::string manifest(std::string_view trigger, std::string_view component = "") {
  std::string out =
      "spin_manifest_version = 2\n[application]\nname = \"shop\"\n[[trigger.kinesis]]\n"
      "component = \"ingest\"\n";
  out += trigger;
  out += "\n[component.ingest]\nsource = \"ingest.wasm\"\n";
  out += component;
  return out;
}

std::string with_stream(std::string_view more) {
  return "stream_arn = \"" + std::string(kArn) + "\"\n" + std::string(more);
}

Result<App> parse(const std::string& text, const Outside& outside = {}) {
  return parse_manifest(text, "spin.toml", "/app", outside);
}

std::string error_of(const std::string& text, const Outside& outside = {}) {
  const auto app = parse(text, outside);
  return app ? "no error" : app.error().what;
}

TEST(Manifest, GivesEveryOptionItsDefault) {
  const auto app = parse(manifest(with_stream("")));
  ASSERT_TRUE(app) << app.error().what;
  EXPECT_EQ(app->name, "shop");
  ASSERT_EQ(app->triggers.size(), 1U);
  const Trigger& trigger = app->triggers[0];
  EXPECT_EQ(trigger.id, "ingest-kinesis-trigger");
  EXPECT_EQ(trigger.options.stream_arn.str(), kArn);
  EXPECT_EQ(trigger.options.batch_size, 100);
  EXPECT_EQ(trigger.options.application_name.str(), "shop/ingest");
  EXPECT_TRUE(std::holds_alternative<Latest>(trigger.options.starting_position));
  ASSERT_NE(app->find_component(ComponentId("ingest")), nullptr);
  EXPECT_EQ(app->components[0].source, "/app/ingest.wasm");
}

TEST(Manifest, LoadsWhatTheOriginalPluginsTemplateWrites) {
  const auto app = parse(manifest(with_stream("batch_size = 10\nshard_idle_wait_millis = 1000\n"
                                              "detector_poll_millis = 30000\n"
                                              "shard_iterator_type = \"TRIM_HORIZON\"\n"),
                                  "[component.ingest.build]\ncommand = \"cargo build\"\n"
                                  "watch = [\"src/**/*.rs\"]\n"));
  ASSERT_TRUE(app) << app.error().what;
  EXPECT_EQ(app->triggers[0].options.batch_size, 10);
  EXPECT_TRUE(std::holds_alternative<TrimHorizon>(app->triggers[0].options.starting_position));
  EXPECT_EQ(app->components[0].build.text(), "cargo build");
}

TEST(Manifest, ClampsTheTwoWaitsAsTheOriginalDidAndSaysSo) {
  const auto app =
      parse(manifest(with_stream("shard_idle_wait_millis = 5\ndetector_poll_millis = 999999\n")));
  ASSERT_TRUE(app) << app.error().what;
  EXPECT_EQ(app->triggers[0].options.shard_idle_wait.count(), 100);
  EXPECT_EQ(app->triggers[0].options.detector_poll.count(), 300'000);
  ASSERT_EQ(app->warnings.size(), 2U);
  EXPECT_EQ(app->warnings[0],
            "spin.toml:7: \"shard_idle_wait_millis\" = 5 is outside 100 to 300000; taken as 100");
}

TEST(Manifest, NamesFileLineAndTheNearestKeyOfAMisspeltOne) {
  EXPECT_EQ(error_of(manifest(with_stream("batch_sze = 10\n"))),
            "spin.toml:7: unknown key \"batch_sze\"; did you mean \"batch_size\"? "
            "(in [[trigger.kinesis]])");
  EXPECT_EQ(error_of(manifest(with_stream(""), "sorce = \"x\"\n")),
            "spin.toml:10: unknown key \"sorce\" in [component.ingest]; did you mean \"source\"?");
}

TEST(Manifest, SaysWhatIsWrongWithAValue) {
  EXPECT_EQ(error_of(manifest(with_stream("batch_size = 20000\n"))),
            "spin.toml:7: \"batch_size\" must be 1 to 10000, not 20000 (in [[trigger.kinesis]])");
  EXPECT_EQ(error_of(manifest(with_stream("batch_size = \"10\"\n"))),
            "spin.toml:7: \"batch_size\" must be a whole number, not a string "
            "(in [[trigger.kinesis]])");
  EXPECT_THAT(error_of(manifest(with_stream("shard_iterator_type = \"latest\"\n"))),
              HasSubstr("spin.toml:7: \"shard_iterator_type\" is one of LATEST, TRIM_HORIZON"));
  EXPECT_THAT(error_of(manifest("stream_arn = \"orders\"\n")),
              HasSubstr("spin.toml:6: \"stream_arn\": not a Kinesis stream ARN: \"orders\""));
  EXPECT_THAT(error_of(manifest("batch_size = 10\n")), HasSubstr("\"stream_arn\" is missing"));
}

TEST(Manifest, RefusesWhatThisVersionWouldIgnore) {
  EXPECT_EQ(error_of(manifest(with_stream("instance_reuse = 4\n"))),
            "spin.toml:7: \"instance_reuse\" is not available in this version yet: remove "
            "it, or keep the default 1 (in [[trigger.kinesis]])");
  EXPECT_EQ(error_of(manifest(with_stream("parallelization_factor = 1\nfilters = []\n"
                                          "maximum_retry_attempts = -1\n"))),
            "no error");
}

TEST(Manifest, ReadsWhatWaitsWithAPoisonRecordAndHowMuch) {
  const auto app = parse(manifest(
      with_stream("on_poison = \"key\"\non_poison_max_keys = 5\non_poison_max_records = 6\n"
                  "on_poison_max_bytes = 7000000\n")));
  ASSERT_TRUE(app) << app.error().what;
  const TriggerOptions& options = app->triggers.at(0).options;
  EXPECT_EQ(options.on_poison, "key");
  EXPECT_EQ(options.on_poison_max_keys, 5u);
  EXPECT_EQ(options.on_poison_max_records, 6u);
  EXPECT_EQ(options.on_poison_max_bytes, 7'000'000u);
  EXPECT_THAT(error_of(manifest(with_stream("on_poison = \"lane\"\n"))),
              HasSubstr("\"on_poison\" is one of shard, key"));
}

TEST(Manifest, RefusesAWindowWhoseRecordsMayWait) {
  TriggerOptions options;
  options.on_poison = "key";
  EXPECT_EQ(check_poison(options), "");
  options.tumbling_window = std::chrono::seconds(30);
  EXPECT_THAT(check_poison(options), HasSubstr("tumbling_window_seconds"));
  options.on_poison = "shard";
  EXPECT_EQ(check_poison(options), "");
}

TEST(Manifest, ReadsLambdasParametersOfFailureHandling) {
  const auto app = parse(
      manifest(with_stream("maximum_retry_attempts = 3\nmaximum_record_age_in_seconds = 60\n"
                           "bisect_batch_on_function_error = true\nparallelization_factor = 10\n"
                           "function_response_types = [\"ReportBatchItemFailures\"]\n")));
  ASSERT_TRUE(app.has_value()) << app.error().what;
  const TriggerOptions& options = app->triggers.front().options;
  EXPECT_EQ(options.maximum_retry_attempts, 3);
  EXPECT_EQ(options.maximum_record_age.count(), 60);
  EXPECT_TRUE(options.bisect_batch_on_function_error);
  EXPECT_EQ(options.parallelization_factor, 10);
  EXPECT_TRUE(options.report_item_failures);
  EXPECT_THAT(error_of(manifest(with_stream("function_response_types = [\"Report\"]\n"))),
              HasSubstr("the only response type is \"ReportBatchItemFailures\""));
}

TEST(Manifest, ReadsWhereFailedBatchesGo) {
  EXPECT_THAT(error_of(manifest(with_stream("on_failure = \"dead\"\n"))),
              HasSubstr("spin.toml:7: \"on_failure\": \"dead\" is no destination; a destination is "
                        "\"directory:PATH\""));
  const std::string queue = "on_failure = \"arn:aws:sqs:us-east-1:123456789012:dead\"\n";
  EXPECT_THAT(
      error_of(manifest(with_stream(
          queue + "on_failure_overflow = \"arn:aws:sqs:us-east-1:123456789012:big\"\n"))),
      HasSubstr("\"on_failure_overflow\": \"arn:aws:sqs:us-east-1:123456789012:big\" can not "
                "hold a record of any size"));
  EXPECT_THAT(error_of(manifest(with_stream("on_failure_overflow = \"s3://big\"\n"))),
              HasSubstr("goes only with a queue or topic"));
  const auto app = parse(manifest(with_stream(queue + "on_failure_overflow = \"s3://big\"\n")));
  ASSERT_TRUE(app) << app.error().what;
  EXPECT_EQ(app->triggers[0].options.on_failure->name, "dead");
  EXPECT_EQ(app->triggers[0].options.on_failure_overflow->bucket, "big");
}

// 1.5: windows are as long as Lambda's, and their calls follow each other.
TEST(Manifest, ReadsTumblingWindowsAndRefusesWhatDoesNotGoWithThem) {
  const auto app = parse(manifest(with_stream("tumbling_window_in_seconds = 900\n")));
  ASSERT_TRUE(app) << app.error().what;
  EXPECT_EQ(app->triggers[0].options.tumbling_window.count(), 900);
  EXPECT_THAT(error_of(manifest(with_stream("tumbling_window_seconds = 901\n"))),
              HasSubstr("must be 0 to 900"));
  EXPECT_THAT(
      error_of(manifest(with_stream("tumbling_window_seconds = 30\nparallelization_factor = 2\n"))),
      HasSubstr("parallelization_factor does not go with tumbling_window_seconds"));
  EXPECT_THAT(
      error_of(manifest(with_stream("tumbling_window_seconds = 30\non_poison = \"key\"\n"))),
      HasSubstr("does not go with tumbling_window_seconds"));
}

TEST(Manifest, ReadsFiltersInEveryForm) {
  const std::string pattern = R"({"data": {"a": [1]}})";
  const std::string list = "[{ pattern = '" + pattern + "' }, { pattern = '" + pattern + "' }]";
  for (const std::string& written : {"filters = ['" + pattern + "', '" + pattern + "']\n",
                                     "filter_criteria = { filters = " + list + " }\n",
                                     "filter_criteria = { Filters = [{ Pattern = '" + pattern +
                                         "' }, { Pattern = '" + pattern + "' }] }\n"}) {
    const auto app = parse(manifest(with_stream(written + "on_non_json = \"pass\"\n")));
    ASSERT_TRUE(app) << written << app.error().what;
    const TriggerOptions& options = app->triggers[0].options;
    EXPECT_THAT(options.filters, ::testing::ElementsAre(pattern, pattern));
    EXPECT_EQ((*compile_filters(options))->size(), 2u);
    EXPECT_EQ((*compile_filters(options))->on_non_json(), filter::OnNonJson::Pass);
  }
}

TEST(Manifest, RefusesAFilterThatIsWrongWithItsNumberAndPlace) {
  EXPECT_THAT(
      error_of(manifest(with_stream(R"(filters = ['{"data": {"a": [1]}}', '{"data": {"a": "x"}}'])"
                                    "\n"))),
      HasSubstr("spin.toml:7: \"filters\": filter 2: at \"data.a\": a value stands in a "
                "list: write [\"x\"]"));
}

TEST(Manifest, TakesLambdasNamesAsAliases) {
  const auto app =
      parse(manifest("event_source_arn = \"" + std::string(kArn) +
                     "\"\nstarting_position = \"TRIM_HORIZON\"\n"
                     "maximum_batching_window_in_seconds = 2\nmaximum_record_age_in_seconds = -1\n"
                     "tumbling_window_in_seconds = 0\nbisect_batch_on_function_error = false\n"
                     "parallelization_factor = 1\nmaximum_retry_attempts = -1\nenabled = false\n"));
  ASSERT_TRUE(app) << app.error().what;
  const TriggerOptions& options = app->triggers[0].options;
  EXPECT_EQ(options.stream_arn.str(), kArn);
  EXPECT_EQ(options.maximum_batching_window.count(), 2000);
  EXPECT_FALSE(options.enabled);
  EXPECT_TRUE(std::holds_alternative<TrimHorizon>(options.starting_position));
  EXPECT_THAT(error_of(manifest(with_stream("event_source_arn = \"x\"\n"))),
              HasSubstr("set the same thing"));
  const auto failing = parse(manifest(with_stream(
      "destination_config = { on_failure = { destination = \"s3://dead-letters\" } }\n")));
  ASSERT_TRUE(failing) << failing.error().what;
  EXPECT_EQ(failing->triggers[0].options.on_failure->bucket, "dead-letters");
  EXPECT_THAT(error_of(manifest(with_stream("maximum_batching_window_in_seconds = 301\n"))),
              HasSubstr("must be 0 to 300, not 301"));
}

TEST(Manifest, JoinsTheStartingPositionFromItsParts) {
  const auto at = parse(
      manifest(with_stream("shard_iterator_type = \"AT_TIMESTAMP\"\nstarting_position_timestamp = "
                           "2026-01-31T12:00:00Z\n")));
  ASSERT_TRUE(at) << at.error().what;
  EXPECT_EQ(to_rfc3339(std::get<AtTimestamp>(at->triggers[0].options.starting_position).time),
            "2026-01-31T12:00:00.000Z");
  const auto number = parse(manifest(with_stream(
      "shard_iterator_type = \"AFTER_SEQUENCE_NUMBER\"\nstarting_sequence_number = \"495\"\n")));
  ASSERT_TRUE(number) << number.error().what;
  EXPECT_EQ(std::get<After>(number->triggers[0].options.starting_position).position.sequence.str(),
            "495");
  EXPECT_THAT(error_of(manifest(with_stream("shard_iterator_type = \"AT_TIMESTAMP\"\n"))),
              HasSubstr("AT_TIMESTAMP needs the key starting_position_timestamp"));
  EXPECT_THAT(error_of(manifest(with_stream("starting_sequence_number = \"1\"\n"))),
              HasSubstr("goes only with"));
}

TEST(Manifest, RefusesWrongShapesOfTheFile) {
  EXPECT_EQ(error_of("x"),
            "spin.toml:1: not valid TOML: Error while parsing key-value pair: "
            "encountered end-of-file");
  EXPECT_EQ(error_of("[{ a"), "spin.toml: not valid TOML");
  EXPECT_THAT(error_of("[application]\nname = \"a\"\n"), HasSubstr("no spin_manifest_version"));
  EXPECT_THAT(error_of("spin_manifest_version = \"1\"\n"), HasSubstr("spin.toml:1: "));
  EXPECT_THAT(error_of("spin_manifest_version = 2\n"), HasSubstr("no [application]"));
  EXPECT_THAT(error_of("spin_manifest_version = 2\n[application]\nname = \"a\"\n"),
              HasSubstr("no kinesis trigger"));
  EXPECT_THAT(error_of("spin_manifest_version = \"2\"\n[application]\nname = \"a\"\n"
                       "[[trigger.kinessis]]\ncomponent = \"c\"\n"),
              HasSubstr("did you mean \"kinesis\"?"));
}

TEST(Manifest, NamesAComponentThatIsNotThere) {
  std::string text = manifest(with_stream(""));
  text.replace(text.find("\"ingest\""), 8, "\"ingset\"");
  EXPECT_EQ(error_of(text),
            "spin.toml:5: no [component.ingset] in the manifest; did you mean \"ingest\"?");
}

TEST(Manifest, RefusesASourceThatOnlySpinCanFetch) {
  std::string text = manifest(with_stream(""));
  text.replace(text.find("\"ingest.wasm\""), 13, "{ url = \"https://x\", digest = \"y\" }");
  EXPECT_THAT(error_of(text), HasSubstr("not supported without spin (in [component.ingest])"));
}

TEST(Manifest, TakesAComponentWrittenWithinTheTrigger) {
  const auto app = parse(
      "spin_manifest_version = 2\n[application]\nname = \"a\"\n[[trigger.kinesis]]\n"
      "component = { source = \"c.wasm\", environment = { A = \"b\" } }\n" +
      with_stream(""));
  ASSERT_TRUE(app) << app.error().what;
  EXPECT_EQ(app->triggers[0].component.str(), "kinesis-trigger1-component");
  EXPECT_EQ(app->components[0].environment.at("A"), "b");
}

TEST(Manifest, IgnoresOtherTriggersAndTheirComponents) {
  const auto app = parse(manifest(with_stream("")) +
                         "[[trigger.http]]\nroute = \"/\"\ncomponent = \"web\"\n"
                         "[component.web]\nsource = { registry = \"r\" }\nwhatever = 1\n");
  ASSERT_TRUE(app) << app.error().what;
  EXPECT_EQ(app->components.size(), 1U);
  ASSERT_EQ(app->other_components.size(), 1U);
  EXPECT_EQ(app->other_components[0].id.str(), "web");
}

TEST(Manifest, KeepsPositionsOfTwoTriggersApart) {
  const std::string second =
      "[[trigger.kinesis]]\ncomponent = \"ingest\"\nstream_arn = \"" + std::string(kArn);
  EXPECT_THAT(error_of(manifest(with_stream("")) + second + "\"\n"),
              HasSubstr("application_name \"shop/ingest\" is also that of the trigger at "
                        "spin.toml:4"));
  EXPECT_EQ(error_of(manifest(with_stream("")) + second + "2\"\n"), "no error");
  EXPECT_EQ(error_of(manifest(with_stream("")) + second + "\"\napplication_name = \"other\"\n"),
            "no error");
  EXPECT_THAT(error_of(manifest(with_stream("application_name = \"x\"\n")) + second +
                       "2\"\napplication_name = \"x\"\n"),
              HasSubstr("of its own"));
}

TEST(Manifest, RefusesAnApplicationNameThatLeavesItsFolder) {
  EXPECT_THAT(error_of(manifest(with_stream("application_name = \"../x\"\n"))),
              HasSubstr("an application name has"));
}

TEST(Templates, TakeValuesFromFlagThenEnvironmentThenDotenvThenDefault) {
  const std::string text = manifest(
      "stream_arn = \"arn:aws:kinesis:{{ region }}:123456789012:"
      "stream/{{name}}\"\n",
      "environment = { HOST = \"{{ name }}\", T = \"{{ .Go }}\" }\n"
      "[variables]\nregion = { default = \"eu-west-1\" }\n"
      "name = { required = true }\n");
  Outside outside;
  EXPECT_THAT(error_of(text), HasSubstr("no provider resolved required variable(s): [\"name\"]: "
                                        "set one by --variable name=… or by the environment "
                                        "variable SPIN_VARIABLE_NAME"));
  outside.dotenv["SPIN_VARIABLE_NAME"] = "weak";
  auto app = parse(text, outside);
  ASSERT_TRUE(app) << app.error().what;
  EXPECT_EQ(app->triggers[0].options.stream_arn.stream().str(), "weak");
  EXPECT_EQ(app->triggers[0].options.stream_arn.region(), "eu-west-1");
  outside.environment["SPIN_VARIABLE_NAME"] = "stronger";
  outside.environment["SPIN_VARIABLE_REGION"] = "us-west-2";
  outside.variables["name"] = "strongest";
  app = parse(text, outside);
  ASSERT_TRUE(app) << app.error().what;
  EXPECT_EQ(app->triggers[0].options.stream_arn.str(),
            "arn:aws:kinesis:us-west-2:123456789012:stream/strongest");
  EXPECT_EQ(app->components[0].environment.at("HOST"), "strongest");
  EXPECT_EQ(app->components[0].environment.at("T"), "{{ .Go }}");
}

TEST(Templates, AskTheProvidersOfTheRuntimeConfigurationInTheirOrder) {
  const std::string text =
      manifest("stream_arn = \"arn:aws:kinesis:{{ region }}:123456789012:stream/{{ name }}\"\n",
               "[variables]\nregion = { default = \"eu-west-1\" }\nname = { required = true }\n");
  Outside outside;
  VariableSource fixed;
  fixed.values = {{"region", "us-east-2"}};
  VariableSource environment;
  environment.kind = VariableSource::Kind::OfEnvironment;
  environment.prefix = "APP";
  environment.values = {{"APP_NAME", "from-file"}, {"APP_REGION", "later"}};
  outside.sources = {fixed, environment};
  const auto stream = [&] {
    const auto app = parse(text, outside);
    return app ? app->triggers[0].options.stream_arn.str() : app.error().what;
  };
  EXPECT_EQ(stream(), "arn:aws:kinesis:us-east-2:123456789012:stream/from-file");
  outside.environment["APP_NAME"] = "from-process";
  EXPECT_EQ(stream(), "arn:aws:kinesis:us-east-2:123456789012:stream/from-process");
  outside.environment["SPIN_VARIABLE_REGION"] = "weakest";
  EXPECT_EQ(stream(), "arn:aws:kinesis:us-east-2:123456789012:stream/from-process");
  outside.sources = {environment};
  outside.sources[0].values.erase("APP_REGION");
  EXPECT_EQ(stream(), "arn:aws:kinesis:weakest:123456789012:stream/from-process");
}

TEST(Templates, WithARemoteProviderARequiredVariableMayStayOpenUntilAKeyNeedsIt) {
  const std::string variables = "[variables]\nname = { required = true }\n";
  Outside outside;
  outside.sources.resize(1);
  outside.sources[0].kind = VariableSource::Kind::Remote;
  EXPECT_EQ(error_of(manifest(with_stream(""),
                              "[component.ingest.variables]\nv = \"{{ name }}\"\n" + variables),
                     outside),
            "no error");
  EXPECT_THAT(error_of(manifest("stream_arn = \"{{ name }}\"\n", variables), outside),
              HasSubstr("variable \"name\" is needed before anything runs"));
}

TEST(Manifest, KeepsWhatAComponentMayReach) {
  const auto app = parse(manifest(
      with_stream(""),
      "allowed_outbound_hosts = [\"https://{{ host }}\"]\n"
      "allowed_http_hosts = [\"a.example\", \"https://b:8080/\", \"self\"]\n"
      "key_value_stores = [\"default\"]\nsqlite_databases = [\"audit\"]\nai_models = [\"m\"]\n"
      "[component.web]\nsource = \"w.wasm\"\nkey_value_stores = [\"sessions\"]\n"
      "[variables]\nhost = { default = \"h\", description = \"where\", secret = true }\n"));
  ASSERT_TRUE(app) << app.error().what;
  const Component& component = app->components[0];
  EXPECT_THAT(component.allowed_outbound_hosts,
              testing::ElementsAre("https://{{ host }}", "http://a.example", "https://a.example",
                                   "http://b:8080", "https://b:8080", "http://self"));
  EXPECT_THAT(component.key_value_stores, testing::ElementsAre("default"));
  EXPECT_THAT(component.sqlite_databases, testing::ElementsAre("audit"));
  EXPECT_THAT(component.ai_models, testing::ElementsAre("m"));
  ASSERT_EQ(app->other_components.size(), 1U);
  EXPECT_THAT(app->other_components[0].key_value_stores, testing::ElementsAre("sessions"));
  EXPECT_EQ(app->variables.at("host").description, "where");
  EXPECT_EQ(app->variables.at("host").fallback, "h");
  EXPECT_TRUE(app->variables.at("host").secret);
}

TEST(Manifest, ConvertsTheOlderListOfHosts) {
  EXPECT_THAT(*modern_allowed_hosts({"x", "insecure:allow-all"}),
              testing::ElementsAre("http://*:*", "https://*:*", "http://self"));
  EXPECT_THAT(modern_allowed_hosts({"http://x/path"}).error().what,
              HasSubstr("contains a path, should be host and optional port only"));
  EXPECT_THAT(modern_allowed_hosts({"ftp://x"}).error().what,
              HasSubstr("One or more allowed_http_hosts entries was invalid:\nftp://x isn't"));
}

TEST(Manifest, ReadsDependenciesWithWhatTheyInherit) {
  const auto app = parse(manifest(
      with_stream(""),
      "[component.ingest.dependencies]\n"
      "\"acme:codec/avro@1.0.0\" = { path = \"deps/avro.wasm\", inherit_configuration = true }\n"
      "\"acme:geo\" = { path = \"g.wasm\", export = \"v:geo/x\", "
      "inherit_configuration = [\"variables\", \"files\"] }\n"
      "plain = { component = \"helper\" }\n"
      "[component.helper]\nsource = \"h.wasm\"\n"));
  ASSERT_TRUE(app) << app.error().what;
  const auto& dependencies = app->components[0].dependencies;
  ASSERT_EQ(dependencies.size(), 3U);
  EXPECT_EQ(dependencies[0].name, "acme:codec/avro@1.0.0");
  EXPECT_EQ(dependencies[0].source, "/app/deps/avro.wasm");
  EXPECT_TRUE(dependencies[0].inherits_all);
  EXPECT_EQ(dependencies[1].exported, "v:geo/x");
  EXPECT_THAT(dependencies[1].inherits, testing::ElementsAre("files", "variables"));
  EXPECT_EQ(dependencies[2].source, "/app/h.wasm");
  EXPECT_FALSE(dependencies[2].inherits_all);
}

TEST(Manifest, RefusesDependenciesThatItCannotReadRight) {
  const auto with = [](std::string_view entry) {
    return error_of(manifest(with_stream(""),
                             "[component.ingest.dependencies]\n\"a:b/c\" = " + std::string(entry) +
                                 "\n[component.helper]\nsource = \"h.wasm\"\n"
                                 "ai_models = [\"m\"]\n"));
  };
  EXPECT_THAT(with("\">=1\""), HasSubstr("comes from a registry or a URL, which needs spin"));
  EXPECT_THAT(with("{ url = \"http://x\", digest = \"d\" }"), HasSubstr("needs spin"));
  EXPECT_THAT(with("{ path = \"x\", component = \"helper\" }"), HasSubstr("needs either"));
  EXPECT_THAT(with("{ component = \"gone\" }"), HasSubstr("dependency ID gone does not exist"));
  EXPECT_THAT(with("{ component = \"helper\" }"), HasSubstr("it has \"ai_models\""));
  EXPECT_THAT(with("{ path = \"x\", inherit_configuration = [\"variable\"] }"),
              HasSubstr("names the unknown key \"variable\"; did you mean \"variables\"?"));
  EXPECT_THAT(error_of(manifest(with_stream(""),
                                "dependencies_inherit_configuration = true\n"
                                "[component.ingest.dependencies]\n"
                                "p = { path = \"x\", inherit_configuration = false }\n")),
              HasSubstr("specifies both"));
}

TEST(Templates, NameWhatIsUnknownOrUnclosed) {
  const std::string variables = "[variables]\nregion = { default = \"a\" }\n";
  EXPECT_THAT(error_of(manifest("stream_arn = \"{{ regoin }}\"\n", variables)),
              HasSubstr("spin.toml:6: template names the unknown variable \"regoin\"; did you mean "
                        "\"region\"?"));
  EXPECT_THAT(error_of(manifest("stream_arn = \"{{ region\"\n", variables)),
              HasSubstr("\"{{\" without \"}}\""));
  EXPECT_THAT(error_of(manifest(with_stream(""), "[variables]\nBad = { default = \"a\" }\n")),
              HasSubstr("cannot name a variable"));
  EXPECT_THAT(error_of(manifest(with_stream(""), "variables = { a = \"{{ nope }}\" }\n")),
              HasSubstr("unknown variable \"nope\""));
}

TEST(Templates, NeverShowASecret) {
  Outside outside;
  outside.variables["name"] = "hidden";
  const auto app = parse(manifest(with_stream("application_name = \"x/{{ name }}\"\n"),
                                  "[variables]\nname = { required = true, secret = true }\n"),
                         outside);
  ASSERT_TRUE(app) << app.error().what;
  EXPECT_THAT(print_config(*app), HasSubstr("application_name = ***"));
  EXPECT_THAT(print_config(*app), testing::Not(HasSubstr("hidden")));
}

TEST(PrintConfig, ShowsEachValueAndWhereItCameFrom) {
  const auto app = parse(manifest(with_stream("batch_size = 10\n")) +
                         "[application.trigger.kinesis]\nfailover_millis = 5000\n");
  ASSERT_TRUE(app) << app.error().what;
  const std::string text = print_config(*app);
  EXPECT_THAT(text, testing::ContainsRegex("batch_size = 10 +# spin.toml:7\n"));
  EXPECT_THAT(text, testing::ContainsRegex("handler_timeout_millis = 60000 +# default\n"));
  EXPECT_THAT(text, testing::ContainsRegex("failover_millis = 5000 +# spin.toml:12\n"));
  EXPECT_THAT(text, testing::ContainsRegex("application_name = shop/ingest +# default\n"));
}

TEST(Keys, DefaultsOfTheTableAreThoseOfTheStruct) {
  const TriggerOptions plain;
  for (const auto& key : trigger_keys()) {
    if (key.fallback.empty() || key.name == "application_name")
      continue;
    TriggerOptions set;
    Parsed parsed;
    parsed.text = std::string(key.fallback);
    parsed.flag = key.fallback == "true";
    if (key.kind == KeyKind::Integer)
      parsed.integer = std::stoll(std::string(key.fallback));
    EXPECT_EQ(key.set(set, parsed), "") << key.name;
    EXPECT_EQ(set.batch_size, plain.batch_size);
    EXPECT_EQ(set.shard_idle_wait, plain.shard_idle_wait);
    EXPECT_EQ(set.detector_poll, plain.detector_poll);
    EXPECT_EQ(set.maximum_batching_window, plain.maximum_batching_window);
    EXPECT_EQ(set.maximum_batch_bytes, plain.maximum_batch_bytes);
    EXPECT_EQ(set.parallelization_factor, plain.parallelization_factor);
    EXPECT_EQ(set.maximum_retry_attempts, plain.maximum_retry_attempts);
    EXPECT_EQ(set.maximum_record_age, plain.maximum_record_age);
    EXPECT_EQ(set.handler_timeout, plain.handler_timeout);
    EXPECT_EQ(set.instance_reuse, plain.instance_reuse);
    EXPECT_EQ(set.on_poison, plain.on_poison);
    EXPECT_EQ(set.on_poison_max_keys, plain.on_poison_max_keys);
    EXPECT_EQ(set.on_poison_max_records, plain.on_poison_max_records);
    EXPECT_EQ(set.on_poison_max_bytes, plain.on_poison_max_bytes);
    EXPECT_EQ(set.on_non_json, plain.on_non_json);
    EXPECT_EQ(set.deaggregate, plain.deaggregate);
    EXPECT_EQ(set.shard_iterator_type, plain.shard_iterator_type);
    EXPECT_EQ(set.enabled, plain.enabled);
    EXPECT_EQ(set.tumbling_window, plain.tumbling_window);
  }
  EXPECT_EQ(ProcessOptions().failover.count(), 3000);
  EXPECT_EQ(ProcessOptions().memory_budget_bytes, 268'435'456U);
}

TEST(Keys, AreWhatTheReferencePageSays) {
  const auto page =
      std::filesystem::path(__FILE__).parent_path() / "../../docs/reference/manifest.md";
  std::ifstream in(page);
  ASSERT_TRUE(in) << page;
  std::stringstream text;
  text << in.rdbuf();
  EXPECT_THAT(text.str(), HasSubstr(trigger_keys_as_markdown()));
  EXPECT_THAT(text.str(), HasSubstr(process_keys_as_markdown()));
  for (const Alias& alias : trigger_aliases())
    EXPECT_THAT(text.str(), HasSubstr("`" + std::string(alias.alias) + "`"));
}

TEST(Sources, AMissingFileIsNamedWithWhatBuildsIt) {
  const auto app =
      parse(manifest(with_stream(""), "[component.ingest.build]\ncommand = \"make ingest\"\n"));
  ASSERT_TRUE(app);
  const auto checked = check_sources(*app);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().what,
            "spin.toml:9: component \"ingest\": no file /app/ingest.wasm; "
            "build it: make ingest");
}

TEST(Variables, AreReadFromTheFlagsForms) {
  Outside outside;
  ASSERT_TRUE(add_variables("a=b=c", outside));
  EXPECT_EQ(outside.variables["a"], "b=c");
  EXPECT_FALSE(add_variables("nothing", outside));
  EXPECT_FALSE(add_variables("@file.yaml", outside));
  const Environment dotenv = parse_dotenv("# c\nexport A=1\nB=\"two words\"\r\n=x\nplain\n");
  EXPECT_EQ(dotenv.at("A"), "1");
  EXPECT_EQ(dotenv.at("B"), "two words");
  EXPECT_EQ(dotenv.size(), 2U);
}

TEST(Manifest, LeasesInDynamoDbNeedAPrefixAndSpreadTheirCommits) {
  const std::string text = manifest(with_stream(""));
  const auto with = [&text](std::string_view lines) {
    return text + "[application.trigger.kinesis]\n" + std::string(lines) + "\n";
  };
  const auto shared = parse(with("lease_store = \"dynamodb:kt.prod-1\""));
  ASSERT_TRUE(shared) << shared.error().what;
  EXPECT_EQ(shared->process.lease_store, "dynamodb:kt.prod-1");
  EXPECT_EQ(shared->process.checkpoint_interval, std::chrono::seconds(1));
  EXPECT_THAT(print_config(*shared), HasSubstr("1000"));
  const auto eager = parse(with("lease_store = \"dynamodb:kt\"\ncheckpoint_interval_millis = 0"));
  EXPECT_EQ(eager->process.checkpoint_interval, std::chrono::seconds(0));
  EXPECT_EQ(parse(text)->process.checkpoint_interval, std::chrono::seconds(0));
  for (const char* bad : {"dynamodb:", "dynamodb:a/b", "redis:kt"})
    EXPECT_THAT(error_of(with("lease_store = \"" + std::string(bad) + "\"")),
                HasSubstr("lease_store"))
        << bad;
}

}  // namespace
}  // namespace kt::app
