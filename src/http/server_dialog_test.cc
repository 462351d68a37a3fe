#include "http/server_dialog.h"

#include <gtest/gtest.h>

namespace kt::http {
namespace {

MonotonicTime at(int second) {
  return MonotonicTime(std::chrono::seconds(second));
}

std::string sent_by(Dialog& dialog) {
  std::string text;
  GatherBuffers buffers;
  for (auto due = dialog.gather(buffers); !due.empty(); due = dialog.gather(buffers)) {
    text.append(static_cast<const char*>(due.front().data()), due.front().size());
    dialog.sent(due.front().size());
  }
  return text;
}

Response ok() {
  Response response;
  response.status = 200;
  return response;
}

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

TEST(Dialog, TimesARequestFromItsFirstByte) {
  const ServerOptions options;
  Dialog dialog(options);
  EXPECT_FALSE(dialog.reading_since());
  dialog.receive("G", at(1));
  dialog.receive("ET / HTTP/1.1\r\n", at(2));
  EXPECT_EQ(dialog.reading_since(), at(1));
  dialog.receive("Host: h\r\n\r\n", at(3));
  EXPECT_FALSE(dialog.reading_since());
  EXPECT_TRUE(dialog.next());
}

TEST(Dialog, DoesNotBlameAClientForTheTimeOfTheRequestBefore) {
  const ServerOptions options;
  Dialog dialog(options);
  dialog.receive(std::string(kGet) + "GET /2 HT", at(1));
  ASSERT_TRUE(dialog.next());
  EXPECT_FALSE(dialog.reading_since());
  dialog.answer(0, ok());
  EXPECT_FALSE(dialog.reading_since());
  dialog.receive("TP/1.1\r\n", at(100));
  EXPECT_EQ(dialog.reading_since(), at(100));
}

TEST(Dialog, GivesOutOneHttp1RequestAtATime) {
  const ServerOptions options;
  Dialog dialog(options);
  dialog.receive(std::string(kGet) + std::string(kGet), at(1));
  EXPECT_TRUE(dialog.next());
  EXPECT_FALSE(dialog.next());
  dialog.answer(0, ok());
  EXPECT_TRUE(dialog.next());
}

TEST(Dialog, EndsAfterTheRunningRequestWhenItIsDrained) {
  const ServerOptions options;
  Dialog dialog(options);
  dialog.receive(kGet, at(1));
  ASSERT_TRUE(dialog.next());
  dialog.drain();
  EXPECT_TRUE(dialog.wants_bytes());
  dialog.answer(0, ok());
  EXPECT_FALSE(dialog.wants_bytes());
  EXPECT_NE(sent_by(dialog).find("connection: close\r\n"), std::string::npos);
}

}  // namespace
}  // namespace kt::http
