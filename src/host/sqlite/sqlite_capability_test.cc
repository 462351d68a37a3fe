#include "host/sqlite/sqlite_capability.h"

#include <gmock/gmock.h>

#include <deque>
#include <filesystem>
#include <fstream>

#include "host/sqlite/file_database.h"
#include "host/sqlite/initial_statements.h"
#include "runtime/task_group.h"
#include "runtime/work_pool.h"
#include "sqlite/database.h"
#include "tests/support/run_real.h"
#include "wasm/host_testing.h"

namespace kt::host {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using wasm::HostBuffer;
using wasm::list_of;
using wasm::TestArguments;

HostBuffer bytes(std::string_view text) {
  return HostBuffer::copy_of(as_bytes(text));
}

/// A value as a word: 1, 2.5, 'text', x'bytes', null.
std::string word(const HostResult& value) {
  if (const std::int64_t* integer = value.integer())
    return std::to_string(*integer);
  if (const double* real = value.real())
    return fmt::format("{}", *real);
  if (const std::string* text = value.text())
    return "'" + *text + "'";
  if (const HostBuffer* buffer = value.bytes())
    return fmt::format("x'{:02x}'", fmt::join(buffer->view(), ""));
  return value.is_none() ? "null" : "?";
}

/// "a b: 1 'x'; 2 null", or the refusal: "QUERY no such table: t".
std::string shown(const Answer& answer) {
  if (!answer)
    return fmt::format("{} {}", static_cast<int>(answer.error().fault), answer.error().message);
  const HostResult::List& both = *answer->list();
  std::string out;
  for (const HostResult& name : *both[0].list())
    out += (out.empty() ? "" : " ") + *name.text();
  const char* before = ": ";
  for (const HostResult& row : *both[1].list()) {
    out += std::exchange(before, "; ");
    std::string words;
    for (const HostResult& value : *row.list())
      words += (words.empty() ? "" : " ") + word(value);
    out += words;
  }
  return out;
}

std::string refusal(HostFault fault, std::string_view message) {
  return fmt::format("{} {}", static_cast<int>(fault), message);
}

class ASqliteCapability : public ::testing::Test {
 protected:
  ASqliteCapability() {
    std::filesystem::remove_all(folder_);
    add("default", path("sqlite_db.db"));
    add("memory", "");
    add("other", path("other.db"));
    begin();
  }
  ~ASqliteCapability() override {
    session_.reset();
    databases_.reset();
    real_.settle();
    // A connection that is being closed on its thread removes files of its own here.
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::string path(const std::string& name) const { return folder_ + "/state/" + name; }

  FileDatabase::Options options(std::string file) const {
    FileDatabase::Options options;
    options.connection.path = std::move(file);
    return options;
  }
  void add(const std::string& label, const std::string& file) { add(label, options(file)); }
  void add(const std::string& label, FileDatabase::Options options) {
    (*databases_)[label] = std::make_shared<FileDatabase>(FileDatabase::Deps{pool_, real_.clock()},
                                                          std::move(options));
  }
  void begin(std::size_t connections_max = 256) {
    SqliteOptions options;
    options.allowed = {"default", "memory", "undefined", "special"};
    options.connections_max = connections_max;
    session_ = SqliteCapability(databases_, options, Log{}).begin();
  }
  template <class... Values>
  Answer call(HostOperation operation, Values&&... values) {
    const TestArguments arguments(list_of(std::forward<Values>(values)...));
    return real_.run(session_->call(operation, arguments.view()));
  }
  std::int64_t open(std::string label = "default") {
    const Answer answer = call(KT_SQLITE_OPEN, std::move(label));
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? *answer->integer() : 0;
  }
  template <class... Values>
  std::string run(std::int64_t connection, std::string statement, Values&&... values) {
    return shown(call(KT_SQLITE_EXECUTE, connection, std::move(statement),
                      list_of(std::forward<Values>(values)...)));
  }

  std::string folder_ = ::testing::TempDir() + "sqlite-" +
                        ::testing::UnitTest::GetInstance()->current_test_info()->name();
  test::RealLoop real_;
  WorkPool pool_{"sql", 3};
  std::shared_ptr<SqlDatabases> databases_ = std::make_shared<SqlDatabases>();
  std::unique_ptr<CapabilitySession> session_;
};

TEST_F(ASqliteCapability, OpensOnlyWhatTheComponentMayUse) {
  const auto fault = [this](const char* label) {
    return call(KT_SQLITE_OPEN, std::string(label)).error().fault;
  };
  EXPECT_TRUE(call(KT_SQLITE_OPEN, std::string("default")));
  EXPECT_EQ(fault("other"), KT_FAULT_ACCESS_DENIED);
  EXPECT_EQ(fault("unheard of"), KT_FAULT_ACCESS_DENIED);
  EXPECT_EQ(fault("undefined"), KT_FAULT_NOT_FOUND);
}

TEST_F(ASqliteCapability, CarriesEveryTypeBothWays) {
  const std::int64_t db = open();
  EXPECT_EQ(run(db, "CREATE TABLE t (id INTEGER PRIMARY KEY, v)"), "");
  EXPECT_EQ(run(db, "INSERT INTO t (v) VALUES (?), (?), (?), (?), (?), (?), (?)",
                std::int64_t{-5'000'000'000}, 2.5, std::string("tëxt"), std::string(),
                bytes(std::string_view("\0\xff", 2)), bytes(""), HostResult()),
            "");
  EXPECT_EQ(*call(KT_SQLITE_CHANGES, db)->integer(), 7);
  EXPECT_EQ(*call(KT_SQLITE_LAST_ROWID, db)->integer(), 7);
  EXPECT_EQ(run(db, "SELECT id, v, typeof(v) AS kind FROM t"),
            "id v kind: 1 -5000000000 'integer'; 2 2.5 'real'; 3 'tëxt' 'text'; 4 '' 'text'; "
            "5 x'00ff' 'blob'; 6 x'' 'blob'; 7 null 'null'");
  EXPECT_EQ(run(db, "SELECT ?2 || ?1", std::string("a"), std::string("b")), "?2 || ?1: 'ba'");
  EXPECT_EQ(run(db, "SELECT v FROM t WHERE 0"), "v");
}

TEST_F(ASqliteCapability, TellsWhatIsWrongWithAStatement) {
  const std::int64_t db = open();
  EXPECT_EQ(run(db, "SELECT * FROM absent"), refusal(KT_FAULT_QUERY, "no such table: absent"));
  EXPECT_EQ(run(db, "SELEC 1"), refusal(KT_FAULT_QUERY, "near \"SELEC\": syntax error"));
  EXPECT_EQ(run(db, "SELECT ?", std::int64_t{1}, std::int64_t{2}),
            refusal(KT_FAULT_QUERY, "Wrong number of parameters passed to query. Got 2, needed 1"));
  EXPECT_EQ(run(db, "SELECT CAST(x'ff' AS TEXT)"),
            refusal(KT_FAULT_TYPE, "column 1 of the result holds text that is not UTF-8"));
  run(db, "CREATE TABLE t (v UNIQUE); this is not looked at");
  run(db, "INSERT INTO t VALUES (1)");
  EXPECT_EQ(run(db, "INSERT INTO t VALUES (1)"),
            refusal(KT_FAULT_QUERY, "UNIQUE constraint failed: t.v"));
  EXPECT_EQ(run(db, " -- nothing"), "");
  EXPECT_EQ(run(db, "SELECT v FROM t"), "v: 1");
  run(db, "ALTER TABLE t ADD COLUMN w");
  EXPECT_EQ(run(db, "SELECT * FROM t"), "v w: 1 null") << "a statement that was kept sees it";
}

TEST_F(ASqliteCapability, ChecksForeignKeysAsSpinDoes) {
  const std::int64_t db = open();
  run(db, "CREATE TABLE parent (id PRIMARY KEY)");
  run(db, "CREATE TABLE child (parent REFERENCES parent(id))");
  EXPECT_EQ(run(db, "INSERT INTO child VALUES (1)"),
            refusal(KT_FAULT_QUERY, "FOREIGN KEY constraint failed"));
}

TEST_F(ASqliteCapability, GivesANewConnectionEachTime) {
  const std::int64_t first = open("memory");
  const std::int64_t second = open("memory");
  run(first, "CREATE TABLE t (v)");
  EXPECT_EQ(run(first, "SELECT * FROM t"), "v");
  EXPECT_EQ(run(second, "SELECT * FROM t"), refusal(KT_FAULT_QUERY, "no such table: t"));

  const std::int64_t writer = open();
  const std::int64_t reader = open();
  run(writer, "CREATE TABLE t (v)");
  run(writer, "BEGIN");
  run(writer, "INSERT INTO t VALUES (1)");
  EXPECT_EQ(run(reader, "SELECT v FROM t"), "v");
  call(KT_SQLITE_CLOSE, writer);
  EXPECT_EQ(run(reader, "INSERT INTO t VALUES (2)"), "") << "the closed one held the lock";
  EXPECT_EQ(run(reader, "SELECT v FROM t"), "v: 2");
  EXPECT_EQ(call(KT_SQLITE_EXECUTE, writer, std::string("SELECT 1"), list_of()).error().fault,
            KT_FAULT_NOT_FOUND);
}

TEST_F(ASqliteCapability, BoundsOpenConnections) {
  begin(2);
  const std::int64_t first = open();
  open();
  const Answer third = call(KT_SQLITE_OPEN, std::string("default"));
  EXPECT_EQ(third.error().fault, KT_FAULT_TOO_MANY);
  EXPECT_EQ(third.error().message, "too many connections opened");
  call(KT_SQLITE_CLOSE, first);
  call(KT_SQLITE_CLOSE, first);
  open();
}

TEST_F(ASqliteCapability, ReachesNoOtherFile) {
  const std::int64_t db = open();
  const std::string denied = refusal(KT_FAULT_QUERY, "not authorized");
  const std::string other = path("victim.db");
  std::ofstream(other) << "";
  EXPECT_EQ(run(db, "ATTACH '" + other + "' AS a"), denied);
  EXPECT_EQ(run(db, "ATTACH ('" + other + "' || '') AS a"), denied) << "an expression";
  EXPECT_EQ(run(db, "ATTACH ? AS a", other), denied) << "a parameter";
  EXPECT_EQ(run(db, "ATTACH 'file:" + other + "' AS a"), denied);
  EXPECT_THAT(run(db, "VACUUM INTO '" + path("copy.db") + "'"), HasSubstr("authorization denied"));
  EXPECT_FALSE(std::filesystem::exists(path("copy.db")));
  EXPECT_EQ(run(db, "ATTACH '' AS a"), "");
  EXPECT_EQ(run(db, "ATTACH ':memory:' AS b"), "");
  EXPECT_EQ(run(db, "CREATE TABLE b.t (v)"), "");
  EXPECT_EQ(run(db, "DETACH b"), "");
  EXPECT_EQ(run(db, "VACUUM"), "");
  EXPECT_THAT(run(db, "SELECT load_extension('x')"), HasSubstr("not authorized"));
}

TEST_F(ASqliteCapability, AttachesFilesWhereTheOperatorAllowsIt) {
  FileDatabase::Options special = options(path("special.db"));
  special.connection.allow_attach_file = true;
  add("special", special);
  run(open(), "CREATE TABLE t AS SELECT 7 AS v");
  const std::int64_t db = open("special");
  EXPECT_EQ(run(db, "ATTACH '" + path("sqlite_db.db") + "' AS a"), "");
  EXPECT_EQ(run(db, "SELECT v FROM a.t"), "v: 7");
}

TEST_F(ASqliteCapability, ChangesNothingOfOtherConnections) {
  const std::int64_t db = open();
  const std::string denied = refusal(KT_FAULT_QUERY, "not authorized");
  EXPECT_EQ(run(db, "PRAGMA hard_heap_limit=100000"), denied);
  EXPECT_EQ(run(db, "PRAGMA Soft_Heap_Limit(1)"), denied);
  EXPECT_EQ(run(db, "PRAGMA temp_store_directory='/tmp'"), denied);
  EXPECT_EQ(run(db, "PRAGMA hard_heap_limit"), "hard_heap_limit: 0");
  EXPECT_THAT(run(db, "SELECT fts3_tokenizer('x', x'0000000000000000')"),
              testing::StartsWith(std::to_string(KT_FAULT_QUERY)))
      << "SQL must not bring a pointer";
}

TEST_F(ASqliteCapability, BoundsAResultAndADatabaseInMemory) {
  const std::int64_t db = open();
  const std::string row =
      "SELECT zeroblob(1048576) FROM (WITH RECURSIVE c(n) AS (SELECT 1 UNION "
      "ALL SELECT n + 1 FROM c WHERE n < 200) SELECT n FROM c)";
  EXPECT_EQ(run(db, row), refusal(KT_FAULT_QUERY, kQueryResultTooLarge));
  EXPECT_EQ(run(db, "SELECT length(zeroblob(200000000))"),
            refusal(KT_FAULT_QUERY, "string or blob too big"));

  FileDatabase::Options small = options("");
  small.connection.memory_bytes_max = 100'000;
  add("memory", small);
  const std::int64_t memory = open("memory");
  run(memory, "CREATE TABLE t (v)");
  EXPECT_EQ(run(memory, "PRAGMA max_page_count=1000000"),
            refusal(KT_FAULT_QUERY, "not authorized"));
  EXPECT_EQ(run(memory, "INSERT INTO t VALUES (zeroblob(200000))"),
            refusal(KT_FAULT_FULL, "database or disk is full"));
  EXPECT_EQ(run(memory, "INSERT INTO t VALUES (zeroblob(2000))"), "");
}

TEST_F(ASqliteCapability, SaysThatADiskIsFull) {
  FileDatabase::Options full = options(path("special.db"));
  full.connection.page_count_max = 10;
  add("special", full);
  const std::int64_t db = open("special");
  run(db, "CREATE TABLE t (v)");
  EXPECT_EQ(run(db, "INSERT INTO t VALUES (zeroblob(200000))"),
            refusal(KT_FAULT_FULL, "database or disk is full"));
}

Task<Result<Unit>> call_and_expect(CapabilitySession& session, HostArguments arguments,
                                   HostFault fault) {
  const Answer answer = co_await session.call(KT_SQLITE_EXECUTE, arguments);
  EXPECT_FALSE(answer);
  if (!answer) {
    EXPECT_EQ(answer.error().fault, fault) << answer.error().message;
  }
  co_return Unit{};
}

Task<Result<Unit>> leave_soon(CapabilitySession& session, HostArguments arguments, Clock& clock) {
  const Executor executor = co_await asio::this_coro::executor;
  TaskGroup group(executor);
  group.spawn(call_and_expect(session, arguments, KT_FAULT_INTERRUPTED));
  co_await asio::this_coro::reset_cancellation_state();
  co_await clock.sleep(milliseconds(30));
  group.cancel();
  co_return co_await group.join();
}

TEST_F(ASqliteCapability, EndsAnEndlessStatementWhenItsInstanceIsGone) {
  const std::int64_t db = open();
  const TestArguments arguments(
      list_of(db,
              std::string("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) "
                          "SELECT count(*) FROM c"),
              list_of()));
  EXPECT_TRUE(real_.run(leave_soon(*session_, arguments.view(), real_.clock())));
  begin();
  EXPECT_EQ(run(open(), "SELECT 1 AS one"), "one: 1") << "its thread is free";
}

Task<Result<Unit>> insert(CapabilitySession& session, HostArguments arguments, int& left) {
  const Answer answer = co_await session.call(KT_SQLITE_EXECUTE, arguments);
  EXPECT_TRUE(answer) << answer.error().message;
  --left;
  co_return Unit{};
}

Task<Result<Unit>> insert_while_locked(CapabilitySession& session,
                                       const std::deque<TestArguments>& inserts,
                                       HostArguments commit, Clock& clock, int& left) {
  const Executor executor = co_await asio::this_coro::executor;
  TaskGroup group(executor);
  for (const TestArguments& one : inserts)
    group.spawn(insert(session, one.view(), left));
  co_await clock.sleep(milliseconds(50));
  EXPECT_EQ(left, static_cast<int>(inserts.size())) << "they wait";
  // More wait than there are threads: what they wait for must get one.
  const Answer committed = co_await session.call(KT_SQLITE_EXECUTE, commit);
  EXPECT_TRUE(committed);
  co_return co_await group.join();
}

TEST_F(ASqliteCapability, HoldsNoThreadWhileAnotherConnectionWrites) {
  const std::int64_t holder = open();
  run(holder, "CREATE TABLE t (v)");
  run(holder, "BEGIN IMMEDIATE");
  std::deque<TestArguments> inserts;
  for (int i = 0; i < 8; ++i)
    inserts.emplace_back(list_of(open(), std::string("INSERT INTO t VALUES (1)"), list_of()));
  const TestArguments commit(list_of(holder, std::string("COMMIT"), list_of()));
  int left = 8;
  EXPECT_TRUE(
      real_.run(insert_while_locked(*session_, inserts, commit.view(), real_.clock(), left)));
  EXPECT_EQ(run(holder, "SELECT count(*) AS n FROM t"), "n: 8");
}

TEST_F(ASqliteCapability, GivesUpWhenAnotherConnectionNeverEnds) {
  FileDatabase::Options impatient = options(path("special.db"));
  impatient.busy_timeout = milliseconds(20);
  add("special", impatient);
  const std::int64_t holder = open("special");
  run(holder, "CREATE TABLE t (v)");
  run(holder, "BEGIN IMMEDIATE");
  const std::int64_t other = open("special");
  EXPECT_EQ(run(other, "INSERT INTO t VALUES (1)"),
            refusal(KT_FAULT_UNAVAILABLE, "database is locked"));
  run(other, "BEGIN");
  run(other, "SELECT * FROM t");
  run(holder, "INSERT INTO t VALUES (2)");
  run(holder, "COMMIT");
  EXPECT_EQ(run(other, "INSERT INTO t VALUES (1)"),
            refusal(KT_FAULT_UNAVAILABLE, "database is locked"))
      << "its view is outdated";
  EXPECT_EQ(run(other, "ROLLBACK"), "");
}

TEST_F(ASqliteCapability, SharesAFileThatSpinMade) {
  {
    std::filesystem::create_directories(folder_ + "/state");
    auto theirs = sqlite::Database::open(path("sqlite_db.db"));
    ASSERT_TRUE(theirs);
    ASSERT_TRUE(theirs->execute("PRAGMA journal_mode=DELETE"));
    ASSERT_TRUE(theirs->execute("CREATE TABLE t AS SELECT 'theirs' AS v"));
  }
  const std::int64_t db = open();
  EXPECT_EQ(run(db, "SELECT v FROM t"), "v: 'theirs'");
  EXPECT_EQ(run(db, "PRAGMA journal_mode"), "journal_mode: 'delete'") << "left as it was";
  EXPECT_EQ(run(db, "UPDATE t SET v = 'ours'"), "");
  run(open("memory"), "SELECT 1");
  auto theirs = sqlite::Database::open(path("sqlite_db.db"));
  auto query = theirs->prepare("SELECT v FROM t");
  ASSERT_TRUE(*query->step());
  EXPECT_EQ(query->text(0), "ours");
}

TEST_F(ASqliteCapability, RefusesAPlaceThatIsNoDatabase) {
  std::filesystem::create_directories(path("special.db"));
  add("special", path("special.db"));
  EXPECT_EQ(call(KT_SQLITE_OPEN, std::string("special")).error().fault, KT_FAULT_OTHER);
  std::ofstream(path("text.db")) << std::string(5000, 'x');
  add("special", path("text.db"));
  EXPECT_THAT(run(open("special"), "SELECT * FROM sqlite_schema"),
              HasSubstr("file is not a database"));
}

TEST_F(ASqliteCapability, NamesEveryLabelThatNoDatabaseHas) {
  std::map<std::string, SqlLabels> components;
  components["a"] = {"default", "x"};
  components["b"] = {"y"};
  const auto refused = check_sqlite_labels(*databases_, components);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what,
              testing::AllOf(HasSubstr("One or more components use SQLite databases which are not "
                                       "defined."),
                             HasSubstr("- Component a uses database 'x'"),
                             HasSubstr("- Component b uses database 'y'")));
  components.erase("b");
  components["a"].erase("x");
  EXPECT_TRUE(check_sqlite_labels(*databases_, components));
}

struct LabelCase {
  const char* text;
  const char* file;  ///< null: refused
  const char* label;
};

TEST(FileAndLabel, AreReadAsSpinReadsThem) {
  const LabelCase cases[] = {
      {"migrations.sql:orders", "migrations.sql", "orders"},
      {"migrations.sql", "migrations.sql", "default"},
      {"  a.sql : b  ", "a.sql", "b"},
      {"dir/a.sql:b:c", "dir/a.sql", "b:c"},
      {"migrations.sql:", nullptr, nullptr},
      {"a.sql:  ", nullptr, nullptr},
      {":orders", nullptr, nullptr},
      {"", nullptr, nullptr},
      {"  ", nullptr, nullptr},
      {":", nullptr, nullptr},
  };
  for (const LabelCase& one : cases) {
    const auto read = parse_file_and_label(one.text);
    ASSERT_EQ(read.has_value(), one.file != nullptr) << one.text;
    if (read) {
      EXPECT_EQ(*read, std::pair(std::string(one.file), std::string(one.label))) << one.text;
    }
  }
}

TEST_F(ASqliteCapability, RunsInitialStatements) {
  std::filesystem::create_directories(folder_);
  std::ofstream(folder_ + "/all.sql") << "CREATE TABLE o (v); INSERT INTO o VALUES (1);\n"
                                         "INSERT INTO o VALUES (2);";
  const auto start = [this](std::vector<std::string> arguments) {
    const auto done = real_.run(run_initial_statements(*databases_, arguments));
    return done ? std::string("done") : done.error().what;
  };
  EXPECT_EQ(
      start({"CREATE TABLE t (v)", "INSERT INTO t VALUES ('a')", "@" + folder_ + "/all.sql:other"}),
      "done");
  EXPECT_EQ(run(open(), "SELECT v FROM t"), "v: 'a'");
  add("default", path("other.db"));
  EXPECT_EQ(run(open(), "SELECT v FROM o"), "v: 1; 2");

  EXPECT_EQ(start({"INSERT INTO nowhere VALUES (1)"}),
            "failed to execute following sql statement against default database: 'INSERT INTO "
            "nowhere VALUES (1)': no such table: nowhere");
  EXPECT_THAT(start({"@" + folder_ + "/missing.sql"}), HasSubstr("could not read file"));
  EXPECT_THAT(start({"@" + folder_ + "/all.sql:unheard"}),
              HasSubstr("a registered database named 'unheard' was expected but not found"));
  EXPECT_THAT(start({"@" + folder_ + "/all.sql:other"}),
              HasSubstr("failed to execute sql against database 'other' from file"));
}

}  // namespace
}  // namespace kt::host
