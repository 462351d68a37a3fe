#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "runtime/run_virtual.h"
#include "runtime/system_clock.h"
#include "runtime/task_group.h"
#include "watch/file_watch.h"
#include "watch/shell.h"

namespace kt::watch {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class Watching : public ::testing::Test {
 protected:
  Watching() : folder_(fs::path(::testing::TempDir()) / "watch_test") {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void write(const std::string& name, const std::string& text) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  FileGroup group(std::vector<std::string> patterns) { return {"sources", folder_, patterns}; }
  /// The files of the group, below the folder.
  std::vector<std::string> seen(const std::vector<std::string>& patterns) {
    const auto now = look_at({group(patterns)}, Snapshot());
    if (!now)
      return {now.error().what};
    std::vector<std::string> out;
    for (const auto& [file, state] : now->groups.at("sources"))
      out.push_back(fs::path(file).lexically_relative(folder_).generic_string());
    return out;
  }
  fs::path folder_;
};

TEST_F(Watching, SeesWhatThePatternsName) {
  write("src/a.rs", "a");
  write("src/deep/b.rs", "b");
  write("src/c.txt", "c");
  write("Cargo.toml", "d");
  EXPECT_THAT(seen({"src/**/*.rs", "Cargo.toml"}),
              ElementsAre("Cargo.toml", "src/a.rs", "src/deep/b.rs"));
  EXPECT_THAT(seen({"src"}), ElementsAre("src/a.rs", "src/c.txt", "src/deep/b.rs"));
  EXPECT_THAT(seen({"src/*.{rs,txt}"}), ElementsAre("src/a.rs", "src/c.txt"));
  EXPECT_THAT(seen({"missing/*.rs", "nothing.toml"}), IsEmpty());
}

TEST_F(Watching, LooksIntoFoldersOfToolsOnlyWhereTheyAreNamed) {
  write("target/x.rs", "x");
  write("lib.rs", "y");
  EXPECT_THAT(seen({"**/*.rs"}), ElementsAre("lib.rs"));
  EXPECT_THAT(seen({"target/*.rs"}), ElementsAre("target/x.rs"));
}

TEST_F(Watching, RefusesWhatIsTooMuchToWatch) {
  EXPECT_THAT(seen({"{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}"}),
              ElementsAre(HasSubstr("more than 64 patterns")));
}

TEST_F(Watching, TellsApartWhatWasMadeChangedRemovedAndOnlyTouched) {
  for (const char* name : {"changed", "removed", "touched", "same"})
    write(name, "x");
  const auto former = look_at({group({"*"})}, Snapshot());
  ASSERT_TRUE(former);
  write("changed", "y");
  write("made", "x");
  fs::remove(folder_ / "removed");
  fs::last_write_time(folder_ / "touched",
                      fs::file_time_type::clock::now() + std::chrono::hours(1));
  const auto now = look_at({group({"*"})}, *former);
  ASSERT_TRUE(now);
  const auto changes = changes_between(*former, *now);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_THAT(changes[0].files,
              UnorderedElementsAre(HasSubstr("changed"), HasSubstr("made"), HasSubstr("removed")));
  EXPECT_THAT(changes_between(*now, *now), IsEmpty());
}

TEST_F(Watching, WaitsForAChangeAndThenForQuiet) {
  write("a.rs", "one");
  Loop loop;
  VirtualClock clock;
  InlineWork work;
  FileWatch watch({clock, work, make_polling_signal(clock, std::chrono::seconds(2))},
                  {group({"*.rs"})});
  ASSERT_TRUE(run_sim(loop, clock, watch.begin()));
  struct Keep {
    static Task<Result<Unit>> next(FileWatch& from, std::vector<Change>& to) {
      CO_TRY(to, from.next());
      co_return Unit{};
    }
  };
  std::vector<Change> changes;
  TaskGroup group(loop);
  group.spawn(Keep::next(watch, changes));
  const auto begun = clock.now();
  run_virtual(loop, clock, [&] { return clock.now() - begun > std::chrono::seconds(5); });
  EXPECT_THAT(changes, IsEmpty());
  write("a.rs", "two");
  run_virtual(loop, clock, [&] { return group.empty(); });
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].group, "sources");
}

TEST_F(Watching, IsWokenByTheSystemAlsoInFoldersThatAreMadeLater) {
  Loop loop;
  SystemClock clock(loop);
  InlineWork work;
  FileWatch watch({clock, work, make_change_signal(loop, clock)}, {group({"src/**/*.rs"})});
  std::vector<std::string> files;
  struct Keep {
    static Task<Result<Unit>> changes(FileWatch& from, bool& begun, std::vector<std::string>& to) {
      CO_TRY(from.begin());
      begun = true;
      for (int i = 0; i < 2; ++i) {
        CO_TRY(const std::vector<Change> seen, from.next());
        for (const Change& change : seen)
          to.insert(to.end(), change.files.begin(), change.files.end());
      }
      co_return Unit{};
    }
  };
  TaskGroup group(loop);
  bool begun = false;
  group.spawn(Keep::changes(watch, begun, files));
  const auto until = clock.now() + std::chrono::seconds(20);
  bool first = false;
  bool second = false;
  while (!group.empty() && clock.now() < until) {
    loop.context().restart();
    loop.context().run_one_for(std::chrono::milliseconds(20));
    if (begun && !std::exchange(first, true))
      write("src/new/folder/a.rs", "a");
    if (files.size() == 1 && !std::exchange(second, true))
      write("src/new/folder/a.rs", "b");
  }
  EXPECT_THAT(files, ElementsAre(HasSubstr("a.rs"), HasSubstr("a.rs")));
  EXPECT_TRUE(group.empty());
  group.cancel();
  while (!group.empty())
    loop.poll();
}

TEST_F(Watching, RunsABuildInItsFolderAndSaysHowItFailed) {
  Shell shell;
  EXPECT_TRUE(shell.run("printf built > out.txt", folder_));
  EXPECT_TRUE(fs::exists(folder_ / "out.txt"));
  const auto failed = shell.run("exit 3", folder_);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().what, "exit code 3");
  EXPECT_EQ(shell.run("kill -9 $$", folder_).error().what, "signal 9");
  EXPECT_THAT(shell.run("true", folder_ / "none").error().what, HasSubstr("no folder"));
}

TEST_F(Watching, EndsABuildWithItsChildren) {
  Shell shell;
  std::thread stopper([&] {
    while (!fs::exists(folder_ / "begun"))
      std::this_thread::yield();
    shell.stop();
  });
  const auto ended = shell.run("sleep 600 & touch begun; wait", folder_);
  stopper.join();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::Closed);
  EXPECT_EQ(shell.run("true", folder_).error().code, ErrorCode::Closed);
}

}  // namespace
}  // namespace kt::watch
