#include "host/key_value/sqlite_store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>

#include "host/key_value/initial_values.h"
#include "tests/contract/key_value_store_contract.h"

namespace kt::host {
namespace {

/// A number as Spin's stores have it.
std::string spin_number(std::int64_t number) {
  std::string bytes;
  for (int i = 0; i < 8; ++i)
    bytes.push_back(static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * i)));
  return bytes;
}

class InMemory final : public StoreUnderTest {
 public:
  TaskRunner& runner() override { return runner_; }
  KeyValueStore& store() override { return store_; }
  std::string stored_number(std::int64_t number) override { return spin_number(number); }

 private:
  TaskRunner runner_;
  DedicatedThread work_{"kv-test"};
  SqliteKeyValueStore store_{std::make_shared<KeyValueFile>(work_, KeyValueFileOptions{}), "s"};
};
INSTANTIATE_TYPED_TEST_SUITE_P(InMemory, AKeyValueStore, InMemory);

class InAFile final : public StoreUnderTest {
 public:
  InAFile() {
    KeyValueFileOptions options;
    options.path = path();
    store_.emplace(std::make_shared<KeyValueFile>(work_, options), "s");
  }
  ~InAFile() override { std::filesystem::remove_all(folder()); }
  static std::string folder() {
    return ::testing::TempDir() + "kv-" +
           ::testing::UnitTest::GetInstance()->current_test_info()->name();
  }
  static std::string path() { return folder() + "/state/sqlite_key_value.db"; }
  TaskRunner& runner() override { return runner_; }
  KeyValueStore& store() override { return *store_; }
  std::string stored_number(std::int64_t number) override { return spin_number(number); }

 private:
  TaskRunner runner_;
  DedicatedThread work_{"kv-test"};
  std::optional<SqliteKeyValueStore> store_;
};
INSTANTIATE_TYPED_TEST_SUITE_P(InAFile, AKeyValueStore, InAFile);

/// Spin, as far as the file knows: SQLite with its defaults, and Spin's table.
class Spin {
 public:
  explicit Spin(const std::string& path) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    EXPECT_EQ(sqlite3_open(path.c_str(), &db_), SQLITE_OK);
    sqlite3_busy_timeout(db_, 5000);
    execute(
        "CREATE TABLE IF NOT EXISTS spin_key_value (store TEXT NOT NULL, key TEXT NOT NULL, "
        "value BLOB NOT NULL, PRIMARY KEY (store, key))");
  }
  ~Spin() { sqlite3_close(db_); }
  Spin(const Spin&) = delete;
  Spin& operator=(const Spin&) = delete;

  void execute(const std::string& sql) {
    char* error = nullptr;
    EXPECT_EQ(sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, &error), SQLITE_OK) << error;
    sqlite3_free(error);
  }
  std::string first(const std::string& sql) {
    sqlite3_stmt* query = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(db_, sql.c_str(), -1, &query, nullptr), SQLITE_OK);
    std::string value = "nothing";
    if (sqlite3_step(query) == SQLITE_ROW)
      value.assign(static_cast<const char*>(sqlite3_column_blob(query, 0)),
                   static_cast<std::size_t>(sqlite3_column_bytes(query, 0)));
    sqlite3_finalize(query);
    return value;
  }

 private:
  sqlite3* db_ = nullptr;
};

class AKeyValueFile : public ::testing::Test {
 protected:
  AKeyValueFile() { std::filesystem::remove_all(folder_); }
  ~AKeyValueFile() override { std::filesystem::remove_all(folder_); }
  std::shared_ptr<KeyValueFile> open(KeyValueFileOptions options = {}) {
    options.path = path_;
    return std::make_shared<KeyValueFile>(work_, options);
  }

  std::string folder_ = InAFile::folder();
  std::string path_ = folder_ + "/.spin/sqlite_key_value.db";
  TaskRunner runner_;
  DedicatedThread work_{"kv-test"};
};

TEST_F(AKeyValueFile, IsSharedWithSpin) {
  Spin spin(path_);
  spin.execute("INSERT INTO spin_key_value VALUES ('default', 'theirs', x'00ff10')");
  spin.execute("INSERT INTO spin_key_value VALUES ('other', 'theirs', 'o')");

  SqliteKeyValueStore store(open(), "default");
  EXPECT_EQ(text_of(*runner_.run(store.get("theirs"))), std::string("\0\xff\x10", 3));
  ASSERT_TRUE(runner_.run(store.set("ours", as_bytes("v"))));
  ASSERT_EQ(runner_.run(store.increment("n", 258)), 258);
  EXPECT_EQ(spin.first("SELECT value FROM spin_key_value WHERE store='default' AND key='ours'"),
            "v");
  EXPECT_EQ(spin.first("SELECT hex(value) FROM spin_key_value WHERE key='n'"), "0201000000000000");
  EXPECT_EQ(spin.first("SELECT typeof(value) FROM spin_key_value WHERE key='ours'"), "blob");
  spin.execute("UPDATE spin_key_value SET value=x'31' WHERE key='ours'");
  EXPECT_EQ(text_of(*runner_.run(store.get("ours"))), "1");
}

TEST_F(AKeyValueFile, AnswersNoValueThatIsTooLarge) {
  Spin spin(path_);
  const std::string sizes[] = {std::to_string(kResultBytesMax),
                               std::to_string(kResultBytesMax + 1)};
  spin.execute("INSERT INTO spin_key_value VALUES ('default', 'fits', zeroblob(" + sizes[0] + "))");
  spin.execute("INSERT INTO spin_key_value VALUES ('default', 'large', zeroblob(" + sizes[1] +
               "))");

  SqliteKeyValueStore store(open(), "default");
  const auto fits = runner_.run(store.get("fits"));
  ASSERT_TRUE(fits && *fits);
  EXPECT_EQ((*fits)->size(), kResultBytesMax);
  const auto large = runner_.run(store.get("large"));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ErrorCode::LimitExceeded);
}

TEST_F(AKeyValueFile, HoldsStoresThatDoNotSeeEachOther) {
  const auto file = open();
  SqliteKeyValueStore one(file, "one");
  SqliteKeyValueStore two(file, "two");
  ASSERT_TRUE(runner_.run(one.set("k", as_bytes("1"))));
  EXPECT_EQ(text_of(*runner_.run(two.get("k"))), std::nullopt);
  EXPECT_TRUE(runner_.run(two.keys())->empty());
  EXPECT_EQ(file->summary(), '"' + path_ + '"');
}

TEST_F(AKeyValueFile, SaysWhenAnotherProcessHoldsIt) {
  Spin spin(path_);
  KeyValueFileOptions options;
  options.busy_timeout = std::chrono::milliseconds(1);
  SqliteKeyValueStore store(open(options), "default");
  ASSERT_TRUE(runner_.run(store.set("k", as_bytes("1"))));
  spin.execute("BEGIN IMMEDIATE");
  const auto refused = runner_.run(store.set("k", as_bytes("2")));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Unavailable);
  EXPECT_EQ(text_of(*runner_.run(store.get("k"))), "1") << "reading goes on";
  spin.execute("COMMIT");
  EXPECT_TRUE(runner_.run(store.set("k", as_bytes("2"))));
}

TEST_F(AKeyValueFile, OpensOnceItsPlaceIsMended) {
  std::filesystem::create_directories(path_);  // a directory where the file should be
  SqliteKeyValueStore store(open(), "default");
  EXPECT_FALSE(runner_.run(store.open()));
  EXPECT_FALSE(runner_.run(store.get("k")));
  std::filesystem::remove(path_);
  EXPECT_TRUE(runner_.run(store.open()));
  EXPECT_TRUE(runner_.run(store.set("k", as_bytes("2"))));
}

Task<Result<Unit>> expect_full(KeyValueStore& store, std::string_view value) {
  const Result<Unit> done = co_await store.set("large", as_bytes(value));
  EXPECT_FALSE(done);
  if (!done) {
    EXPECT_EQ(done.error().code, ErrorCode::StorageFull) << done.error().what;
  }
  co_return Unit{};
}

Task<Result<Unit>> expect_stored(KeyValueStore& store, std::string_view key) {
  const Result<Unit> done = co_await store.set(key, as_bytes("v"));
  EXPECT_TRUE(done) << done.error().what;
  co_return Unit{};
}

Task<Result<Unit>> write_together(KeyValueStore& store, std::string_view large) {
  const Executor executor = co_await asio::this_coro::executor;
  TaskGroup group(executor);
  group.spawn(expect_stored(store, "first"));  // under way while the others gather
  group.spawn(expect_stored(store, "a"));
  group.spawn(expect_full(store, large));
  group.spawn(expect_stored(store, "b"));
  co_return co_await group.join();
}

TEST_F(AKeyValueFile, RefusesWhatHasNoRoomAndStoresWhatHas) {
  KeyValueFileOptions options;
  options.page_count_max = 20;
  SqliteKeyValueStore store(open(options), "default");
  const std::string large(200'000, 'x');
  ASSERT_TRUE(runner_.run(write_together(store, large)));
  EXPECT_EQ(text_of(*runner_.run(store.get("a"))), "v");
  EXPECT_EQ(text_of(*runner_.run(store.get("b"))), "v");
  EXPECT_EQ(text_of(*runner_.run(store.get("large"))), std::nullopt);
}

Task<Result<Unit>> set_bytes(KeyValueStore& store, std::string value) {
  CO_TRY(store.set("k", as_bytes(value)));
  co_return Unit{};
}

Task<Result<Unit>> set_and_leave(KeyValueStore& store) {
  const Executor executor = co_await asio::this_coro::executor;
  TaskGroup group(executor);
  for (int i = 0; i < 50; ++i)
    group.spawn(set_bytes(store, std::string(100'000, 'y')));
  group.cancel();
  [[maybe_unused]] const auto ended = co_await group.join();
  co_return Unit{};
}

TEST_F(AKeyValueFile, UsesNoMemoryOfACallThatWasCancelled) {
  SqliteKeyValueStore store(open(), "default");
  ASSERT_TRUE(runner_.run(set_and_leave(store)));
  EXPECT_TRUE(runner_.run(store.set("k", as_bytes("2"))));
}

TEST_F(AKeyValueFile, RefusesASumBeyond64Bits) {
  SqliteKeyValueStore store(open(), "default");
  ASSERT_EQ(runner_.run(store.increment("n", INT64_MAX)), INT64_MAX);
  const auto refused = runner_.run(store.increment("n", 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Invalid);
  EXPECT_EQ(runner_.run(store.increment("n", -1)), INT64_MAX - 1);
}

TEST_F(AKeyValueFile, TakesInitialValues) {
  SqliteKeyValueStore store(open(), "default");
  std::vector<std::pair<std::string, std::string>> values;
  for (const char* argument : {"a=1", "b=x=y", "c=", "a=2"})
    values.push_back(*parse_key_value(argument));
  ASSERT_TRUE(runner_.run(set_initial_values(store, values)));
  EXPECT_EQ(text_of(*runner_.run(store.get("a"))), "2");
  EXPECT_EQ(text_of(*runner_.run(store.get("b"))), "x=y");
  EXPECT_EQ(text_of(*runner_.run(store.get("c"))), "");
  EXPECT_FALSE(parse_key_value("novalue"));
}

}  // namespace
}  // namespace kt::host
