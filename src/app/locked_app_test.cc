#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/app.h"

namespace kt::app {
namespace {

using testing::HasSubstr;

/// As `spin up` writes it for an app with one trigger type.
constexpr std::string_view kLocked = R"json({
  "spin_lock_version": 0,
  "metadata": {
    "authors": ["Ann <ann@example.com>"], "description": "orders fan-in", "name": "orders",
    "version": "1.2.0", "origin": "file:///home/ann/orders/spin.toml",
    "trigger": { "type": "kinesis", "failover_millis": 4000 },
    "triggers": { "kinesis": { "failover_millis": 5000 } }
  },
  "variables": {
    "api_host": { "description": "where to post", "default": "api.example.com" },
    "api_token": { "secret": true }
  },
  "triggers": [
    { "id": "ingest-kinesis-trigger", "trigger_type": "kinesis",
      "trigger_config": { "batch_size": 100, "component": "ingest",
        "shard_iterator_type": "TRIM_HORIZON",
        "stream_arn": "arn:aws:kinesis:us-east-1:123456789012:stream/orders" } },
    { "id": "web", "trigger_type": "http", "trigger_config": { "component": "web", "route": "/" } }
  ],
  "components": [
    { "id": "ingest", "future": [1, {}],
      "metadata": { "allowed_outbound_hosts": ["https://{{ api_host }}"] },
      "source": { "content_type": "application/wasm", "source": "file:///home/ann/my%20app/i.wasm" },
      "env": { "RUST_BACKTRACE": "1" },
      "files": [ { "source": "file:///tmp/spinup-Ab12Cd/assets/ingest", "path": "/" } ],
      "config": { "endpoint": "https://{{ api_host }}/v1" } },
    { "id": "web", "source": { "source": "file:///x.wasm" },
      "host_requirements": { "local_service_chaining": "required" } }
  ]
})json";

Result<App> parse(std::string_view text) {
  Outside outside;
  outside.environment["SPIN_VARIABLE_API_TOKEN"] = "t";
  return parse_locked_app(text, "spin.lock", "/tmp/spinup-Ab12Cd", outside);
}

/// kLocked with one piece replaced.
std::string changed(std::string_view from, std::string_view to) {
  std::string text(kLocked);
  const auto place = text.find(from);
  EXPECT_NE(place, std::string::npos) << from;
  return text.replace(place, from.size(), to);
}

std::string error_of(const std::string& text) {
  const auto app = parse(text);
  return app ? "no error" : app.error().what;
}

TEST(LockedApp, ReadsWhatSpinWrites) {
  const auto app = parse(kLocked);
  ASSERT_TRUE(app) << app.error().what;
  EXPECT_EQ(app->name, "orders");
  ASSERT_EQ(app->triggers.size(), 1U);
  EXPECT_EQ(app->triggers[0].options.application_name.str(), "orders/ingest");
  EXPECT_TRUE(std::holds_alternative<TrimHorizon>(app->triggers[0].options.starting_position));
  EXPECT_EQ(app->process.failover.count(), 5000);
  ASSERT_EQ(app->components.size(), 1U);
  const Component& component = app->components[0];
  EXPECT_EQ(component.source, "/home/ann/my app/i.wasm");
  EXPECT_EQ(component.environment.at("RUST_BACKTRACE"), "1");
  EXPECT_EQ(component.variables.at("endpoint"), "https://{{ api_host }}/v1");
  ASSERT_EQ(component.mounts.size(), 1U);
  EXPECT_EQ(component.mounts[0].host, "/tmp/spinup-Ab12Cd/assets/ingest");
  EXPECT_EQ(component.mounts[0].guest, "/");
  EXPECT_THAT(component.allowed_outbound_hosts, testing::ElementsAre("https://{{ api_host }}"));
  ASSERT_EQ(app->other_components.size(), 1U);
  EXPECT_EQ(app->other_components[0].id.str(), "web");
  EXPECT_EQ(app->variables.at("api_host").description, "where to post");
  EXPECT_FALSE(app->variables.at("api_token").fallback.has_value());
}

TEST(LockedApp, TakesTheLegacyPlaceOfTriggerOptions) {
  const auto app = parse(changed(R"(,
    "triggers": { "kinesis": { "failover_millis": 5000 } })",
                                 ""));
  ASSERT_TRUE(app) << app.error().what;
  EXPECT_EQ(app->process.failover.count(), 4000);
}

TEST(LockedApp, RefusesWhatItMustUnderstandAndDoesNot) {
  EXPECT_THAT(error_of(changed("\"spin_lock_version\": 0", "\"spin_lock_version\": 2")),
              HasSubstr("spin_lock_version is not 0 or 1"));
  EXPECT_EQ(
      error_of(changed("\"spin_lock_version\": 0",
                       R"("spin_lock_version": 1, "must_understand": ["host_requirements"])")),
      "no error");
  EXPECT_THAT(error_of(changed("\"spin_lock_version\": 0",
                               R"("spin_lock_version": 1, "must_understand": ["new_thing"])")),
              HasSubstr("new_thing"));
}

TEST(LockedApp, RefusesHostRequirementsOfItsOwnComponentsOnly) {
  EXPECT_THAT(
      error_of(changed("\"future\": [1, {}]",
                       R"("host_requirements": { "local_service_chaining": "required" })")),
      HasSubstr("This application requires the following features that are not available in this "
                "version of the 'kinesis' trigger: local_service_chaining"));
  EXPECT_EQ(error_of(changed("\"future\": [1, {}]",
                             R"("host_requirements": { "middleware": "optional" })")),
            "no error");
  EXPECT_THAT(
      error_of(changed("\"future\": [1, {}]", R"("host_requirements": { "x": "required" })")),
      HasSubstr("unknown host requirement \"x\""));
}

TEST(LockedApp, RefusesUnknownKeysOfItsTriggersAndNamesTheTrigger) {
  EXPECT_EQ(error_of(changed("\"batch_size\"", "\"batchsize\"")),
            "spin.lock: unknown key \"batchsize\"; did you mean \"batch_size\"? "
            "(in trigger \"ingest-kinesis-trigger\")");
}

TEST(LockedApp, RefusesAMissingComponent) {
  EXPECT_EQ(error_of(changed(R"("component": "ingest",)", "")),
            "spin.lock: trigger \"ingest-kinesis-trigger\" missing 'component' config field");
  EXPECT_THAT(error_of(changed(R"("component": "ingest",)", R"("component": "gone",)")),
              HasSubstr("names the component \"gone\", which is not in the app"));
}

TEST(LockedApp, ReadsLabelsUnderTheirMetadataKeys) {
  const auto app = parse(changed(R"("allowed_outbound_hosts": ["https://{{ api_host }}"])",
                                 R"("ai_models": ["m"], "databases": ["default", "audit"],
        "allowed_http_hosts": ["old.example"], "key_value_stores": ["kv"], "build": {})"));
  ASSERT_TRUE(app) << app.error().what;
  const Component& component = app->components[0];
  EXPECT_THAT(component.sqlite_databases, testing::ElementsAre("default", "audit"));
  EXPECT_THAT(component.key_value_stores, testing::ElementsAre("kv"));
  EXPECT_THAT(component.ai_models, testing::ElementsAre("m"));
  EXPECT_THAT(component.allowed_outbound_hosts,
              testing::ElementsAre("http://old.example", "https://old.example"));
}

TEST(LockedApp, ReadsDependenciesWithWhatTheyInherit) {
  const auto app = parse(changed("\"future\": [1, {}]", R"("dependencies": {
    "acme:codec/avro@1.0.0": { "source": { "source": "file:///a.wasm" }, "export": null,
      "inherit": { "Some": ["allowed_outbound_hosts"] } },
    "acme:geo/lookup": { "source": { "inline": "AGFzbQ==" }, "export": "v:geo/lookup@2.1.0",
      "inherit": "All" },
    "plain": { "source": { "source": "file:///p.wasm" } } })"));
  ASSERT_TRUE(app) << app.error().what;
  const auto& dependencies = app->components[0].dependencies;
  ASSERT_EQ(dependencies.size(), 3U);
  EXPECT_EQ(dependencies[0].source, "/a.wasm");
  EXPECT_FALSE(dependencies[0].exported.has_value());
  EXPECT_THAT(dependencies[0].inherits, testing::ElementsAre("allowed_outbound_hosts"));
  EXPECT_EQ(dependencies[1].bytes.size(), 4U);
  EXPECT_EQ(dependencies[1].exported, "v:geo/lookup@2.1.0");
  EXPECT_TRUE(dependencies[1].inherits_all);
  EXPECT_FALSE(dependencies[2].inherits_all);
  EXPECT_TRUE(dependencies[2].inherits.empty());
}

TEST(LockedApp, RefusesDependenciesItCannotReadAndThoseOfTheTrigger) {
  EXPECT_THAT(error_of(changed("\"future\": [1, {}]", R"("dependencies": { "a:b/c": {} })")),
              HasSubstr("dependency \"a:b/c\": it has no source"));
  EXPECT_THAT(error_of(changed("\"future\": [1, {}]", R"("dependencies": { "a:b/c": {
                "source": { "source": "file:///x" }, "inherit": "Most" } })")),
              HasSubstr("its \"inherit\" is neither \"All\" nor a list"));
  EXPECT_THAT(error_of(changed("\"future\": [1, {}]", R"("trigger_dependencies": { "r": [{}] })")),
              HasSubstr("this trigger should not have dependencies"));
  EXPECT_THAT(
      error_of(changed("\"trigger_type\": \"kinesis\",",
                       R"("trigger_type": "kinesis", "trigger_dependencies": {"r":[{}]},)")),
      HasSubstr("this trigger should not have dependencies"));
}

TEST(LockedApp, ChecksTemplatesOfEveryComponentsVariables) {
  EXPECT_THAT(error_of(changed("\"id\": \"web\", \"source\"",
                               R"("id": "web", "config": { "x": "{{ gone }}" }, "source")")),
              HasSubstr("template names the unknown variable \"gone\""));
}

TEST(LockedApp, ReadsATomlDateAsJsonSpellsIt) {
  const auto app = parse(changed(R"("shard_iterator_type": "TRIM_HORIZON")",
                                 R"("shard_iterator_type": "AT_TIMESTAMP",
         "starting_position_timestamp": { "$__toml_private_datetime": "2026-01-01T00:00:00Z" })"));
  ASSERT_TRUE(app) << app.error().what;
  EXPECT_TRUE(std::holds_alternative<AtTimestamp>(app->triggers[0].options.starting_position));
}

TEST(LockedApp, TakesAnInlineSource) {
  const auto app = parse(
      changed("\"source\": \"file:///home/ann/my%20app/i.wasm\"", "\"inline\": \"AGFzbQ==\""));
  ASSERT_TRUE(app) << app.error().what;
  EXPECT_EQ(app->components[0].bytes, (std::vector<std::uint8_t>{0, 'a', 's', 'm'}));
  EXPECT_THAT(
      error_of(changed("\"source\": \"file:///home/ann/my%20app/i.wasm\"", "\"inline\": \"!\"")),
      HasSubstr("not base64"));
}

TEST(LockedApp, RefusesBrokenJson) {
  EXPECT_EQ(error_of("{"), "spin.lock: not valid JSON");
  EXPECT_EQ(error_of("[]"), "spin.lock: not a locked app: no JSON object");
  EXPECT_EQ(error_of(std::string(100'000, '[')), "spin.lock: nested deeper than 64 levels");
}

TEST(FileUrl, IsDecoded) {
  EXPECT_EQ(*path_of_file_url("file:///a%20b/%C3%BC"), "/a b/ü");
  EXPECT_EQ(*path_of_file_url("file://localhost/a"), "/a");
  EXPECT_FALSE(path_of_file_url("http://x/y"));
  EXPECT_FALSE(path_of_file_url("file://host/y"));
  EXPECT_FALSE(path_of_file_url("file:///a%2"));
  EXPECT_FALSE(path_of_file_url("file:///a%00b"));
}

}  // namespace
}  // namespace kt::app
