#include "app/assets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace kt::app {
namespace {

namespace fs = std::filesystem;

class Assets : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(testing::TempDir()) / ("assets" + std::to_string(getpid()));
    fs::remove_all(root_);
    write("static/a.txt");
    write("static/deep/b.txt");
    write("static/deep/c.bin");
    write("other.txt");
    component_.id = ComponentId("c");
  }
  void TearDown() override { fs::remove_all(root_); }

  void write(const std::string& name) {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << name;
  }
  /// What the guest would see, sorted.
  std::vector<std::string> copied() {
    const auto mounts = copy_assets(component_, root_, "spin.toml", root_ / "out");
    if (!mounts)
      return {mounts.error().what};
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(root_ / "out")) {
      if (entry.is_regular_file())
        names.push_back(entry.path().lexically_relative(root_ / "out").string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  fs::path root_;
  Component component_;
};

TEST_F(Assets, NoFilesMeanNoMount) {
  const auto mounts = copy_assets(component_, root_, "spin.toml", root_ / "out");
  ASSERT_TRUE(mounts);
  EXPECT_TRUE(mounts->empty());
  EXPECT_FALSE(fs::exists(root_ / "out"));
}

TEST_F(Assets, PatternsKeepTheirPaths) {
  component_.files = {{"static/**/*.txt", "", 3}};
  EXPECT_THAT(copied(), testing::ElementsAre("static/a.txt", "static/deep/b.txt"));
  component_.files = {{"static", "", 3}};
  component_.exclude_files = {"**/*.bin"};
  EXPECT_THAT(copied(), testing::ElementsAre("static/a.txt", "static/deep/b.txt"));
}

TEST_F(Assets, ADestinationMovesAFolderOrAFile) {
  component_.files = {{"static/deep", "/d", 3}, {"other.txt", "d/o.txt", 4}};
  EXPECT_THAT(copied(), testing::ElementsAre("d/b.txt", "d/c.bin", "d/o.txt"));
}

TEST_F(Assets, WhatLeavesTheFolderIsRefused) {
  component_.files = {{"../secret", "", 3}};
  EXPECT_THAT(copied()[0], testing::HasSubstr("spin.toml:3: files of component \"c\""));
  component_.files = {{"static", "../out2", 3}};
  EXPECT_THAT(copied()[0], testing::HasSubstr("must stay within"));
  component_.files = {{"gone", "", 3}};
  EXPECT_THAT(copied()[0], testing::HasSubstr("no such file or folder"));
}

TEST(Glob, MatchesWithinNamesAndOverFolders) {
  EXPECT_TRUE(glob_matches("*.txt", "a.txt"));
  EXPECT_FALSE(glob_matches("*.txt", "d/a.txt"));
  EXPECT_TRUE(glob_matches("**/*.txt", "a.txt"));
  EXPECT_TRUE(glob_matches("**/*.txt", "d/e/a.txt"));
  EXPECT_TRUE(glob_matches("d/**", "d/e/a.txt"));
  EXPECT_FALSE(glob_matches("d/?", "d/ab"));
}

TEST(StorageError, TellsAFullDiskFromAReadOnlyOne) {
  const auto full = std::make_error_code(std::errc::no_space_on_device);
  EXPECT_EQ(storage_error(full, "/x").code, ErrorCode::StorageFull);
  const auto locked = std::make_error_code(std::errc::permission_denied);
  EXPECT_EQ(storage_error(locked, "/x").code, ErrorCode::ReadOnly);
  EXPECT_THAT(storage_error(locked, "/x").what, testing::HasSubstr("--state-dir"));
}

}  // namespace
}  // namespace kt::app
