#include "lease/sqlite/sqlite_lease_table.h"

#include <unistd.h>

#include <filesystem>

#include "runtime/task_group.h"

#include "tests/contract/lease_table_contract.h"
#include "tests/contract/lease_window_contract.h"

namespace kt::lease {
namespace {

namespace fs = std::filesystem;

struct InMemory {
  InMemory() : leases(*SqliteLeaseTable::open(":memory:", work)) {}
  LeaseTable& table() { return *leases; }
  InlineWork work;
  std::unique_ptr<SqliteLeaseTable> leases;
};

class SqliteLeaseTableTest : public testing::Test {
 protected:
  SqliteLeaseTableTest() {
    std::string name = (fs::temp_directory_path() / "kt-lease-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~SqliteLeaseTableTest() override { fs::remove_all(folder_); }
  std::string file() const { return (folder_ / "kinesis.db").string(); }

  fs::path folder_;
  Loop loop_;
  VirtualClock clock_;
  const ConsumerKey mine_ = contract::consumer_of("app/a");
};

TEST_F(SqliteLeaseTableTest, KeepsEverythingAcrossAReopen) {
  InlineWork work;
  {
    auto table = *SqliteLeaseTable::open(file(), work);
    run_sim(loop_, clock_, table->seed(mine_, {contract::row_of(mine_, "s0")}));
    const auto rows = run_sim(loop_, clock_, table->list(mine_));
    const auto held = run_sim(loop_, clock_, table->take(rows->front(), WorkerId("w1")));
    run_sim(loop_, clock_, table->checkpoint({contract::write_of(**held, contract::after("8"))}));
  }
  auto table = *SqliteLeaseTable::open(file(), work);
  EXPECT_TRUE(*run_sim(loop_, clock_, table->seeded(mine_)));
  const auto rows = run_sim(loop_, clock_, table->list(mine_));
  EXPECT_EQ(rows->front().checkpoint, contract::after("8"));
  EXPECT_EQ(rows->front().counter, 2u);
  EXPECT_EQ(rows->front().owner, WorkerId("w1"));
}

Task<void> stop_the_loop_after(Loop& loop, Task<Result<SeedOutcome>> task,
                               std::optional<Result<SeedOutcome>>& out) {
  out = co_await std::move(task);
  loop.stop();
}

Task<Result<Unit>> as_child(Task<void> task) {
  co_await std::move(task);
  co_return Unit{};
}

TEST_F(SqliteLeaseTableTest, WorksOverAThreadOfItsOwn) {
  DedicatedThread thread("store");
  auto table = *SqliteLeaseTable::open(file(), thread);
  std::optional<Result<SeedOutcome>> out;
  TaskGroup group(loop_);
  group.spawn(as_child(
      stop_the_loop_after(loop_, table->seed(mine_, {contract::row_of(mine_, "s0")}), out)));
  loop_.run();
  loop_.poll();
  ASSERT_TRUE(out.has_value());
  EXPECT_EQ(**out, SeedOutcome::Seeded);
}

TEST_F(SqliteLeaseTableTest, AFullDiskRollsBackTheWholeCommit) {
  InlineWork work;
  sqlite::Options small;
  small.page_count_max = 14;
  auto table = *SqliteLeaseTable::over(*sqlite::Database::open(file(), small), work);
  std::vector<Lease> rows;
  for (int i = 0; i < 5000; ++i)
    rows.push_back(contract::row_of(mine_, ("s" + std::to_string(i)).c_str()));
  const auto seeded = run_sim(loop_, clock_, table->seed(mine_, rows));
  ASSERT_FALSE(seeded);
  EXPECT_EQ(seeded.error().code, ErrorCode::StorageFull) << seeded.error().what;
  EXPECT_FALSE(*run_sim(loop_, clock_, table->seeded(mine_)));
  EXPECT_TRUE(run_sim(loop_, clock_, table->list(mine_))->empty());
}

TEST_F(SqliteLeaseTableTest, ACheckpointThatIsNoneIsCorruptAndNamesItsRow) {
  InlineWork work;
  {
    auto table = *SqliteLeaseTable::open(file(), work);
    run_sim(loop_, clock_, table->seed(mine_, {contract::row_of(mine_, "s0")}));
  }
  {
    auto db = sqlite::Database::open(file());
    ASSERT_TRUE(db->execute("UPDATE lease SET checkpoint = 'AFTER:x'"));
  }
  auto table = *SqliteLeaseTable::open(file(), work);
  const auto rows = run_sim(loop_, clock_, table->list(mine_));
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::Corrupt);
  EXPECT_THAT(rows.error().what, testing::HasSubstr("s0"));
  EXPECT_THAT(rows.error().what, testing::HasSubstr("kinesis.db"));
}

}  // namespace

namespace contract {
INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, LeaseTableContract, InMemory);
INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, LeaseWindowContract, InMemory);
}  // namespace contract
}  // namespace kt::lease
