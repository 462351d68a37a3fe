#include "spill/sqlite/sqlite_spill_store.h"

#include <unistd.h>

#include <filesystem>

#include "tests/contract/spill_store_contract.h"

namespace kt::spill {
namespace {

namespace fs = std::filesystem;
using contract::at;
using contract::scope_of;
using contract::spilled;
using contract::text_of;

class SqliteSpillStoreTest : public testing::Test {
 protected:
  SqliteSpillStoreTest() {
    std::string name = (fs::temp_directory_path() / "kt-spill-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~SqliteSpillStoreTest() override { fs::remove_all(folder_); }
  std::string file() const { return (folder_ / "kinesis.db").string(); }
  template <class T>
  Result<T> run(Task<Result<T>> task) {
    return run_sim(loop_, clock_, std::move(task));
  }
  std::string head(SpillStore& store, const char* key) {
    HeadLimits limits;
    limits.records_max = 1000;
    limits.bytes_max = 1'000'000;
    return text_of(*run(store.head(scope_of("s0"), key, limits)));
  }

  fs::path folder_;
  Loop loop_;
  VirtualClock clock_;
  InlineWork work_;
};

TEST_F(SqliteSpillStoreTest, KeepsEverythingAcrossAReopen) {
  {
    auto store = *SqliteSpillStore::open(file(), work_);
    run(store->append(scope_of("s0"), {spilled("a", "1"), spilled("a", "2"), spilled("b", "3")}));
    run(store->remove(scope_of("s0"), "a", {at("1")}));
  }
  auto store = *SqliteSpillStore::open(file(), work_);
  EXPECT_EQ(run(store->load(scope_of("s0", "w2"), std::nullopt))->keys.size(), 2u);
  EXPECT_EQ(head(*store, "a"), "2");
}

TEST_F(SqliteSpillStoreTest, LivesInAFileWithOtherTablesAndTheirVersion) {
  auto other = *sqlite::Database::open(file());
  constexpr std::array<std::string_view, 2> steps = {"CREATE TABLE t (a)", "CREATE TABLE u (a)"};
  ASSERT_TRUE(other.migrate(steps));
  auto store = SqliteSpillStore::open(file(), work_);
  ASSERT_TRUE(store) << store.error().what;
  ASSERT_TRUE(other.migrate(steps));
  EXPECT_EQ(*run((*store)->append(scope_of("s0"), {spilled("a", "1")})), SpillOutcome::Stored);
}

TEST_F(SqliteSpillStoreTest, AFullDiskRollsBackTheWholeAppendAndSaysSo) {
  sqlite::Options small;
  small.page_count_max = 40;
  auto store = *SqliteSpillStore::over(*sqlite::Database::open(file(), small), work_);
  run(store->append(scope_of("s0"), {spilled("a", "1")}));
  const std::string data(100'000, 'x');
  const auto appended =
      run(store->append(scope_of("s0"), {spilled("a", "2", data), spilled("a", "3", data)}));
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().code, ErrorCode::StorageFull) << appended.error().what;
  EXPECT_EQ(head(*store, "a"), "1");
}

TEST_F(SqliteSpillStoreTest, APositionThatIsNoneIsCorruptAndNamesTheFile) {
  {
    auto store = *SqliteSpillStore::open(file(), work_);
    run(store->append(scope_of("s0"), {spilled("a", "1")}));
  }
  {
    auto db = sqlite::Database::open(file());
    ASSERT_TRUE(db->execute("UPDATE spill SET position = 'x'"));
  }
  auto store = *SqliteSpillStore::open(file(), work_);
  const auto content = run(store->load(scope_of("s0"), std::nullopt));
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().code, ErrorCode::Corrupt);
  EXPECT_THAT(content.error().what, testing::HasSubstr("kinesis.db"));
}

TEST_F(SqliteSpillStoreTest, FoldsItsLogSoThatTheFileDoesNotOnlyGrow) {
  auto store = *SqliteSpillStore::open(file(), work_);
  const std::string data(500'000, 'x');
  for (int i = 1; i <= 100; ++i) {
    const std::string sequence = std::to_string(i);
    run(store->append(scope_of("s0"), {spilled("a", sequence.c_str(), data)}));
    run(store->remove(scope_of("s0"), "a", {at(sequence.c_str())}));
  }
  EXPECT_LT(fs::file_size(file() + "-wal"), 16u * 1024 * 1024);
  EXPECT_LT(fs::file_size(file()), 16u * 1024 * 1024);
}

}  // namespace

namespace contract {

class InSqlite {
 public:
  static constexpr bool kFences = false;
  InSqlite() : store_(*SqliteSpillStore::open(":memory:", work_)) {}
  SpillStore& store() { return *store_; }
  void own(const SpillScope&) {}

 private:
  InlineWork work_;
  std::unique_ptr<SqliteSpillStore> store_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, SpillStoreContract, InSqlite);

}  // namespace contract
}  // namespace kt::spill
