#include "cli/filter_dry_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "runtime/run_virtual.h"
#include "tests/support/fake_kinesis.h"

namespace kt::cli {
namespace {

using testing::FakeKinesis;
using ::testing::HasSubstr;
using ::testing::Not;

const StreamArn kStream = StreamArn::of("aws", "eu-west-1", "123456789012", StreamName("orders"));

/// Section 5, row 15: what filters do is seen before it happens.
class FilterDryRun : public ::testing::Test {
 protected:
  FilterDryRun() {
    trigger_.component = ComponentId("handler");
    trigger_.place = "spin.toml:7";
    trigger_.options.stream_arn = kStream;
    trigger_.options.filters = {R"({"data": {"n": [1, 2]}})", R"({"data": {"n": [2]}})"};
  }
  std::string run(std::size_t sample = 1000) {
    std::ostringstream out;
    auto done = run_sim(loop_, clock_, dry_run_filters(kinesis_, clock_, trigger_, sample, out));
    return done ? out.str() : "error: " + done.error().what;
  }

  Task<bool> sleep(Duration duration) {
    co_await clock_.sleep(duration);
    co_return true;
  }

  Loop loop_;
  VirtualClock clock_;
  FakeKinesis kinesis_{clock_, kStream, 2};
  app::Trigger trigger_;
};

TEST_F(FilterDryRun, ShowsWhatEachFilterMatchesAndWhatIsDropped) {
  kinesis_.put(0, R"({"n": 1})");
  kinesis_.put(1, R"({"n": 2})");
  kinesis_.put(1, R"({"n": 3})");
  kinesis_.put(0, "plain \x1b[2J");
  const std::string shown = run();
  EXPECT_THAT(shown, HasSubstr("filters of spin.toml:7 (handler): 4 records of the last hour, of 2 "
                               "open shards\n"));
  EXPECT_THAT(shown, HasSubstr("filter 1 matches 2 (50 %): {\"data\": {\"n\": [1, 2]}}\n"));
  EXPECT_THAT(shown, HasSubstr("filter 2 matches 1 (25 %)"));
  EXPECT_THAT(shown, HasSubstr("delivered 2 (50 %)\n"));
  EXPECT_THAT(shown, HasSubstr("skipped, matched by no filter: 1 (25 %)\n"));
  EXPECT_THAT(shown, HasSubstr("\"key\" {\"n\": 3}\n"));
  EXPECT_THAT(shown, HasSubstr("no JSON, dropped by on_non_json = \"drop\": 1 (25 %)\n"));
  EXPECT_THAT(shown, HasSubstr("\"key\" plain \\x1b[2J\n"));
}

TEST_F(FilterDryRun, SaysWhatOnNonJsonWouldDo) {
  kinesis_.put(0, "plain");
  trigger_.options.on_non_json = "fail";
  EXPECT_THAT(run(), HasSubstr("no JSON, to on_failure by on_non_json = \"fail\": 1 (100 %)\n"));
  trigger_.options.on_non_json = "pass";
  EXPECT_THAT(run(), HasSubstr("no JSON, delivered by on_non_json = \"pass\": 1 (100 %)\n"));
}

TEST_F(FilterDryRun, ReadsNoMoreThanTheSampleAndAllShards) {
  for (int i = 0; i < 50; ++i) {
    kinesis_.put(0, R"({"n": 1})");
    kinesis_.put(1, R"({"n": 5})");
  }
  EXPECT_THAT(run(10), HasSubstr(": 10 records of the last hour"));
  EXPECT_THAT(run(10), HasSubstr("skipped, matched by no filter: 5 (50 %)"));
}

TEST_F(FilterDryRun, TakesOlderRecordsWhereThereAreNoNewOnes) {
  kinesis_.put(0, R"({"n": 1})");
  run_sim(loop_, clock_, sleep(std::chrono::hours(2)));
  EXPECT_THAT(run(), HasSubstr(": 1 records kept longest, of 2 open shards"));
}

TEST_F(FilterDryRun, WaitsOutAThrottledRead) {
  kinesis_.put(0, R"({"n": 1})");
  kinesis_.fail_next(FakeKinesis::Op::Get, ErrorCode::Throttled);
  EXPECT_THAT(run(), HasSubstr(": 1 records of the last hour"));
}

TEST_F(FilterDryRun, SaysWhenATriggerHasNoFilters) {
  trigger_.options.filters.clear();
  EXPECT_EQ(run(), "filters of spin.toml:7 (handler): none, every record is delivered\n");
}

}  // namespace
}  // namespace kt::cli
