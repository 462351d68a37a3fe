#include "batch/intake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "batch/aggregate_test_support.h"

namespace kt::batch {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;

const MonotonicTime kStart{};

struct Put {
  std::string key;
  std::string data;
};

/// Builds pages with rising sequence numbers; owns what the records view.
class Pages {
 public:
  std::shared_ptr<const RecordPage> page(const std::vector<Put>& puts) {
    auto made = std::make_shared<RecordPage>();
    made->side.reserve(puts.size() * 3);
    for (const Put& put : puts) {
      Record record;
      record.data = as_bytes(keep(*made, put.data));
      record.partition_key = keep(*made, put.key);
      record.sequence_number = keep(*made, std::to_string(++sequence_));
      record.approximate_arrival = WallTime(milliseconds(sequence_ * 10));
      made->payload_bytes += record.payload_bytes();
      made->records.push_back(record);
    }
    return made;
  }

 private:
  static std::string_view keep(RecordPage& page, const std::string& text) {
    return page.side.emplace_back(text);
  }
  int sequence_ = 100;
};

Intake::Options options(std::size_t lanes = 1) {
  Intake::Options made;
  made.lanes = lanes;
  made.batch.records_max = 1000;
  return made;
}

std::vector<std::string> texts(const Batch& batch) {
  std::vector<std::string> out;
  for (const Record& record : batch.records)
    out.emplace_back(as_text(record.data));
  return out;
}

std::vector<std::uint64_t> ordinals(const Batch& batch) {
  std::vector<std::uint64_t> out;
  for (const Record& record : batch.records)
    out.push_back(record.ordinal);
  return out;
}

std::string at(const std::optional<Intake::Mark>& mark) {
  if (!mark)
    return "none";
  const std::string sub = mark->position.whole() ? "" : "/" + std::to_string(mark->position.sub);
  return mark->position.sequence.str() + sub;
}

std::shared_ptr<const filter::FilterSet> filters(
    const std::vector<std::string>& patterns,
    filter::OnNonJson on_non_json = filter::OnNonJson::Drop) {
  auto compiled = filter::FilterSet::compile(patterns, on_non_json);
  EXPECT_TRUE(compiled.has_value());
  return *compiled;
}

std::string aggregate_of(const std::vector<std::string>& texts_in) {
  AggregateWriter writer;
  writer.partition_key("k");
  for (const std::string& text : texts_in)
    writer.record(0, text);
  return writer.str();
}

TEST(Intake, GivesAPageToItsOneLaneAsItIs) {
  Pages pages;
  Intake intake(options());
  const auto page = pages.page({{"a", "1"}, {"b", "2"}, {"c", "3"}});
  intake.add(page, 1, kStart);
  EXPECT_EQ(page.use_count(), 3) << "the lane's reference, the one for positions, and ours";
  const auto batch = intake.lane(0).cut();
  EXPECT_THAT(texts(*batch), ElementsAre("2", "3"));
  EXPECT_THAT(ordinals(*batch), ElementsAre(0, 1));
  EXPECT_EQ(batch->pages.front(), page);
  EXPECT_EQ(intake.end_ordinal(), 2u);
}

TEST(Intake, TranslatesOrdinalsIntoPositions) {
  Pages pages;
  Intake intake(options());
  intake.add(pages.page({{"a", "1"}, {"b", "2"}}), 0, kStart);
  intake.add(pages.page({{"a", "old"}, {"b", "4"}}), 1, kStart);
  EXPECT_EQ(at(intake.position_before(0)), "none");
  EXPECT_EQ(at(intake.position_before(1)), "101");
  EXPECT_EQ(at(intake.position_before(2)), "102");
  EXPECT_EQ(at(intake.position_before(3)), "104");
  EXPECT_EQ(at(intake.position_before(4)), "none");
  EXPECT_EQ(intake.position_before(3)->arrival, WallTime(milliseconds(1040)));
}

TEST(Intake, ForgetsPagesButNotThePlaceItStandsAt) {
  Pages pages;
  Intake intake(options());
  auto page = pages.page({{"a", "1"}, {"b", "2"}});
  std::weak_ptr<const RecordPage> watched = page;
  intake.add(std::move(page), 0, kStart);
  intake.lane(0).cut();
  EXPECT_GT(intake.retained_bytes(), 0u);
  intake.forget_before(1);
  EXPECT_EQ(at(intake.position_before(0)), "none");
  EXPECT_EQ(at(intake.position_before(1)), "101");
  EXPECT_FALSE(watched.expired());
  intake.forget_before(2);
  EXPECT_TRUE(watched.expired());
  EXPECT_EQ(at(intake.position_before(2)), "102");
  EXPECT_EQ(at(intake.position_before(1)), "none");
  EXPECT_EQ(intake.retained_bytes(), 0u);
}

TEST(Intake, TakesAggregatesApartAndKeepsTheirPlaces) {
  Pages pages;
  Intake intake(options());
  intake.add(pages.page({{"p", "1"}, {"q", aggregate_of({"2", "3", "4"})}, {"p", "5"}}), 0, kStart);
  const auto batch = intake.lane(0).cut();
  EXPECT_THAT(texts(*batch), ElementsAre("1", "2", "3", "4", "5"));
  EXPECT_THAT(ordinals(*batch), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_EQ(at(intake.position_before(1)), "101");
  EXPECT_EQ(at(intake.position_before(2)), "102/0");
  EXPECT_EQ(at(intake.position_before(3)), "102/1");
  EXPECT_EQ(at(intake.position_before(4)), "102") << "the last user record ends the aggregate";
  EXPECT_EQ(at(intake.position_before(5)), "103");
  EXPECT_EQ(intake.probe().aggregates, 1u);
  EXPECT_EQ(intake.probe().polled, 5u);
}

TEST(Intake, KeepsAnAggregatesPageAliveAsLongAsItsUserRecords) {
  Pages pages;
  Intake intake(options());
  auto page = pages.page({{"q", aggregate_of({"2", "3"})}});
  std::weak_ptr<const RecordPage> watched = page;
  intake.add(std::move(page), 0, kStart);
  auto batch = intake.lane(0).cut();
  intake.forget_before(2);
  EXPECT_FALSE(watched.expired());
  batch.reset();
  EXPECT_TRUE(watched.expired());
}

TEST(Intake, DeliversABrokenAggregateRaw) {
  Pages pages;
  Intake intake(options());
  std::string broken = aggregate_of({"2", "3"});
  broken.back() = static_cast<char>(broken.back() + 1);
  intake.add(pages.page({{"p", "1"}, {"q", broken}, {"q", aggregate_of({"4"})}}), 0, kStart);
  EXPECT_THAT(texts(*intake.lane(0).cut()), ElementsAre("1", broken, "4"));
  EXPECT_EQ(at(intake.position_before(2)), "102");
  EXPECT_EQ(intake.probe().broken_aggregates, 1u);
}

TEST(Intake, LeavesAggregatesWholeWhenAskedTo) {
  Pages pages;
  Intake::Options raw = options();
  raw.deaggregate = false;
  Intake intake(raw);
  const std::string aggregate = aggregate_of({"2", "3"});
  intake.add(pages.page({{"q", aggregate}}), 0, kStart);
  EXPECT_THAT(texts(*intake.lane(0).cut()), ElementsAre(aggregate));
}

// Section 5, row 13: a restart in the middle of an aggregate.
TEST(Intake, ResumesInsideOfAnAggregate) {
  Pages pages;
  Intake::Options resume = options();
  resume.resume_after = ExtendedSequenceNumber(SequenceNumber("101"), 1);
  Intake intake(resume);
  intake.add(pages.page({{"q", aggregate_of({"0", "1", "2", "3"})}, {"q", "4"}}), 0, kStart);
  intake.add(pages.page({{"q", aggregate_of({"5", "6"})}}), 0, kStart);
  const auto batch = intake.lane(0).cut();
  EXPECT_THAT(texts(*batch), ElementsAre("2", "3", "4", "5", "6"));
  EXPECT_THAT(ordinals(*batch), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_EQ(at(intake.position_before(1)), "101/2");
  EXPECT_EQ(at(intake.position_before(2)), "101");
}

TEST(Intake, DeliversTheRecordItResumesInWhenItIsNoAggregate) {
  Pages pages;
  Intake::Options resume = options();
  resume.resume_after = ExtendedSequenceNumber(SequenceNumber("101"), 1);
  Intake intake(resume);
  intake.add(pages.page({{"q", "plain"}}), 0, kStart);
  EXPECT_THAT(texts(*intake.lane(0).cut()), ElementsAre("plain"));
}

// Section 5, row 14: parallelism after de-aggregation.
TEST(Intake, SpreadsTheUserRecordsOfAnAggregateOverLanesByTheirOwnKeys) {
  Pages pages;
  Intake intake(options(4));
  AggregateWriter writer;
  for (int key = 0; key < 40; ++key)
    writer.partition_key("key-" + std::to_string(key));
  for (std::uint64_t i = 0; i < 120; ++i)
    writer.record(i % 40, "key-" + std::to_string(i % 40) + " " + std::to_string(i));
  intake.add(pages.page({{"one-key", writer.str()}}), 0, kStart);
  std::map<std::string, std::uint64_t> last;
  std::set<std::uint64_t> seen;
  for (std::size_t lane = 0; lane < 4; ++lane) {
    ASSERT_FALSE(intake.lane(lane).empty()) << lane;
    const auto batch = intake.lane(lane).cut();
    for (const Record& record : batch->records) {
      const std::string key(record.partition_key);
      EXPECT_EQ(lane_of(key, 4), lane);
      EXPECT_TRUE(as_text(record.data).starts_with(key + " "));
      EXPECT_TRUE(!last.contains(key) || last[key] < record.ordinal) << "order within a key";
      last[key] = record.ordinal;
      seen.insert(record.ordinal);
    }
  }
  EXPECT_EQ(seen.size(), 120u);
  EXPECT_EQ(*seen.rbegin(), 119u);
  EXPECT_TRUE(intake.empty());
}

// 1.6: filtering comes before batching, and reading goes on past what no filter matches.
TEST(IntakeFilter, LeavesOutRecordsButNotTheirOrdinals) {
  Pages pages;
  Intake::Options filtered = options();
  filtered.filters = filters({R"({"data": {"n": [{"numeric": [">", 1]}]}})"});
  Intake intake(filtered);
  intake.add(
      pages.page({{"a", R"({"n": 1})"}, {"a", R"({"n": 2})"}, {"a", "x"}, {"a", R"({"n": 3})"}}), 0,
      kStart);
  intake.add(pages.page({{"a", R"({"n": 0})"}}), 0, kStart);
  const auto batch = intake.lane(0).cut();
  EXPECT_THAT(texts(*batch), ElementsAre(R"({"n": 2})", R"({"n": 3})"));
  EXPECT_THAT(ordinals(*batch), ElementsAre(1, 3));
  EXPECT_TRUE(intake.empty());
  EXPECT_EQ(intake.end_ordinal(), 5u);
  EXPECT_EQ(at(intake.position_before(5)), "105") << "past a page of which nothing is left";
  EXPECT_EQ(intake.probe().polled, 5u);
  EXPECT_EQ(intake.probe().filtered_out, 2u);
  EXPECT_EQ(intake.probe().dropped_non_json, 1u);
}

// Section 5, row 15.
TEST(IntakeFilter, KeepsARejectedRecordInItsPlace) {
  Pages pages;
  Intake::Options filtered = options();
  filtered.filters = filters({R"({"data": {"n": [1]}})"}, filter::OnNonJson::Fail);
  Intake intake(filtered);
  intake.add(pages.page({{"a", R"({"n": 1})"}, {"a", "plain"}, {"a", R"({"n": 1})"}}), 0, kStart);
  const auto batch = intake.lane(0).cut();
  ASSERT_THAT(texts(*batch), ElementsAre(R"({"n": 1})", "plain", R"({"n": 1})"));
  EXPECT_FALSE(batch->records[0].rejected);
  EXPECT_TRUE(batch->records[1].rejected);
  EXPECT_EQ(intake.probe().rejected, 1u);
}

TEST(IntakeFilter, SharesAPageOfWhichNothingIsLeftOut) {
  Pages pages;
  Intake::Options filtered = options();
  filtered.filters = filters({R"({"partitionKey": ["a"]})"});
  Intake intake(filtered);
  const auto page = pages.page({{"a", "1"}, {"a", "2"}});
  intake.add(page, 0, kStart);
  EXPECT_THAT(ordinals(*intake.lane(0).cut()), ElementsAre(0, 1));
}

TEST(IntakeFilter, LooksAtUserRecordsAndWorksWithLanes) {
  Pages pages;
  Intake::Options filtered = options(3);
  filtered.filters = filters({R"({"data": {"n": [1]}})"});
  Intake intake(filtered);
  intake.add(pages.page({{"q", aggregate_of({R"({"n": 1})", R"({"n": 2})", R"({"n": 1})"})}}), 0,
             kStart);
  EXPECT_EQ(intake.lane(lane_of("k", 3)).record_count(), 2u);
  EXPECT_EQ(intake.probe().filtered_out, 1u);
}

TEST(Intake, KnowsTheFirstWaitingRecordOfALane) {
  Pages pages;
  Intake intake(options(2));
  std::string first_key = "a";
  std::string other_key = "b";
  while (lane_of(other_key, 2) == lane_of(first_key, 2))
    other_key += "b";
  intake.add(pages.page({{first_key, "0"}, {other_key, "1"}, {other_key, "2"}}), 0, kStart);
  Batcher& other = intake.lane(lane_of(other_key, 2));
  EXPECT_EQ(other.front_ordinal(), 1u);
  other.cut();
  EXPECT_EQ(other.front_ordinal(), std::nullopt);
}

TEST(Lanes, AreTheSameInEveryVersion) {
  EXPECT_EQ(lane_of("", 100), 93u);
  EXPECT_EQ(lane_of("a", 100), 51u);
  EXPECT_EQ(lane_of("user-1", 100), 25u);
  EXPECT_EQ(lane_of("anything", 1), 0u);
}

TEST(Lanes, GetEvenSharesOfKeysThatAreAlike) {
  for (const std::size_t lanes : {2u, 7u, 10u, 100u}) {
    std::vector<int> counts(lanes);
    for (int i = 0; i < 100'000; ++i)
      ++counts[lane_of("device-" + std::to_string(i), lanes)];
    const double even = 100'000.0 / static_cast<double>(lanes);
    for (const int count : counts)
      EXPECT_NEAR(count, even, even * 0.2) << lanes;
  }
}

}  // namespace
}  // namespace kt::batch
