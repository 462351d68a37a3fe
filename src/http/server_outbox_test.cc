#include "http/server_outbox.h"

#include <gtest/gtest.h>

namespace kt::http {
namespace {

std::string text_of(std::span<const boost::asio::const_buffer> buffers) {
  std::string text;
  for (const auto& buffer : buffers)
    text.append(static_cast<const char*>(buffer.data()), buffer.size());
  return text;
}

TEST(Outbox, JoinsShortPiecesAndKeepsTheOrder) {
  Outbox outbox;
  outbox.copy("head ");
  outbox.copy("more ");
  const auto body = std::make_shared<const std::string>("0123456789");
  outbox.share(body, 2, 3);
  outbox.move(std::string(5000, 'x'));
  GatherBuffers buffers;
  const auto due = outbox.gather(buffers);
  EXPECT_EQ(due.size(), 3U);
  EXPECT_EQ(text_of(due), "head more 234" + std::string(5000, 'x'));
  EXPECT_EQ(outbox.bytes(), 5013U);
}

TEST(Outbox, GoesOnWhereAWriteStopped) {
  Outbox outbox;
  outbox.copy("abc");
  outbox.share(std::make_shared<const std::string>("defgh"), 0, 5);
  GatherBuffers buffers;
  outbox.sent(4);
  EXPECT_EQ(text_of(outbox.gather(buffers)), "efgh");
  EXPECT_EQ(outbox.body_bytes_sent(), 1U);
  outbox.sent(4);
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(outbox.body_bytes_sent(), 5U);
}

TEST(Outbox, DoesNotMoveWhatAWriteIsUsing) {
  Outbox outbox;
  outbox.copy("in flight ");
  GatherBuffers buffers;
  const auto due = outbox.gather(buffers);
  for (int i = 0; i < 100; ++i)
    outbox.copy("added meanwhile ");
  EXPECT_EQ(text_of(due), "in flight ");
  outbox.sent(10);
  GatherBuffers more;
  EXPECT_EQ(text_of(outbox.gather(more)).size(), 1600U);
}

}  // namespace
}  // namespace kt::http
