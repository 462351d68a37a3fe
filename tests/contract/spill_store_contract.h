// tests/contract/spill_store_contract.h — What every spill store must do.
//
// Why: the checkpoint passes what a store says it holds. A back end instantiates the suite with a
// fixture type that has `spill::SpillStore& store()` and
// `void own(const spill::SpillScope&)`: makes that scope's owner the owner of its shard's lease,
// and `kFences`: whether the store refuses the others.
#pragma once
#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "runtime/run_virtual.h"
#include "spill/spill_store.h"

#include "tests/support/spills.h"

namespace kt::spill::contract {

using testing_support::at;
using testing_support::scope_of;
using testing_support::spilled;
using testing_support::text_of;

template <class Fixture>
class SpillStoreContract : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* shard : {"s0", "s1", "s2"})
      fixture_.own(scope_of(shard));
  }
  SpillStore& store() { return fixture_.store(); }
  template <class T>
  T get(Task<Result<T>> task) {
    Result<T> result = run_sim(loop_, clock_, std::move(task));
    CHECK(result.has_value(), result ? "" : result.error().what);
    return *std::move(result);
  }
  SpillContent load(const char* shard = "s0", const char* checkpoint = nullptr) {
    std::optional<ExtendedSequenceNumber> passed;
    if (checkpoint != nullptr)
      passed = at(checkpoint);
    return get(store().load(scope_of(shard), passed));
  }
  SpillOutcome append(std::vector<SpilledRecord> records, const char* shard = "s0",
                      const char* owner = "w1") {
    return get(store().append(scope_of(shard, owner), std::move(records)));
  }
  SpillOutcome remove(const char* key, std::vector<ExtendedSequenceNumber> positions,
                      const char* owner = "w1") {
    return get(store().remove(scope_of("s0", owner), key, std::move(positions)));
  }
  std::vector<SpilledRecord> head(const char* key, std::size_t records_max = 1000,
                                  std::size_t bytes_max = std::size_t{1} << 30,
                                  const char* shard = "s0") {
    HeadLimits limits;
    limits.records_max = records_max;
    limits.bytes_max = bytes_max;
    return get(store().head(scope_of(shard), key, limits));
  }

  Loop loop_;
  VirtualClock clock_;
  Fixture fixture_;
};

TYPED_TEST_SUITE_P(SpillStoreContract);

TYPED_TEST_P(SpillStoreContract, IsEmptyAtFirst) {
  EXPECT_TRUE(this->load().keys.empty());
  EXPECT_TRUE(this->load().ahead.empty());
  EXPECT_TRUE(this->head("a").empty());
}

TYPED_TEST_P(SpillStoreContract, GivesBackEveryFieldOfARecord) {
  SpilledRecord record = spilled("key \xc3\xa9\n", "49590338271490256608559692538361571095", "");
  record.position.sub = 7;
  record.sub_sequence = 7;
  record.in_aggregate = true;
  record.explicit_hash_key = "340282366920938463463374607431768211455";
  record.data = std::string("\0\xff{}", 4);
  record.encryption = EncryptionType::Kms;
  EXPECT_EQ(this->append({record, spilled("empty", "5", "")}), SpillOutcome::Stored);
  const auto found = this->head("key \xc3\xa9\n");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].position, record.position);
  EXPECT_EQ(found[0].partition_key, record.partition_key);
  EXPECT_EQ(found[0].explicit_hash_key, record.explicit_hash_key);
  EXPECT_EQ(found[0].data, record.data);
  EXPECT_EQ(found[0].approximate_arrival, record.approximate_arrival);
  EXPECT_EQ(found[0].encryption, record.encryption);
  EXPECT_TRUE(found[0].in_aggregate);
  EXPECT_EQ(found[0].sub_sequence, 7u);
  const auto empty = this->head("empty");
  ASSERT_EQ(empty.size(), 1u);
  EXPECT_EQ(empty[0].data, "");
  EXPECT_FALSE(empty[0].in_aggregate);
  EXPECT_TRUE(empty[0].position.whole());
}

TYPED_TEST_P(SpillStoreContract, TheLastRecordOfAnAggregateKeepsItsIndex) {
  SpilledRecord last = spilled("a", "7");
  last.in_aggregate = true;
  last.sub_sequence = 3;
  this->append({last});
  EXPECT_TRUE(this->head("a")[0].position.whole());
  EXPECT_EQ(this->head("a")[0].sub_sequence, 3u);
}

TYPED_TEST_P(SpillStoreContract, OrdersSequenceNumbersByValueAndThenByPlaceInTheAggregate) {
  SpilledRecord inside = spilled("a", "100");
  inside.position.sub = 2;
  inside.in_aggregate = true;
  SpilledRecord later = inside;
  later.position.sub = 10;
  this->append({spilled("a", "9"), spilled("a", "10"), inside, later, spilled("a", "100")});
  this->append({spilled("a", "99")});
  EXPECT_EQ(text_of(this->head("a")), "9 10 99 100/2 100/10 100");
}

TYPED_TEST_P(SpillStoreContract, GivesTheHeadOfAKeyWithinItsLimits) {
  const std::string kilo(1000, 'x');
  this->append({spilled("a", "1", kilo), spilled("b", "2", kilo), spilled("a", "3", kilo),
                spilled("a", "4", kilo)});
  EXPECT_EQ(text_of(this->head("a", 1)), "1");
  EXPECT_EQ(text_of(this->head("a", 2)), "1 3");
  EXPECT_EQ(text_of(this->head("a", 9, 2500)), "1 3");
  EXPECT_EQ(text_of(this->head("a", 9, 10)), "1") << "one at least, however large";
  EXPECT_EQ(text_of(this->head("b")), "2");
}

TYPED_TEST_P(SpillStoreContract, TellsWhatWaitsWithoutItsPayloads) {
  SpilledRecord old = spilled("b", "2", "12345");
  old.approximate_arrival = WallTime(std::chrono::milliseconds(77));
  this->append({old, spilled("a", "10", "123"), spilled("b", "11", "1")});
  const SpillContent content = this->load();
  ASSERT_EQ(content.keys.size(), 2u);
  EXPECT_EQ(content.keys[0].partition_key, "b") << "by their first record";
  EXPECT_EQ(content.keys[0].records, 2u);
  EXPECT_EQ(content.keys[0].bytes, 8u);
  EXPECT_EQ(content.keys[0].first, at("2"));
  EXPECT_EQ(content.keys[0].oldest, old.approximate_arrival);
  EXPECT_EQ(content.keys[1].partition_key, "a");
  EXPECT_EQ(content.keys[1].bytes, 4u);
}

TYPED_TEST_P(SpillStoreContract, TellsWhatLiesAheadOfTheCheckpoint) {
  SpilledRecord inside = spilled("a", "10");
  inside.position.sub = 0;
  this->append({spilled("b", "9"), inside, spilled("a", "10"), spilled("c", "11")});
  EXPECT_EQ(text_of(this->load("s0", "9").ahead), "10/0 10 11");
  EXPECT_EQ(text_of(this->load("s0", "10").ahead), "11");
  EXPECT_EQ(text_of(this->load("s0", "999").ahead), "");
  EXPECT_EQ(text_of(this->load().ahead), "9 10/0 10 11");
}

TYPED_TEST_P(SpillStoreContract, AddingARecordAgainChangesNothing) {
  this->append({spilled("a", "1", "first"), spilled("a", "2", "second")});
  EXPECT_EQ(this->append({spilled("a", "1", "first"), spilled("a", "3", "third")}),
            SpillOutcome::Stored);
  EXPECT_EQ(text_of(this->head("a")), "1 2 3");
  EXPECT_EQ(this->head("a")[0].data, "first");
  EXPECT_EQ(this->load().keys[0].records, 3u);
}

TYPED_TEST_P(SpillStoreContract, RemovesExactlyWhatItIsTold) {
  this->append({spilled("a", "1"), spilled("a", "2"), spilled("b", "3"), spilled("a", "4")});
  EXPECT_EQ(this->remove("a", {at("1"), at("4")}), SpillOutcome::Stored);
  EXPECT_EQ(text_of(this->head("a")), "2");
  EXPECT_EQ(text_of(this->head("b")), "3");
  EXPECT_EQ(this->remove("a", {at("2")}), SpillOutcome::Stored);
  EXPECT_EQ(this->load().keys.size(), 1u) << "a key without records is gone";
}

TYPED_TEST_P(SpillStoreContract, RemovingWhatIsGoneIsNoError) {
  EXPECT_EQ(this->remove("a", {at("1")}), SpillOutcome::Stored);
  this->append({spilled("a", "1")});
  this->remove("a", {at("1")});
  EXPECT_EQ(this->remove("a", {at("1")}), SpillOutcome::Stored);
}

TYPED_TEST_P(SpillStoreContract, KeepsShardsAndConsumersApart) {
  this->append({spilled("a", "1")}, "s0");
  this->append({spilled("a", "2")}, "s1");
  this->get(this->store().append(scope_of("s2", "w1", "app/b"), {spilled("a", "3")}));
  EXPECT_EQ(text_of(this->head("a", 9, 9999, "s0")), "1");
  EXPECT_EQ(text_of(this->head("a", 9, 9999, "s1")), "2");
  EXPECT_EQ(text_of(this->head("a", 9, 9999, "s2")), "");
  EXPECT_EQ(this->load("s1").keys.size(), 1u);
}

TYPED_TEST_P(SpillStoreContract, HoldsARecordOfTenMebibytes) {
  std::string data(std::size_t{10} * 1024 * 1024, '\0');
  for (std::size_t i = 0; i < data.size(); ++i)
    data[i] = static_cast<char>(i * 31 >> 3);
  EXPECT_EQ(this->append({spilled("a", "1", data), spilled("a", "2", "next")}),
            SpillOutcome::Stored);
  const auto found = this->head("a");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_TRUE(found[0].data == data);
  EXPECT_EQ(this->load().keys[0].bytes, data.size() + 1 + 5);
  this->remove("a", {at("1")});
  EXPECT_EQ(text_of(this->head("a")), "2");
}

TYPED_TEST_P(SpillStoreContract, HoldsThousandsOfRecordsOfAKey) {
  std::vector<SpilledRecord> many;
  for (int i = 1; i <= 3000; ++i)
    many.push_back(spilled("a", std::to_string(i).c_str(), "x"));
  EXPECT_EQ(this->append(many), SpillOutcome::Stored);
  const SpillContent content = this->load("s0", "2999");
  ASSERT_EQ(content.keys.size(), 1u);
  EXPECT_EQ(content.keys[0].records, 3000u);
  EXPECT_EQ(text_of(content.ahead), "3000");
  EXPECT_EQ(this->head("a", 2500).size(), 2500u);
  std::vector<ExtendedSequenceNumber> gone;
  for (int i = 1; i <= 2990; ++i)
    gone.push_back(many[static_cast<std::size_t>(i - 1)].position);
  EXPECT_EQ(this->remove("a", gone), SpillOutcome::Stored);
  EXPECT_EQ(this->head("a", 2500).size(), 10u);
}

TYPED_TEST_P(SpillStoreContract, RefusesAWriterWhoLostTheLease) {
  if (!TypeParam::kFences)
    GTEST_SKIP() << "one process owns the state directory";
  this->append({spilled("a", "1")});
  this->fixture_.own(scope_of("s0", "w2"));
  EXPECT_EQ(this->append({spilled("a", "2")}, "s0", "w1"), SpillOutcome::LeaseLost);
  EXPECT_EQ(this->remove("a", {at("1")}, "w1"), SpillOutcome::LeaseLost);
  EXPECT_EQ(text_of(this->head("a")), "1") << "nothing was written";
  EXPECT_EQ(this->append({spilled("a", "2")}, "s0", "w2"), SpillOutcome::Stored);
  EXPECT_EQ(this->remove("a", {at("1")}, "w2"), SpillOutcome::Stored);
}

REGISTER_TYPED_TEST_SUITE_P(SpillStoreContract, IsEmptyAtFirst, GivesBackEveryFieldOfARecord,
                            TheLastRecordOfAnAggregateKeepsItsIndex,
                            OrdersSequenceNumbersByValueAndThenByPlaceInTheAggregate,
                            GivesTheHeadOfAKeyWithinItsLimits, TellsWhatWaitsWithoutItsPayloads,
                            TellsWhatLiesAheadOfTheCheckpoint, AddingARecordAgainChangesNothing,
                            RemovesExactlyWhatItIsTold, RemovingWhatIsGoneIsNoError,
                            KeepsShardsAndConsumersApart, HoldsARecordOfTenMebibytes,
                            HoldsThousandsOfRecordsOfAKey, RefusesAWriterWhoLostTheLease);

}  // namespace kt::spill::contract
