#include <gtest/gtest.h>

#include "host/variables/capability.h"
#include "host/variables/local_providers.h"
#include "runtime/run_virtual.h"
#include "wasm/host_testing.h"

namespace kt::host {
namespace {

/// Knows "required" and fails for "broken", as a provider behind a network might.
class RemoteVariables final : public VariablesProvider {
 public:
  Task<Result<std::optional<std::string>>> get(std::string name) override {
    if (name == "broken")
      co_return fail(ErrorCode::Unavailable, "the vault is closed");
    if (name == "required")
      co_return std::optional<std::string>("provider-value");
    co_return std::optional<std::string>();
  }
  bool may_resolve(const std::string& name) const override { return name == "required"; }
};

AppVariable required() {
  return AppVariable();
}
AppVariable with_default(std::string value, bool secret = false) {
  AppVariable variable;
  variable.fallback = std::move(value);
  variable.secret = secret;
  return variable;
}

std::shared_ptr<VariablesResolver> resolver(VariablesResolver::Variables variables,
                                            VariableValues given = {}) {
  VariablesResolver::Providers providers;
  providers.push_back(std::make_unique<StaticVariables>(std::move(given)));
  providers.push_back(std::make_unique<RemoteVariables>());
  return *VariablesResolver::make(std::move(variables), std::move(providers));
}

std::shared_ptr<VariablesResolver> usual(VariableValues given = {}) {
  return resolver({{"required", required()},
                   {"default", with_default("default-value")},
                   {"broken", with_default("never")},
                   {"key", with_default("hush", true)}},
                  std::move(given));
}

std::string expand(const std::shared_ptr<VariablesResolver>& variables, std::string text) {
  Loop loop;
  VirtualClock clock;
  const auto value = run_sim(loop, clock, variables->expand_text(std::move(text)));
  return value ? *value : "error: " + value.error().what;
}

TEST(VariablesResolver, ExpandsLiteralsDefaultsAndProviders) {
  EXPECT_EQ(expand(usual(), "static-value"), "static-value");
  EXPECT_EQ(expand(usual(), "prefix-{{ default }}-suffix"), "prefix-default-value-suffix");
  EXPECT_EQ(expand(usual(), "prefix-{{required}}-suffix"), "prefix-provider-value-suffix");
}

TEST(VariablesResolver, AsksProvidersInTheirOrder) {
  EXPECT_EQ(expand(usual({{"required", "given"}}), "{{ required }}"), "given");
}

TEST(VariablesResolver, DoesNotLookPastAProviderThatFails) {
  EXPECT_EQ(expand(usual(), "{{ broken }}"), "error: the vault is closed");
}

TEST(VariablesResolver, RefusesTemplatesThatCannotBe) {
  EXPECT_EQ(usual()->prepare("{{ nobody }}").error().what,
            "invalid variable template: unknown variable \"nobody\"");
  EXPECT_EQ(usual()->prepare("a {{ b").error().what,
            "invalid variable template: unmatched '{{' in template");
}

TEST(VariablesResolver, KnowsWhichTextsHoldASecret) {
  EXPECT_TRUE(usual()->prepare("x{{ key }}")->is_secret());
  EXPECT_FALSE(usual()->prepare("x{{ default }}")->is_secret());
  EXPECT_TRUE(usual()->prepare("x")->is_literal());
}

TEST(VariablesResolver, ListsRequiredVariablesThatNobodyCanHave) {
  EXPECT_TRUE(usual()->check_required());
  const auto missing = resolver({{"a", required()}, {"b", required()}, {"c", with_default("")}});
  const auto checked = missing->check_required();
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().what.substr(0, 59),
            "no provider resolved required variable(s): [\"a\", \"b\"]. Give");
  EXPECT_EQ(expand(missing, "{{ a }}"), "error: no provider resolved required variable \"a\"");
}

TEST(VariablesResolver, RefusesNamesThatCannotBe) {
  const auto made = VariablesResolver::make({{"Aa", required()}}, {});
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().what.find("invalid variable name: \"Aa\": invalid character 'A'"),
            std::string::npos);
}

TEST(VariablesResolver, BoundsWhatATextGrowsTo) {
  const auto large = resolver({{"a", with_default(std::string(600'000, 'x'))}});
  EXPECT_EQ(expand(large, "{{ a }}").size(), 600'000u);
  EXPECT_EQ(expand(large, "{{ a }}{{ a }}"), "error: a variable's value grows over 1 MiB");
}

class AVariablesCapability : public ::testing::Test {
 protected:
  void configure(std::map<std::string, std::string, std::less<>> config) {
    VariablesCapability::Options options;
    options.component = "ingest";
    options.config = std::move(config);
    auto made = VariablesCapability::make(usual(), std::move(options));
    ASSERT_TRUE(made) << made.error().what;
    capability_ = *std::move(made);
  }
  Answer call(HostOperation operation, HostResult::List values = {}) {
    Loop loop;
    VirtualClock clock;
    const wasm::TestArguments arguments(std::move(values));
    const auto session = capability_->begin();
    return run_sim(loop, clock, session->call(operation, arguments.view()));
  }
  /// "value", or "fault: message".
  std::string get(std::string name) {
    const Answer answer = call(KT_VARIABLES_GET, wasm::list_of(std::move(name)));
    if (answer)
      return *answer->text();
    return std::to_string(answer.error().fault) + ": " + answer.error().message;
  }

  std::shared_ptr<VariablesCapability> capability_;
};

TEST_F(AVariablesCapability, GivesAComponentItsOwnVariables) {
  configure({{"endpoint", "https://{{ default }}/v1"}, {"token", "{{ key }}"}});
  EXPECT_EQ(get("endpoint"), "https://default-value/v1");
  EXPECT_EQ(get("token"), "hush");
}

TEST_F(AVariablesCapability, HasNothingThatTheComponentDoesNotName) {
  configure({{"endpoint", "x"}});
  EXPECT_EQ(get("default"),
            std::to_string(KT_FAULT_NOT_FOUND) + ": no variable for \"ingest\".\"default\"");
}

TEST_F(AVariablesCapability, RefusesNamesInSpinsWords) {
  configure({});
  EXPECT_EQ(get("A"), std::to_string(KT_FAULT_INVALID) +
                          ": \"A\": invalid character 'A'. Variable names may contain only "
                          "lower-case letters, numbers, and underscores.");
  EXPECT_EQ(get(""), std::to_string(KT_FAULT_INVALID) + ": \"\": must not be empty");
  EXPECT_LT(get(std::string(100'000, 'A')).size(), 400u);
}

TEST_F(AVariablesCapability, PassesAProvidersErrorOn) {
  configure({{"a", "{{ broken }}"}});
  EXPECT_EQ(get("a"), std::to_string(KT_FAULT_OTHER) + ": the vault is closed");
}

TEST_F(AVariablesCapability, ListsAllVariablesOfTheComponent) {
  configure({{"a", "1"}, {"b", "{{ required }}"}});
  const Answer answer = call(KT_VARIABLES_ALL);
  ASSERT_TRUE(answer);
  const auto& all = *answer->list();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(*(*all[0].list())[0].text(), "a");
  EXPECT_EQ(*(*all[1].list())[1].text(), "provider-value");
}

TEST(VariablesCapability, IsRefusedAtTheStartWhenATemplateNamesAnUnknownVariable) {
  VariablesCapability::Options options;
  options.component = "ingest";
  options.config = {{"a", "{{ nobody }}"}};
  const auto made = VariablesCapability::make(usual(), options);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().what,
            "component \"ingest\", variable \"a\": invalid variable template: unknown variable "
            "\"nobody\"");
}

}  // namespace
}  // namespace kt::host
