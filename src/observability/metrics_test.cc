#include "observability/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <sstream>

namespace kt {
namespace {

using testing::HasSubstr;
using testing::Not;

ShardStatus shard(const std::string& id, std::int64_t behind) {
  ShardStatus status;
  status.application = ApplicationName("orders/handler");
  status.shard = ShardId(id);
  status.held = true;
  status.millis_behind_latest = behind;
  status.records_done = 7;
  status.source_counters.reads = 3;
  return status;
}

WorkerStatus worker() {
  WorkerStatus status;
  status.worker = WorkerId("host-1");
  TriggerStatus trigger;
  trigger.application = ApplicationName("orders/handler");
  trigger.stream = "arn:aws:kinesis:eu-west-1:000000000000:stream/orders";
  trigger.component = "handler";
  trigger.counters.records_done = 12345678901;
  trigger.counters.finished_sources.reads = 10;
  trigger.counters.call_durations.observe(std::chrono::milliseconds(4));
  trigger.counters.call_durations.observe(std::chrono::minutes(5));
  status.triggers.push_back(trigger);
  return status;
}

std::string scrape(const std::vector<ShardStatus>& shards, std::size_t series_max = 1000) {
  MetricsOptions options;
  options.version = "1.0.0";
  options.shard_series_max = series_max;
  return metrics_text(worker(), shards, options);
}

TEST(Metrics, HasOneSeriesAShardWithItsUnitInTheName) {
  const std::string text = scrape({shard("shardId-0", 1500), shard("shardId-1", 0)});
  EXPECT_THAT(text, HasSubstr("trigger_kinesis_shard_behind_latest_seconds{application=\"orders/"
                              "handler\",shard=\"shardId-0\"} 1.5\n"));
  EXPECT_THAT(text, HasSubstr("shard=\"shardId-1\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("trigger_kinesis_shards_aggregated 0\n"));
}

TEST(Metrics, CountersOfTriggersKeepEveryDigit) {
  EXPECT_THAT(scrape({}),
              HasSubstr("trigger_kinesis_records_processed_total{application=\"orders/handler\"} "
                        "12345678901\n"));
}

TEST(Metrics, AddsSourcesThatAreGoneToThoseThatLive) {
  EXPECT_THAT(scrape({shard("a", 0), shard("b", 0)}),
              HasSubstr("trigger_kinesis_source_reads_total{application=\"orders/handler\"} 16\n"));
}

TEST(Metrics, CallDurationsAreCumulativeAndEndAtInfinity) {
  const std::string text = scrape({});
  const std::string name = "trigger_kinesis_call_duration_seconds_";
  EXPECT_THAT(text, HasSubstr(name + "count{application=\"orders/handler\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(name + "bucket{application=\"orders/handler\",le=\"0.005\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(name + "bucket{application=\"orders/handler\",le=\"60\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(name + "bucket{application=\"orders/handler\",le=\"+Inf\"} 2\n"));
}

TEST(Metrics, TellsWhyAShardDoesNotMove) {
  ShardStatus waiting = shard("a", 0);
  waiting.reason = Reason::Throttled;
  const std::string text = scrape({waiting, shard("b", 0)});
  EXPECT_THAT(text, HasSubstr("trigger_kinesis_shard_reason{application=\"orders/handler\",shard="
                              "\"a\",reason=\"throttled\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("reason=\"none\"")));
}

TEST(Metrics, PastTheCapATriggersShardsShareOneSeriesAndAGaugeSaysSo) {
  std::vector<ShardStatus> shards = {shard("a", 100), shard("b", 2000), shard("c", 300)};
  shards[0].reason = shards[2].reason = Reason::HandlerFailing;
  const std::string text = scrape(shards, 2);
  const std::string labels = "{application=\"orders/handler\",shard=\"all\"";
  EXPECT_THAT(text, HasSubstr("trigger_kinesis_shards_aggregated 1\n"));
  EXPECT_THAT(text, HasSubstr("trigger_kinesis_shard_behind_latest_seconds" + labels + "} 2\n"));
  EXPECT_THAT(text, HasSubstr("trigger_kinesis_shard_records_processed_total" + labels + "} 21\n"));
  EXPECT_THAT(text, HasSubstr("trigger_kinesis_shard_reason" + labels +
                              ",reason=\"handler_failing\"} 2\n"));
  EXPECT_THAT(text, Not(HasSubstr("shard=\"b\"")));
}

TEST(Metrics, LeavesOutWhatAShardDoesNotHaveYet) {
  ShardStatus known = shard("a", 0);
  known.iterator_age_millis = 250;
  const std::string text = scrape({known, shard("b", 0)});
  EXPECT_THAT(text, HasSubstr("trigger_kinesis_shard_iterator_age_seconds{application=\"orders/"
                              "handler\",shard=\"a\"} 0.25\n"));
  EXPECT_THAT(text, Not(HasSubstr("Nan")));
}

TEST(Metrics, EscapesWhatComesFromOutside) {
  WorkerStatus odd = worker();
  odd.triggers[0].application = ApplicationName("a\"b\\c\nd");
  EXPECT_THAT(metrics_text(odd, {}, MetricsOptions()),
              HasSubstr("application=\"a\\\"b\\\\c\\nd\""));
}

TEST(Metrics, EveryLineIsWellFormedAndEveryFamilyIsNamedOnce) {
  static const std::regex sample(
      R"(^[a-z_]+(\{([a-z]+="([^"\\\n]|\\["\\n])*",?)*\})? (\+Inf|[-+.e0-9]+)$)");
  std::istringstream lines(scrape({shard("a", 1), shard("b", 2)}));
  std::set<std::string> families;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# HELP ")) {
      EXPECT_TRUE(families.insert(line.substr(7, line.find(' ', 7) - 7)).second) << line;
    } else if (!line.starts_with("# TYPE ")) {
      EXPECT_TRUE(std::regex_match(line, sample)) << line;
    }
  }
  for (const std::string& family : families) {
    if (family.ends_with("_total")) {
      EXPECT_EQ(families.count(family.substr(0, family.size() - 6)), 0u) << family;
    }
  }
  EXPECT_GE(families.size(), 60u);
}

}  // namespace
}  // namespace kt
