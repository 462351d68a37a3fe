#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scaffold/liquid.h"
#include "scaffold/template.h"
#include "scaffold/words.h"

namespace kt::scaffold {
namespace {

using ::testing::HasSubstr;

TEST(Words, AreFoundInNamesOfEverySpelling) {
  for (const char* name : {"order events", "order-events", "order_events", "OrderEvents",
                           "orderEvents", "ORDER_EVENTS", "--Order  Events--"}) {
    EXPECT_EQ(kebab_case(name), "order-events") << name;
    EXPECT_EQ(snake_case(name), "order_events") << name;
    EXPECT_EQ(pascal_case(name), "OrderEvents") << name;
  }
  EXPECT_EQ(kebab_case("MyHTTPHandler2"), "my-http-handler2");
  EXPECT_EQ(pascal_case("v2 app"), "V2App");
  EXPECT_EQ(kebab_case("-!-"), "");
}

std::string rendered(const std::string& text,
                     const Values& values = {{"name", "Order Events"}, {"kind", "a"}}) {
  auto out = render(text, "file", values);
  return out ? *out : "error: " + out.error().what;
}

TEST(Rendering, PutsValuesWithFiltersWhereTheyAreNamed) {
  EXPECT_EQ(rendered("[{{name}}] {{ name | kebab_case }} {{name|snake_case|pascal_case}}"),
            "[Order Events] order-events OrderEvents");
  EXPECT_EQ(rendered("no mark, { one } brace"), "no mark, { one } brace");
}

TEST(Rendering, ChoosesByEquality) {
  const std::string text =
      "{% if kind == \"a\" %}A{% elsif kind == 'b' %}B{% else %}{% if kind != \"c\" %}X{% else %}C"
      "{% endif %}{% endif %}.";
  EXPECT_EQ(rendered(text, {{"kind", "a"}}), "A.");
  EXPECT_EQ(rendered(text, {{"kind", "b"}}), "B.");
  EXPECT_EQ(rendered(text, {{"kind", "c"}}), "C.");
  EXPECT_EQ(rendered(text, {{"kind", "d"}}), "X.");
}

TEST(Rendering, TakesAwayWhiteSpaceBesideADash) {
  EXPECT_EQ(rendered("a \n {%- if kind == \"a\" -%} \n b \n {%- endif %} c"), "ab c");
  EXPECT_EQ(rendered("a {{- kind -}} b"), "aab");
}

TEST(Rendering, RefusesWhatItDoesNotKnowWithItsLine) {
  EXPECT_EQ(rendered("\n\n{{ nam }}"), "error: file:3: no parameter is called \"nam\"");
  EXPECT_THAT(rendered("{{ name | upcase }}"), HasSubstr("unknown filter \"upcase\""));
  EXPECT_THAT(rendered("{{ 'text' }}"), HasSubstr("is not the name of a parameter"));
  EXPECT_THAT(rendered("{{ name"), HasSubstr("\"{{\" without \"}}\""));
  EXPECT_THAT(rendered("{% for x in y %}"), HasSubstr("unknown tag \"for\""));
  EXPECT_THAT(rendered("{% if kind %}{% endif %}"), HasSubstr("a condition is"));
  EXPECT_THAT(rendered("{% if kind == \"a\" or \"b\" %}{% endif %}"), HasSubstr("a condition is"));
  EXPECT_THAT(rendered("{% if kind == \"a\" %}"), HasSubstr("no {% endif %}"));
  EXPECT_THAT(rendered("{% endif %}"), HasSubstr("without {% if %}"));
  EXPECT_THAT(rendered("{% if kind == \"a\" %}{% else %}{% else %}{% endif %}"),
              HasSubstr("after {% else %}"));
  EXPECT_THAT(rendered("{% else x %}"), HasSubstr("without {% if %}"));
}

TEST(Rendering, IsBounded) {
  std::string deep;
  for (int i = 0; i < 20; ++i)
    deep += "{% if kind == \"a\" %}";
  EXPECT_THAT(rendered(deep), HasSubstr("more than 16 {% if %}"));
  std::string wide;
  for (int i = 0; i < 100'000; ++i)
    wide += "{{x}}";
  EXPECT_THAT(rendered(wide, {{"x", std::string(1000, 'y')}}), HasSubstr("longer than 16 MiB"));
  EXPECT_THAT(rendered(std::string(std::size_t{5} << 20, 'x')), HasSubstr("longer than 4 MiB"));
}

Files files(const std::string& more = "") {
  Files out;
  out["metadata/spin-template.toml"] =
      "manifest_version = \"1\"\nid = \"kinesis-x\"\n" + more +
      "[add_component]\nskip_files = [\"spin.toml\"]\n"
      "[add_component.snippets]\ncomponent = \"component.txt\"\n"
      "application_trigger = \"trigger.txt\"\n"
      "[add_component.conditions.set]\n"
      "condition = { manifest_entry_exists = \"application.trigger.kinesis\" }\n"
      "skip_snippets = [\"application_trigger\"]\n"
      "[parameters]\n"
      "stream = { type = \"string\", prompt = \"Stream\", pattern = \"^arn:\\\\d+$\" }\n"
      "size = { type = \"string\", prompt = \"Size\", default = \"10\" }\n";
  out["metadata/snippets/component.txt"] = "[component.{{project-name | kebab_case}}]\n";
  out["metadata/snippets/trigger.txt"] = "[application.trigger.kinesis]\n";
  out["content/spin.toml"] = "size = {{size}}\nauthors = \"{{authors}}\"\n";
  out["content/{{project-name | snake_case}}.rs.tmpl"] = "// {{stream}}";
  out["content/logo.png"] = std::string("{{\0{{", 5);
  return out;
}

TEST(Templates, MakeAnApp) {
  const auto from = read_template(files());
  ASSERT_TRUE(from) << from.error().what;
  Order order;
  order.name = "My App";
  order.authors = "Ada";
  order.values = {{"stream", "arn:1"}};
  const auto made = instantiate(*from, order);
  ASSERT_TRUE(made) << made.error().what;
  EXPECT_EQ(made->files.at("spin.toml"), "size = 10\nauthors = \"Ada\"\n");
  EXPECT_EQ(made->files.at("my_app.rs"), "// arn:1");
  EXPECT_EQ(made->files.at("logo.png").size(), 5u);
  EXPECT_FALSE(made->manifest);
}

TEST(Templates, AddAComponentToAnApp) {
  const auto from = read_template(files());
  Order order;
  order.name = "second";
  order.values = {{"stream", "arn:1"}};
  std::string manifest = "spin_manifest_version = 2";
  order.manifest = &manifest;
  auto made = instantiate(*from, order);
  ASSERT_TRUE(made) << made.error().what;
  EXPECT_EQ(made->manifest,
            "spin_manifest_version = 2\n\n[application.trigger.kinesis]\n\n[component.second]\n");
  EXPECT_FALSE(made->files.contains("spin.toml"));
  manifest = *made->manifest;
  order.name = "third";
  made = instantiate(*from, order);
  EXPECT_EQ(made->manifest, manifest + "\n[component.third]\n") << "what is there is not doubled";
  order.name = "second";
  EXPECT_THAT(instantiate(*from, order).error().what, HasSubstr("has a component \"second\""));
}

TEST(Templates, NameEveryValueThatIsWrong) {
  const auto from = read_template(files());
  Order order;
  order.name = "app";
  order.values = {{"sise", "1"}, {"size", "a\"b"}};
  const std::string what = instantiate(*from, order).error().what;
  EXPECT_THAT(what, HasSubstr("-v stream=…: Stream"));
  EXPECT_THAT(what, HasSubstr("unknown parameter \"sise\"; did you mean \"size\"?"));
  EXPECT_THAT(what, HasSubstr("must not hold quotes"));
  order.values = {{"stream", "x"}};
  EXPECT_THAT(instantiate(*from, order).error().what, HasSubstr("does not fit ^arn:"));
}

TEST(Templates, AreRefusedWhereTheySayWhatIsNotKnown) {
  EXPECT_THAT(read_template(files("custom_filters = []\n")).error().what,
              HasSubstr("spin-template.toml:3: unknown key \"custom_filters\""));
  EXPECT_THAT(read_template(Files()).error().what, HasSubstr("no metadata/spin-template.toml"));
}

}  // namespace
}  // namespace kt::scaffold
