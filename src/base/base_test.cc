#include <gtest/gtest.h>

#include "base/check.h"
#include "base/result.h"
#include "base/time.h"

namespace kt {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0)
    return fail(ErrorCode::Invalid, "odd");
  return number / 2;
}
Result<int> quarter(int number) {
  TRY(const int first, half(number));
  TRY(half(first));
  TRY(const int second, half(first));
  return second;
}

TEST(Try, PassesTheFirstErrorUpwards) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().what, "odd");
}

TEST(Error, KeepsItsCodeAndGainsACircumstance) {
  const Error error = Error(ErrorCode::NotFound, "no stream x").within("starting");
  EXPECT_EQ(error.code, ErrorCode::NotFound);
  EXPECT_EQ(error.what, "starting: no stream x");
}

TEST(CheckDeathTest, AbortsWithItsConditionAndMessage) {
  EXPECT_DEATH(CHECK(1 == 2, "numbers are broken"), "1 == 2 numbers are broken");
}

TEST(Time, ReadsAndWritesRfc3339) {
  const auto time = parse_rfc3339("2026-01-31T12:00:00.250Z");
  ASSERT_TRUE(time.has_value());
  EXPECT_EQ(to_rfc3339(*time), "2026-01-31T12:00:00.250Z");
  EXPECT_EQ(*parse_rfc3339("2026-01-31T13:00:00.25+01:00"), *time);
  EXPECT_EQ(*parse_rfc3339("2026-01-31T07:30:00.250999-04:30"), *time);
  for (const char* text : {"", "yesterday", "2026-01-31", "2026-13-31T12:00:00Z",
                           "2026-01-31T12:00:00", "2026-01-31T12:00:00+0100"})
    EXPECT_FALSE(parse_rfc3339(text).has_value()) << text;
}

TEST(Time, ReadsTheDateHeaderOfAnAnswer) {
  const auto time = parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
  ASSERT_TRUE(time.has_value());
  EXPECT_EQ(to_rfc3339(*time), "1994-11-06T08:49:37.000Z");
  EXPECT_EQ(to_http_date(*time), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_FALSE(parse_http_date("Sun, 06 Xyz 1994 08:49:37 GMT").has_value());
  EXPECT_FALSE(parse_http_date("").has_value());
}

}  // namespace
}  // namespace kt
