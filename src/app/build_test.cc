#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/app.h"

namespace kt::app {
namespace {

using testing::HasSubstr;

Result<App> parse(const std::string& build) {
  const std::string text =
      "spin_manifest_version = 2\n[application]\nname = \"shop\"\n[[trigger.kinesis]]\n"
      "component = \"ingest\"\n"
      "stream_arn = \"arn:aws:kinesis:us-east-1:123456789012:stream/orders\"\n"
      "[component.ingest]\nsource = \"ingest.wasm\"\n[component.ingest.build]\n" +
      build;
  return parse_manifest(text, "spin.toml", "/app", Outside());
}

TEST(Builds, AreReadWithCommandsFolderAndWhatToWatch) {
  const auto app = parse(
      "command = [\"npm install\", \"npm run build\"]\nworkdir = \"ingest\"\n"
      "watch = [\"src/**/*.ts\"]\n"
      "[component.other]\nsource = \"other.wasm\"\n"
      "[component.other.build]\ncommand = \"make\"\n");
  ASSERT_TRUE(app) << app.error().what;
  const Build& build = app->components[0].build;
  EXPECT_EQ(build.text(), "npm install && npm run build");
  EXPECT_EQ(build.workdir, "ingest");
  EXPECT_EQ(build.watch, std::vector<std::string>{"src/**/*.ts"});
  ASSERT_EQ(app->other_components.size(), 1u);
  EXPECT_EQ(app->other_components[0].build.text(), "make");
}

TEST(Builds, NameWhatIsWrongWithThem) {
  const auto error = [](const std::string& build) {
    const auto app = parse(build);
    return app ? "no error" : app.error().what;
  };
  EXPECT_THAT(error("workdir = \"x\"\n"), HasSubstr("\"command\" is missing (in build of "));
  EXPECT_THAT(error("command = \"x\"\nworkdir = \"/x\"\n"),
              HasSubstr("\"workdir\" must be relative to the manifest's folder"));
  EXPECT_THAT(error("command = \"x\"\nwach = []\n"), HasSubstr("did you mean \"watch\"?"));
}

}  // namespace
}  // namespace kt::app
