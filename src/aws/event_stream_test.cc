#include "aws/event_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kt::aws {
namespace {

EventMessage event(std::string payload) {
  EventMessage message;
  message.with(":message-type", "event").with(":event-type", "SubscribeToShardEvent");
  message.payload = std::move(payload);
  return message;
}

TEST(EventStream, MakesTheFrameThatThePublishedExampleShows) {
  // From the test vectors of the format: one string header, a JSON payload.
  EventMessage message;
  message.with("content-type", "application/json");
  message.payload = "{'foo':'bar'}";
  const std::string frame = encode(message);
  ASSERT_EQ(frame.size(), 61u);
  EXPECT_EQ(frame.substr(0, 12),
            std::string("\x00\x00\x00\x3d\x00\x00\x00\x20\x07\xfd\x83\x96", 12));
  EXPECT_EQ(frame.substr(57), std::string("\x8d\x9c\x08\xb1", 4));
}

TEST(EventStream, ReadsBackWhatItWroteHoweverTheBytesArrive) {
  const std::string bytes = encode(event("first")) + encode(event("")) + encode(event("third"));
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    EventStreamDecoder decoder;
    std::vector<EventMessage> got;
    for (std::size_t at = 0; at < bytes.size(); at += step)
      ASSERT_TRUE(decoder.feed(std::string_view(bytes).substr(at, step), got));
    ASSERT_EQ(got.size(), 3u) << "in steps of " << step;
    EXPECT_EQ(got[0].payload, "first");
    EXPECT_EQ(got[1].payload, "");
    EXPECT_EQ(got[2].header(":event-type"), "SubscribeToShardEvent");
    EXPECT_TRUE(decoder.at_boundary());
  }
}

TEST(EventStream, TellsAFrameThatWasCutShort) {
  const std::string bytes = encode(event("first")) + encode(event("second"));
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    EventStreamDecoder decoder;
    std::vector<EventMessage> got;
    ASSERT_TRUE(decoder.feed(std::string_view(bytes).substr(0, size), got));
    const bool whole = size == 0 || size == encode(event("first")).size() || size == bytes.size();
    EXPECT_EQ(decoder.at_boundary(), whole) << size;
  }
}

TEST(EventStream, RefusesADamagedFrameWhereverTheDamageIs) {
  const std::string good = encode(event("payload"));
  std::string more;  // a damaged length may ask for up to 32 KiB before it is found out
  while (more.size() < 40'000)
    more += good;
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EventStreamDecoder decoder;
    std::vector<EventMessage> got;
    const auto fed = decoder.feed(bad + more, got);
    ASSERT_FALSE(fed) << "a flipped bit in byte " << i;
    EXPECT_EQ(fed.error().code, ErrorCode::Corrupt);
    EXPECT_TRUE(got.empty());
    EXPECT_FALSE(decoder.feed(good, got)) << "nothing is read after damage";
  }
}

TEST(EventStream, RefusesAMessageOverItsLimitBeforeItCame) {
  EventStreamDecoder decoder(1000);
  std::vector<EventMessage> got;
  const std::string frame = encode(event(std::string(2000, 'x')));
  EXPECT_FALSE(decoder.feed(std::string_view(frame).substr(0, 200), got));
}

}  // namespace
}  // namespace kt::aws
