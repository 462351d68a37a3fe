#include "host/postgres/postgres_capability.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <optional>

#include "runtime/task_group.h"
#include "runtime/work_thread.h"
#include "tests/support/run_real.h"
#include "tests/support/server_process.h"
#include "tests/support/sql_capability.h"
#include "wasm/host_testing.h"

namespace kt::host {
namespace {

using nlohmann::json;
using test::fault_of;
using test::from_json;
using test::list;
using test::octets;
using test::to_json;
using test::words_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using wasm::list_of;
using wasm::TestArguments;
using List = HostResult::List;

test::ServerCommand postgres_command() {
  test::ServerCommand command;
  command.user = "postgres";
  command.answers = [](std::uint16_t port) {
    const std::string ask = test::find_program("pg_isready").string() + " -q -h 127.0.0.1 -p ";
    return std::system((ask + std::to_string(port)).c_str()) == 0;
  };
  command.arguments = {"postgres",
                       "-D",
                       "{directory}/data",
                       "-p",
                       "{port}",
                       "-k",
                       "{directory}",
                       "-c",
                       "listen_addresses=127.0.0.1",
                       "-c",
                       "fsync=off",
                       "-c",
                       "ssl=on",
                       "-c",
                       "ssl_cert_file={directory}/tls.pem",
                       "-c",
                       "ssl_key_file={directory}/tls.key",
                       "-c",
                       "max_connections=120"};
  return command;
}

/// One server for all tests, since preparing its directory takes long.
class APostgresCapability : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = std::make_unique<test::ServerProcess>(postgres_command());
    server_->write_file("password", "secret");
    const bool prepared =
        server_->make_certificate("localhost") &&
        server_->run_first({"initdb", "-D", "{directory}/data", "-U", "admin", "-A",
                            "scram-sha-256", "--pwfile={directory}/password", "-E", "UTF8",
                            "--locale=C.UTF-8", "-N"});
    ASSERT_TRUE(prepared && server_->start());
    ::setenv("PGPASSWORD", "secret", 1);
    ::setenv("PGSERVICE", "of-the-host", 1);
  }
  static void TearDownTestSuite() { server_.reset(); }

  APostgresCapability() { begin(PostgresOptions(), ConnectionPermits::Options()); }
  ~APostgresCapability() override {
    session.reset();
    capability.reset();
    real.settle();
  }

  void begin(PostgresOptions options, ConnectionPermits::Options limits) {
    session.reset();
    capability.reset();
    permits = std::make_shared<ConnectionPermits>(std::move(limits));
    PostgresCapability::Deps deps{real.executor(), real.clock(), work, policy, permits};
    capability = std::make_unique<PostgresCapability>(std::move(deps), std::move(options));
    session = capability->begin();
  }
  static std::string port() { return std::to_string(server_->port()); }
  static std::string address(const std::string& more = "") {
    return "host=127.0.0.1 port=" + port() + " user=admin password=secret dbname=postgres " + more;
  }

  Answer call(HostOperation operation, List values) {
    const TestArguments arguments(std::move(values));
    return real.run(session->call(operation, arguments.view()));
  }
  Answer try_open(const std::string& text, const std::string& root = "") {
    List list = list_of(text);
    root.empty() ? list.emplace_back() : list.emplace_back(root);
    return call(KT_POSTGRES_OPEN, std::move(list));
  }
  std::int64_t open(const std::string& text = address()) {
    auto opened = try_open(text);
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? *opened->integer() : -1;
  }
  void close(std::int64_t handle) { call(KT_POSTGRES_CLOSE, list_of(handle)); }
  Answer query(std::int64_t handle, const std::string& statement, const json& parameters) {
    List list = list_of(handle, statement);
    list.push_back(from_json(parameters));
    return call(KT_POSTGRES_QUERY, std::move(list));
  }
  Answer execute(std::int64_t handle, const std::string& statement,
                 const json& parameters = json::array()) {
    List list = list_of(handle, statement);
    list.push_back(from_json(parameters));
    return call(KT_POSTGRES_EXECUTE, std::move(list));
  }
  /// The rows, or the message of the refusal.
  json rows(std::int64_t handle, const std::string& statement,
            const json& parameters = json::array()) {
    const auto answer = query(handle, statement, parameters);
    return answer ? to_json((*answer->list())[1]) : json(answer.error().message);
  }
  /// The type of the only column, and the only value.
  json one(std::int64_t handle, const std::string& statement,
           const json& parameters = json::array()) {
    const auto answer = query(handle, statement, parameters);
    if (!answer)
      return answer.error().message;
    const json columns = to_json((*answer->list())[0]);
    const json values = to_json((*answer->list())[1]);
    return list(columns[0][1], values[0][0]);
  }
  /// Runs a statement that a test cancels; its arguments live as long.
  Task<Result<Unit>> run_until_cancelled(HostOperation operation, HostArguments arguments) {
    const auto answer = co_await session->call(operation, arguments);
    ADD_FAILURE() << "it ended: " << words_of(answer);
    co_return Unit{};
  }
  /// How many sessions run something; asked on a connection of another instance.
  std::int64_t running(const std::string& what) {
    const auto handle = open();
    const json found = rows(handle,
                            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND "
                            "pid <> pg_backend_pid() AND query LIKE $1",
                            list(list(int{KT_SQL_TEXT}, "%" + what + "%")));
    close(handle);
    return found[0][0];
  }

  Task<Result<Unit>> insert(HostArguments arguments) {
    const auto answer = co_await session->call(KT_POSTGRES_EXECUTE, arguments);
    EXPECT_TRUE(answer) << words_of(answer);
    co_return Unit{};
  }
  static Task<Result<Unit>> open_in(CapabilitySession& other, HostArguments arguments,
                                    std::optional<Answer>& out) {
    out.emplace(co_await other.call(KT_POSTGRES_OPEN, arguments));
    co_return Unit{};
  }
  static Task<Result<Unit>> joined(TaskGroup& group) {
    [[maybe_unused]] const auto ended = co_await group.join();
    co_return Unit{};
  }

  static std::unique_ptr<test::ServerProcess> server_;

  test::RealLoop real;
  DedicatedThread work{"test-work"};
  std::shared_ptr<test::SqlTestPolicy> policy = std::make_shared<test::SqlTestPolicy>();
  std::shared_ptr<ConnectionPermits> permits;
  std::unique_ptr<PostgresCapability> capability;
  std::unique_ptr<CapabilitySession> session;
};

std::unique_ptr<test::ServerProcess> APostgresCapability::server_;

struct ValueCase {
  const char* type;  ///< of the column
  json parameter;    ///< [type, payload]
  json value;        ///< [type, payload] as it comes back
};

void PrintTo(const ValueCase& c, std::ostream* out) {
  *out << c.type << " " << c.parameter;
}

std::vector<ValueCase> composed_cases() {
  const json texts = list("a,b", "\"q\\", "", "NULL", nullptr);
  const json empty_range = list(list(0, false), list(0, false));
  const json empty_decimals = list(list("0", false), list("0", false));
  const json decimals = list(list("1.10", false), list("2.5", true));
  std::vector<ValueCase> cases;
  const auto same = [&](const char* type, int kind, const json& payload) {
    cases.push_back({type, list(kind, payload), list(kind, payload)});
  };
  const auto other = [&](const char* type, int kind, const json& payload, int kind_back,
                         const json& back) {
    cases.push_back({type, list(kind, payload), list(kind_back, back)});
  };
  same("int4range", KT_SQL_RANGE_INT32, list(list(1, true), list(5, false)));
  other("int4range", KT_SQL_RANGE_INT32, list(nullptr, list(5, true)), KT_SQL_RANGE_INT32,
        list(nullptr, list(6, false)));
  same("int4range", KT_SQL_RANGE_INT32, empty_range);
  same("int8range", KT_SQL_RANGE_INT64, list(list(-9000000000LL, true), nullptr));
  same("numrange", KT_SQL_RANGE_DECIMAL, decimals);
  same("numrange", KT_SQL_RANGE_DECIMAL, empty_decimals);
  same("int4[]", KT_SQL_ARRAY_INT32, list(1, nullptr, -3));
  same("int4[]", KT_SQL_ARRAY_INT32, list());
  same("int8[]", KT_SQL_ARRAY_INT64, list(INT64_MAX));
  same("numeric[]", KT_SQL_ARRAY_DECIMAL, list("1.50", nullptr));
  same("text[]", KT_SQL_ARRAY_TEXT, texts);
  same("varchar[]", KT_SQL_ARRAY_TEXT, list("v"));
  same("interval", KT_SQL_INTERVAL, list(-5000000, 3, -14));
  return cases;
}

std::vector<ValueCase> scalar_cases() {
  const json half_past = list(13, 30, 59, 123456000);
  const json day = list(2024, 2, 29);
  const json moment = list(2024, 2, 29, 13, 30, 59, 123456000);
  const json old_day = list(-43, 3, 15);
  const json old_moment = list(-43, 3, 15, 0, 0, 0, 0);
  const json far_moment = list(12024, 1, 2, 0, 0, 0, 0);
  const json raw = octets(std::string("\0\x7f\n\\x", 5));
  const std::string word = "gr\u00fc\u00df 'dich' \\ $1";
  const std::string uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
  const std::string precise = "-123456789012345678901234567890.0012300";
  std::vector<ValueCase> cases;
  const auto same = [&](const char* type, int kind, const json& payload) {
    cases.push_back({type, list(kind, payload), list(kind, payload)});
  };
  const auto other = [&](const char* type, int kind, const json& payload, int kind_back,
                         const json& back) {
    cases.push_back({type, list(kind, payload), list(kind_back, back)});
  };
  same("bool", KT_SQL_BOOLEAN, true);
  same("bool", KT_SQL_BOOLEAN, false);
  other("\"char\"", KT_SQL_INT8, 65, KT_SQL_OTHER, octets("A"));
  same("int2", KT_SQL_INT16, -32768);
  same("int4", KT_SQL_INT32, INT32_MIN);
  same("int8", KT_SQL_INT64, INT64_MIN);
  other("int8", KT_SQL_INT32, 7, KT_SQL_INT64, 7);
  same("float4", KT_SQL_FLOAT32, 1.5);
  same("float8", KT_SQL_FLOAT64, 0.1);
  same("text", KT_SQL_TEXT, word);
  same("text", KT_SQL_TEXT, "");
  same("varchar(9)", KT_SQL_TEXT, "nine");
  other("char(6)", KT_SQL_TEXT, "six", KT_SQL_TEXT, "six   ");
  same("bytea", KT_SQL_BINARY, raw);
  same("bytea", KT_SQL_BINARY, octets(""));
  same("date", KT_SQL_DATE, day);
  same("date", KT_SQL_DATE, old_day);
  same("time", KT_SQL_TIME, half_past);
  same("timestamp", KT_SQL_DATETIME, moment);
  same("timestamp", KT_SQL_DATETIME, old_moment);
  same("timestamp", KT_SQL_DATETIME, far_moment);
  same("timestamptz", KT_SQL_DATETIME, moment);
  other("timestamptz", KT_SQL_TIMESTAMP, 1709213459, KT_SQL_DATETIME,
        list(2024, 2, 29, 13, 30, 59, 0));
  other("timestamptz", KT_SQL_TIMESTAMP, -1, KT_SQL_DATETIME, list(1969, 12, 31, 23, 59, 59, 0));
  other("uuid", KT_SQL_UUID, "A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11", KT_SQL_UUID, uuid);
  other("uuid", KT_SQL_UUID, "urn:uuid:a0eebc999c0b4ef8bb6d6bb9bd380a11", KT_SQL_UUID, uuid);
  same("jsonb", KT_SQL_JSONB, octets(R"({"a": [1, null]})"));
  other("json", KT_SQL_JSONB, octets(R"({"a":1})"), KT_SQL_OTHER, octets(R"({"a":1})"));
  for (const char* number : {precise.c_str(), "0.00001", "10000", "0", "NaN", "-Infinity"})
    same("numeric", KT_SQL_DECIMAL, number);
  other("numeric(6,2)", KT_SQL_DECIMAL, "1.5", KT_SQL_DECIMAL, "1.50");
  return cases;
}

TEST_F(APostgresCapability, StoresAndReturnsEveryType) {
  const auto handle = open();
  ASSERT_TRUE(execute(handle, "SET timezone = 'America/New_York'"));
  std::vector<ValueCase> cases = scalar_cases();
  std::ranges::move(composed_cases(), std::back_inserter(cases));
  for (const ValueCase& c : cases) {
    SCOPED_TRACE(testing::PrintToString(c));
    ASSERT_TRUE(execute(handle, std::string("CREATE TEMP TABLE one (v ") + c.type + ")"));
    const auto inserted = execute(handle, "INSERT INTO one VALUES ($1)", list(c.parameter));
    EXPECT_EQ(inserted ? *inserted->integer() : -1, 1) << words_of(inserted);
    EXPECT_EQ(one(handle, "SELECT v FROM one"), c.value);
    EXPECT_TRUE(execute(handle, "UPDATE one SET v = $1", list(nullptr)));
    EXPECT_EQ(one(handle, "SELECT v FROM one"), list(c.value[0], nullptr));
    ASSERT_TRUE(execute(handle, "DROP TABLE one"));
  }
}

TEST_F(APostgresCapability, DescribesColumnsAlsoWithoutRows) {
  const auto handle = open();
  const auto answer = query(handle,
                            "SELECT 1::int4 AS a, 'x'::text AS \"B b\", now()::timestamptz AS t, "
                            "'1.2.3.4'::inet AS i, '{}'::json AS j WHERE false",
                            list());
  ASSERT_TRUE(answer) << words_of(answer);
  EXPECT_EQ(to_json(*answer),
            list(list(list("a", int{KT_SQL_INT32}, "int4"), list("B b", int{KT_SQL_TEXT}, "text"),
                      list("t", int{KT_SQL_DATETIME}, "timestamptz"),
                      list("i", int{KT_SQL_OTHER}, "inet"), list("j", int{KT_SQL_OTHER}, "json")),
                 list()));
}

TEST_F(APostgresCapability, NamesTheTypesOfTheDatabaseItself) {
  const auto handle = open();
  ASSERT_TRUE(execute(handle, "CREATE TYPE pg_temp.mood AS ENUM ('sad', 'glad')"));
  ASSERT_TRUE(execute(handle, "CREATE TEMP TABLE felt (mood pg_temp.mood)"));
  ASSERT_TRUE(
      execute(handle, "INSERT INTO felt VALUES ($1)", list(list(int{KT_SQL_TEXT}, "glad"))));
  for (int twice = 0; twice < 2; ++twice) {
    const auto answer = query(handle, "SELECT mood FROM felt", list());
    ASSERT_TRUE(answer) << words_of(answer);
    EXPECT_EQ(to_json(*answer),
              list(list(list("mood", int{KT_SQL_OTHER}, "mood")), list(list(octets("glad")))));
  }
}

TEST_F(APostgresCapability, FillsPlaceholdersOfSeveralTypes) {
  const auto handle = open();
  ASSERT_TRUE(execute(handle, "CREATE TEMP TABLE item (id int8 PRIMARY KEY, tag text, at date)"));
  for (int id = 1; id <= 3; ++id) {
    const json parameters = list(list(int{KT_SQL_INT64}, id), list(int{KT_SQL_TEXT}, "t'; --"),
                                 list(int{KT_SQL_DATE}, list(2024, 1, id)));
    EXPECT_EQ(*execute(handle, "INSERT INTO item VALUES ($1, $2, $3)", parameters)->integer(), 1);
  }
  EXPECT_EQ(rows(handle, "SELECT id FROM item WHERE id = ANY($1) AND tag = $2 ORDER BY id",
                 list(list(int{KT_SQL_ARRAY_INT64}, list(1, 3)), list(int{KT_SQL_TEXT}, "t'; --"))),
            list(list(1), list(3)));
  EXPECT_EQ(rows(handle, "SELECT id FROM item WHERE at > $1 AND $2::text IS NULL",
                 list(list(int{KT_SQL_DATE}, list(2024, 1, 2)), nullptr)),
            list(list(3)));
  EXPECT_EQ(*execute(handle, "UPDATE item SET tag = NULL")->integer(), 3);
  EXPECT_EQ(*execute(handle, "SELECT * FROM item")->integer(), 3);
  EXPECT_EQ(*execute(handle, "CREATE TEMP TABLE other ()")->integer(), 0);
}

TEST_F(APostgresCapability, RefusesParametersThatAreWrongInThemselves) {
  const auto handle = open();
  const json wrong =
      list(list(int{KT_SQL_DATE}, list(2023, 2, 29)), list(int{KT_SQL_DATE}, list(2023, 13, 1)),
           list(int{KT_SQL_TIME}, list(24, 0, 0, 0)),
           list(int{KT_SQL_DATETIME}, list(2023, 1, 1, 0, 60, 0, 0)),
           list(int{KT_SQL_TIMESTAMP}, INT64_MAX), list(int{KT_SQL_UUID}, "no"),
           list(int{KT_SQL_JSONB}, octets("{")), list(int{KT_SQL_DECIMAL}, "1e3"),
           list(int{KT_SQL_DECIMAL}, ""), list(int{KT_SQL_DECIMAL}, "1,0"),
           list(int{KT_SQL_RANGE_DECIMAL}, list(list("x", true), nullptr)),
           list(int{KT_SQL_ARRAY_DECIMAL}, list("x")),
           list(int{KT_SQL_TEXT}, std::string("a\0b", 3)), list(int{KT_SQL_UINT8}, 1));
  for (const json& parameter : wrong) {
    const auto answer = execute(handle, "SELECT $1", list(parameter));
    EXPECT_EQ(fault_of(answer), KT_FAULT_INVALID) << parameter << words_of(answer);
    EXPECT_THAT(words_of(answer), HasSubstr("parameter $1: "));
  }
  EXPECT_EQ(rows(handle, "SELECT 1"), list(list(1)));
}

TEST_F(APostgresCapability, RefusesValuesThatHaveNoForm) {
  const auto handle = open();
  for (const char* value :
       {"'infinity'::date", "'-infinity'::timestamptz", "'24:00'::time", "ARRAY[[1, 2], [3, 4]]"}) {
    const auto answer = query(handle, std::string("SELECT 1 AS a, ") + value + " AS b", list());
    EXPECT_EQ(fault_of(answer), KT_FAULT_TYPE) << value;
    EXPECT_THAT(words_of(answer), HasSubstr("column b"));
  }
  EXPECT_EQ(rows(handle, "SELECT 1"), list(list(1)));
}

TEST_F(APostgresCapability, TellsWhatTheServerSaysAboutAnError) {
  const auto handle = open();
  ASSERT_TRUE(execute(handle, "CREATE TEMP TABLE u (id int4 CONSTRAINT only_once UNIQUE)"));
  ASSERT_TRUE(execute(handle, "INSERT INTO u VALUES (1)"));
  auto answer = execute(handle, "INSERT INTO u VALUES ($1)", list(list(int{KT_SQL_INT32}, 1)));
  EXPECT_EQ(fault_of(answer), KT_FAULT_QUERY);
  EXPECT_THAT(words_of(answer), HasSubstr("SQLSTATE 23505"));
  const json detail = to_json(answer.error().detail);
  EXPECT_EQ(detail[0], "ERROR");
  EXPECT_EQ(detail[1], "23505");
  EXPECT_THAT(detail[2].get<std::string>(), HasSubstr("only_once"));
  EXPECT_EQ(detail[3], "Key (id)=(1) already exists.");
  EXPECT_EQ(detail[4][0], list("constraint", "only_once"));
  EXPECT_EQ(detail[4].back()[0], "line");

  answer = query(handle, "SELEKT", list());
  EXPECT_EQ(to_json(answer.error().detail)[1], "42601");
  EXPECT_TRUE(to_json(answer.error().detail)[3].is_null());
  answer = execute(handle, "SELECT 1; SELECT 2");
  EXPECT_EQ(to_json(answer.error().detail)[1], "42601");
  answer = query(handle, "SELECT $1::int4, $2::int4", list(list(int{KT_SQL_INT32}, 1)));
  EXPECT_EQ(to_json(answer.error().detail)[1], "08P01");
  EXPECT_EQ(rows(handle, "SELECT 1"), list(list(1)));
}

TEST_F(APostgresCapability, RefusesToCopyFromOrToTheHost) {
  for (const char* copy : {"COPY pg_class TO STDOUT", "COPY pg_class FROM STDIN"}) {
    const auto handle = open();
    EXPECT_EQ(fault_of(execute(handle, copy)), KT_FAULT_QUERY);
    EXPECT_EQ(fault_of(execute(handle, "SELECT 1")), KT_FAULT_UNAVAILABLE);
    close(handle);
  }
}

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
