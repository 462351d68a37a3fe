#include "host/postgres/postgres_capability.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <nlohmann/json.hpp>

#include "runtime/task_group.h"
#include "runtime/work_thread.h"
#include "tests/support/run_real.h"
#include "tests/support/server_process.h"
#include "wasm/host_testing.h"

namespace kt::host {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using wasm::HostBuffer;
using wasm::list_of;
using wasm::TestArguments;
using List = HostResult::List;

class TestPolicy final : public OutboundPolicy {
 public:
  Task<Result<Unit>> check(std::string scheme, std::string host, std::uint16_t port) override {
    asked.push_back(scheme + "://" + host + ":" + std::to_string(port));
    if (host == denied)
      co_return fail(ErrorCode::AccessDenied, "address " + asked.back() + " is not permitted");
    co_return Unit{};
  }
  bool is_blocked(const asio::ip::address& address) const override {
    return address.to_string() == blocked;
  }

  std::string denied;
  std::string blocked;
  std::vector<std::string> asked;
};

/// Braces alone mean an object now and then, and not the same to every compiler.
template <class... Items>
json list(Items&&... items) {
  json all = json::array();
  (all.push_back(json(std::forward<Items>(items))), ...);
  return all;
}
json octets(const std::string& text) {
  return json::object({{"bytes", text}});
}

HostBuffer bytes(std::string_view text) {
  return HostBuffer::copy_of(as_bytes(text));
}

/// As a test states it: bytes are {"bytes": text}.
HostResult from_json(const json& value) {
  if (value.is_boolean())
    return HostResult(value.get<bool>());
  if (value.is_number_integer())
    return HostResult(value.get<std::int64_t>());
  if (value.is_number())
    return HostResult(value.get<double>());
  if (value.is_string())
    return HostResult(value.get<std::string>());
  if (value.is_object())
    return HostResult(bytes(value["bytes"].get<std::string>()));
  if (value.is_null())
    return HostResult();
  List list;
  for (const json& item : value)
    list.push_back(from_json(item));
  return HostResult(std::move(list));
}

json to_json(const HostResult& value) {
  if (value.boolean() != nullptr)
    return *value.boolean();
  if (value.integer() != nullptr)
    return *value.integer();
  if (value.real() != nullptr)
    return *value.real();
  if (value.text() != nullptr)
    return *value.text();
  if (value.bytes() != nullptr)
    return octets(std::string(as_text(value.bytes()->view())));
  if (value.is_none())
    return nullptr;
  json list = json::array();
  for (const HostResult& item : *value.list())
    list.push_back(to_json(item));
  return list;
}

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
  static HostFault fault(const Answer& answer) {
    EXPECT_FALSE(answer);
    return answer ? HostFault{} : answer.error().fault;
  }
  static std::string words(const Answer& answer) {
    return answer ? "it was not refused" : answer.error().message;
  }
  /// How many sessions of this test program run something; asked on a connection of its own.
  std::int64_t running(const std::string& what) {
    const auto handle = open();
    const json found = rows(handle,
                            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND "
                            "pid <> pg_backend_pid() AND query LIKE $1",
                            list(list(int{KT_SQL_TEXT}, "%" + what + "%")));
    close(handle);
    return found[0][0];
  }

  static std::unique_ptr<test::ServerProcess> server_;

  test::RealLoop real;
  DedicatedThread work{"test-work"};
  std::shared_ptr<TestPolicy> policy = std::make_shared<TestPolicy>();
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
    EXPECT_EQ(inserted ? *inserted->integer() : -1, 1) << words(inserted);
    EXPECT_EQ(one(handle, "SELECT v FROM one"), c.value);
    EXPECT_TRUE(execute(handle, "UPDATE one SET v = $1", list(nullptr)));
    EXPECT_EQ(one(handle, "SELECT v FROM one"), list(c.value[0], nullptr));
    ASSERT_TRUE(execute(handle, "DROP TABLE one"));
  }
}
}  // namespace
}  // namespace kt::host
