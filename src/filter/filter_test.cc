#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "filter/decimal.h"
#include "filter/filter_set.h"

namespace kt::filter {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::shared_ptr<const FilterSet> filters(const std::vector<std::string>& patterns,
                                         OnNonJson on_non_json = OnNonJson::Drop) {
  auto compiled = FilterSet::compile(patterns, on_non_json);
  EXPECT_TRUE(compiled.has_value()) << (compiled ? "" : compiled.error().what);
  return compiled ? *compiled : nullptr;
}

Record record_of(const std::string& data) {
  Record record;
  record.data = as_bytes(data);
  record.partition_key = "key-1";
  record.sequence_number = "4959";
  record.approximate_arrival = WallTime(std::chrono::milliseconds(1'545'084'650'987));
  return record;
}

Verdict verdict(const std::string& pattern, const std::string& data,
                OnNonJson on_non_json = OnNonJson::Drop) {
  const auto set = filters({pattern}, on_non_json);
  return set ? Judge(set).judge(record_of(data)) : Verdict::Reject;
}

/// Whether the rule of field `f` accepts this payload.
bool accepts(const std::string& rule, const std::string& payload) {
  return verdict("{\"data\": {\"f\": " + rule + "}}", payload) == Verdict::Deliver;
}

bool value(const std::string& rule, const std::string& v) {
  return accepts(rule, "{\"f\": " + v + "}");
}

std::string fault(const std::string& pattern) {
  const auto compiled = FilterSet::compile({"{\"data\": {\"a\": [1]}}", pattern}, OnNonJson::Drop);
  return compiled ? "none" : compiled.error().what;
}

TEST(Filter, NullMatchesNullOnly) {
  EXPECT_TRUE(value("[null]", "null"));
  EXPECT_FALSE(value("[null]", "\"null\""));
  EXPECT_FALSE(value("[null]", "0"));
  EXPECT_FALSE(accepts("[null]", "{}"));
}

TEST(Filter, EmptyMatchesTheEmptyString) {
  EXPECT_TRUE(value("[\"\"]", "\"\""));
  EXPECT_FALSE(value("[\"\"]", "null"));
  EXPECT_FALSE(accepts("[\"\"]", "{}"));
}

TEST(Filter, EqualsIsExactAndTellsTypesApart) {
  EXPECT_TRUE(value("[\"buy\"]", "\"buy\""));
  EXPECT_FALSE(value("[\"buy\"]", "\"Buy\""));
  EXPECT_FALSE(value("[\"1\"]", "1"));
  EXPECT_TRUE(value("[true]", "true"));
  EXPECT_FALSE(value("[true]", "\"true\""));
  EXPECT_FALSE(value("[true]", "false"));
  EXPECT_TRUE(value("[\"\\u00e9\"]", "\"é\"")) << "escapes are read on both sides";
}

TEST(Filter, EqualsComparesNumbersAsTheyAreWritten) {
  EXPECT_TRUE(value("[300]", "300"));
  EXPECT_FALSE(value("[300]", "300.0"));
  EXPECT_FALSE(value("[300]", "3.0e2"));
  EXPECT_TRUE(value("[3.0e2]", "3.0e2"));
  EXPECT_FALSE(value("[9007199254740993]", "9007199254740992"));
}

TEST(Filter, ValuesOfAListAreAlternatives) {
  EXPECT_TRUE(value("[\"a\", \"b\", 3]", "\"b\""));
  EXPECT_TRUE(value("[\"a\", \"b\", 3]", "3"));
  EXPECT_FALSE(value("[\"a\", \"b\", 3]", "\"c\""));
}

TEST(Filter, AnythingButExcludesItsValues) {
  EXPECT_TRUE(value("[{\"anything-but\": [\"a\", \"b\"]}]", "\"c\""));
  EXPECT_FALSE(value("[{\"anything-but\": [\"a\", \"b\"]}]", "\"b\""));
  EXPECT_FALSE(value("[{\"anything-but\": \"a\"}]", "\"a\""));
  EXPECT_FALSE(value("[{\"anything-but\": [1, 2]}]", "2.0")) << "numbers by value";
  EXPECT_TRUE(value("[{\"anything-but\": [1, 2]}]", "\"2\""));
  EXPECT_TRUE(value("[{\"anything-but\": \"a\"}]", "null"));
  EXPECT_FALSE(accepts("[{\"anything-but\": \"a\"}]", "{}")) << "an absent field never matches";
}

TEST(Filter, NumericComparesByValue) {
  EXPECT_TRUE(value("[{\"numeric\": [\"=\", 300]}]", "3.00e2"));
  EXPECT_FALSE(value("[{\"numeric\": [\"=\", 300]}]", "\"300\"")) << "a string is no number";
  EXPECT_TRUE(value("[{\"numeric\": [\">\", 10, \"<=\", 20]}]", "20"));
  EXPECT_FALSE(value("[{\"numeric\": [\">\", 10, \"<=\", 20]}]", "10"));
  EXPECT_FALSE(value("[{\"numeric\": [\">\", 10, \"<=\", 20]}]", "20.0001"));
  EXPECT_TRUE(value("[{\"numeric\": [\"<\", 20, \">=\", -5]}]", "-5"));
  EXPECT_TRUE(value("[{\"numeric\": [\"<\", 0]}]", "-0.1"));
  EXPECT_FALSE(value("[{\"numeric\": [\"=\", 9007199254740993]}]", "9007199254740992"));
}

TEST(Filter, ExistsLooksAtLeavesOnly) {
  EXPECT_TRUE(value("[{\"exists\": true}]", "null"));
  EXPECT_FALSE(accepts("[{\"exists\": true}]", "{}"));
  EXPECT_TRUE(accepts("[{\"exists\": false}]", "{}"));
  EXPECT_FALSE(value("[{\"exists\": false}]", "1"));
  EXPECT_FALSE(value("[{\"exists\": true}]", "{\"g\": 1}")) << "an object is no leaf";
  EXPECT_TRUE(value("[{\"exists\": true}]", "[1]"));
  EXPECT_FALSE(value("[{\"exists\": true}]", "[]"));
  EXPECT_TRUE(accepts("{\"g\": [{\"exists\": false}]}", "{}")) << "absent with its object";
}

TEST(Filter, PrefixAndSuffixMatchEndsOfStrings) {
  EXPECT_TRUE(value("[{\"prefix\": \"us-\"}]", "\"us-east-1\""));
  EXPECT_FALSE(value("[{\"prefix\": \"us-\"}]", "\"eu-us-1\""));
  EXPECT_TRUE(value("[{\"suffix\": \".png\"}]", "\"a.png\""));
  EXPECT_FALSE(value("[{\"suffix\": \".png\"}]", "\"a.PNG\""));
  EXPECT_FALSE(value("[{\"prefix\": \"1\"}]", "12"));
}

TEST(Filter, EqualsIgnoreCaseMatchesEitherCase) {
  EXPECT_TRUE(value("[{\"equals-ignore-case\": \"AlAn\"}]", "\"aLaN\""));
  EXPECT_FALSE(value("[{\"equals-ignore-case\": \"alan\"}]", "\"alana\""));
}

TEST(Filter, OrJoinsFieldsOfAnObject) {
  const std::string pattern =
      R"({"data": {"kind": ["order"], "$or": [{"price": [{"numeric": [">", 100]}]},
          {"vip": [true], "area": {"code": ["EU"]}}]}})";
  EXPECT_EQ(verdict(pattern, R"({"kind": "order", "price": 101})"), Verdict::Deliver);
  EXPECT_EQ(verdict(pattern, R"({"kind": "order", "vip": true, "area": {"code": "EU"}})"),
            Verdict::Deliver);
  EXPECT_EQ(verdict(pattern, R"({"kind": "order", "vip": true, "area": {"code": "US"}})"),
            Verdict::Skip);
  EXPECT_EQ(verdict(pattern, R"({"kind": "offer", "price": 101})"), Verdict::Skip);
}

TEST(Filter, AllFieldsOfAPatternMustMatch) {
  const std::string pattern = R"({"data": {"a": ["x"], "b": {"c": [1]}}})";
  EXPECT_EQ(verdict(pattern, R"({"b": {"c": 1, "d": 2}, "a": "x", "more": []})"), Verdict::Deliver);
  EXPECT_EQ(verdict(pattern, R"({"a": "x", "b": {"c": 2}})"), Verdict::Skip);
  EXPECT_EQ(verdict(pattern, R"({"a": "x", "b": 1})"), Verdict::Skip);
  EXPECT_EQ(verdict(pattern, R"({"a": "x"})"), Verdict::Skip);
}

TEST(Filter, AnyElementOfAnArrayCounts) {
  EXPECT_TRUE(value("[\"b\"]", "[\"a\", \"b\"]"));
  EXPECT_TRUE(value("[\"b\"]", "[[\"a\"], [\"b\"]]"));
  EXPECT_FALSE(value("[\"b\"]", "[\"a\"]"));
  EXPECT_FALSE(value("[\"b\"]", "[{\"f\": \"b\"}]"));
  EXPECT_TRUE(value("[{\"anything-but\": \"a\"}]", "[\"a\", \"b\"]"));
}

TEST(Filter, FieldsOfAnArraysObjectsMustMatchInOneElement) {
  const std::string rule = R"({"x": [1], "y": [2]})";
  EXPECT_TRUE(value(rule, R"([{"x": 1, "y": 3}, {"x": 1, "y": 2}])"));
  EXPECT_FALSE(value(rule, R"([{"x": 1, "y": 3}, {"x": 3, "y": 2}])"));
}

TEST(Filter, OfMembersWithOneNameTheLastCounts) {
  EXPECT_TRUE(accepts("[2]", R"({"f": 1, "f": 2})"));
  EXPECT_FALSE(accepts("[1]", R"({"f": 1, "f": 2})"));
}

TEST(Filter, MatchesMetadata) {
  EXPECT_EQ(verdict(R"({"partitionKey": ["key-1"]})", "no json"), Verdict::Deliver);
  EXPECT_EQ(verdict(R"({"partitionKey": [{"prefix": "other"}]})", "no json"), Verdict::Skip);
  EXPECT_EQ(verdict(R"({"sequenceNumber": ["4959"]})", ""), Verdict::Deliver);
  EXPECT_EQ(verdict(R"({"kinesisSchemaVersion": ["1.0"]})", ""), Verdict::Deliver);
  EXPECT_EQ(
      verdict(R"({"approximateArrivalTimestamp": [{"numeric": [">=", 1545084650.987]}]})", ""),
      Verdict::Deliver);
  EXPECT_EQ(verdict(R"({"approximateArrivalTimestamp": [1545084650.987]})", ""), Verdict::Deliver);
  EXPECT_EQ(verdict(R"({"approximateArrivalTimestamp": [{"numeric": ["<", 1545084650]}]})", ""),
            Verdict::Skip);
}

TEST(Filter, AnyFilterIsEnough) {
  const auto set = filters({R"({"data": {"a": [1]}})", R"({"partitionKey": ["key-1"]})"});
  Judge judge(set);
  EXPECT_EQ(judge.judge(record_of(R"({"a": 2})")), Verdict::Deliver);
  EXPECT_THAT(judge.matching(record_of(R"({"a": 1})")), ElementsAre(0, 1));
  EXPECT_THAT(judge.matching(record_of("no json")), ElementsAre(1));
}

TEST(Filter, WithoutFiltersEveryRecordIsWanted) {
  EXPECT_EQ(Judge(filters({})).judge(record_of("x")), Verdict::Deliver);
}

// The table of what Lambda does with data and patterns, and section 5, row 15.
TEST(FilterOnNonJson, IsDroppedPassedOrFailedWhereThePatternLooksIntoTheData) {
  const std::string pattern = R"({"data": {"a": [1]}})";
  EXPECT_EQ(verdict(pattern, "plain text"), Verdict::SkipNonJson);
  EXPECT_EQ(verdict(pattern, "plain text", OnNonJson::Pass), Verdict::Deliver);
  EXPECT_EQ(verdict(pattern, "plain text", OnNonJson::Fail), Verdict::Reject);
  EXPECT_EQ(verdict(pattern, R"({"a": 2})", OnNonJson::Pass), Verdict::Skip);
  EXPECT_EQ(verdict(pattern, R"({"a": 2})", OnNonJson::Fail), Verdict::Skip);
}

TEST(FilterOnNonJson, IsOnMetadataOnlyWhereThePatternHasNoData) {
  const std::string pattern = R"({"partitionKey": ["key-1"]})";
  EXPECT_EQ(verdict(pattern, "plain text", OnNonJson::Fail), Verdict::Deliver);
  EXPECT_EQ(verdict(pattern, R"({"a": 1})"), Verdict::Deliver);
}

TEST(FilterOnNonJson, AsksForTheDataOnlyWhereTheMetadataFits) {
  const std::string pattern = R"({"data": {"a": [1]}, "partitionKey": ["other"]})";
  EXPECT_EQ(verdict(pattern, "plain text", OnNonJson::Fail), Verdict::Skip);
}

TEST(FilterOnNonJson, CountsWhatIsNoObjectOrArrayAsNoJson) {
  const std::string pattern = R"({"data": {"a": [{"exists": false}]}})";
  for (const std::string data :
       {"", "5", "\"text\"", "{\"a\": 1", "{} {}", "{\"a\": \"\xff\"}", "[1,]", "nul"}) {
    EXPECT_EQ(verdict(pattern, data), Verdict::SkipNonJson) << data;
  }
  EXPECT_EQ(verdict(pattern, std::string("{}\0", 3)), Verdict::SkipNonJson);
  EXPECT_EQ(verdict(pattern, " {} "), Verdict::Deliver);
  EXPECT_EQ(verdict(R"({"data": {"a": [1]}})", R"([{"a": 2}, {"a": 1}])"), Verdict::Deliver);
}

TEST(FilterOnNonJson, CountsDataBeyondTheBoundsAsNoJson) {
  const std::string pattern = R"({"data": {"a": [1]}})";
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(verdict(pattern, nested(EventJson::kDepthMax)), Verdict::Skip);
  EXPECT_EQ(verdict(pattern, nested(EventJson::kDepthMax + 1)), Verdict::SkipNonJson);
  EXPECT_EQ(verdict(pattern, std::string(2'000'000, '[')), Verdict::SkipNonJson);
  std::string many = "[0";
  for (std::size_t i = 0; i < EventJson::kValuesMax; ++i)
    many += ",0";
  EXPECT_EQ(verdict(pattern, many + "]"), Verdict::SkipNonJson);
}

TEST(FilterPattern, ThatIsWrongNamesFilterPlaceAndRemedy) {
  EXPECT_THAT(fault("{"), HasSubstr("filter 2: it is not JSON: at byte 1"));
  EXPECT_THAT(fault("[]"), HasSubstr("a pattern is an object"));
  EXPECT_THAT(fault("{}"), HasSubstr("an empty object matches nothing"));
  EXPECT_THAT(fault(R"({"data": {"a": "x"}})"),
              HasSubstr("at \"data.a\": a value stands in a list"));
  EXPECT_THAT(fault(R"({"data": {"a": "x"}})"), HasSubstr("write [\"x\"]"));
  EXPECT_THAT(fault(R"({"data": {"a": []}})"), HasSubstr("an empty list matches nothing"));
  EXPECT_THAT(fault(R"({"data": {"a": {}}})"), HasSubstr("at \"data.a\": an empty object"));
  EXPECT_THAT(fault(R"({"data": {"a": [[1]]}})"), HasSubstr("a list in a list"));
  EXPECT_THAT(fault(R"({"data": {"a": [1], "a": [2]}})"), HasSubstr("stands twice"));
  EXPECT_THAT(fault(R"({"data": ["x"]})"), HasSubstr("data is compared as JSON"));
  EXPECT_THAT(fault(R"({"data": "plain"})"), HasSubstr("data is compared as JSON"));
  EXPECT_THAT(fault(R"({"a": [1]})"), HasSubstr("stand inside of \"data\""));
  EXPECT_THAT(fault(R"({"partitionKey": {"a": [1]}})"), HasSubstr("a single value"));
}

TEST(FilterPattern, WithAWrongOperatorSaysWhichThereAre) {
  EXPECT_THAT(fault(R"({"data": {"a": [{"wildcard": "x*"}]}})"), HasSubstr("unknown operator"));
  EXPECT_THAT(fault(R"({"data": {"a": [{"prefix": "x", "suffix": "y"}]}})"),
              HasSubstr("one member"));
  EXPECT_THAT(fault(R"({"data": {"a": [{"prefix": 1}]}})"), HasSubstr("it takes a string"));
  EXPECT_THAT(fault(R"({"data": {"a": [{"exists": "yes"}]}})"), HasSubstr("true or false"));
  EXPECT_THAT(fault(R"({"data": {"a": [{"anything-but": []}]}})"), HasSubstr("excludes nothing"));
  EXPECT_THAT(fault(R"({"data": {"a": [{"anything-but": {"prefix": "x"}}]}})"),
              HasSubstr("a string, a number, or a list"));
  for (const std::string rule :
       {R"("=")", R"([])", R"(["="])", R"(["=", "1"])", R"(["!=", 1])", R"([">", 1, ">", 2])",
        R"(["=", 1, "<", 2])", R"([">", 1, "<", 2, "<", 3])"}) {
    EXPECT_THAT(fault(R"({"data": {"a": [{"numeric": )" + rule + "}]}}"),
                HasSubstr("one comparison or two"))
        << rule;
  }
  EXPECT_THAT(fault(R"({"data": {"a": [{"numeric": [">", 2, "<", 1]}]}})"),
              HasSubstr("no number lies in this range"));
  EXPECT_THAT(fault(R"({"data": {"$or": [{"a": [1]}]}})"), HasSubstr("at least two objects"));
}

TEST(FilterPattern, HasLimits) {
  EXPECT_THAT(fault("{\"data\": {\"a\": [\"" + std::string(kPatternBytesMax, 'x') + "\"]}}"),
              HasSubstr("at most 4096"));
  const std::vector<std::string> many(kFiltersMax + 1, R"({"data": {"a": [1]}})");
  const auto compiled = FilterSet::compile(many, OnNonJson::Drop);
  ASSERT_FALSE(compiled.has_value());
  EXPECT_THAT(compiled.error().what, HasSubstr("at most 100"));
}

TEST(Decimal, ComparesByValueToTheLastDigit) {
  const auto order = [](const char* a, const char* b) {
    const auto o = compare_numbers(a, b);
    const auto back = compare_numbers(b, a);
    EXPECT_TRUE((o < 0) == (back > 0) && (o == 0) == (back == 0)) << a << " " << b;
    return o < 0 ? -1 : o > 0 ? 1 : 0;
  };
  for (const char* same : {"300", "300.0", "3.0e2", "3E+2", "0.3e3", "30000e-2", "300.000"})
    EXPECT_EQ(order("300", same), 0) << same;
  EXPECT_EQ(order("0", "-0.0e9"), 0);
  EXPECT_EQ(order("1", "2"), -1);
  EXPECT_EQ(order("-1", "-2"), 1);
  EXPECT_EQ(order("-1", "1"), -1);
  EXPECT_EQ(order("0", "0.0001"), -1);
  EXPECT_EQ(order("-0.5", "0"), -1);
  EXPECT_EQ(order("9.99", "10"), -1);
  EXPECT_EQ(order("0.0012", "0.012"), -1);
  EXPECT_EQ(order("123456789012345678901", "123456789012345678902"), -1);
  EXPECT_EQ(order("1.000000000000000000001", "1"), 1);
  EXPECT_EQ(order("1e999999999999", "2e3"), 1);
  EXPECT_EQ(order("1e-999999999999", "0"), 1);
}

}  // namespace
}  // namespace kt::filter
