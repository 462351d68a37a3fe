#include "observability/log.h"

#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <sstream>

namespace kt {
namespace {

class LogTest : public testing::Test {
 protected:
  LogTest() {
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_st>(out_);
    auto logger = std::make_shared<spdlog::logger>("test", sink);
    logger->set_pattern("%l %v");
    logger->set_level(spdlog::level::info);
    log_ = Log(logger);
  }
  std::ostringstream out_;
  Log log_;
};

TEST_F(LogTest, WritesItsContextAndFields) {
  log_.with("shard", "s-1").warn("read was throttled", {{"wait_ms", 250}});
  EXPECT_EQ(out_.str(), "warning read was throttled shard=s-1 wait_ms=250\n");
}

TEST_F(LogTest, QuotesValuesSoThatTheyCannotForgeALine) {
  log_.info("guest said", {{"text", "a \"b\"\nerror forged"}});
  EXPECT_EQ(out_.str(), "info guest said text=\"a \\\"b\\\" error forged\"\n");
}

TEST_F(LogTest, DropsWhatIsBelowItsLevel) {
  log_.debug("noise");
  Log().error("nowhere");
  EXPECT_EQ(out_.str(), "");
}

}  // namespace
}  // namespace kt
