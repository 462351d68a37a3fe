#include "sqlite/database.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

namespace kt::sqlite {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class DatabaseTest : public testing::Test {
 protected:
  DatabaseTest() {
    std::string name = (fs::temp_directory_path() / "kt-sqlite-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~DatabaseTest() override { fs::remove_all(folder_); }
  std::string file(const char* name) const { return (folder_ / name).string(); }

  fs::path folder_;
};

constexpr std::array<std::string_view, 1> kSchema = {
    "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT, data BLOB)"};

TEST_F(DatabaseTest, ReadsBackWhatWasBound) {
  auto db = Database::open(file("a.db"));
  ASSERT_TRUE(db) << db.error().what;
  ASSERT_TRUE(db->migrate(kSchema));
  {
    auto insert = db->prepare("INSERT INTO thing (id, name, data) VALUES (?1, ?2, ?3)");
    ASSERT_TRUE(insert);
    insert->bind(1, 7).bind(2, std::string_view("a\0b", 3)).bind_view(3, ByteView());
    ASSERT_TRUE(insert->run());
    insert->reset();
    insert->bind(1, std::uint64_t{8}).bind_null(2).bind_view(3, as_bytes("payload"));
    ASSERT_TRUE(insert->run());
    EXPECT_EQ(db->changes(), 1);
    EXPECT_EQ(db->last_insert_rowid(), 8);
  }
  auto query = db->prepare("SELECT id, name, data FROM thing ORDER BY id");
  ASSERT_TRUE(query);
  ASSERT_TRUE(*query->step());
  EXPECT_EQ(query->integer(0), 7);
  EXPECT_EQ(query->text(1), std::string("a\0b", 3));
  EXPECT_FALSE(query->is_null(2));
  ASSERT_TRUE(*query->step());
  EXPECT_TRUE(query->is_null(1));
  EXPECT_EQ(as_text(query->bytes(2)), "payload");
  EXPECT_FALSE(*query->step());
}

TEST_F(DatabaseTest, AnUncommittedTransactionLeavesNothing) {
  auto db = Database::open(file("a.db"));
  ASSERT_TRUE(db);
  ASSERT_TRUE(db->migrate(kSchema));
  for (const bool commit : {false, true}) {
    auto transaction = Transaction::begin(*db, commit ? Sync::Full : Sync::Normal);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(db->execute("INSERT INTO thing (name) VALUES ('x')"));
    if (commit) {
      ASSERT_TRUE(transaction->commit());
    }
  }
  auto count = db->prepare("SELECT count(*) FROM thing");
  ASSERT_TRUE(*count->step());
  EXPECT_EQ(count->integer(0), 1);
}

TEST_F(DatabaseTest, TheSyncOfATransactionIsTheOneAskedFor) {
  auto db = Database::open(file("a.db"));
  ASSERT_TRUE(db);
  for (const auto& [sync, expected] : {std::pair(Sync::Normal, 1), std::pair(Sync::Full, 2)}) {
    auto transaction = Transaction::begin(*db, sync);
    auto query = db->prepare("PRAGMA synchronous");
    ASSERT_TRUE(*query->step());
    EXPECT_EQ(query->integer(0), expected);
  }
}

TEST_F(DatabaseTest, EachPartOfAFileCountsItsOwnSchemaSteps) {
  constexpr std::array<std::string_view, 1> one = {"CREATE TABLE spare (a)"};
  constexpr std::array<std::string_view, 2> two = {one[0], "ALTER TABLE spare ADD COLUMN b"};
  auto db = Database::open(file("a.db"));
  ASSERT_TRUE(db->migrate(kSchema));
  ASSERT_TRUE(db->migrate("spare", one));
  ASSERT_TRUE(db->migrate("spare", two));
  ASSERT_TRUE(db->migrate("spare", two));
  ASSERT_TRUE(db->migrate(kSchema));
  ASSERT_TRUE(db->execute("INSERT INTO spare (b) VALUES (1)"));
  const auto old = db->migrate("spare", one);
  ASSERT_FALSE(old);
  EXPECT_THAT(old.error().what, HasSubstr("newer release"));
}

TEST_F(DatabaseTest, MigratesStepByStepAndRefusesAFileFromTheFuture) {
  constexpr std::array<std::string_view, 2> two = {kSchema[0],
                                                   "ALTER TABLE thing ADD COLUMN more TEXT"};
  {
    auto db = Database::open(file("a.db"));
    ASSERT_TRUE(db->migrate(kSchema));
    ASSERT_TRUE(db->migrate(kSchema));
    ASSERT_TRUE(db->migrate(two));
    ASSERT_TRUE(db->execute("INSERT INTO thing (more) VALUES ('m')"));
  }
  auto db = Database::open(file("a.db"));
  const auto old = db->migrate(kSchema);
  ASSERT_FALSE(old);
  EXPECT_EQ(old.error().code, ErrorCode::Corrupt);
  EXPECT_THAT(old.error().what, HasSubstr("newer release"));
}

TEST_F(DatabaseTest, AFullDiskIsNamedWithItsFile) {
  Options small;
  small.page_count_max = 10;
  auto db = Database::open(file("small.db"), small);
  ASSERT_TRUE(db);
  ASSERT_TRUE(db->migrate(kSchema));
  Result<Unit> result = Unit{};
  for (int i = 0; i < 100 && result; ++i)
    result = db->execute("INSERT INTO thing (data) VALUES (zeroblob(4000))");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::StorageFull);
  EXPECT_THAT(result.error().what, HasSubstr("small.db"));
  EXPECT_THAT(result.error().what, HasSubstr("free some disk space"));
}

TEST_F(DatabaseTest, AFileThatMayNotBeWrittenIsReadOnly) {
  // Nobody, not even root, can make a file there.
  const auto db = Database::open("/sys/kernel/kinesis.db");
  ASSERT_FALSE(db);
  EXPECT_EQ(db.error().code, ErrorCode::ReadOnly) << db.error().what;
  EXPECT_THAT(db.error().what, HasSubstr("/sys/kernel/kinesis.db"));
  EXPECT_THAT(db.error().what, HasSubstr("--state-dir"));
}

TEST_F(DatabaseTest, WritingThroughAReadOnlyConnectionIsReadOnly) {
  {
    ASSERT_TRUE(Database::open(file("a.db"))->migrate(kSchema));
  }
  Options options;
  options.read_only = true;
  auto db = Database::open(file("a.db"), options);
  ASSERT_TRUE(db);
  const auto result = db->execute("INSERT INTO thing (name) VALUES ('x')");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::ReadOnly);
}

TEST_F(DatabaseTest, AFileThatIsNoDatabaseIsCorrupt) {
  std::ofstream(file("a.db")) << std::string(8192, 'x');
  const auto db = Database::open(file("a.db"));
  ASSERT_FALSE(db);
  EXPECT_EQ(db.error().code, ErrorCode::Corrupt) << db.error().what;
}

TEST_F(DatabaseTest, AMissingDirectoryIsNotFound) {
  const auto db = Database::open(file("none/a.db"));
  ASSERT_FALSE(db);
  EXPECT_EQ(db.error().code, ErrorCode::NotFound) << db.error().what;
}

TEST_F(DatabaseTest, AWriterElsewhereIsWaitedForAndThenUnavailable) {
  auto one = Database::open(file("a.db"));
  ASSERT_TRUE(one->migrate(kSchema));
  auto held = Transaction::begin(*one, Sync::Normal);
  Options impatient;
  impatient.busy_timeout = std::chrono::milliseconds(1);
  auto other = Database::open(file("a.db"), impatient);
  ASSERT_TRUE(other);
  const auto result = Transaction::begin(*other, Sync::Normal);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::Unavailable) << result.error().what;
}

}  // namespace
}  // namespace kt::sqlite
