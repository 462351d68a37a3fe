#include "host/postgres/postgres_capability.h"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

#include "tests/support/postgres_under_test.h"

namespace kt::host {
namespace {

using nlohmann::json;
using test::fault_of;
using test::from_json;
using test::list;
using test::words_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using wasm::TestArguments;
using List = HostResult::List;

class APostgresCapability : public test::PostgresUnderTest {};

TEST_F(APostgresCapability, AsksThePolicyForEveryServerOfAnAddress) {
  policy->denied = "two.example";
  const auto answer = try_open("postgres://admin@127.0.0.1,two.example:7/db");
  EXPECT_EQ(fault_of(answer), KT_FAULT_ACCESS_DENIED);
  EXPECT_THAT(policy->asked, ElementsAre("postgres://127.0.0.1:5432", "postgres://two.example:7"));
}

TEST_F(APostgresCapability, AsksThePolicyForTheAddressBesideAName) {
  policy->denied = "10.1.2.3";
  const auto answer = try_open("host=allowed.example hostaddr=10.1.2.3 user=admin");
  EXPECT_EQ(fault_of(answer), KT_FAULT_ACCESS_DENIED);
  EXPECT_THAT(policy->asked, ElementsAre("postgres://10.1.2.3:5432"));
}

TEST_F(APostgresCapability, DoesNotConnectToBlockedAddresses) {
  policy->blocked = "127.0.0.1";
  for (const char* host : {"127.0.0.1", "localhost"}) {
    const auto answer = try_open("host=" + std::string(host) + " port=" + port() +
                                 " user=admin password=secret sslmode=disable");
    EXPECT_NE(fault_of(answer), KT_FAULT_INVALID);
    EXPECT_THAT(words_of(answer), testing::AnyOf(HasSubstr("not permitted"), HasSubstr("refused")));
  }
}

TEST_F(APostgresCapability, RefusesWhatAnAddressMayNotSay) {
  const std::pair<const char*, const char*> cases[] = {
      {"nonsense", "neither a URL nor"},
      {"user=admin", "names no host"},
      {"host=a", "names no user"},
      {"host=/var/run/postgresql user=a", "Unix sockets"},
      {"postgresql://a@%2Fvar%2Frun/db", "Unix sockets"},
      {"host=a,/tmp user=a", "Unix sockets"},
      {"host=@abstract user=a", "Unix sockets"},
      {"host=a, user=a", "empty host"},
      {"host=a user=a port=99999", "no valid port"},
      {"host=a,b,c user=a port=1,2", "as many ports"},
      {"host=a,b hostaddr=1.1.1.1 user=a", "as many hostaddr"},
      {"host=a user=a sslmode=strong", "unknown sslmode"},
      {"host=a user=a service=mine", "may not use service"},
      {"host=a user=a passfile=/etc/passwd", "may not use passfile"},
      {"host=a user=a sslkey=/etc/ssl/key", "may not use sslkey"},
      {"host=a user=a sslrootcert=/etc/passwd", "may not use sslrootcert"},
      {"host=a user=a requirepeer=root", "may not use requirepeer"},
      {"host=a user=a replication=true", "may not use replication"},
  };
  for (const auto& [text, words] : cases) {
    const auto answer = try_open(text);
    EXPECT_EQ(fault_of(answer), KT_FAULT_INVALID) << text;
    EXPECT_THAT(words_of(answer), HasSubstr(words)) << text;
  }
  EXPECT_TRUE(policy->asked.empty());
}

TEST_F(APostgresCapability, TakesNothingFromTheEnvironmentOfTheHost) {
  // SetUpTestSuite put a password and a service there before the library was loaded.
  const auto answer = try_open("host=127.0.0.1 user=admin dbname=postgres port=" + port());
  EXPECT_EQ(fault_of(answer), KT_FAULT_UNAVAILABLE);
  EXPECT_THAT(words_of(answer), HasSubstr("no password supplied"));
}

TEST_F(APostgresCapability, ReusesACleanConnection) {
  const auto pid = [&](std::int64_t handle) {
    return rows(handle, "SELECT pg_backend_pid()")[0][0].get<std::int64_t>();
  };
  auto handle = open();
  const auto first = pid(handle);
  ASSERT_TRUE(execute(handle, "SET search_path = elsewhere"));
  ASSERT_TRUE(execute(handle, "CREATE TEMP TABLE mine ()"));
  close(handle);
  handle = open();
  EXPECT_EQ(pid(handle), first);
  EXPECT_THAT(rows(handle, "SHOW search_path")[0][0].get<std::string>(),
              Not(HasSubstr("elsewhere")));
  EXPECT_EQ(fault_of(execute(handle, "SELECT * FROM mine")), KT_FAULT_QUERY);
  ASSERT_TRUE(execute(handle, "BEGIN"));
  close(handle);
  handle = open();
  EXPECT_NE(pid(handle), first);
}

TEST_F(APostgresCapability, KeepsATransactionToItsHandle) {
  const auto one_handle = open();
  const auto other_handle = open();
  ASSERT_TRUE(execute(one_handle, "DROP TABLE IF EXISTS kept"));
  ASSERT_TRUE(execute(one_handle, "CREATE TABLE kept (v int4)"));
  ASSERT_TRUE(execute(one_handle, "BEGIN"));
  ASSERT_TRUE(execute(one_handle, "INSERT INTO kept VALUES (1)"));
  EXPECT_EQ(rows(other_handle, "SELECT count(*) FROM kept"), list(list(0)));
  ASSERT_TRUE(execute(one_handle, "COMMIT"));
  EXPECT_EQ(rows(other_handle, "SELECT count(*) FROM kept"), list(list(1)));
}

TEST_F(APostgresCapability, ClosesIdleConnectionsAfterAWhile) {
  PostgresOptions options;
  options.pool.idle_timeout = std::chrono::milliseconds(20);
  begin(options, ConnectionPermits::Options());
  const auto watcher = open(address("application_name=watcher"));
  const char* const count =
      "SELECT count(*)::int4 FROM pg_stat_activity WHERE application_name = 'idler'";
  const auto idler = open(address("application_name=idler"));
  EXPECT_EQ(rows(watcher, count), list(list(1)));
  close(idler);
  while (rows(watcher, count) != list(list(0))) {
  }
}

TEST_F(APostgresCapability, RunsTheOperationsOfAHandleInOrder) {
  const auto handle = open();
  ASSERT_TRUE(execute(handle, "CREATE TEMP TABLE seen (n serial, v int4)"));
  TaskGroup group(real.loop());
  std::vector<std::unique_ptr<TestArguments>> arguments;
  for (int i = 0; i < 20; ++i) {
    List values = wasm::list_of(handle, std::string("INSERT INTO seen (v) VALUES ($1)"));
    values.push_back(from_json(list(list(int{KT_SQL_INT32}, i))));
    arguments.push_back(std::make_unique<TestArguments>(std::move(values)));
    group.spawn(insert(arguments.back()->view()));
  }
  EXPECT_TRUE(real.run(group.join()));
  EXPECT_EQ(rows(handle, "SELECT count(*)::int4 FROM seen WHERE n = v + 1"), list(list(20)));
}

TEST_F(APostgresCapability, ServesManyHandlesAtATime) {
  std::vector<std::int64_t> handles;
  for (int i = 0; i < 20; ++i)
    handles.push_back(open());
  TaskGroup group(real.loop());
  std::vector<std::unique_ptr<TestArguments>> arguments;
  const auto begun = real.clock().now();
  for (const auto handle : handles) {
    List values = wasm::list_of(handle, std::string("SELECT pg_sleep(0.3)"), List());
    arguments.push_back(std::make_unique<TestArguments>(std::move(values)));
    group.spawn(insert(arguments.back()->view()));
  }
  EXPECT_TRUE(real.run(group.join()));
  EXPECT_LT(real.clock().now() - begun, std::chrono::seconds(4));
}

TEST_F(APostgresCapability, HasTheServerGiveUpWhatAnInstanceLeft) {
  const auto handle = open();
  const TestArguments arguments(
      wasm::list_of(handle, std::string("SELECT pg_sleep(1000) AS cancelled_later"), List()));
  TaskGroup group(real.loop());
  group.spawn(run_until_cancelled(KT_POSTGRES_QUERY, arguments.view()));
  while (running("cancelled_later") != 1) {
  }
  group.cancel();
  EXPECT_TRUE(real.run(joined(group)));
  while (running("cancelled_later") != 0) {
  }
  EXPECT_EQ(fault_of(execute(handle, "SELECT 1")), KT_FAULT_UNAVAILABLE);
}

TEST_F(APostgresCapability, GivesAStatementItsDeadline) {
  PostgresOptions options;
  options.handles.statement_timeout = std::chrono::milliseconds(50);
  begin(options, ConnectionPermits::Options());
  const auto handle = open();
  const auto answer = query(handle, "SELECT pg_sleep(1000) AS too_slow", list());
  EXPECT_EQ(fault_of(answer), KT_FAULT_UNAVAILABLE);
  EXPECT_THAT(words_of(answer), HasSubstr("deadline"));
  while (running("too_slow") != 0) {
  }
}

TEST_F(APostgresCapability, BoundsAResult) {
  PostgresOptions options;
  options.limits.result_max_bytes = 1'000'000;
  begin(options, ConnectionPermits::Options());
  const auto handle = open();
  const auto answer = query(handle, "SELECT generate_series(1, 1000000000)", list());
  EXPECT_EQ(fault_of(answer), KT_FAULT_QUERY);
  EXPECT_EQ(words_of(answer), "query result exceeds limit of 1000000 bytes");
  EXPECT_EQ(rows(handle, "SELECT 1"), list(list(1)));
  EXPECT_EQ(*execute(handle, "SELECT generate_series(1, 100000)")->integer(), 100'000);
  EXPECT_EQ(words_of(query(handle, "SELECT repeat('x', 1200000)", list())),
            "query result exceeds limit of 1000000 bytes");
  EXPECT_EQ(rows(handle, "SELECT 1"), list(list(1)));
}

TEST_F(APostgresCapability, GivesUpARowThatIsTooLargeWhileItComes) {
  PostgresOptions options;
  options.limits.result_max_bytes = 1'000'000;
  begin(options, ConnectionPermits::Options());
  const auto handle = open();
  EXPECT_EQ(words_of(query(handle, "SELECT repeat('x', 20000000)", list())),
            "query result exceeds limit of 1000000 bytes");
  EXPECT_EQ(fault_of(execute(handle, "SELECT 1")), KT_FAULT_UNAVAILABLE);
}

TEST_F(APostgresCapability, BoundsTheHandlesOfAnInstance) {
  PostgresOptions options;
  options.handles.handles_max = 2;
  begin(options, ConnectionPermits::Options());
  const auto first = open();
  open();
  EXPECT_EQ(fault_of(try_open(address())), KT_FAULT_TOO_MANY);
  close(first);
  open();
}

TEST_F(APostgresCapability, BoundsTheConnectionsToAnAddress) {
  PostgresOptions options;
  options.pool.connections_max = 1;
  options.handles.connect_timeout = std::chrono::milliseconds(100);
  begin(options, ConnectionPermits::Options());
  const auto first = open();
  EXPECT_EQ(fault_of(try_open(address())), KT_FAULT_UNAVAILABLE);
  close(first);
  open();
}

TEST_F(APostgresCapability, WaitsForAPermit) {
  ConnectionPermits::Options limits;
  limits.max_of_use["postgres"] = 1;
  begin(PostgresOptions(), limits);
  const auto first = open();
  const auto second_session = capability->begin();
  List values = wasm::list_of(address());
  values.emplace_back();
  const TestArguments arguments(std::move(values));
  std::optional<Answer> second;
  TaskGroup group(real.loop());
  group.spawn(open_in(*second_session, arguments.view(), second));
  rows(first, "SELECT pg_sleep(0.05)");
  EXPECT_FALSE(second);
  close(first);
  EXPECT_TRUE(real.run(group.join()));
  EXPECT_TRUE(second && *second) << words_of(*second);
}

TEST_F(APostgresCapability, KeepsNoConnectionIdleWherePermitsAreLimited) {
  ConnectionPermits::Options limits;
  limits.max_of_use["postgres"] = 2;
  begin(PostgresOptions(), limits);
  const auto watcher = open(address("application_name=watcher"));
  close(open(address("application_name=idler")));
  while (rows(watcher,
              "SELECT count(*)::int4 FROM pg_stat_activity WHERE application_name = 'idler'") !=
         list(list(0))) {
  }
}

TEST_F(APostgresCapability, SaysWhyItCannotConnect) {
  auto answer = try_open("postgres://admin:wrong@127.0.0.1:" + port() + "/postgres");
  EXPECT_EQ(fault_of(answer), KT_FAULT_UNAVAILABLE);
  EXPECT_THAT(words_of(answer), HasSubstr("password authentication failed"));
  EXPECT_THAT(words_of(answer), Not(HasSubstr("wrong")));
  answer = try_open("postgres://admin:secret@127.0.0.1:" + port() + "/missing");
  EXPECT_THAT(words_of(answer), HasSubstr("database \"missing\" does not exist"));
  answer = try_open("postgres://admin@127.0.0.1:" + std::to_string(test::free_port()) + "/db");
  EXPECT_EQ(fault_of(answer), KT_FAULT_UNAVAILABLE);
  EXPECT_THAT(words_of(answer), HasSubstr("refused"));
  answer = try_open("postgres://admin@no.such.host.invalid/db");
  EXPECT_THAT(words_of(answer), HasSubstr("does not resolve"));
}

TEST_F(APostgresCapability, TriesTheServersOfAnAddressInTurn) {
  const std::string dead = std::to_string(test::free_port());
  const auto handle = open("postgres://admin:secret@127.0.0.1:" + dead + ",localhost:" + port() +
                           "/postgres?target_session_attrs=read-write");
  EXPECT_EQ(rows(handle, "SELECT 1"), list(list(1)));
}

TEST_F(APostgresCapability, ChecksTheCertificateAgainstTheGivenRoot) {
  std::ifstream file(server_->directory() / "tls.pem");
  const std::string root((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::string named = "host=localhost hostaddr=127.0.0.1 port=" + port() +
                            " user=admin password=secret dbname=postgres ";
  const auto encrypted = [&](const Answer& opened) {
    return opened ? rows(*opened->integer(),
                         "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")[0][0]
                  : json(words_of(opened));
  };
  EXPECT_EQ(encrypted(try_open(named, root)), true);
  EXPECT_EQ(encrypted(try_open(named)), true);
  EXPECT_EQ(encrypted(try_open(named + "sslmode=disable", root)), false);
  EXPECT_THAT(words_of(try_open(named + "sslmode=require")),
              HasSubstr("certificate verify failed"));
  EXPECT_THAT(words_of(try_open(address(), root)), HasSubstr("does not match host name"));
  EXPECT_EQ(encrypted(try_open(address("sslmode=verify-ca"), root)), true);
  EXPECT_EQ(fault_of(try_open(named, "no certificate")), KT_FAULT_INVALID);
  EXPECT_TRUE(call(KT_POSTGRES_CHECK_ROOT, wasm::list_of(root)));
  EXPECT_EQ(fault_of(call(KT_POSTGRES_CHECK_ROOT, wasm::list_of(std::string("no")))),
            KT_FAULT_INVALID);
}

TEST_F(APostgresCapability, ConnectsAgainAfterTheServerWasGone) {
  const auto busy = open();
  const auto idle = open();
  close(idle);
  server_->kill();
  // What serves a connection outlives the killed server by a moment.
  while (execute(busy, "SELECT 1") || try_open(address())) {
  }
  EXPECT_EQ(fault_of(execute(busy, "SELECT 1")), KT_FAULT_UNAVAILABLE);
  EXPECT_EQ(fault_of(try_open(address())), KT_FAULT_UNAVAILABLE);
  ASSERT_TRUE(server_->start());
  EXPECT_EQ(fault_of(execute(busy, "SELECT 1")), KT_FAULT_UNAVAILABLE);
  EXPECT_EQ(rows(open(), "SELECT 1"), list(list(1)));
}

TEST_F(APostgresCapability, DoesNotWaitForEverForAServerThatSaysNothing) {
  PostgresOptions options;
  options.handles.connect_timeout = std::chrono::milliseconds(300);
  begin(options, ConnectionPermits::Options());
  server_->pause();
  const auto answer = try_open(address());
  server_->resume();
  EXPECT_EQ(fault_of(answer), KT_FAULT_UNAVAILABLE);
}

TEST_F(APostgresCapability, AnswersForHandlesThatAreNotOpen) {
  EXPECT_EQ(fault_of(execute(7, "SELECT 1")), KT_FAULT_UNAVAILABLE);
  EXPECT_EQ(words_of(execute(7, "SELECT 1")), "no connection found");
  const auto handle = open();
  close(handle);
  EXPECT_EQ(fault_of(query(handle, "SELECT 1", list())), KT_FAULT_UNAVAILABLE);
}

}  // namespace
}  // namespace kt::host
