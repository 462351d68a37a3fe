#include "host/variables/local_providers.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <fstream>

#include "host/variables/dotenv.h"
#include "runtime/run_virtual.h"

namespace kt::host {
namespace {

/// "value", "(none)" or "error: ...".
std::string value_of(VariablesProvider& provider, const std::string& name) {
  Loop loop;
  VirtualClock clock;
  const auto value = run_sim(loop, clock, provider.get(name));
  if (!value)
    return "error: " + value.error().what;
  return value->value_or("(none)");
}

std::string file_with(const std::string& text) {
  const std::string path = ::testing::TempDir() + "kt_dotenv_" + std::to_string(::getpid());
  std::ofstream(path) << text;
  return path;
}

std::string dotenv(std::string_view text, const VariableValues& environment = {}) {
  const auto values = parse_dotenv(text, environment);
  if (!values)
    return "error: " + values.error().what;
  std::string out;
  for (const auto& [key, value] : *values)
    out += (out.empty() ? "" : "|") + key + "=" + value;
  return out;
}

TEST(StaticVariables, KnowOnlyWhatWasGiven) {
  StaticVariables variables(VariableValues{{"a", "1"}});
  EXPECT_EQ(value_of(variables, "a"), "1");
  EXPECT_EQ(value_of(variables, "b"), "(none)");
  EXPECT_TRUE(variables.may_resolve("a"));
  EXPECT_FALSE(variables.may_resolve("b"));
}

TEST(EnvironmentVariables, AreNamedByPrefixAndUpperCase) {
  EnvironmentVariables::Options options;
  options.environment = {{"SPIN_VARIABLE_API_HOST", "h"}, {"API_HOST", "no"}, {"X_API_HOST", "x"}};
  EnvironmentVariables variables(options);
  EXPECT_EQ(value_of(variables, "api_host"), "h");
  EXPECT_EQ(value_of(variables, "host"), "(none)");
  EXPECT_TRUE(variables.may_resolve("api_host"));
  EXPECT_FALSE(variables.may_resolve("host"));
  options.prefix = "X";
  EnvironmentVariables prefixed(options);
  EXPECT_EQ(value_of(prefixed, "api_host"), "x");
}

TEST(EnvironmentVariables, FallBackToTheDotenvFile) {
  EnvironmentVariables::Options options;
  options.environment = {{"SPIN_VARIABLE_A", "environment"}};
  options.dotenv_path = file_with("SPIN_VARIABLE_A=file\nSPIN_VARIABLE_B=file\n");
  EnvironmentVariables variables(options);
  EXPECT_EQ(value_of(variables, "a"), "environment");
  EXPECT_EQ(value_of(variables, "b"), "file");
  EXPECT_TRUE(variables.may_resolve("b"));
}

TEST(EnvironmentVariables, NeedNoDotenvFile) {
  EnvironmentVariables::Options options;
  options.dotenv_path = "/nowhere/.env";
  EnvironmentVariables variables(options);
  EXPECT_EQ(value_of(variables, "a"), "(none)");
}

TEST(EnvironmentVariables, FailOnAMalformedFileOnlyWhereItIsNeededAndNeverShowIt) {
  EnvironmentVariables::Options options;
  options.environment = {{"SPIN_VARIABLE_A", "1"}};
  options.dotenv_path = file_with("GOOD=1\nTOKEN='s3cret\n");
  EnvironmentVariables variables(options);
  EXPECT_EQ(value_of(variables, "a"), "1");
  const std::string error = value_of(variables, "b");
  EXPECT_NE(error.find("a quote is not closed"), error.npos) << error;
  EXPECT_EQ(error.find("s3cret"), error.npos) << error;
  EXPECT_FALSE(variables.may_resolve("b"));
}

TEST(EnvironmentVariables, RefuseWhatIsNotText) {
  EnvironmentVariables::Options options;
  options.environment = {{"SPIN_VARIABLE_A", "\xff"}};
  EnvironmentVariables variables(options);
  EXPECT_EQ(value_of(variables, "a"),
            "error: failed to resolve env var SPIN_VARIABLE_A: it is not UTF-8");
}

TEST(Dotenv, TakesPlainAndExportedLinesAndComments) {
  EXPECT_EQ(dotenv("A=1\n# B=2\n\n  export C = 3\r\nD=\nE= # none\nF=a#b\nG=x # y\nA.b_2=z"),
            "A=1|A.b_2=z|C=3|D=|E=|F=a#b|G=x");
  EXPECT_EQ(dotenv("A=1\nA=2"), "A=2");
}

TEST(Dotenv, TakesQuotesAndEscapes) {
  EXPECT_EQ(dotenv("A='it $X \\n'"), "A=it $X \\n");
  EXPECT_EQ(dotenv("A=\"a b\\n\\\"\\$X\""), "A=a b\n\"$X");
  EXPECT_EQ(dotenv("A=\"1\n2\"\nB=3"), "A=1\n2|B=3");
  EXPECT_EQ(dotenv("A=a\\ b'c d'"), "A=a bc d");
}

TEST(Dotenv, ReplacesOtherKeys) {
  EXPECT_EQ(dotenv("A=1\nB=$A-${A}x$NONE", {}), "A=1|B=1-1x");
  EXPECT_EQ(dotenv("A=1\nB=\"${A}\"", {{"A", "outside"}}), "A=1|B=outside");
}

TEST(Dotenv, NamesTheLineThatIsWrong) {
  EXPECT_EQ(dotenv("A=1\nB"), "error: line 2: expected KEY=value");
  EXPECT_EQ(dotenv("A=b c"), "error: line 1: a value with spaces needs quotes");
  EXPECT_EQ(dotenv("A=\"b"), "error: line 1: a quote is not closed");
  EXPECT_EQ(dotenv("1A=b"), "error: line 1: expected KEY=value");
}

}  // namespace
}  // namespace kt::host
