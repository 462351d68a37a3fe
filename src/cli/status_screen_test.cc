#include "cli/status_screen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "admin/status_document.h"

namespace kt::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class StatusScreenTest : public testing::Test {
 protected:
  StatusScreenTest() {
    worker_.worker = WorkerId("host-1");
    worker_.uptime = std::chrono::seconds(200);
    TriggerStatus trigger;
    trigger.application = ApplicationName("shop/handler");
    trigger.leases_held = 2;
    trigger.counters.records_done = 12345;
    worker_.triggers.push_back(trigger);
    for (int i = 0; i < 30; ++i) {
      ShardStatus shard;
      shard.application = trigger.application;
      shard.shard = ShardId("shardId-" + std::to_string(i));
      shard.owner = "host-1";
      shard.held = i != 3;
      shard.state = "reading";
      shard.checkpoint = "after 49590338271490256608559692538361571095921575989136588898/0";
      shards_.push_back(shard);
    }
  }
  StatusScreen draw(std::size_t columns = 1000, std::size_t rows = 0) const {
    ScreenSize size;
    size.columns = columns;
    size.rows = rows;
    auto screen = draw_status(admin::status_document(worker_, shards_, "1.0.0"), size);
    EXPECT_TRUE(screen) << screen.error().what;
    return screen ? *screen : StatusScreen();
  }

  WorkerStatus worker_;
  std::vector<ShardStatus> shards_;
};

TEST_F(StatusScreenTest, ShowsWorkerTriggersAndShards) {
  const StatusScreen screen = draw();
  EXPECT_TRUE(screen.healthy);
  EXPECT_THAT(screen.text, HasSubstr("worker host-1   up 3 min 20 s"));
  EXPECT_THAT(screen.text, HasSubstr("\nready\n"));
  EXPECT_THAT(screen.text, HasSubstr("12 345"));
  EXPECT_THAT(screen.text, HasSubstr("shardId-29"));
  EXPECT_THAT(screen.text, HasSubstr("shardId-29  this worker"));
  EXPECT_THAT(screen.text, HasSubstr("shardId-3   host-1"));
  EXPECT_THAT(screen.text, HasSubstr("6588898/0"));
}

TEST_F(StatusScreenTest, ShowsTroubleFirstAndWhy) {
  shards_[17].reason = Reason::DestinationDown;
  shards_[17].detail = "arn:aws:sqs:eu-west-1:1:dead: queue does not exist";
  shards_[17].failing_attempts = 3;
  shards_[17].unfinished_age_millis = 200'000;
  const StatusScreen screen = draw();
  EXPECT_FALSE(screen.healthy);
  EXPECT_THAT(screen.text, HasSubstr("\nNOT READY\n"));
  EXPECT_THAT(screen.text, HasSubstr("  ! shop/handler shardId-17 destination_down: arn:aws:sqs"));
  EXPECT_THAT(screen.text, HasSubstr("3 min 20 s          0         3  destination_down"));
  const auto shards = screen.text.find("\nSHARD ");
  EXPECT_LT(screen.text.find("shardId-17", shards), screen.text.find("shardId-0 ", shards));
}

TEST_F(StatusScreenTest, FitsTheTerminal) {
  const StatusScreen screen = draw(60, 12);
  std::istringstream lines(screen.text);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count)
    EXPECT_LE(line.size(), 64u) << line;  // an ellipsis has three bytes
  EXPECT_EQ(count, 12);
  EXPECT_THAT(screen.text, HasSubstr("more lines"));
}

TEST_F(StatusScreenTest, NeverLetsForeignTextReachTheTerminalAsCommands) {
  shards_[0].reason = Reason::HandlerFailing;
  shards_[0].detail =
      "\033]0;owned\007 and \xc2\x9b"
      "31m";
  const std::string text = draw().text;
  EXPECT_THAT(text, Not(HasSubstr("\033")));
  EXPECT_THAT(text, Not(HasSubstr("\007")));
  EXPECT_THAT(text, Not(HasSubstr("\xc2\x9b")));
  EXPECT_THAT(text, HasSubstr("owned"));
}

TEST_F(StatusScreenTest, RefusesWhatIsNoStatusDocument) {
  for (const char* document : {"", "hello", "[]", "{}", R"({"version":2})", R"({"version":1})",
                               R"({"version":1,"worker":[],"ready":true})"}) {
    const auto screen = draw_status(document, ScreenSize());
    ASSERT_FALSE(screen) << document;
    EXPECT_EQ(screen.error().code, ErrorCode::Corrupt);
  }
}

TEST_F(StatusScreenTest, ADocumentOnOneLineIsTheSame) {
  const auto line = on_one_line(admin::status_document(worker_, shards_, "1.0.0"));
  ASSERT_TRUE(line);
  EXPECT_EQ(line->find('\n'), std::string::npos);
  EXPECT_TRUE(draw_status(*line, ScreenSize()));
}

}  // namespace
}  // namespace kt::cli
