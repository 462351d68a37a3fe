#include "lease/dynamodb/dynamodb_lease_table.h"

#include "runtime/task_group.h"
#include "tests/contract/lease_table_contract.h"
#include "tests/contract/lease_window_contract.h"
#include "tests/support/dynamodb/modelled_dynamodb.h"

namespace kt::lease {
namespace {

using contract::after;
using contract::consumer_of;
using contract::row_of;
using contract::write_of;
using nlohmann::json;
using test::DynamoDbNetwork;
using test::ModelledDynamoDb;

ModelledDynamoDb::Options small_pages() {
  ModelledDynamoDb::Options options;
  options.page_bytes = 300;  // about one row a page
  options.creating = Duration(0);
  return options;
}

/// For the contract suite: its own clock stands still, so nothing may wait.
struct Modelled {
  LeaseTable& table() { return leases; }
  VirtualClock clock;
  Random random{1};
  ModelledDynamoDb service{clock, Random(2), small_pages()};
  DynamoDbNetwork network{clock, Random(3), service};
  DynamoDbLeaseTable leases{{clock, random, network}, {"kt"}};
};

class DynamoDbLeaseTableTest : public testing::Test {
 protected:
  template <class T>
  Result<T> run(Task<Result<T>> task) {
    return run_sim(loop_, clock_, std::move(task));
  }
  template <class T>
  T get(Task<Result<T>> task) {
    auto result = run(std::move(task));
    CHECK(result.has_value(), result ? "" : result.error().what);
    return *std::move(result);
  }
  std::unique_ptr<DynamoDbLeaseTable> another() {
    const DynamoDbLeaseTable::Deps deps{clock_, random_, network_};
    DynamoDbLeaseTable::Options options;
    options.prefix = "kt";
    return std::make_unique<DynamoDbLeaseTable>(deps, options);
  }
  std::vector<Lease> shards(int count) const {
    std::vector<Lease> rows;
    for (int i = 0; i < count; ++i)
      rows.push_back(row_of(mine_, ("shardId-" + std::to_string(100'000 + i)).c_str()));
    return rows;
  }
  Task<Result<Unit>> wait(Duration time) {
    co_await clock_.sleep(time);
    co_return Unit{};
  }
  json ask(const char* operation, json request) {
    auto answer = service_.handle(operation, request);
    CHECK(answer.has_value(), answer ? "" : answer.error().what);
    return answer->body;
  }
  json scan(const char* table) {
    json request;
    request["TableName"] = table;
    request["ConsistentRead"] = true;
    return ask("Scan", request)["Items"];
  }

  Loop loop_;
  VirtualClock clock_;
  Random random_{1};
  ModelledDynamoDb service_{clock_, Random(2), {}};
  DynamoDbNetwork network_{clock_, Random(3), service_};
  std::unique_ptr<DynamoDbLeaseTable> table_ = another();
  const ConsumerKey mine_ = consumer_of("shop/ingest");
  const WorkerId w1_{"w1"}, w2_{"w2"};
};

TEST_F(DynamoDbLeaseTableTest, MakesItsTablesOnDemandAndWaitsForThem) {
  EXPECT_FALSE(get(table_->seeded(mine_)));
  EXPECT_GE(clock_.now(), MonotonicTime(std::chrono::seconds(3)));
  json request;
  request["TableName"] = "kt-shop.ingest";
  const json made = ask("DescribeTable", request)["Table"];
  EXPECT_EQ(made["BillingMode"], "PAY_PER_REQUEST");
  EXPECT_EQ(made["KeySchema"][0]["AttributeName"], "leaseKey");
  request["TableName"] = "kt-shop.ingest-workers";
  ask("DescribeTable", request);
  const auto made_calls = network_.counts.by_operation["CreateTable"];
  get(another()->seeded(mine_));
  EXPECT_EQ(network_.counts.by_operation["CreateTable"], made_calls);
}

TEST_F(DynamoDbLeaseTableTest, WorkersThatStartTogetherMakeThemOnce) {
  const auto second = another();
  std::vector<Task<Result<bool>>> both;
  TaskGroup group(loop_);
  int ready = 0;
  struct Start {
    static Task<Result<Unit>> begin(LeaseTable& table, ConsumerKey key, int& count) {
      CO_TRY(table.seeded(std::move(key)));
      ++count;
      co_return Unit{};
    }
  };
  group.spawn(Start::begin(*table_, mine_, ready));
  group.spawn(Start::begin(*second, mine_, ready));
  group.spawn(Start::begin(*second, mine_, ready));
  run_virtual(loop_, clock_, [&] { return group.empty(); });
  EXPECT_EQ(ready, 3);
}

TEST_F(DynamoDbLeaseTableTest, RefusesATableThatItDidNotMake) {
  json kcl = json::parse(R"({"TableName":"kt-shop.ingest","BillingMode":"PAY_PER_REQUEST",
      "AttributeDefinitions":[{"AttributeName":"leaseKey","AttributeType":"S"}],
      "KeySchema":[{"AttributeName":"leaseKey","KeyType":"HASH"}]})");
  ask("CreateTable", kcl);
  get(wait(std::chrono::seconds(5)));
  const auto seeded = run(table_->seeded(mine_));
  ASSERT_FALSE(seeded);
  EXPECT_EQ(seeded.error().code, ErrorCode::Invalid);
  EXPECT_THAT(seeded.error().what, testing::HasSubstr("kt-shop.ingest"));
  EXPECT_THAT(seeded.error().what, testing::HasSubstr("import-kcl"));
  EXPECT_EQ(network_.counts.by_operation["CreateTable"], 0u);
}

TEST_F(DynamoDbLeaseTableTest, ATableThatIsNeverReadyIsSaidAndNotWaitedForForEver) {
  ModelledDynamoDb::Options slow;
  slow.creating = std::chrono::hours(1);
  ModelledDynamoDb service(clock_, Random(2), slow);
  DynamoDbNetwork network(clock_, Random(3), service);
  const DynamoDbLeaseTable::Deps deps{clock_, random_, network};
  DynamoDbLeaseTable table(deps, {"kt"});
  const auto seeded = run(table.seeded(mine_));
  ASSERT_FALSE(seeded);
  EXPECT_EQ(seeded.error().code, ErrorCode::Unavailable);
  EXPECT_THAT(seeded.error().what, testing::HasSubstr("CREATING"));
}

TEST_F(DynamoDbLeaseTableTest, UsesTheNamesOfTheKclWhereTheMeaningIsTheSame) {
  Lease row = row_of(mine_, "shardId-1", {ShardId("shardId-0")});
  get(table_->seed(mine_, {row}));
  const auto held = get(table_->take(get(table_->list(mine_)).front(), w1_));
  get(table_->checkpoint({write_of(*held, after("4959", 3))}));
  const json item = scan("kt-shop.ingest").at(0);
  EXPECT_TRUE(item["leaseKey"]["S"].get<std::string>().starts_with("shardId-1@orders/1/"));
  EXPECT_EQ(item["leaseOwner"]["S"], "w1");
  EXPECT_EQ(item["leaseCounter"]["N"], "2");
  EXPECT_EQ(item["checkpoint"]["S"], "4959");
  EXPECT_EQ(item["checkpointSubSequenceNumber"]["N"], "3");
  EXPECT_EQ(item["parentShardId"]["SS"], json::array({"shardId-0"}));
  EXPECT_EQ(item["ownerSwitchesSinceCheckpoint"]["N"], "0");
}

TEST_F(DynamoDbLeaseTableTest, KeepsEveryKindOfPosition) {
  const Checkpoint all[] = {
      Checkpoint(TrimHorizon()),
      Checkpoint(AtTimestamp{WallTime(std::chrono::milliseconds(1'700'000'000'123))}),
      Checkpoint(AtSequenceNumber{SequenceNumber("7")}),
      after("8", 0),
      after("8", 17),
      after("8"),
      Checkpoint(ShardEnd())};
  get(table_->seed(mine_, shards(1)));
  auto held = *get(table_->take(get(table_->list(mine_)).front(), w1_));
  for (const Checkpoint& to : all) {
    get(table_->checkpoint({write_of(held, to)}));
    ++held.counter;
    EXPECT_EQ(get(table_->list(mine_)).front().checkpoint, to) << to_string(to);
  }
}

TEST_F(DynamoDbLeaseTableTest, CountsTheOwnersSinceTheLastCheckpoint) {
  get(table_->seed(mine_, shards(1)));
  auto held = get(table_->take(get(table_->list(mine_)).front(), w1_));
  held = get(table_->take(*held, w2_));
  EXPECT_EQ(scan("kt-shop.ingest").at(0)["ownerSwitchesSinceCheckpoint"]["N"], "2");
  get(table_->checkpoint({write_of(*held, after("1"))}));
  EXPECT_EQ(scan("kt-shop.ingest").at(0)["ownerSwitchesSinceCheckpoint"]["N"], "0");
}

TEST_F(DynamoDbLeaseTableTest, SeedsMoreShardsThanATransactionTakes) {
  EXPECT_EQ(get(table_->seed(mine_, shards(1500))), SeedOutcome::Seeded);
  EXPECT_EQ(get(table_->list(mine_)).size(), 1500u);
  EXPECT_EQ(scan("kt-shop.ingest-workers").size(), 1u) << "only the mark is left";
}

TEST_F(DynamoDbLeaseTableTest, AHalfSeedIsFinishedByWhoComesNextWithTheSamePositions) {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    ModelledDynamoDb::Options options;
    ModelledDynamoDb service(clock_, Random(2), options);
    DynamoDbNetwork network(clock_, Random(seed), service);
    const DynamoDbLeaseTable::Deps deps{clock_, random_, network};
    DynamoDbLeaseTable table(deps, {"kt"});
    get(table.prepare(mine_.application));
    network.faults.fail_before_per_mille = 150;
    network.faults.lose_reply_per_mille = 150;
    std::vector<Lease> rows = shards(250);
    const auto first = run(table.seed(mine_, rows));
    for (Lease& row : rows)
      row.checkpoint = AtTimestamp{WallTime(std::chrono::milliseconds(99))};
    network.faults = {};
    const auto mine = run(table.seed(mine_, rows));
    ASSERT_TRUE(mine) << mine.error().what;
    if (first) {
      EXPECT_EQ(*mine, SeedOutcome::SeededBefore);
    }
    const auto stored = get(table.list(mine_));
    ASSERT_EQ(stored.size(), 250u);
    for (const Lease& row : stored)
      EXPECT_EQ(row.checkpoint, stored.front().checkpoint) << "of one seed only";
  }
}

TEST_F(DynamoDbLeaseTableTest, AWorkerThatSleptOverTheSeedBringsNoRowBack) {
  get(table_->prepare(mine_.application));
  const auto slow = another();
  get(slow->prepare(mine_.application));
  network_.faults.delay_max = std::chrono::seconds(1);
  std::vector<Task<Result<Unit>>> none;
  int done = 0;
  struct Start {
    static Task<Result<Unit>> seed(LeaseTable& table, ConsumerKey key, std::vector<Lease> rows,
                                   bool remove, int& count) {
      auto outcome = co_await table.seed(key, std::move(rows));
      CHECK(outcome.has_value());
      if (remove) {
        CO_TRY(auto stored, table.list(key));
        for (const Lease& row : stored) {
          CO_TRY(table.remove(row, true));
        }
      }
      ++count;
      co_return Unit{};
    }
  };
  TaskGroup group(loop_);
  group.spawn(Start::seed(*table_, mine_, shards(3), true, done));
  group.spawn(Start::seed(*slow, mine_, shards(3), false, done));
  run_virtual(loop_, clock_, [&] { return group.empty(); });
  EXPECT_EQ(done, 2);
  EXPECT_TRUE(get(table_->list(mine_)).empty());
}

TEST_F(DynamoDbLeaseTableTest, ReadsWhatDecidesConsistently) {
  get(table_->seed(mine_, shards(3)));
  get(table_->beat(mine_, contract::beat_of(w1_)));
  auto held = *get(table_->take(get(table_->list(mine_)).front(), w1_));
  CheckpointWrite write = write_of(held, after("1"));
  WindowState window;
  window.state.assign(500'000, 'w');
  write.window.emplace(window);
  get(table_->checkpoint({write}));
  get(table_->load_window(held.key));
  get(table_->beats(mine_));
  get(table_->incarnations(mine_.application, mine_.endpoint, mine_.stream));
  EXPECT_EQ(service_.eventual_reads, 0u);
}

TEST_F(DynamoDbLeaseTableTest, ChecksManyPointsAtOnceAndSomeInFlight) {
  get(table_->seed(mine_, shards(64)));
  const auto taken = get(table_->take_all(get(table_->list(mine_)), w1_));
  network_.faults.delay_max = std::chrono::milliseconds(10);
  std::vector<CheckpointWrite> writes;
  for (const auto& row : taken)
    writes.push_back(write_of(*row, after("1")));
  const MonotonicTime before = clock_.now();
  const auto outcomes = get(table_->checkpoint(writes));
  EXPECT_THAT(outcomes, testing::Each(WriteOutcome::Written));
  EXPECT_LT(clock_.now() - before, std::chrono::milliseconds(64 / 16 * 20 + 1));
  EXPECT_GT(clock_.now() - before, std::chrono::milliseconds(20));
}

TEST_F(DynamoDbLeaseTableTest, OneWriteOfAGroupThatFailsLeavesTheGroupOpen) {
  get(table_->seed(mine_, shards(20)));
  const auto taken = get(table_->take_all(get(table_->list(mine_)), w1_));
  std::vector<CheckpointWrite> writes;
  for (const auto& row : taken)
    writes.push_back(write_of(*row, after("1")));
  network_.faults.lose_reply_per_mille = 200;
  const auto outcomes = run(table_->checkpoint(writes));
  ASSERT_FALSE(outcomes);
  EXPECT_EQ(outcomes.error().code, ErrorCode::TimedOut);
  network_.faults = {};
  for (const Lease& row : get(table_->list(mine_)))
    EXPECT_EQ(row.checkpoint, after("1")) << "all were sent";
}

TEST_F(DynamoDbLeaseTableTest, ARoundCostsNoRequestsByTheShard) {
  get(table_->seed(mine_, shards(64)));
  get(table_->beats(mine_));
  const auto calls = network_.counts.calls;
  get(table_->list(mine_));
  get(table_->beats(mine_));
  EXPECT_EQ(network_.counts.calls, calls + 2);
}

TEST(TableNames, KeepWhatTheServiceAllows) {
  EXPECT_EQ(TableNames::of("kt", ApplicationName("shop/ingest é")).leases, "kt-shop.ingest...");
  EXPECT_EQ(TableNames::of("kt", ApplicationName("a")).workers, "kt-a-workers");
  EXPECT_LE(TableNames::of("kt", ApplicationName(std::string(400, 'a'))).workers.size(), 255u);
  EXPECT_TRUE(check_table_prefix("prod.kt_1-x"));
  for (const char* bad : {"", "a/b", "a b"})
    EXPECT_FALSE(check_table_prefix(bad)) << bad;
}

}  // namespace

namespace contract {
INSTANTIATE_TYPED_TEST_SUITE_P(DynamoDb, LeaseTableContract, Modelled);
INSTANTIATE_TYPED_TEST_SUITE_P(DynamoDb, LeaseWindowContract, Modelled);
}  // namespace contract
}  // namespace kt::lease
