#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/run.h"

namespace kt::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Leases : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(testing::TempDir()) / ("leases" + std::to_string(getpid()));
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }
  /// An app with a trigger for each name.
  std::string app(const std::vector<std::string>& names) {
    std::ofstream file(root_ / "spin.toml");
    file << "spin_manifest_version = 2\n[application]\nname = \"a\"\n";
    for (const std::string& name : names) {
      file << "[[trigger.kinesis]]\ncomponent = \"c\"\napplication_name = \"" << name
           << "\"\nstream_arn = \"arn:aws:kinesis:us-east-1:123456789012:stream/" << name << "\"\n";
    }
    file << "[component.c]\nsource = \"c.wasm\"\n";
    return (root_ / "spin.toml").string();
  }
  int run_with(const Arguments& arguments) {
    std::istringstream in;
    out_.str("");
    err_.str("");
    const app::Environment environment = {{"HOME", root_.string()}};
    const Console console{in, out_, err_, environment};
    return run(arguments, console);
  }

  fs::path root_;
  std::ostringstream out_, err_;
};

TEST_F(Leases, SaysItsTwoWays) {
  EXPECT_EQ(run_with({"leases"}), kUsage);
  EXPECT_THAT(err_.str(), HasSubstr("import-kcl or export-kcl"));
  EXPECT_EQ(run_with({"leases", "--help"}), kDone);
  EXPECT_THAT(out_.str(), HasSubstr("export-kcl --table"));
  EXPECT_EQ(run_with({"leases", "import-kcl", "--help"}), kDone);
  EXPECT_THAT(out_.str(), HasSubstr("--overwrite"));
}

TEST_F(Leases, NeedsATable) {
  EXPECT_EQ(run_with({"leases", "export-kcl", "-f", app({"one"})}), kUsage);
  EXPECT_THAT(err_.str(), HasSubstr("--table"));
}

TEST_F(Leases, AsksWhichTriggerWhereThereAreSeveral) {
  const std::string file = app({"one", "two"});
  EXPECT_EQ(run_with({"leases", "import-kcl", "--table", "t", "-f", file}), kUsage);
  EXPECT_THAT(err_.str(), HasSubstr("choose one by --application (one, two)"));
  EXPECT_EQ(run_with({"leases", "import-kcl", "--table", "t", "-f", file, "--application", "no"}),
            kUsage);
  EXPECT_THAT(err_.str(), HasSubstr("no trigger has the application_name \"no\""));
}

}  // namespace
}  // namespace kt::cli
