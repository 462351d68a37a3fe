// The interfaces over Redis, PostgreSQL, MySQL and MQTT: what each version of them asks of the
// host, and what a guest sees of the answers and refusals.
#include <gmock/gmock.h>

#include <algorithm>
#include <limits>

#include "wasm/servers_testing.h"
#include "wasm/testing.h"

namespace kt::wasm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Interfaces of the guest that exports an asynchronous handler.
constexpr std::string_view kAsynchronous[] = {"redis3", "mysql3", "mqtt3", "postgres4a"};
#if KT_BRIDGE_P3
constexpr bool kHasAsynchronous = true;
#else
constexpr bool kHasAsynchronous = false;
#endif

std::vector<std::string> with_asynchronous(std::vector<std::string> interfaces,
                                           const std::string& asynchronous) {
  if (kHasAsynchronous)
    interfaces.push_back(asynchronous);
  return interfaces;
}

class Servers : public WasmTest {
 protected:
  static void TearDownTestSuite() {
    for (auto& guest : compiled_)
      guest.reset();
    WasmTest::TearDownTestSuite();
  }

  /// The guest that imports this interface, linked once a test.
  const LinkedComponent& guest_of(const std::string& interface) {
    const bool asynchronous = std::ranges::count(kAsynchronous, interface) > 0;
    auto& linked = linked_[asynchronous];
    if (!linked) {
      LinkOptions options;
      options.host = host_;
      auto made = LinkedComponent::link(engine(), compiled(asynchronous), options);
      CHECK(made.has_value(), made.error().what);
      linked = *std::move(made);
    }
    return *linked;
  }
  Invocation invoke(const std::string& interface, const std::string& function) {
    return command(guest_of(interface), (interface + " " + function).c_str());
  }
  /// What the guest prints when it calls this.
  std::string run(const std::string& interface, const std::string& function) {
    const std::size_t before = output_.stdout_text().size();
    const Invocation done = invoke(interface, function);
    EXPECT_TRUE(done.ok()) << interface << " " << function << ": " << done.message;
    std::string printed = output_.stdout_text().substr(before);
    return printed.empty() ? printed : printed.substr(0, printed.size() - 1);
  }
  /// What the guest sees of this operation's being refused for each reason.
  std::vector<std::string> refusals(const std::string& interface, const std::string& function,
                                    HostOperation operation) {
    std::vector<std::string> seen;
    for (int fault = KT_FAULT_OTHER; fault <= KT_FAULT_INTERRUPTED; ++fault) {
      host_->refuse(operation, static_cast<HostFault>(fault));
      seen.push_back(run(interface, function));
    }
    host_->allow(operation);
    return seen;
  }

  std::shared_ptr<FakeServers> host_ = std::make_shared<FakeServers>();

 private:
  /// Compiled once a suite.
  static const CompiledComponent& compiled(bool asynchronous) {
    auto& guest = compiled_[asynchronous];
    if (!guest) {
      auto made =
          engine().load(kt::wasm::guest(asynchronous ? "spin_servers_async" : "spin_servers"));
      CHECK(made.has_value(), made.error().what);
      guest = std::move(*made);
    }
    return *guest;
  }

  static std::optional<CompiledComponent> compiled_[2];
  std::unique_ptr<LinkedComponent> linked_[2];
};

std::optional<CompiledComponent> Servers::compiled_[2];

TEST_F(Servers, AreAskedTheSameByEveryVersionOfRedis) {
  host_->answer(KT_REDIS_GET, [] { return bytes("v\n"); });
  for (const std::string& interface : with_asynchronous({"redis1", "redis2"}, "redis3")) {
    const auto asks = [&](const char* function, const std::string& call) {
      run(interface, function);
      const std::string url = interface == "redis1"   ? "redis://one"
                              : interface == "redis2" ? "redis://two"
                                                      : "redis://three";
      EXPECT_THAT(host_->calls(), ElementsAre("redis open \"" + url + "\"", call, "redis close it"))
          << interface;
    };
    asks("publish", "redis publish it \"channel\" b\"pay\\x00load\"");
    asks("get", "redis get it \"key\"");
    asks("set", "redis set it \"key\" b\"pay\\x00load\"");
    asks("incr", "redis incr it \"key\"");
    asks("del", "redis del it [\"a\" \"b\"]");
    asks("sadd", "redis sadd it \"key\" [\"a\" \"\"]");
    asks("smembers", "redis smembers it \"key\"");
    asks("srem", "redis srem it \"key\" [\"a\"]");
    asks("execute", "redis execute it \"eval\" [-7 b\"pay\\x00load\"]");
  }
}

TEST_F(Servers, AnswerEveryVersionOfRedis) {
  host_->answer(KT_REDIS_GET, [] { return bytes("v\n"); });
  host_->answer(KT_REDIS_INCR, [] { return number(std::numeric_limits<std::int64_t>::min()); });
  host_->answer(KT_REDIS_DEL, [] { return number(2); });
  host_->answer(KT_REDIS_SADD, [] { return number(4294967295); });
  host_->answer(KT_REDIS_SREM, [] { return number(0); });
  host_->answer(KT_REDIS_SMEMBERS, [] { return list(text("a"), text("")); });
  host_->answer(KT_REDIS_EXECUTE,
                [] { return list(HostResult(), text("OK"), number(-1), bytes("b")); });
  for (const std::string& interface : with_asynchronous({"redis1", "redis2"}, "redis3")) {
    const auto says = [&](const char* function) { return run(interface, function); };
    const bool first = interface == "redis1";
    EXPECT_EQ(says("publish"), "Ok(())");
    EXPECT_EQ(says("get"), first ? "Ok([118, 10])" : "Ok(Some([118, 10]))");
    EXPECT_EQ(says("set"), "Ok(())");
    EXPECT_EQ(says("incr"), "Ok(-9223372036854775808)");
    EXPECT_EQ(says("del"), "Ok(2)");
    EXPECT_EQ(says("sadd"), "Ok(4294967295)");
    EXPECT_EQ(says("srem"), "Ok(0)");
    EXPECT_EQ(says("smembers"), "Ok([\"a\", \"\"])");
    EXPECT_EQ(says("execute"),
              "Ok([RedisResult::Nil, RedisResult::Status(\"OK\"), RedisResult::Int64(-1), "
              "RedisResult::Binary([98])])");
  }
  host_->answer(KT_REDIS_GET, [] { return HostResult(); });
  EXPECT_EQ(run("redis1", "get"), "Ok([])");
  EXPECT_EQ(run("redis2", "get"), "Ok(None)");
}

TEST_F(Servers, RefuseRedisInTheWordsOfEachVersion) {
  const std::string other = "Error::Other(\"it said no\")";
  const auto in = [](const std::string& before, std::vector<std::string> words) {
    for (std::string& word : words)
      word = before + word + (before.ends_with("(") ? ")" : "");
    return words;
  };
  const std::vector<std::string> words = {other,
                                          "Error::InvalidAddress",
                                          other,
                                          "Error::InvalidAddress",
                                          "Error::TooManyConnections",
                                          other,
                                          other,
                                          "Error::TypeError",
                                          other,
                                          other,
                                          other};
  const std::vector<std::string> first(words.size(),
                                       "Err(Error { code: 1, name: \"error\", message: \"\" })");
  EXPECT_EQ(refusals("redis1", "get", KT_REDIS_GET), first);
  EXPECT_EQ(refusals("redis2", "get", KT_REDIS_GET), in("Err(", words));
  EXPECT_EQ(refusals("redis2", "get", KT_REDIS_OPEN), in("open: ", words));
  if (kHasAsynchronous) {
    EXPECT_EQ(refusals("redis3", "sadd", KT_REDIS_SADD), in("Err(", words));
    EXPECT_EQ(refusals("redis3", "get", KT_REDIS_OPEN), in("open: ", words));
  }
  EXPECT_EQ(refusals("redis1", "get", KT_REDIS_OPEN), first);
}

TEST_F(Servers, FindAnAnswerOfAnotherShapeWrong) {
  host_->answer(KT_REDIS_GET, [] { return number(1); });
  EXPECT_EQ(run("redis2", "get"),
            "Err(Error::Other(\"the host answered with something else than bytes\"))");
  host_->answer(KT_REDIS_DEL, [] { return number(-1); });
  EXPECT_EQ(run("redis2", "del"),
            "Err(Error::Other(\"the host answered with an integer out of its range\"))");
}

TEST_F(Servers, PublishToMqtt) {
  for (const std::string& interface : with_asynchronous({"mqtt2"}, "mqtt3")) {
    const std::string url = interface == "mqtt2" ? "mqtt://two" : "mqtt://three";
    for (const char* qos : {"0", "1", "2"}) {
      EXPECT_EQ(run(interface, std::string("publish") + qos), "Ok(())");
      EXPECT_THAT(host_->calls(),
                  ElementsAre("mqtt open \"" + url + "\" \"user\" \"secret\" 30",
                              std::string("mqtt publish it \"topic\" b\"pay\\x00load\" ") + qos,
                              "mqtt close it"));
    }
    const std::string failed = "Error::ConnectionFailed(\"it said no\")";
    const std::string other = "Error::Other(\"it said no\")";
    EXPECT_THAT(refusals(interface, "publish1", KT_MQTT_PUBLISH),
                ElementsAre("Err(" + other + ")", "Err(" + failed + ")", "Err(" + other + ")",
                            "Err(Error::InvalidAddress)", "Err(Error::TooManyConnections)",
                            "Err(" + other + ")", "Err(" + failed + ")", "Err(" + other + ")",
                            "Err(" + other + ")", "Err(" + other + ")", "Err(" + other + ")"));
    host_->refuse(KT_MQTT_OPEN, KT_FAULT_ACCESS_DENIED);
    EXPECT_EQ(run(interface, "open"), "open: " + failed);
    host_->allow(KT_MQTT_OPEN);
    host_->calls();
  }
  EXPECT_EQ(run("mqtt2", "forever"), "opened");
  EXPECT_THAT(host_->calls()[0], HasSubstr("\"secret\" 9223372036854775807"));
}

/// The answer of a query: a column for each [type, value], a row of the values, a row of nulls.
template <class... Cells>
HostResult table(Cells... cells) {
  HostResult::List columns;
  HostResult::List row;
  HostResult::List nulls;
  const auto add = [&](kt_sql_type type, HostResult value) {
    columns.push_back(list(text("c"), number(type), text("server-type")));
    row.push_back(std::move(value));
    nulls.emplace_back();
  };
  (add(cells.first, std::move(cells.second)), ...);
  return list(HostResult(std::move(columns)),
              list(HostResult(std::move(row)), HostResult(std::move(nulls))));
}

using Cell = std::pair<kt_sql_type, HostResult>;

HostResult common_table() {
  return table(Cell(KT_SQL_BOOLEAN, HostResult(true)), Cell(KT_SQL_INT8, number(-128)),
               Cell(KT_SQL_INT16, number(-32768)), Cell(KT_SQL_INT32, number(-2147483648)),
               Cell(KT_SQL_INT64, number(std::numeric_limits<std::int64_t>::min())),
               Cell(KT_SQL_FLOAT32, HostResult(1.5)), Cell(KT_SQL_FLOAT64, HostResult(-0.1)),
               Cell(KT_SQL_TEXT, text("w\xc3\xb6rd")), Cell(KT_SQL_BINARY, bytes("\xff")),
               Cell(KT_SQL_OTHER, bytes("raw")));
}

HostResult unsigned_table() {
  return table(Cell(KT_SQL_UINT8, number(255)), Cell(KT_SQL_UINT16, number(65535)),
               Cell(KT_SQL_UINT32, number(4294967295)), Cell(KT_SQL_UINT64, number(-1)));
}

HostResult dates_table() {
  return table(Cell(KT_SQL_DATE, list(number(-44), number(3), number(15))),
               Cell(KT_SQL_TIME, list(number(23), number(59), number(58), number(999999999))),
               Cell(KT_SQL_DATETIME, list(number(2024), number(2), number(29), number(1), number(2),
                                          number(3), number(4))));
}

HostResult bound(HostResult value, bool inclusive) {
  return list(std::move(value), HostResult(inclusive));
}

HostResult newest_table() {
  return table(Cell(KT_SQL_UUID, text("u")), Cell(KT_SQL_JSONB, bytes("{}")),
               Cell(KT_SQL_DECIMAL, text("-12.340")),
               Cell(KT_SQL_RANGE_INT32, list(bound(number(-2147483648), true), HostResult())),
               Cell(KT_SQL_RANGE_INT64, list(HostResult(), bound(number(5), false))),
               Cell(KT_SQL_RANGE_DECIMAL, list(bound(text("0.5"), false), bound(text("1"), true))),
               Cell(KT_SQL_ARRAY_INT32, list(number(-1), HostResult())),
               Cell(KT_SQL_ARRAY_INT64, list(number(6))),
               Cell(KT_SQL_ARRAY_DECIMAL, list(HostResult(), text("1.0"))),
               Cell(KT_SQL_ARRAY_TEXT, list(text("x"), HostResult())),
               Cell(KT_SQL_INTERVAL, list(number(7), number(-1), number(2147483647))),
               Cell(KT_SQL_OTHER, bytes("raw")));
}

std::string joined(std::vector<std::string> items, const std::string& before,
                   const std::string& after = "") {
  std::string out;
  for (const std::string& item : items)
    out += (out.empty() ? "" : ", ") + before + item + after;
  return "[" + out + "]";
}

/// What a guest shows of a table with columns of these types and this row.
struct Shown {
  std::string columns;
  std::string rows;

  Shown(const std::vector<std::string>& types, const std::vector<std::string>& values) {
    columns = joined(types, "Column { name: \"c\", data-type: DbDataType::", " }");
    rows = "[" + joined(values, "DbValue::") + ", " +
           joined(std::vector<std::string>(types.size(), "DbNull"), "DbValue::") + "]";
  }
  std::string row_set() const {
    return "Ok(RowSet { columns: " + columns + ", rows: " + rows + " })";
  }
  std::string stream() const { return columns + " " + rows + " Ok(())"; }
};

const Shown& common_shown(bool newest) {
  const auto shown = [](const char* other, const char* unsupported) {
    return Shown({"Boolean", "Int8", "Int16", "Int32", "Int64", "Floating32", "Floating64", "Str",
                  "Binary", other},
                 {"Boolean(true)", "Int8(-128)", "Int16(-32768)", "Int32(-2147483648)",
                  "Int64(-9223372036854775808)", "Floating32(1.5)", "Floating64(-0.1)",
                  "Str(\"w\xc3\xb6rd\")", "Binary([255])", unsupported});
  };
  static const Shown kOlder = shown("Other", "Unsupported");
  static const Shown kNewest = shown("Other(\"server-type\")", "Unsupported([114, 97, 119])");
  return newest ? kNewest : kOlder;
}

/// The parameters that the guest has of the common types.
const std::string kCommon =
    "[1 true] [2 -128] [3 -32768] [4 -2147483648] [5 -9223372036854775808] [10 1.5] [11 -0.1] "
    "[12 \"w\xc3\xb6rd\"] [13 b\"\\x00\\xff\"] none";
const std::string kUnsigned = " [6 255] [7 65535] [8 4294967295] [9 -1]";

TEST_F(Servers, HandMysqlEveryKindOfParameter) {
  for (const char* version : {"one", "two"}) {
    const std::string interface = version == std::string("one") ? "mysql1" : "mysql2";
    const std::string open = std::string("mysql open \"mysql://") + version + "\"";
    EXPECT_EQ(run(interface, "execute unsigned"), "Ok(())");
    EXPECT_THAT(host_->calls(),
                ElementsAre(open, "mysql execute it \"DO ?\" [" + kCommon + kUnsigned + "]",
                            "mysql close it"));
    host_->answer(KT_MYSQL_QUERY, unsigned_table);
    run(interface, "query unsigned");
    EXPECT_THAT(host_->calls(),
                ElementsAre(open, "mysql query it \"SELECT ?\" [" + kCommon + kUnsigned + "]",
                            "mysql close it"));
  }
}

TEST_F(Servers, GiveEveryKindOfMysqlsValues) {
  const Shown unsigned_shown(
      {"Uint8", "Uint16", "Uint32", "Uint64"},
      {"Uint8(255)", "Uint16(65535)", "Uint32(4294967295)", "Uint64(18446744073709551615)"});
  for (const char* interface : {"mysql1", "mysql2"}) {
    host_->answer(KT_MYSQL_QUERY, common_table);
    EXPECT_EQ(run(interface, "query"), common_shown(false).row_set());
    host_->answer(KT_MYSQL_QUERY, unsigned_table);
    EXPECT_EQ(run(interface, "query"), unsigned_shown.row_set());
  }
}

TEST_F(Servers, HandPostgresEveryKindOfParameter) {
  host_->answer(KT_POSTGRES_EXECUTE, [] { return number(3); });
  const auto asks = [&](const char* interface, const char* version, const std::string& all) {
    EXPECT_EQ(run(interface, "execute"), "Ok(3)");
    EXPECT_THAT(host_->calls(),
                ElementsAre(std::string("postgres open \"postgres://") + version + "\" none",
                            "postgres execute it \"CALL $1\" [" + all + "]", "postgres close it"));
  };
  asks("postgres1", "one", kCommon);
  asks("postgres2", "two", kCommon);
  asks("postgres3", "three",
       "[1 false] [2 127] [3 32767] [4 2147483647] [5 9223372036854775807] [10 -1.5] [11 0.1] "
       "[12 \"\"] [13 b\"\"] [14 [-44 3 15]] [15 [23 59 58 999999999]] [16 [2024 2 29 1 2 3 4]] "
       "[17 -1] none");
  asks("postgres40", "four.zero", "[18 \"u\"]");
  asks("postgres4", "four",
       "[16 [2024 2 29 1 2 3 4]] [18 \"123e4567-e89b-12d3-a456-426614174000\"] [19 b\"{}\"] "
       "[20 \"-12.340\"] [21 [[-2147483648 true] [2147483647 false]]] "
       "[22 [none [9223372036854775807 true]]] [23 [[\"0.5\" false] none]] [24 [-1 none]] "
       "[25 [-9223372036854775808]] [26 [\"1.0\" none]] [27 [none \"x\"]] "
       "[28 [-9223372036854775808 -1 2147483647]] none");
}

TEST_F(Servers, GivePostgresNoUnsignedIntegers) {
  const std::string said = "ValueConversionFailed(\"Postgres does not support unsigned integers\")";
  EXPECT_EQ(run("postgres1", "execute unsigned"), "Err(PgError::" + said + ")");
  EXPECT_EQ(run("postgres2", "query unsigned"), "Err(Error::" + said + ")");
}

TEST_F(Servers, GiveEveryKindOfPostgresValues) {
  host_->answer(KT_POSTGRES_QUERY, common_table);
  for (const char* interface : {"postgres1", "postgres2", "postgres3"})
    EXPECT_EQ(run(interface, "query"), common_shown(false).row_set());
  EXPECT_EQ(run("postgres4", "query"), common_shown(true).row_set());

  const Shown dates({"Date", "Time", "Datetime"},
                    {"Date((-44, 3, 15))", "Time((23, 59, 58, 999999999))",
                     "Datetime((2024, 2, 29, 1, 2, 3, 4))"});
  host_->answer(KT_POSTGRES_QUERY, dates_table);
  EXPECT_EQ(run("postgres3", "query"), dates.row_set());
  EXPECT_EQ(run("postgres4", "query"), dates.row_set());
}

const Shown& newest_shown() {
  static const Shown kShown(
      {"Uuid", "Jsonb", "Decimal", "RangeInt32", "RangeInt64", "RangeDecimal", "ArrayInt32",
       "ArrayInt64", "ArrayDecimal", "ArrayStr", "Interval", "Other(\"server-type\")"},
      {"Uuid(\"u\")", "Jsonb([123, 125])", "Decimal(\"-12.340\")",
       "RangeInt32((Some((-2147483648, RangeBoundKind::Inclusive)), None))",
       "RangeInt64((None, Some((5, RangeBoundKind::Exclusive))))",
       "RangeDecimal((Some((\"0.5\", RangeBoundKind::Exclusive)), "
       "Some((\"1\", RangeBoundKind::Inclusive))))",
       "ArrayInt32([Some(-1), None])", "ArrayInt64([Some(6)])",
       "ArrayDecimal([None, Some(\"1.0\")])", "ArrayStr([Some(\"x\"), None])",
       "Interval(Interval { micros: 7, days: -1, months: 2147483647 })",
       "Unsupported([114, 97, 119])"});
  return kShown;
}

TEST_F(Servers, GiveTheNewestVersionOfPostgresWhatOlderOnesDoNotKnow) {
  host_->answer(KT_POSTGRES_QUERY, newest_table);
  EXPECT_EQ(run("postgres4", "query"), newest_shown().row_set());
  EXPECT_EQ(run("postgres40", "query"), newest_shown().row_set());
  const Shown unknown(std::vector<std::string>(12, "Other"),
                      std::vector<std::string>(12, "Unsupported"));
  for (const char* interface : {"postgres1", "postgres2", "postgres3"})
    EXPECT_EQ(run(interface, "query"), unknown.row_set());
}

TEST_F(Servers, FindATableOfAnotherShapeWrong) {
  const auto says = [&](FakeServers::Answer answer) {
    host_->answer(KT_POSTGRES_QUERY, std::move(answer));
    return run("postgres4", "query");
  };
  const auto column = [] { return list(text("c"), number(KT_SQL_INT8), text("t")); };
  EXPECT_EQ(says([&] { return list(list(column()), list(list())); }),
            "Err(Error::Other(\"the host answered with a row of another length\"))");
  EXPECT_EQ(says([&] { return list(list(column()), list(list(number(128)))); }),
            "Err(Error::Other(\"the host answered with an integer out of its range\"))");
  EXPECT_EQ(says([&] { return list(list(column()), list(list(text("1")))); }),
            "Err(Error::Other(\"the host answered with something else than an integer\"))");
  EXPECT_EQ(
      says([&] { return list(list(column()), list()); }),
      "Ok(RowSet { columns: [Column { name: \"c\", data-type: DbDataType::Int8 }], rows: [] })");
}

/// How each refusal reads, from KT_FAULT_OTHER on, within `before` and `after`.
std::vector<std::string> worded(const std::vector<std::string>& names, const std::string& before,
                                const std::string& after) {
  std::vector<std::string> out;
  for (const std::string& name : names)
    out.push_back(before + name + "(\"it said no\")" + after);
  return out;
}

std::vector<std::string> of_statements(const std::string& other) {
  return {other,
          "ConnectionFailed",
          other,
          "BadParameter",
          "ConnectionFailed",
          other,
          "ConnectionFailed",
          "ValueConversionFailed",
          "QueryFailed",
          other,
          other};
}
std::vector<std::string> of_opening(const std::string& other) {
  std::vector<std::string> names(11, "ConnectionFailed");
  names.front() = names.back() = other;
  return names;
}

TEST_F(Servers, RefuseStatementsInTheWordsOfEachVersion) {
  const auto expect = [&](const char* interface, HostOperation open, HostOperation query,
                          const std::string& error) {
    const bool first = std::string_view(interface).ends_with("1");
    const std::string other = first ? "OtherError" : "Other";
    EXPECT_EQ(refusals(interface, "query", query),
              worded(of_statements(other), "Err(" + error + "::", ")"))
        << interface;
    EXPECT_EQ(
        refusals(interface, "query", open),
        worded(of_opening(other), (first ? "Err(" : "open: ") + error + "::", first ? ")" : ""))
        << interface;
  };
  expect("mysql1", KT_MYSQL_OPEN, KT_MYSQL_QUERY, "MysqlError");
  expect("mysql2", KT_MYSQL_OPEN, KT_MYSQL_QUERY, "Error");
  expect("postgres1", KT_POSTGRES_OPEN, KT_POSTGRES_QUERY, "PgError");
  expect("postgres2", KT_POSTGRES_OPEN, KT_POSTGRES_QUERY, "Error");
  expect("postgres3", KT_POSTGRES_OPEN, KT_POSTGRES_QUERY, "Error");
}

TEST_F(Servers, TellTheNewestVersionWhatPostgresSaidOfAFailedQuery) {
  auto words = worded(of_statements("Other"), "Err(Error::", ")");
  words[KT_FAULT_QUERY - 1] = "Err(Error::QueryFailed(QueryError::Text(\"it said no\")))";
  EXPECT_EQ(refusals("postgres4", "query", KT_POSTGRES_QUERY), words) << "without detail";
  host_->refuse(KT_POSTGRES_QUERY, KT_FAULT_QUERY, [] {
    return list(text("ERROR"), text("42P01"), text("no such table"), HostResult(),
                list(list(text("file"), text("x.c")), list(text("line"), text("7"))));
  });
  EXPECT_EQ(
      run("postgres4", "query"),
      "Err(Error::QueryFailed(QueryError::DbError(DbError { as-text: \"it said no\", severity: "
      "\"ERROR\", code: \"42P01\", message: \"no such table\", detail: None, extras: "
      "[(\"file\", \"x.c\"), (\"line\", \"7\")] })))");
  for (const char* interface : {"postgres1", "postgres2", "postgres3"})
    EXPECT_THAT(run(interface, "query"), HasSubstr("::QueryFailed(\"it said no\")"));
}

TEST_F(Servers, BuildAPostgresConnectionAsOftenAsAsked) {
  EXPECT_EQ(run("postgres4", "build"), "built 2");
  const std::string open = "postgres open \"postgres://built\" ";
  EXPECT_THAT(host_->calls(),
              ElementsAre(open + "none", open + "none", "postgres close it", "postgres close it"));
  const std::string root = "\"-----BEGIN CERTIFICATE-----\"";
  EXPECT_EQ(run("postgres4", "build with root"), "built 2");
  EXPECT_THAT(host_->calls(), ElementsAre("postgres check-root " + root, open + root, open + root,
                                          "postgres close it", "postgres close it"));
  host_->refuse(KT_POSTGRES_CHECK_ROOT, KT_FAULT_INVALID);
  EXPECT_EQ(run("postgres4", "build with root"),
            "Error::Other(\"invalid root certificate: it said no\")");
}

TEST_F(Servers, BoundTheConnectionBuildersOfAGuest) {
  const Invocation done = invoke("postgres4", "builders");
  EXPECT_EQ(done.kind, InvocationKind::Trap);
  EXPECT_THAT(done.message, HasSubstr("256 connection builders at a time"));
}

#if KT_BRIDGE_P3
TEST_F(Servers, StreamRowsToAsynchronousGuests) {
  host_->answer(KT_POSTGRES_QUERY, newest_table);
  std::string rows = newest_shown().rows;  // the guest shows them one by one
  rows = rows.substr(1, rows.size() - 2);
  rows.replace(rows.find("], [DbValue"), 3, "] ");
  EXPECT_EQ(run("postgres4a", "query"), newest_shown().columns + " " + rows + " Ok(())");
  EXPECT_EQ(run("postgres4a", "mixed"), newest_shown().row_set());

  host_->answer(KT_MYSQL_QUERY, common_table);
  host_->calls();
  EXPECT_EQ(run("mysql3", "query"), common_shown(false).stream());
  EXPECT_THAT(host_->calls(),
              ElementsAre("mysql open \"mysql://three\"",
                          "mysql query it \"SELECT ?\" [[1 true] [9 -1] none]", "mysql close it"));
  EXPECT_EQ(run("mysql3", "abandon"), "dropped true");
}

TEST_F(Servers, StreamMoreRowsThanAGuestReadsAtATime) {
  constexpr int kRows = 3000;
  host_->answer(KT_MYSQL_QUERY, [] {
    HostResult::List rows;
    for (int i = 0; i < kRows; ++i)
      rows.push_back(list(number(i)));
    return list(list(list(text("c"), number(KT_SQL_INT32), text("t"))),
                HostResult(std::move(rows)));
  });
  std::vector<std::string> expected;
  for (int i = 0; i < kRows; ++i)
    expected.push_back("[DbValue::Int32(" + std::to_string(i) + ")]");
  EXPECT_THAT(run("mysql3", "query"), HasSubstr(joined(expected, "")));
}

TEST_F(Servers, ExecuteStatementsOfAsynchronousGuests) {
  host_->answer(KT_POSTGRES_EXECUTE, [] { return number(3); });
  EXPECT_EQ(run("mysql3", "execute"), "Ok(())");
  EXPECT_EQ(run("postgres4a", "execute"), "Ok(3)");
  host_->calls();
  EXPECT_EQ(run("postgres4a", "build"), "Ok(3)");
  const std::string root = "\"-----BEGIN CERTIFICATE-----\"";
  EXPECT_THAT(
      host_->calls(),
      ElementsAre("postgres check-root " + root, "postgres open \"postgres://built\" " + root,
                  "postgres execute it \"CALL $1\" [[20 \"1.5\"]]", "postgres close it"));
}

TEST_F(Servers, RefuseAsynchronousGuestsBeforeTheFirstRow) {
  EXPECT_EQ(refusals("mysql3", "query", KT_MYSQL_QUERY),
            worded(of_statements("Other"), "Error::", ""));
  EXPECT_EQ(refusals("mysql3", "query", KT_MYSQL_OPEN),
            worded(of_opening("Other"), "open: Error::", ""));
  EXPECT_EQ(refusals("postgres4a", "execute", KT_POSTGRES_OPEN),
            worded(of_opening("Other"), "open: Error::", ""));
  auto words = worded(of_statements("Other"), "Error::", "");
  words[KT_FAULT_QUERY - 1] = "Error::QueryFailed(QueryError::Text(\"it said no\"))";
  EXPECT_EQ(refusals("postgres4a", "query", KT_POSTGRES_QUERY), words);
}
#endif

}  // namespace
}  // namespace kt::wasm
