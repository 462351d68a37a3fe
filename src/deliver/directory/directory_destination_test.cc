#include "deliver/directory/directory_destination.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "deliver/directory/durable_file.h"
#include "deliver/invocation_record.h"
#include "runtime/run_virtual.h"
#include "runtime/task_group.h"
#include "tests/support/failed_batches.h"

namespace kt::deliver {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string read_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

mode_t mode_of(const fs::path& place) {
  struct stat info{};
  EXPECT_EQ(::stat(place.c_str(), &info), 0) << place;
  return info.st_mode & 0777U;
}

std::vector<std::string> names_in(const fs::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory))
    names.push_back(entry.path().filename().string());
  return names;
}

class ADirectory : public ::testing::Test {
 protected:
  ADirectory() {
    std::string pattern = (fs::temp_directory_path() / "kt-directory-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    builder_.add(R"({"id":1})").add("two");
  }
  ~ADirectory() override { fs::remove_all(root_); }

  Result<std::string> store(const fs::path& directory) {
    DirectoryDestination destination(directory, files_);
    return run_sim(loop_, clock_, destination.store(builder_.build()));
  }
  Result<Unit> check(const fs::path& directory) {
    DirectoryDestination destination(directory, files_);
    return run_sim(loop_, clock_, destination.check());
  }

  Loop loop_;
  VirtualClock clock_;
  InlineWork files_;
  fs::path root_;
  test::FailedBatchBuilder builder_;
};

TEST_F(ADirectory, IsMadePrivateAndGetsOneDocumentABatch) {
  const fs::path directory = root_ / "failed/shop/ingest";
  const auto where = store(directory);
  ASSERT_TRUE(where) << where.error().what;
  EXPECT_EQ(names_in(directory), std::vector{document_name(builder_.build())});
  EXPECT_EQ(*where, (directory / document_name(builder_.build())).string());
  EXPECT_EQ(read_file(*where), document(builder_.build()));
  EXPECT_EQ(mode_of(*where), 0600u);
  for (const char* made : {"failed", "failed/shop", "failed/shop/ingest"})
    EXPECT_EQ(mode_of(root_ / made), 0700u) << made;
}

TEST_F(ADirectory, HoldsOneDocumentWhenABatchIsDeliveredTwice) {
  ASSERT_TRUE(store(root_));
  builder_.facts().invoke_count = 8;
  ASSERT_TRUE(store(root_));
  ASSERT_EQ(names_in(root_).size(), 1u);
  EXPECT_THAT(read_file(root_ / names_in(root_)[0]), HasSubstr("\"approximateInvokeCount\":8"));
}

TEST_F(ADirectory, LosesWhatAKilledWriterLeftAndNothingElse) {
  // No process has this number: the kernel's largest is 4194304.
  for (const char* name : {".x.json.4999999.1.tmp", "x.json", ".hidden", ".y.json.1.1.tmp"})
    std::ofstream(root_ / name) << "partial";
  ASSERT_TRUE(store(root_));
  EXPECT_THAT(names_in(root_), testing::UnorderedElementsAre("x.json", ".hidden", ".y.json.1.1.tmp",
                                                             document_name(builder_.build())));
}

TEST_F(ADirectory, SaysWhatKeepsItFromBeingWritten) {
  std::ofstream(root_ / "file") << "in the way";
  const auto where = store(root_ / "file" / "failed");
  ASSERT_FALSE(where);
  EXPECT_EQ(where.error().code, ErrorCode::ReadOnly);
  EXPECT_THAT(where.error().what, HasSubstr((root_ / "file").string()));
}

TEST_F(ADirectory, SaysThatNoRoomIsLeftAndKeepsTheOldDocument) {
  ASSERT_TRUE(write_durably(root_, "x.json", "old"));
  // The nearest to a full disk that needs no disk: no file of this process may grow further.
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1024, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto written = write_durably(root_, "x.json", std::string(5000, 'n'));
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, handler);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::StorageFull);
  EXPECT_THAT(written.error().what, HasSubstr(root_.string()));
  EXPECT_EQ(names_in(root_), std::vector<std::string>{"x.json"});
  EXPECT_EQ(read_file(root_ / "x.json"), "old");
}

TEST_F(ADirectory, IsCheckedWithoutALeftover) {
  EXPECT_TRUE(check(root_));
  EXPECT_TRUE(check(root_ / "not/there/yet"));
  EXPECT_TRUE(names_in(root_).empty());
  std::ofstream(root_ / "file") << "in the way";
  EXPECT_FALSE(check(root_ / "file/failed"));
}

/// Keeps jobs until it is asked to run them.
class HeldWork final : public WorkThread {
 public:
  void submit(std::function<void()> job) override { jobs_.push_back(std::move(job)); }
  std::size_t run_all() {
    for (auto& job : jobs_)
      job();
    return std::exchange(jobs_, {}).size();
  }

 private:
  std::vector<std::function<void()>> jobs_;
};

Task<Result<Unit>> deliver_into(Destination& destination, FailedBatch failed,
                                std::optional<Result<Unit>>& result) {
  result.emplace(co_await destination.deliver(std::move(failed)));
  co_return Unit{};
}

TEST_F(ADirectory, IsWrittenByTheWorkThreadNeverByTheLoop) {
  HeldWork thread;
  DirectoryDestination destination(root_, thread);
  std::optional<Result<Unit>> result;
  TaskGroup group(loop_);
  group.spawn(deliver_into(destination, builder_.build(), result));
  loop_.poll();
  EXPECT_FALSE(result);
  EXPECT_TRUE(names_in(root_).empty());
  EXPECT_EQ(thread.run_all(), 1u);
  EXPECT_EQ(names_in(root_).size(), 1u);
  loop_.poll();
  ASSERT_TRUE(result);
  EXPECT_TRUE(*result);
}

}  // namespace
}  // namespace kt::deliver
