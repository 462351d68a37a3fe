#include "model/reason.h"

#include <gtest/gtest.h>

#include <set>

#include "model/counters.h"

namespace kt {
namespace {

TEST(Reason, EveryOneHasAWordOfItsOwnForLabelsAndOneForPeople) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    EXPECT_TRUE(names.insert(name(reason)).second) << name(reason);
    EXPECT_EQ(name(reason).find_first_not_of("abcdefghijklmnopqrstuvwxyz_"),
              std::string_view::npos);
    EXPECT_FALSE(describe(reason).empty());
  }
  EXPECT_EQ(name(Reason::Failed), "failed") << "the table has as many rows as the enumeration";
  EXPECT_EQ(name(Reason::HandlerFailing), "handler_failing");
}

TEST(Reason, TellsWhatPassesByItselfFromWhatNeedsAHuman) {
  EXPECT_EQ(severity(Reason::None), Severity::Fine);
  EXPECT_EQ(severity(Reason::Throttled), Severity::Waiting);
  EXPECT_EQ(severity(Reason::HandlerFailing), Severity::Warning);
  EXPECT_EQ(severity(Reason::DataLost), Severity::Broken);
}

TEST(Reason, OfAnErrorTellsMissingCredentialsFromRefusedOnes) {
  EXPECT_EQ(reason_of(Error(ErrorCode::NoCredentials, "none")), Reason::NoCredentials);
  EXPECT_EQ(reason_of(Error(ErrorCode::AccessDenied, "no")), Reason::AccessDenied);
  EXPECT_EQ(reason_of(Error(ErrorCode::TimedOut, "late")), Reason::ServiceUnreachable);
  EXPECT_EQ(reason_of(Error(ErrorCode::NotFound, "gone")), Reason::Failed);
}

TEST(DurationHistogram, CountsAValueOnABoundWithinIt) {
  DurationHistogram histogram;
  histogram.observe(DurationHistogram::kBounds[0]);
  histogram.observe(DurationHistogram::kBounds[0] + Duration(1));
  histogram.observe(std::chrono::hours(1));
  EXPECT_EQ(histogram.in_bucket(0), 1u);
  EXPECT_EQ(histogram.in_bucket(1), 1u);
  EXPECT_EQ(histogram.in_bucket(DurationHistogram::kBounds.size()), 1u);
  EXPECT_EQ(histogram.count(), 3u);
  EXPECT_GT(histogram.sum(), std::chrono::hours(1));
}

}  // namespace
}  // namespace kt
