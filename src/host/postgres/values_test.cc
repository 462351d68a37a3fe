#include <gmock/gmock.h>

#include <algorithm>
#include <iterator>

#include "tests/support/postgres_under_test.h"

namespace kt::host {
namespace {

using nlohmann::json;
using test::fault_of;
using test::list;
using test::octets;
using test::to_json;
using test::words_of;
using testing::HasSubstr;

class PostgresValues : public test::PostgresUnderTest {};

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

TEST_F(PostgresValues, StoresAndReturnsEveryType) {
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

TEST_F(PostgresValues, DescribesColumnsAlsoWithoutRows) {
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

TEST_F(PostgresValues, NamesTheTypesOfTheDatabaseItself) {
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

TEST_F(PostgresValues, FillsPlaceholdersOfSeveralTypes) {
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

TEST_F(PostgresValues, RefusesParametersThatAreWrongInThemselves) {
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

TEST_F(PostgresValues, RefusesValuesThatHaveNoForm) {
  const auto handle = open();
  for (const char* value :
       {"'infinity'::date", "'-infinity'::timestamptz", "'24:00'::time", "ARRAY[[1, 2], [3, 4]]"}) {
    const auto answer = query(handle, std::string("SELECT 1 AS a, ") + value + " AS b", list());
    EXPECT_EQ(fault_of(answer), KT_FAULT_TYPE) << value;
    EXPECT_THAT(words_of(answer), HasSubstr("column b"));
  }
  EXPECT_EQ(rows(handle, "SELECT 1"), list(list(1)));
}

TEST_F(PostgresValues, TellsWhatTheServerSaysAboutAnError) {
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

TEST_F(PostgresValues, RefusesToCopyFromOrToTheHost) {
  for (const char* copy : {"COPY pg_class TO STDOUT", "COPY pg_class FROM STDIN"}) {
    const auto handle = open();
    EXPECT_EQ(fault_of(execute(handle, copy)), KT_FAULT_QUERY);
    EXPECT_EQ(fault_of(execute(handle, "SELECT 1")), KT_FAULT_UNAVAILABLE);
    close(handle);
  }
}

}  // namespace
}  // namespace kt::host
