#include "host/key_value/dynamodb_store.h"

#include "base/check.h"
#include "tests/contract/key_value_store_contract.h"
#include "tests/support/dynamodb/modelled_dynamodb.h"

namespace kt::host {
namespace {

using nlohmann::json;

/// The modelled service, with batches on top: each carries out a few of its requests only.
class WithBatches final : public aws::DynamoDbApi {
 public:
  explicit WithBatches(aws::DynamoDbApi& service) : service_(service) {}

  Task<Result<aws::DynamoDbAnswer>> call(std::string operation, json request) override {
    if (operation == "BatchGetItem")
      co_return co_await read(request["RequestItems"]);
    if (operation == "BatchWriteItem")
      co_return co_await write(request["RequestItems"]);
    co_return co_await service_.call(std::move(operation), std::move(request));
  }

  std::size_t at_once = 1000;  ///< what it does of a batch; the rest is handed back

 private:
  Task<Result<aws::DynamoDbAnswer>> read(json batches) {
    aws::DynamoDbAnswer out(json::object());
    CHECK(batches.size() == 1);
    const std::string table = batches.begin().key();
    json batch = batches.begin().value();
    json& keys = batch["Keys"];
    if (keys.size() > 100 || has_twins(keys))
      co_return fail(ErrorCode::Invalid, "ValidationException");
    out.body["Responses"][table] = json::array();
    for (std::size_t i = 0; i < at_once && !keys.empty(); ++i) {
      json request = json::object();
      request["TableName"] = table;
      request["Key"] = keys.back();
      request["ConsistentRead"] = batch["ConsistentRead"];
      keys.erase(keys.size() - 1);
      CO_TRY(const aws::DynamoDbAnswer got, service_.call("GetItem", std::move(request)));
      if (got.body.contains("Item"))
        out.body["Responses"][table].push_back(got.body["Item"]);
    }
    if (!keys.empty())
      out.body["UnprocessedKeys"][table] = batch;
    co_return out;
  }

  Task<Result<aws::DynamoDbAnswer>> write(json batches) {
    aws::DynamoDbAnswer out(json::object());
    CHECK(batches.size() == 1);
    const std::string table = batches.begin().key();
    json writes = batches.begin().value();
    if (writes.size() > 25 || has_twins(writes))
      co_return fail(ErrorCode::Invalid, "ValidationException");
    for (std::size_t i = 0; i < at_once && !writes.empty(); ++i) {
      const json write = writes.back();
      writes.erase(writes.size() - 1);
      const bool put = write.contains("PutRequest");
      json request = put ? write["PutRequest"] : write["DeleteRequest"];
      request["TableName"] = table;
      CO_TRY(service_.call(put ? "PutItem" : "DeleteItem", std::move(request)));
    }
    if (!writes.empty())
      out.body["UnprocessedItems"][table] = writes;
    co_return out;
  }

  static bool has_twins(const json& list) {
    std::set<std::string> seen;
    for (const json& each : list)
      seen.insert(each.contains("PutRequest") ? each["PutRequest"]["Item"]["PK"].dump()
                                              : each.dump());
    return seen.size() < list.size();
  }

  aws::DynamoDbApi& service_;
};

class InDynamoDb final : public StoreUnderTest {
 public:
  InDynamoDb() {
    const json table = json::parse(
        R"({"TableName": "kv", "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "PK", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "PK", "AttributeType": "S"}]})");
    CHECK(service_.handle("CreateTable", table).has_value());
  }
  TaskRunner& runner() override { return runner_; }
  KeyValueStore& store() override { return store_; }
  std::string stored_number(std::int64_t number) override { return std::to_string(number); }

  json item(const char* key) {
    json request = json::object();
    request["TableName"] = "kv";
    request["ConsistentRead"] = true;
    request["Key"]["PK"]["S"] = key;
    return service_.handle("GetItem", request)->body["Item"];
  }
  void put(json item) {
    json request = json::object();
    request["TableName"] = "kv";
    request["Item"] = std::move(item);
    CHECK(service_.handle("PutItem", request).has_value());
  }
  test::DynamoDbNetwork& network() { return network_; }
  WithBatches& batches() { return batches_; }

 private:
  static test::ModelledDynamoDb::Options options() {
    test::ModelledDynamoDb::Options options;
    options.creating = Duration(0);
    options.stale_for = Duration(0);
    options.page_bytes = 100;
    return options;
  }
  static DynamoDbKeyValueStore::Options store_options() {
    DynamoDbKeyValueStore::Options options;
    options.table = "kv";
    options.region = "eu-west-1";
    options.retry.base = options.retry.throttled_base = std::chrono::milliseconds(1);
    return options;
  }

  TaskRunner runner_;
  Random random_{7};
  test::ModelledDynamoDb service_{runner_.clock(), Random(1), options()};
  test::DynamoDbNetwork network_{runner_.clock(), Random(2), service_};
  WithBatches batches_{network_};
  DynamoDbKeyValueStore store_{{batches_, runner_.clock(), random_}, store_options()};
};
INSTANTIATE_TYPED_TEST_SUITE_P(InDynamoDb, AKeyValueStore, InDynamoDb);

TEST(ADynamoDbKeyValueStore, KeepsItemsAsSpinDoes) {
  InDynamoDb db;
  ASSERT_TRUE(db.runner().run(db.store().set("k", as_bytes("\x01\x02"))));
  EXPECT_EQ(db.item("k"), json::parse(R"({"PK": {"S": "k"}, "VAL": {"B": "AQI="}})"));
  ASSERT_TRUE(db.runner().run(db.store().increment("n", 41)));
  EXPECT_EQ(db.item("n"), json::parse(R"({"PK": {"S": "n"}, "VAL": {"B": "NDE="}})"));
  ASSERT_TRUE(db.runner().run(db.store().swap("n", as_bytes("41"), as_bytes("x"))));
  EXPECT_EQ(db.item("n")["VER"], json::parse(R"({"N": "1"})"));
  db.put(json::parse(R"({"PK": {"S": "theirs"}, "VAL": {"B": "AQI="}, "VER": {"N": "7"}})"));
  EXPECT_EQ(text_of(*db.runner().run(db.store().get("theirs"))), "\x01\x02");
  EXPECT_EQ(db.store().summary(), "AWS DynamoDB region: eu-west-1, table: kv");
}

TEST(ADynamoDbKeyValueStore, SendsAgainWhatTheServiceLeftUndone) {
  InDynamoDb db;
  db.batches().at_once = 3;
  std::vector<std::string> names;
  std::vector<KeyAndValue> entries;
  for (int i = 0; i < 30; ++i)
    names.push_back("k" + std::to_string(i));
  for (const std::string& name : names)
    entries.push_back(KeyAndValue{name, as_bytes(name)});
  ASSERT_TRUE(db.runner().run(db.store().set_many(entries)));
  const std::vector<std::string_view> keys(names.begin(), names.end());
  const auto values = db.runner().run(db.store().get_many(keys));
  ASSERT_TRUE(values) << values.error().what;
  for (std::size_t i = 0; i < names.size(); ++i)
    EXPECT_EQ(text_of((*values)[i]), names[i]);

  db.batches().at_once = 0;
  const auto refused = db.runner().run(db.store().get_many(keys));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Throttled);
  EXPECT_FALSE(db.runner().run(db.store().set_many(entries)));
}

TEST(ADynamoDbKeyValueStore, AddsNothingTwiceWhenAnAnswerIsLost) {
  InDynamoDb db;
  ASSERT_EQ(db.runner().run(db.store().increment("n", 1)), 1);
  db.network().faults.lose_reply_per_mille = 1000;
  db.network().on_arrival = [&db, calls = 0]() mutable {
    db.network().faults.lose_reply_per_mille = ++calls == 2 ? 1000 : 0;  // of the write
  };
  db.network().faults.lose_reply_per_mille = 0;
  const auto lost = db.runner().run(db.store().increment("n", 1));
  ASSERT_FALSE(lost) << "whether it was done is not known";
  EXPECT_TRUE(is_transient(lost.error().code));
  db.network().on_arrival = nullptr;
  db.network().faults.lose_reply_per_mille = 0;
  EXPECT_EQ(db.runner().run(db.store().increment("n", 0)), 2) << "added once";
}

TEST(ADynamoDbKeyValueStore, RepeatsWhatPassesAndNamesTheTable) {
  InDynamoDb db;
  db.network().faults.throttle_per_mille = 300;
  int failed = 0;
  for (int i = 0; i < 40; ++i)
    failed += db.runner().run(db.store().set("k", as_bytes("v"))).has_value() ? 0 : 1;
  EXPECT_LT(failed, 10);
  db.network().faults.throttle_per_mille = 1000;
  const auto refused = db.runner().run(db.store().get("k"));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, ::testing::HasSubstr("DynamoDB table kv"));
}

}  // namespace
}  // namespace kt::host
