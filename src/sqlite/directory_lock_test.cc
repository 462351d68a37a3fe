#include "sqlite/directory_lock.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <optional>

namespace kt::sqlite {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class DirectoryLockTest : public testing::Test {
 protected:
  DirectoryLockTest() {
    std::string name = (fs::temp_directory_path() / "kt-lock-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~DirectoryLockTest() override { fs::remove_all(folder_); }
  fs::path folder_;
};

TEST_F(DirectoryLockTest, ASecondHolderIsToldWhoHasItAndWhichFlagHelps) {
  const auto first = DirectoryLock::acquire(folder_ / "state", "--state-dir");
  ASSERT_TRUE(first) << first.error().what;
  const auto second = DirectoryLock::acquire(folder_ / "state", "--state-dir");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::InUse);
  EXPECT_THAT(second.error().what, HasSubstr("process " + std::to_string(::getpid())));
  EXPECT_THAT(second.error().what, HasSubstr("--state-dir"));
}

TEST_F(DirectoryLockTest, IsFreeAgainWhenItsHolderIsGone) {
  {
    ASSERT_TRUE(DirectoryLock::acquire(folder_, "--state-dir"));
  }
  EXPECT_TRUE(DirectoryLock::acquire(folder_, "--state-dir"));
}

TEST_F(DirectoryLockTest, IsFreeAtOnceWhenItsHolderWasKilled) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = DirectoryLock::acquire(folder_, "--state-dir");
    const char ok = lock ? '+' : '-';
    if (::write(ready[1], &ok, 1) != 1)
      ::_exit(1);
    ::pause();
    ::_exit(0);
  }
  char ok = 0;
  ASSERT_EQ(::read(ready[0], &ok, 1), 1);
  ASSERT_EQ(ok, '+');
  const auto while_held = DirectoryLock::acquire(folder_, "--state-dir");
  ASSERT_FALSE(while_held);
  EXPECT_THAT(while_held.error().what, HasSubstr("process " + std::to_string(child)));
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(DirectoryLock::acquire(folder_, "--state-dir"));
}

TEST_F(DirectoryLockTest, ADirectoryThatCannotBeWrittenIsReadOnly) {
  const auto lock = DirectoryLock::acquire("/sys/kernel", "--state-dir");
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code, ErrorCode::ReadOnly) << lock.error().what;
  EXPECT_THAT(lock.error().what, HasSubstr("--state-dir"));
}

}  // namespace
}  // namespace kt::sqlite
