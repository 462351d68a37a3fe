#include "admin/site.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "admin/address.h"
#include "admin/status_page.h"
#include "admin/words.h"

namespace kt::admin {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class FakeControl final : public Control {
 public:
  std::vector<ShardStatus> status() const override { return shards; }
  WorkerStatus worker_status() const override { return worker; }
  std::vector<ShardStatus> shards;
  WorkerStatus worker;
};

class AdminSite : public testing::Test {
 protected:
  AdminSite() {
    control_.worker.worker = WorkerId("host-1");
    TriggerStatus trigger;
    trigger.application = ApplicationName("shop/handler");
    trigger.stream = "arn:aws:kinesis:eu-west-1:000000000000:stream/orders";
    control_.worker.triggers.push_back(trigger);
    control_.shards.push_back(shard("shardId-000000000000"));
  }
  static ShardStatus shard(const std::string& id) {
    ShardStatus out;
    out.application = ApplicationName("shop/handler");
    out.shard = ShardId(id);
    out.state = "reading";
    return out;
  }
  http::Response ask(const std::string& target, const std::string& method = "GET",
                     const std::string& host = "localhost:9400") const {
    Site::Options options;
    options.version = "1.0.0";
    options.loopback_hosts_only = loopback_only_;
    http::ServerRequest request;
    request.method = method;
    request.target = target;
    if (!host.empty())
      request.headers.emplace_back("host", host);
    return Site(control_, options).answer(request);
  }
  json ready(int expected_status) const {
    const http::Response answer = ask("/readyz");
    EXPECT_EQ(answer.status, expected_status) << answer.body;
    return json::parse(answer.body);
  }

  FakeControl control_;
  bool loopback_only_ = true;
};

TEST_F(AdminSite, AnswersEachOfItsPaths) {
  for (const char* path : {"/", "/metrics", "/healthz", "/readyz", "/api/status", "/?x=1"})
    EXPECT_EQ(ask(path).status, 200) << path;
  EXPECT_EQ(ask("/").header("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(ask("/metrics").header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
}

TEST_F(AdminSite, AnUnknownPathIs404InJsonThatNamesTheKnownOnes) {
  const http::Response answer = ask("/api/nothing");
  EXPECT_EQ(answer.status, 404);
  const json body = json::parse(answer.body);
  EXPECT_EQ(body["error"]["code"], "not_found");
  EXPECT_THAT(body["error"]["message"].get<std::string>(), HasSubstr("/api/status"));
}

TEST_F(AdminSite, OnlyReads) {
  const http::Response answer = ask("/api/status", "POST");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.header("allow"), "GET, HEAD");
  EXPECT_EQ(ask("/api/status", "HEAD").status, 200);
}

TEST_F(AdminSite, RefusesAHostNameThatIsNotThisMachineAgainstDnsRebinding) {
  for (const char* host : {"localhost", "LOCALHOST:9400", "127.0.0.1:9400", "127.1.2.3", "[::1]:1"})
    EXPECT_EQ(ask("/", "GET", host).status, 200) << host;
  for (const char* host : {"evil.example:9400", "", "localhost.evil.example", "127.0.0.1.example",
                           "10.0.0.1", "[::1", "a:b:c"})
    EXPECT_EQ(ask("/", "GET", host).status, 403) << host;
  loopback_only_ = false;
  EXPECT_EQ(ask("/", "GET", "worker-7.internal:9400").status, 200);
}

TEST_F(AdminSite, IsReadyWhileEverythingRuns) {
  const json body = ready(200);
  EXPECT_EQ(body["ready"], true);
  EXPECT_TRUE(body["reasons"].empty());
}

TEST_F(AdminSite, IsNotReadyWhileATriggerStarts) {
  control_.worker.triggers[0].reason = Reason::Starting;
  control_.worker.triggers[0].detail = "stream orders is still being created";
  const json body = ready(503);
  EXPECT_EQ(body["reasons"][0]["reason"], "starting");
  EXPECT_EQ(body["reasons"][0]["application"], "shop/handler");
  EXPECT_EQ(body["reasons"][0]["detail"], "stream orders is still being created");
}

TEST_F(AdminSite, IsNotReadyWithoutCredentialsOrWithAStoreThatFails) {
  control_.worker.triggers[0].reason = Reason::NoCredentials;
  control_.worker.checkpoint_trouble = "kinesis.db: disk full";
  const json body = ready(503);
  EXPECT_EQ(body["reasons"][0]["reason"], "store_failing");
  EXPECT_EQ(body["reasons"][1]["reason"], "no_credentials");
}

TEST_F(AdminSite, WarnsAtHalfTheRetentionAndIsNotReadyNearItsEnd) {
  control_.shards[0].retention_used_percent = 50;
  EXPECT_EQ(ready(200)["warnings"][0]["reason"], "near_retention");
  control_.shards[0].retention_used_percent = 80;
  control_.shards[0].needs_help = true;
  const json body = ready(503);
  EXPECT_EQ(body["reasons"][0]["reason"], "near_retention");
  EXPECT_EQ(body["reasons"][0]["shard"], "shardId-000000000000");
}

TEST_F(AdminSite, OneFailedRequestIsNoOutage) {
  control_.shards[0].reason = Reason::ServiceUnreachable;
  control_.shards[0].reason_for = std::chrono::seconds(9);
  ready(200);
  control_.shards[0].reason_for = std::chrono::seconds(10);
  ready(503);
}

TEST_F(AdminSite, AStoppedShardIsToldAtOnce) {
  control_.shards[0].reason = Reason::DataLost;
  control_.shards[0].reason_for = Duration(0);
  control_.shards[0].detail = "records after 1, before 2";
  EXPECT_EQ(ready(503)["reasons"][0]["detail"], "records after 1, before 2");
}

TEST_F(AdminSite, AHandlerThatFailsIsAWarningOnly) {
  control_.shards[0].reason = Reason::HandlerFailing;
  const json body = ready(200);
  EXPECT_EQ(body["warnings"][0]["reason"], "handler_failing");
}

TEST_F(AdminSite, IsNotReadyWhileItStops) {
  control_.worker.draining = true;
  EXPECT_EQ(ready(503)["reasons"][0]["reason"], "draining");
}

TEST_F(AdminSite, StatusHasShardsInTroubleFirst) {
  control_.shards.clear();
  for (const char* id : {"fine", "late", "failing", "lost"})
    control_.shards.push_back(shard(id));
  control_.shards[1].millis_behind_latest = 5000;
  control_.shards[2].reason = Reason::HandlerFailing;
  control_.shards[3].reason = Reason::DataLost;
  const json body = json::parse(ask("/api/status").body);
  EXPECT_EQ(body["version"], 1);
  EXPECT_EQ(body["ready"], false);
  EXPECT_EQ(body["worker"]["id"], "host-1");
  std::vector<std::string> order;
  for (const json& one : body["shards"])
    order.push_back(one["shard"]);
  EXPECT_THAT(order, testing::ElementsAre("lost", "failing", "late", "fine"));
}

TEST_F(AdminSite, StatusSurvivesTextThatIsNotUtf8) {
  control_.shards[0].detail = "handler said \xff\xfe";
  const json body = json::parse(ask("/api/status").body);
  EXPECT_EQ(body["shards"][0]["iterator_age_millis"], nullptr);
  EXPECT_THAT(body["shards"][0]["detail"].get<std::string>(), HasSubstr("handler said"));
}

TEST_F(AdminSite, ThePageEscapesWhatComesFromOutsideAndFetchesNothing) {
  control_.shards[0].detail = "<script>alert(1)</script>";
  control_.shards[0].checkpoint = "\"><b>";
  const http::Response answer = ask("/");
  EXPECT_THAT(answer.body, Not(HasSubstr("<script")));
  EXPECT_THAT(answer.body, HasSubstr("&lt;script&gt;alert(1)"));
  EXPECT_THAT(answer.body, HasSubstr("title=\"&quot;&gt;&lt;b&gt;\""));
  EXPECT_THAT(answer.body, Not(HasSubstr("src=")));
  EXPECT_THAT(answer.body, Not(HasSubstr("http://")));
  EXPECT_THAT(std::string(answer.header("content-security-policy")),
              HasSubstr("default-src 'none'"));
}

TEST_F(AdminSite, ThePageIsBounded) {
  control_.shards.assign(kShardsOnPage + 7, shard("x"));
  EXPECT_THAT(ask("/").body, HasSubstr("and 7 more"));
}

TEST(AdminAddress, ReadsWhatPeopleWrite) {
  struct Case {
    const char* text;
    const char* ip;
    std::uint16_t port;
  };
  for (const Case& c : {Case{"127.0.0.1:9400", "127.0.0.1", 9400}, Case{"[::1]:80", "::1", 80},
                        Case{"localhost:1", "127.0.0.1", 1}, Case{"9401", "127.0.0.1", 9401},
                        Case{"0.0.0.0:0", "0.0.0.0", 0}}) {
    const auto address = parse_address(c.text);
    ASSERT_TRUE(address) << c.text;
    EXPECT_EQ(address->ip, c.ip);
    EXPECT_EQ(address->port, c.port);
  }
  for (const char* text : {"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:80",
                           "[::1]80", "example.com:80", "127.0.0.1:80x", "[::1"}) {
    const auto address = parse_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, ErrorCode::Invalid);
    EXPECT_THAT(address.error().what, HasSubstr("127.0.0.1:9400"));
  }
}

TEST(AdminAddress, NamesAWildcardAsThisMachineReachesItself) {
  EXPECT_EQ(parse_address("0.0.0.0:0")->url(9), "http://127.0.0.1:9");
  EXPECT_EQ(parse_address("[::]:0")->url(9), "http://[::1]:9");
  EXPECT_FALSE(parse_address("0.0.0.0:0")->is_loopback());
  EXPECT_TRUE(parse_address("[::1]:0")->is_loopback());
}

TEST(AdminWords, AreAsPeopleReadThem) {
  EXPECT_EQ(as_duration(0), "0 s");
  EXPECT_EQ(as_duration(1500), "1.5 s");
  EXPECT_EQ(as_duration(59'999), "59 s");
  EXPECT_EQ(as_duration(200'000), "3 min 20 s");
  EXPECT_EQ(as_duration(5 * 3'600'000 + 120'000), "5 h 02 min");
  EXPECT_EQ(as_duration(52 * 3'600'000), "2 d 4 h");
  EXPECT_EQ(as_bytes(512), "512 B");
  EXPECT_EQ(as_bytes(1536), "1.5 KiB");
  EXPECT_EQ(as_bytes(256U << 20U), "256 MiB");
  EXPECT_EQ(as_count(999), "999");
  EXPECT_EQ(as_count(12345678), "12 345 678");
}

}  // namespace
}  // namespace kt::admin
