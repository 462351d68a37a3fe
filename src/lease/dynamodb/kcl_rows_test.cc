#include "lease/dynamodb/kcl_rows.h"

#include <gmock/gmock.h>

#include <fstream>
#include <map>

#include "base/check.h"
#include "tests/support/leases.h"

namespace kt::lease {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing_support::after;
using testing_support::consumer_of;
using testing_support::row_of;

/// Items of a Scan, as a KCL of that version writes them.
std::vector<KclRow> fixture(const char* name) {
  std::ifstream file(std::string(KT_KCL_FIXTURES) + "/" + name + ".json");
  const json document = json::parse(file, nullptr, false);
  CHECK(document.is_object(), "no fixture of that name");
  std::vector<KclRow> rows;
  for (const json& item : document["Items"]) {
    auto row = read_kcl_row(item);
    CHECK(row.has_value(), row ? "" : row.error().what);
    if (*row)
      rows.push_back(**std::move(row));
  }
  return rows;
}

Shard shard_of(const char* id, std::vector<const char*> parents = {}) {
  Shard shard;
  shard.id = ShardId(id);
  if (!parents.empty())
    shard.parent = ShardId(parents[0]);
  if (parents.size() > 1)
    shard.adjacent_parent = ShardId(parents[1]);
  return shard;
}

KclImportInput input_of(std::vector<KclRow> rows) {
  KclImportInput input;
  input.consumer = consumer_of("app/a", 1'700'000'000'123);
  input.rows = std::move(rows);
  input.now = WallTime(std::chrono::milliseconds(1'800'000'000'000));
  input.listing = {shard_of("shardId-000000000000"), shard_of("shardId-000000000001"),
                   shard_of("shardId-000000000002", {"shardId-000000000000"}),
                   shard_of("shardId-000000000003", {"shardId-000000000000"})};
  return input;
}

std::map<std::string, std::string> positions(const KclImport& import) {
  std::map<std::string, std::string> out;
  for (const Lease& lease : import.rows)
    out[lease.key.shard.str()] = encode(lease.checkpoint);
  return out;
}

using Expected = std::map<std::string, std::string>;

TEST(KclRows, ReadsATableOfVersionTwo) {
  const auto import = import_kcl(input_of(fixture("kcl-2.x")));
  ASSERT_TRUE(import) << import.error().what;
  const Expected expected = {
      {"shardId-000000000000", "SHARD_END"},
      {"shardId-000000000001", "INSIDE:49590338271490256608559692538361571095921575989136588898/0"},
      {"shardId-000000000002", "TRIM_HORIZON"},
      {"shardId-000000000003",
       "INSIDE:49590338271490256608559692540925702759324208523137515618/17"}};
  EXPECT_EQ(positions(*import), expected);
  EXPECT_EQ(import->rows[2].parents, std::vector<ShardId>{ShardId("shardId-000000000000")});
}

TEST(KclRows, ReadsATableOfVersionThree) {
  const auto rows = fixture("kcl-3.1.3");
  EXPECT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[1].owner, "smoke");
  const auto import = import_kcl(input_of(rows));
  ASSERT_TRUE(import) << import.error().what;
  EXPECT_EQ(import->rows.size(), 4u);
}

TEST(KclRows, LeavesOutTheOtherKindsOfRowsOfVersionThreeFive) {
  const auto rows = fixture("kcl-3.5");
  EXPECT_EQ(rows.size(), 2u) << "LEASE, and a row from before it had a type";
}

TEST(KclRows, TakesOfAMultiStreamTableItsOwnStream) {
  auto input = input_of(fixture("kcl-3.x-multi-stream"));
  const auto import = import_kcl(input);
  ASSERT_TRUE(import) << import.error().what;
  EXPECT_THAT(import->notes, testing::ElementsAre(HasSubstr("2 rows of other streams")));
  EXPECT_EQ(positions(*import).at("shardId-000000000001"), "TRIM_HORIZON");
  input.consumer.stream_created += std::chrono::hours(1);
  const auto other = import_kcl(input);
  ASSERT_FALSE(other) << "a stream of that name, but made at another time";
  EXPECT_THAT(other.error().what, HasSubstr("123456789012:orders:1700003600"));
}

TEST(KclRows, AShardWhoseRowTheKclDeletedIsFinishedAndANewOneBeginsAtItsOldest) {
  KclRow row;
  row.shard = ShardId("shardId-000000000002");
  row.position.kind = KclPosition::Kind::Latest;
  const auto import = import_kcl(input_of({row}));
  ASSERT_TRUE(import);
  const Expected expected = {{"shardId-000000000000", "SHARD_END"},
                             {"shardId-000000000001", "TRIM_HORIZON"},
                             {"shardId-000000000002", "AT_TIMESTAMP:1800000000000"},
                             {"shardId-000000000003", "TRIM_HORIZON"}};
  EXPECT_EQ(positions(*import), expected);
}

TEST(KclRows, ATimestampMustBeGivenBecauseTheKclDoesNotStoreIt) {
  KclRow row;
  row.shard = ShardId("shardId-000000000001");
  row.position.kind = KclPosition::Kind::AtTimestamp;
  auto input = input_of({row});
  EXPECT_THAT(import_kcl(input).error().what, HasSubstr("--timestamp"));
  input.timestamp = WallTime(std::chrono::milliseconds(77));
  EXPECT_EQ(positions(*import_kcl(input)).at("shardId-000000000001"), "AT_TIMESTAMP:77");
}

TEST(KclRows, SaysWhichPositionIsOfNoShardAnyMore) {
  KclRow gone, here;
  gone.shard = ShardId("shardId-000000000009");
  here.shard = ShardId("shardId-000000000001");
  EXPECT_THAT(import_kcl(input_of({gone, here}))->notes,
              testing::ElementsAre(HasSubstr("shardId-000000000009")));
  EXPECT_FALSE(import_kcl(input_of({gone})));
}

TEST(KclRows, RefusesALeaseThatItCanNotRead) {
  for (const char* text :
       {R"({"leaseKey":{"S":"s"}})", R"({"leaseKey":{"S":"s"},"checkpoint":{"S":"x1"}})",
        R"({"checkpoint":{"S":"LATEST"}})"})
    EXPECT_FALSE(read_kcl_row(json::parse(text))) << text;
}

TEST(KclRows, WritesWhatItReads) {
  const auto input = input_of({});
  for (const Checkpoint& position :
       {Checkpoint(TrimHorizon()), after("495"), after("495", 3), Checkpoint(ShardEnd())}) {
    Lease lease = row_of(input.consumer, "shardId-000000000000", {ShardId("shardId-7")});
    lease.owner = WorkerId("w1");
    lease.checkpoint = position;
    for (const bool multi : {false, true}) {
      const auto item = to_kcl_item(lease, input.listing, multi);
      ASSERT_TRUE(item);
      const auto row = read_kcl_row(*item);
      ASSERT_TRUE(row && *row);
      EXPECT_EQ((*row)->shard, lease.key.shard);
      EXPECT_EQ((*row)->owner, "");
      EXPECT_EQ((*row)->counter, 0u);
      EXPECT_EQ((*row)->stream, multi ? "123456789012:orders:1700000000" : "");
      const auto import = import_kcl(input_of({**row}));
      EXPECT_EQ(import->rows[0].checkpoint, position) << to_string(position);
      EXPECT_EQ(item->contains("childShardIds"), is_shard_end(position));
      EXPECT_EQ((*item)["startingHashKey"]["S"], "0");
    }
  }
}

TEST(KclRows, APositionThatNamesItsFirstRecordHasNoFormThere) {
  Lease lease = row_of(consumer_of("app/a"), "s0");
  lease.checkpoint = AtSequenceNumber{SequenceNumber("7")};
  EXPECT_EQ(to_kcl_item(lease, {}, false).error().code, ErrorCode::Invalid);
}

}  // namespace
}  // namespace kt::lease
