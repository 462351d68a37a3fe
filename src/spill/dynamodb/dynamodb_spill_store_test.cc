#include "spill/dynamodb/dynamodb_spill_store.h"

#include "tests/contract/spill_store_contract.h"
#include "tests/support/dynamodb/modelled_dynamodb.h"

namespace kt::spill {
namespace {

using contract::at;
using contract::scope_of;
using contract::spilled;
using contract::text_of;
using nlohmann::json;

json text(const std::string& value) {
  json out = json::object();
  out["S"] = value;
  return out;
}

/// The tables of an application, and who owns which of its leases.
class Service final : public SpillPlaces {
 public:
  explicit Service(std::size_t page_bytes) : service_(clock_, Random(2), options(page_bytes)) {
    make_table("kt-leases", {"leaseKey"});
    make_table("kt-workers", {"scope", "name"});
  }

  Task<Result<SpillPlace>> of(SpillScope scope) override {
    SpillPlace place;
    place.table = "kt-workers";
    place.scope = "spill@" + lease_of(scope);
    place.lease_table = "kt-leases";
    place.lease_key["leaseKey"] = text(lease_of(scope));
    place.owner_attribute = "leaseOwner";
    co_return place;
  }
  void own(const SpillScope& scope) {
    json put;
    put["TableName"] = "kt-leases";
    put["Item"]["leaseKey"] = text(lease_of(scope));
    put["Item"]["leaseOwner"] = text(scope.owner.str());
    call("PutItem", put);
  }
  void call(const std::string& operation, const json& request) {
    const auto answer = service_.handle(operation, request);
    CHECK(answer.has_value(), answer ? "" : answer.error().what);
  }
  test::DynamoDbNetwork& network() { return network_; }

 private:
  static test::ModelledDynamoDb::Options options(std::size_t page_bytes) {
    test::ModelledDynamoDb::Options options;
    options.page_bytes = page_bytes;
    options.creating = Duration(0);
    return options;
  }
  static std::string lease_of(const SpillScope& scope) {
    return scope.shard.str() + "@" + scope.consumer();
  }
  void make_table(const char* name, const std::vector<const char*>& key) {
    json make;
    make["TableName"] = name;
    make["BillingMode"] = "PAY_PER_REQUEST";
    for (std::size_t i = 0; i < key.size(); ++i) {
      json part;
      part["AttributeName"] = key[i];
      json schema = part;
      part["AttributeType"] = "S";
      schema["KeyType"] = i == 0 ? "HASH" : "RANGE";
      make["AttributeDefinitions"].push_back(part);
      make["KeySchema"].push_back(schema);
    }
    call("CreateTable", make);
  }

  VirtualClock clock_;
  test::ModelledDynamoDb service_;
  test::DynamoDbNetwork network_{clock_, Random(3), service_};
};

class DynamoDbSpillStoreTest : public testing::Test {
 protected:
  DynamoDbSpillStoreTest() { service_.own(scope_of("s0")); }
  template <class T>
  Result<T> run(Task<Result<T>> task) {
    return run_sim(loop_, clock_, std::move(task));
  }
  std::string head(const char* key) {
    HeadLimits limits;
    limits.records_max = 100;
    limits.bytes_max = 100'000'000;
    return text_of(*run(store_.head(scope_of("s0"), key, limits)));
  }
  std::size_t item_count() {
    json query;
    query["TableName"] = "kt-workers";
    query["ConsistentRead"] = true;
    const auto answer = run(service_.network().call("Scan", query));
    return answer->body["Items"].size();
  }

  Loop loop_;
  VirtualClock clock_;
  Service service_{std::size_t{64} * 1024 * 1024};
  DynamoDbSpillStore store_{service_.network(), service_};
};

TEST_F(DynamoDbSpillStoreTest, NoItemAndNoTransactionIsLargerThanTheServiceTakes) {
  const std::string data(std::size_t{10} * 1024 * 1024, 'x');
  ASSERT_TRUE(run(store_.append(scope_of("s0"), {spilled("a", "1", data)})));
  EXPECT_EQ(item_count(), (data.size() + items::kChunkBytes - 1) / items::kChunkBytes);
  EXPECT_GE(service_.network().counts.by_operation["TransactWriteItems"], 4u);
}

TEST_F(DynamoDbSpillStoreTest, ARecordIsThereOnceAllOfItIsThere) {
  // The last of its transactions, with the head, is refused: somebody else took the lease.
  const std::string data(std::size_t{5} * 1024 * 1024, 'x');
  service_.network().counts.calls = 0;
  const SpillScope scope = scope_of("s0");
  class Thief final : public aws::DynamoDbApi {
   public:
    Thief(Service& s, DynamoDbApi& api) : service(s), inner(api) {}
    Task<Result<aws::DynamoDbAnswer>> call(std::string operation, json request) override {
      if (operation == "TransactWriteItems" && ++transactions == 2)
        service.own(scope_of("s0", "w2"));
      co_return co_await inner.call(std::move(operation), std::move(request));
    }
    Service& service;
    DynamoDbApi& inner;
    int transactions = 0;
  };
  Thief thief(service_, service_.network());
  DynamoDbSpillStore store(thief, service_);
  EXPECT_EQ(*run(store.append(scope, {spilled("a", "1", "x"), spilled("a", "2", data)})),
            SpillOutcome::LeaseLost);
  EXPECT_EQ(head("a"), "1") << "what was added is a prefix";
  EXPECT_GT(item_count(), 1u);
  const auto content = run(store_.load(scope_of("s0", "w2"), std::nullopt));
  ASSERT_EQ(content->keys.size(), 1u);
  EXPECT_EQ(content->keys[0].records, 1u);
  EXPECT_EQ(item_count(), 1u) << "the next owner forgets the rest of the record";
}

TEST_F(DynamoDbSpillStoreTest, AWriteWhoseReplyWasLostMayBeRepeated) {
  const std::string data(1'000'000, 'x');
  service_.network().faults.lose_reply_per_mille = 1000;
  EXPECT_FALSE(run(store_.append(scope_of("s0"), {spilled("a", "1", data)})));
  service_.network().faults.lose_reply_per_mille = 0;
  EXPECT_EQ(*run(store_.append(scope_of("s0"), {spilled("a", "1", data)})), SpillOutcome::Stored);
  EXPECT_EQ(head("a"), "1");
  service_.network().faults.lose_reply_per_mille = 1000;
  EXPECT_FALSE(run(store_.remove(scope_of("s0"), "a", {at("1")})));
  service_.network().faults.lose_reply_per_mille = 0;
  EXPECT_EQ(*run(store_.remove(scope_of("s0"), "a", {at("1")})), SpillOutcome::Stored);
  EXPECT_EQ(item_count(), 0u);
}

TEST_F(DynamoDbSpillStoreTest, AnItemThatIsNoneIsCorruptAndNamesTheTable) {
  json put;
  put["TableName"] = "kt-workers";
  put["Item"]["scope"] = text("spill@s0@" + scope_of("s0").consumer());
  put["Item"]["name"] = text("nothing");
  service_.call("PutItem", put);
  const auto content = run(store_.load(scope_of("s0"), std::nullopt));
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().code, ErrorCode::Corrupt);
  EXPECT_THAT(content.error().what, testing::HasSubstr("kt-workers"));
}

TEST_F(DynamoDbSpillStoreTest, APartitionKeyNeedNotBeText) {
  SpilledRecord record = spilled("", "1");
  record.partition_key = std::string("\xff\0/", 3);
  ASSERT_TRUE(run(store_.append(scope_of("s0"), {record})));
  const auto content = run(store_.load(scope_of("s0"), std::nullopt));
  EXPECT_EQ(content->keys.at(0).partition_key, record.partition_key);
}

}  // namespace

namespace contract {

class InDynamoDb {
 public:
  static constexpr bool kFences = true;
  SpillStore& store() { return store_; }
  void own(const SpillScope& scope) { service_.own(scope); }

 private:
  Service service_{5'000};  // a few items a page
  DynamoDbSpillStore store_{service_.network(), service_};
};

INSTANTIATE_TYPED_TEST_SUITE_P(DynamoDb, SpillStoreContract, InDynamoDb);

}  // namespace contract
}  // namespace kt::spill
