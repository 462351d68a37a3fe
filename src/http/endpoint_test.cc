#include "http/endpoint.h"

#include <gtest/gtest.h>

namespace kt::http {
namespace {

TEST(Endpoint, ReadsWhatUsersWrite) {
  struct Case {
    const char* url;
    const char* host;
    int port;
    const char* authority;
    const char* path;
  };
  const Case cases[] = {
      {"http://127.0.0.1:4567", "127.0.0.1", 4567, "127.0.0.1:4567", "/"},
      {"http://localhost", "localhost", 80, "localhost", "/"},
      {"https://kinesis.eu-west-1.amazonaws.com", "kinesis.eu-west-1.amazonaws.com", 443,
       "kinesis.eu-west-1.amazonaws.com", "/"},
      {"https://host:443/", "host", 443, "host", "/"},
      {"http://host:443/a/b", "host", 443, "host:443", "/a/b"},
      {"http://[::1]:4567", "::1", 4567, "[::1]:4567", "/"},
      {"http://[::1]", "::1", 80, "[::1]", "/"},
  };
  for (const Case& c : cases) {
    const auto endpoint = Endpoint::parse(c.url);
    ASSERT_TRUE(endpoint) << c.url << ": " << endpoint.error().what;
    EXPECT_EQ(endpoint->host, c.host);
    EXPECT_EQ(endpoint->port, c.port);
    EXPECT_EQ(endpoint->authority(), c.authority);
    EXPECT_EQ(endpoint->path, c.path);
    EXPECT_EQ(endpoint->is_tls(), std::string_view(c.url).starts_with("https"));
  }
  EXPECT_EQ(Endpoint::parse("http://h:80/x")->url(), "http://h/x");
}

TEST(Endpoint, RefusesWhatIsNone) {
  for (const char* url :
       {"", "localhost:4567", "ftp://h", "http://", "http://:80", "http://h:", "http://h:0",
        "http://h:65536", "http://h:8o", "http://user@h", "http://h?x", "http://h x", "http://[::1",
        "http://[::1]x", "http://h\r\nX: y"})
    EXPECT_FALSE(Endpoint::parse(url)) << url;
}

}  // namespace
}  // namespace kt::http
