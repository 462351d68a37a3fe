#include "host/mysql/mysql_capability.h"

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

test::ServerCommand mariadb_command() {
  test::ServerCommand command;
  command.user = "mysql";
  command.arguments = {"mariadbd",
                       "--no-defaults",
                       "--datadir={directory}/data",
                       "--port={port}",
                       "--bind-address=127.0.0.1",
                       "--socket={directory}/socket",
                       "--pid-file={directory}/pid",
                       "--ssl-cert={directory}/tls.pem",
                       "--ssl-key={directory}/tls.key",
                       "--local-infile=1",
                       "--max-allowed-packet=64M",
                       "--init-file={directory}/init.sql",
                       "--innodb-buffer-pool-size=32M",
                       "--innodb-log-file-size=8M",
                       "--skip-name-resolve"};
  return command;
}

/// One server for all tests, since preparing its directory takes long.
class AMysqlCapability : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = std::make_unique<test::ServerProcess>(mariadb_command());
    server_->write_file("init.sql",
                        "CREATE DATABASE IF NOT EXISTS shop;\n"
                        "CREATE OR REPLACE USER admin IDENTIFIED BY 'se:cret';\n"
                        "GRANT ALL ON *.* TO admin;\n");
    const bool prepared =
        server_->make_certificate("localhost") &&
        server_->run_first({"mariadb-install-db", "--no-defaults", "--datadir={directory}/data",
                            "--skip-test-db", "--auth-root-authentication-method=normal"});
    ASSERT_TRUE(prepared && server_->start());
    ::setenv("MYSQL_PWD", "se:cret", 1);
  }
  static void TearDownTestSuite() { server_.reset(); }

  AMysqlCapability() { begin(MysqlOptions(), ConnectionPermits::Options()); }
  ~AMysqlCapability() override {
    session.reset();
    capability.reset();
    real.settle();
  }

  void begin(MysqlOptions options, ConnectionPermits::Options limits) {
    session.reset();
    capability.reset();
    permits = std::make_shared<ConnectionPermits>(std::move(limits));
    MysqlCapability::Deps deps{real.executor(), real.clock(), work, policy, permits};
    capability = std::make_unique<MysqlCapability>(std::move(deps), std::move(options));
    session = capability->begin();
  }
  static std::string port() { return std::to_string(server_->port()); }
  static std::string address(const std::string& more = "") {
    return "mysql://admin:se%3Acret@127.0.0.1:" + port() + "/shop" + more;
  }

  Answer call(HostOperation operation, List values) {
    const TestArguments arguments(std::move(values));
    return real.run(session->call(operation, arguments.view()));
  }
  Answer try_open(const std::string& text) { return call(KT_MYSQL_OPEN, list_of(text)); }
  std::int64_t open(const std::string& text = address()) {
    auto opened = try_open(text);
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? *opened->integer() : -1;
  }
  void close(std::int64_t handle) { call(KT_MYSQL_CLOSE, list_of(handle)); }
  static List arguments_of(std::int64_t handle, const std::string& statement,
                           const json& parameters) {
    List values = list_of(handle, statement);
    values.push_back(from_json(parameters));
    return values;
  }
  Answer query(std::int64_t handle, const std::string& statement,
               const json& parameters = json::array()) {
    return call(KT_MYSQL_QUERY, arguments_of(handle, statement, parameters));
  }
  Answer execute(std::int64_t handle, const std::string& statement,
                 const json& parameters = json::array()) {
    return call(KT_MYSQL_EXECUTE, arguments_of(handle, statement, parameters));
  }
  /// The rows, or the message of the refusal.
  json rows(std::int64_t handle, const std::string& statement,
            const json& parameters = json::array()) {
    const auto answer = query(handle, statement, parameters);
    return answer ? to_json((*answer->list())[1]) : json(answer.error().message);
  }
  /// The type of the only column, and the only value.
  json one(std::int64_t handle, const std::string& statement) {
    const auto answer = query(handle, statement);
    if (!answer)
      return answer.error().message;
    const json columns = to_json((*answer->list())[0]);
    const json values = to_json((*answer->list())[1]);
    return list(columns[0][1], values[0][0]);
  }
  Task<Result<Unit>> run_until_cancelled(HostOperation operation, HostArguments arguments) {
    const auto answer = co_await session->call(operation, arguments);
    ADD_FAILURE() << "it ended: " << words_of(answer);
    co_return Unit{};
  }
  Task<Result<Unit>> insert(HostArguments arguments) {
    const auto answer = co_await session->call(KT_MYSQL_EXECUTE, arguments);
    EXPECT_TRUE(answer) << words_of(answer);
    co_return Unit{};
  }
  static Task<Result<Unit>> joined(TaskGroup& group) {
    [[maybe_unused]] const auto ended = co_await group.join();
    co_return Unit{};
  }
  /// How many sessions run something; asked on a connection of its own.
  json running(const std::string& what) {
    const auto handle = open();
    const json found = rows(handle,
                            "SELECT count(*) FROM information_schema.processlist WHERE info LIKE "
                            "? AND id <> connection_id()",
                            list(list(int{KT_SQL_TEXT}, "%" + what + "%")));
    close(handle);
    return found[0][0];
  }

  static std::unique_ptr<test::ServerProcess> server_;

  test::RealLoop real;
  DedicatedThread work{"test-work"};
  std::shared_ptr<test::SqlTestPolicy> policy = std::make_shared<test::SqlTestPolicy>();
  std::shared_ptr<ConnectionPermits> permits;
  std::unique_ptr<MysqlCapability> capability;
  std::unique_ptr<CapabilitySession> session;
};

std::unique_ptr<test::ServerProcess> AMysqlCapability::server_;

TEST_F(AMysqlCapability, StoresAndReturnsEveryType) {
  const auto handle = open();
  const auto same = [&](const char* type, int kind, const json& payload) {
    SCOPED_TRACE(std::string(type) + " " + payload.dump());
    ASSERT_TRUE(execute(handle, std::string("CREATE TEMPORARY TABLE one (v ") + type + ")"));
    const auto inserted = execute(handle, "INSERT INTO one VALUES (?)", list(list(kind, payload)));
    EXPECT_TRUE(inserted) << words_of(inserted);
    EXPECT_EQ(one(handle, "SELECT v FROM one"), list(kind, payload));
    EXPECT_TRUE(execute(handle, "UPDATE one SET v = ?", list(nullptr)));
    EXPECT_EQ(one(handle, "SELECT v FROM one"), list(kind, nullptr));
    ASSERT_TRUE(execute(handle, "DROP TEMPORARY TABLE one"));
  };
  const json raw = octets(std::string("\0\x7f\n\\x", 5));
  const std::string word = "gr\u00fc\u00df \U0001F600 'dich' ?";
  same("TINYINT", KT_SQL_INT8, -128);
  same("SMALLINT", KT_SQL_INT16, -32768);
  same("MEDIUMINT", KT_SQL_INT32, -8388608);
  same("INT", KT_SQL_INT32, INT32_MIN);
  same("BIGINT", KT_SQL_INT64, INT64_MIN);
  same("TINYINT UNSIGNED", KT_SQL_UINT8, 255);
  same("SMALLINT UNSIGNED", KT_SQL_UINT16, 65535);
  same("MEDIUMINT UNSIGNED", KT_SQL_UINT32, 16777215);
  same("INT UNSIGNED", KT_SQL_UINT32, 4294967295);
  same("BIGINT UNSIGNED", KT_SQL_UINT64, -1);
  same("FLOAT", KT_SQL_FLOAT32, 1.5);
  same("DOUBLE", KT_SQL_FLOAT64, 0.1);
  for (const char* type : {"CHAR(40)", "VARCHAR(40)", "TINYTEXT", "TEXT", "LONGTEXT"}) {
    const std::string utf8 = std::string(type) + " CHARACTER SET utf8mb4";
    same(utf8.c_str(), KT_SQL_TEXT, word);
    same(utf8.c_str(), KT_SQL_TEXT, "");
  }
  same("ENUM('sad','glad')", KT_SQL_TEXT, "glad");
  for (const char* type : {"BINARY(5)", "VARBINARY(40)", "TINYBLOB", "BLOB", "LONGBLOB"})
    same(type, KT_SQL_BINARY, raw);
}

TEST_F(AMysqlCapability, SendsABooleanAsANumber) {
  EXPECT_EQ(rows(open(), "SELECT ? + 1, ? + 1",
                 list(list(int{KT_SQL_BOOLEAN}, true), list(int{KT_SQL_BOOLEAN}, false))),
            list(list(2, 1)));
}

TEST_F(AMysqlCapability, RefusesValuesThatHaveNoForm) {
  const auto handle = open();
  for (const char* value : {"1.5", "DATE'2024-02-29'", "TIME'13:30'", "now()"}) {
    const auto answer = query(handle, std::string("SELECT 1 AS a, ") + value + " AS b");
    EXPECT_EQ(fault_of(answer), KT_FAULT_TYPE) << value;
    EXPECT_THAT(words_of(answer), HasSubstr("column b"));
  }
  EXPECT_EQ(rows(handle, "SELECT NULL, CAST(NULL AS DATE)"), list(list(nullptr, nullptr)));
}

TEST_F(AMysqlCapability, DescribesColumnsAlsoWithoutRows) {
  const auto answer = query(open(),
                            "SELECT CAST(1 AS UNSIGNED) AS a, 'x' AS `B b`, now() AS t, "
                            "CAST('x' AS BINARY) AS r FROM information_schema.tables WHERE false");
  ASSERT_TRUE(answer) << words_of(answer);
  EXPECT_EQ(to_json(*answer), list(list(list("a", int{KT_SQL_UINT32}, "int"),
                                        list("B b", int{KT_SQL_TEXT}, "varchar"),
                                        list("t", int{KT_SQL_OTHER}, "datetime"),
                                        list("r", int{KT_SQL_BINARY}, "varbinary")),
                                   list()));
}

TEST_F(AMysqlCapability, FillsPlaceholders) {
  const auto handle = open();
  ASSERT_TRUE(execute(handle, "CREATE TEMPORARY TABLE item (id BIGINT PRIMARY KEY, tag TEXT)"));
  for (int id = 1; id <= 3; ++id) {
    const auto inserted =
        execute(handle, "INSERT INTO item VALUES (?, ?)",
                list(list(int{KT_SQL_INT64}, id), list(int{KT_SQL_TEXT}, "t'; -- ?")));
    ASSERT_TRUE(inserted) << words_of(inserted);
    EXPECT_TRUE(inserted->is_none());
  }
  EXPECT_EQ(rows(handle, "SELECT id FROM item WHERE id > ? AND tag = ? ORDER BY id",
                 list(list(int{KT_SQL_INT8}, 1), list(int{KT_SQL_TEXT}, "t'; -- ?"))),
            list(list(2), list(3)));
  EXPECT_TRUE(execute(handle, "SELECT * FROM item"));
  EXPECT_EQ(rows(handle, "DELETE FROM item"), list());
}

TEST_F(AMysqlCapability, TellsWhatTheServerSaysAboutAnError) {
  const auto handle = open();
  auto answer = query(handle, "SELECT * FROM missing");
  EXPECT_EQ(fault_of(answer), KT_FAULT_QUERY);
  EXPECT_THAT(words_of(answer), HasSubstr("ERROR 1146 (42S02): Table 'shop.missing'"));
  EXPECT_TRUE(answer.error().detail.is_none());
  EXPECT_THAT(words_of(execute(handle, "SELEKT")), HasSubstr("ERROR 1064 (42000)"));
  EXPECT_THAT(words_of(execute(handle, "SELECT 1; SELECT 2")), HasSubstr("ERROR 1064"));
  answer = query(handle, "SELECT ?");
  EXPECT_EQ(fault_of(answer), KT_FAULT_QUERY);
  EXPECT_EQ(words_of(answer), "the statement takes 1 parameters, but 0 were given");
  answer = query(handle, "SELECT ?", list(list(int{KT_SQL_DATE}, list(2024, 1, 1))));
  EXPECT_EQ(fault_of(answer), KT_FAULT_INVALID);
  EXPECT_THAT(rows(handle, "SIGNAL SQLSTATE '45000'").get<std::string>(), HasSubstr("45000"));
  EXPECT_EQ(rows(handle, "SELECT 1"), list(list(1)));
}

TEST_F(AMysqlCapability, RunsProceduresWithSeveralResults) {
  const auto handle = open();
  ASSERT_TRUE(
      execute(handle, "CREATE OR REPLACE PROCEDURE twice() BEGIN SELECT 1; SELECT 2, 3; END"));
  EXPECT_EQ(rows(handle, "CALL twice()"), list(list(1)));
  EXPECT_TRUE(execute(handle, "CALL twice()"));
  EXPECT_EQ(rows(handle, "SELECT 4"), list(list(4)));
}

TEST_F(AMysqlCapability, GivesNoFileOfTheHostToAServer) {
  const auto handle = open();
  ASSERT_TRUE(execute(handle, "CREATE TEMPORARY TABLE loot (line TEXT)"));
  EXPECT_FALSE(execute(handle, "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE loot"));
  EXPECT_EQ(rows(handle, "SELECT count(*) FROM loot"), list(list(0)));
}

TEST_F(AMysqlCapability, AsksThePolicyAndDoesNotConnectToBlockedAddresses) {
  policy->denied = "db.example";
  EXPECT_EQ(fault_of(try_open("mysql://admin@db.example/shop")), KT_FAULT_ACCESS_DENIED);
  EXPECT_THAT(policy->asked, ElementsAre("mysql://db.example:3306"));
  policy->blocked = "127.0.0.1";
  EXPECT_EQ(fault_of(try_open(address())), KT_FAULT_ACCESS_DENIED);
}

TEST_F(AMysqlCapability, RefusesWhatIsNoAddress) {
  const std::pair<const char*, const char*> cases[] = {
      {"nonsense", "has not the form"},
      {"postgres://a@b", "has not the form"},
      {"mysql://admin@/shop", "names no host"},
      {"mysql://host/shop", "names no user"},
      {"mysql://a@host:0/shop", "no valid port"},
      {"mysql://a@host:99999", "no valid port"},
      {"mysql://a@[::1", "without ]"},
      {"mysql://a%zz@host", "hexadecimal"},
      {"mysql://a%00@host", "NUL"},
      {"mysql://a@host?ssl-mode=maybe", "unknown ssl-mode"},
      {"mysql://a@host?socket=/run/s", "unknown parameter: socket"},
  };
  for (const auto& [text, words] : cases) {
    const auto answer = try_open(text);
    EXPECT_EQ(fault_of(answer), KT_FAULT_INVALID) << text;
    EXPECT_THAT(words_of(answer), HasSubstr(words)) << text;
  }
  EXPECT_TRUE(policy->asked.empty());
}

TEST_F(AMysqlCapability, SaysWhyItCannotConnect) {
  auto answer = try_open("mysql://admin:wrong@127.0.0.1:" + port() + "/shop");
  EXPECT_EQ(fault_of(answer), KT_FAULT_UNAVAILABLE);
  EXPECT_THAT(words_of(answer), HasSubstr("Access denied"));
  answer = try_open(address("s"));
  EXPECT_THAT(words_of(answer), HasSubstr("Unknown database 'shops'"));
  // SetUpTestSuite put a password into the environment.
  answer = try_open("mysql://admin@127.0.0.1:" + port() + "/shop");
  EXPECT_THAT(words_of(answer), HasSubstr("Access denied"));
  answer = try_open("mysql://admin@127.0.0.1:" + std::to_string(test::free_port()));
  EXPECT_EQ(fault_of(answer), KT_FAULT_UNAVAILABLE);
  EXPECT_THAT(words_of(answer), HasSubstr("connect"));
  EXPECT_THAT(words_of(try_open("mysql://a@no.such.host.invalid")), HasSubstr("does not resolve"));
}

TEST_F(AMysqlCapability, ReusesACleanConnection) {
  const auto id = [&](std::int64_t handle) {
    return rows(handle, "SELECT connection_id()")[0][0].get<std::int64_t>();
  };
  auto handle = open();
  const auto first = id(handle);
  ASSERT_TRUE(execute(handle, "SET @mine = 1, NAMES latin1"));
  ASSERT_TRUE(execute(handle, "USE information_schema"));
  close(handle);
  handle = open();
  EXPECT_EQ(id(handle), first);
  EXPECT_EQ(rows(handle, "SELECT @mine, database(), @@character_set_client"),
            list(list(nullptr, "shop", "utf8mb4")));
  ASSERT_TRUE(execute(handle, "CREATE OR REPLACE TABLE t (v INT) ENGINE=InnoDB"));
  ASSERT_TRUE(execute(handle, "START TRANSACTION"));
  ASSERT_TRUE(execute(handle, "INSERT INTO t VALUES (1)"));
  close(handle);
  handle = open();
  EXPECT_NE(id(handle), first);
  EXPECT_EQ(rows(handle, "SELECT count(*) FROM t"), list(list(0)));
}

TEST_F(AMysqlCapability, RunsTheOperationsOfAHandleInOrder) {
  const auto handle = open();
  ASSERT_TRUE(execute(handle, "CREATE TEMPORARY TABLE seen (n INT AUTO_INCREMENT KEY, v INT)"));
  TaskGroup group(real.loop());
  std::vector<std::unique_ptr<TestArguments>> arguments;
  for (int i = 0; i < 20; ++i) {
    arguments.push_back(std::make_unique<TestArguments>(
        arguments_of(handle, "INSERT INTO seen (v) VALUES (?)", list(list(int{KT_SQL_INT32}, i)))));
    group.spawn(insert(arguments.back()->view()));
  }
  EXPECT_TRUE(real.run(group.join()));
  EXPECT_EQ(rows(handle, "SELECT count(*) FROM seen WHERE n = v + 1"), list(list(20)));
}

TEST_F(AMysqlCapability, ServesManyHandlesAtATime) {
  TaskGroup group(real.loop());
  std::vector<std::unique_ptr<TestArguments>> arguments;
  std::vector<std::int64_t> handles;
  for (int i = 0; i < 20; ++i)
    handles.push_back(open());
  const auto begun = real.clock().now();
  for (const auto handle : handles) {
    arguments.push_back(
        std::make_unique<TestArguments>(arguments_of(handle, "SELECT sleep(0.3)", list())));
    group.spawn(insert(arguments.back()->view()));
  }
  EXPECT_TRUE(real.run(group.join()));
  EXPECT_LT(real.clock().now() - begun, std::chrono::seconds(4));
}

TEST_F(AMysqlCapability, HasTheServerGiveUpWhatAnInstanceLeft) {
  const auto handle = open();
  const TestArguments arguments(
      arguments_of(handle, "SELECT sleep(1000) AS cancelled_later", list()));
  TaskGroup group(real.loop());
  group.spawn(run_until_cancelled(KT_MYSQL_QUERY, arguments.view()));
  while (running("cancelled_later") != 1) {
  }
  group.cancel();
  EXPECT_TRUE(real.run(joined(group)));
  while (running("cancelled_later") != 0) {
  }
  EXPECT_EQ(fault_of(execute(handle, "SELECT 1")), KT_FAULT_UNAVAILABLE);
}

TEST_F(AMysqlCapability, GivesAStatementItsDeadline) {
  MysqlOptions options;
  options.handles.statement_timeout = std::chrono::milliseconds(50);
  begin(options, ConnectionPermits::Options());
  const auto answer = query(open(), "SELECT sleep(1000) AS too_slow");
  EXPECT_EQ(fault_of(answer), KT_FAULT_UNAVAILABLE);
  EXPECT_THAT(words_of(answer), HasSubstr("deadline"));
  while (running("too_slow") != 0) {
  }
}

TEST_F(AMysqlCapability, BoundsAResult) {
  MysqlOptions options;
  options.limits.result_max_bytes = 1'000'000;
  begin(options, ConnectionPermits::Options());
  const auto handle = open();
  EXPECT_EQ(words_of(query(handle, "SELECT seq FROM seq_1_to_1000000000")),
            "query result exceeds limit of 1000000 bytes");
  EXPECT_EQ(fault_of(execute(handle, "SELECT 1")), KT_FAULT_UNAVAILABLE);
  while (running("seq_1_to_1000000000") != 0) {
  }
  EXPECT_THAT(words_of(query(open(), "SELECT repeat('x', 10000000)")),
              HasSubstr("or a row is larger than 1000000 bytes"));
  EXPECT_TRUE(execute(open(), "SELECT seq FROM seq_1_to_100000"));
}

TEST_F(AMysqlCapability, BoundsHandlesAndConnections) {
  MysqlOptions options;
  options.handles.handles_max = 2;
  options.pool.connections_max = 1;
  options.handles.connect_timeout = std::chrono::milliseconds(500);
  begin(options, ConnectionPermits::Options());
  const auto first = open();
  EXPECT_EQ(fault_of(try_open(address())), KT_FAULT_UNAVAILABLE);
  open(address("?ssl-mode=disabled"));
  EXPECT_EQ(fault_of(try_open(address())), KT_FAULT_TOO_MANY);
  close(first);
  open();
}

TEST_F(AMysqlCapability, ChecksTheCertificateAgainstTheName) {
  const auto encrypted = [&](const Answer& opened) {
    if (!opened)
      return json(words_of(opened));
    return json(rows(*opened->integer(), "SHOW STATUS LIKE 'Ssl_version'")[0][1] != "");
  };
  const std::string named = "mysql://admin:se%3Acret@localhost:" + port() + "/shop?ssl-mode=";
  EXPECT_THAT(words_of(try_open(named + "REQUIRED")), HasSubstr("not trusted"));
  MysqlOptions options;
  options.roots_file = server_->directory() / "tls.pem";
  begin(options, ConnectionPermits::Options());
  EXPECT_EQ(encrypted(try_open(named + "REQUIRED")), true);
  EXPECT_EQ(encrypted(try_open(named + "Verify_Identity")), true);
  EXPECT_EQ(encrypted(try_open(named + "DISABLED")), false);
  EXPECT_EQ(encrypted(try_open(address())), false);
  EXPECT_EQ(encrypted(try_open(address("?sslMode=VERIFY_CA"))), true);
  EXPECT_THAT(words_of(try_open(address("?ssl-mode=REQUIRED"))), HasSubstr("not trusted"));
}

TEST_F(AMysqlCapability, InsistsOnTheCertificateThatWasChecked) {
  const auto library = Libmariadb::load();
  ASSERT_TRUE(library);
  MysqlLogin login;
  login.ip = "127.0.0.1";
  login.port = server_->port();
  login.user = "admin";
  login.password = "se:cret";
  login.certificate = std::string((*library)->client_version() >= 30400 ? 64 : 40, 'A');
  const auto other = log_in(**library, login);
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().what, HasSubstr("ingerprint"));
  login.certificate.clear();
  EXPECT_TRUE(log_in(**library, login));
}

TEST_F(AMysqlCapability, ConnectsAgainAfterTheServerWasGone) {
  const auto busy = open();
  close(open());
  server_->kill();
  EXPECT_EQ(fault_of(execute(busy, "SELECT 1")), KT_FAULT_UNAVAILABLE);
  EXPECT_EQ(fault_of(try_open(address())), KT_FAULT_UNAVAILABLE);
  ASSERT_TRUE(server_->start());
  EXPECT_EQ(fault_of(execute(busy, "SELECT 1")), KT_FAULT_UNAVAILABLE);
  EXPECT_EQ(rows(open(), "SELECT 1"), list(list(1)));
}

TEST_F(AMysqlCapability, DoesNotWaitForEverForAServerThatSaysNothing) {
  MysqlOptions options;
  options.handles.connect_timeout = std::chrono::milliseconds(300);
  begin(options, ConnectionPermits::Options());
  const auto handle = open();
  server_->pause();
  EXPECT_EQ(fault_of(try_open(address())), KT_FAULT_UNAVAILABLE);
  server_->resume();
  EXPECT_EQ(rows(handle, "SELECT 1"), list(list(1)));
}

TEST_F(AMysqlCapability, AnswersForHandlesThatAreNotOpen) {
  EXPECT_EQ(words_of(execute(7, "SELECT 1")), "no connection found");
  EXPECT_EQ(fault_of(query(7, "SELECT 1")), KT_FAULT_UNAVAILABLE);
}

}  // namespace
}  // namespace kt::host
