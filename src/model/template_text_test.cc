#include "model/template_text.h"

#include <gtest/gtest.h>

namespace kt {
namespace {

/// "lit(a)name(b)"; an open brace ends it with "!".
std::string split(std::string_view text) {
  const SplitTemplate whole = split_template(text);
  std::string out;
  for (const TemplatePart& part : whole.parts)
    out += part.is_name() ? "name(" + std::string(part.name) + ")"
                          : "lit(" + std::string(part.raw) + ")";
  return whole.closed ? out : out + "!";
}

TEST(TemplateText, IsTakenApartAsSpinDoes) {
  EXPECT_EQ(split(""), "");
  EXPECT_EQ(split("a"), "lit(a)");
  EXPECT_EQ(split("a-{{ expr }}-b"), "lit(a-)name(expr)lit(-b)");
  EXPECT_EQ(split("{{expr1}}{{\texpr2 }}"), "name(expr1)name(expr2)");
  EXPECT_EQ(split("{ a } }} {{}}"), "lit({ a } }} )name()");
}

TEST(TemplateText, SaysWhenBracesStayOpen) {
  EXPECT_EQ(split("{{ matched }} {{ unmatched"), "name(matched)lit( )lit({{ unmatched)!");
}

TEST(VariableName, MayBeWhatSpinAllows) {
  for (const char* name : {"a", "abc", "a1b2c3", "a_1", "a_1_b_3"})
    EXPECT_EQ(variable_name_fault(name), "") << name;
}

TEST(VariableName, IsRefusedInSpinsWords) {
  EXPECT_EQ(variable_name_fault(""), "must not be empty");
  EXPECT_EQ(variable_name_fault("aX"),
            "invalid character 'X'. Variable names may contain only lower-case letters, numbers, "
            "and underscores.");
  EXPECT_EQ(variable_name_fault("a\u00e9b").substr(0, 23), "invalid character '\u00e9'.");
  EXPECT_EQ(variable_name_fault("1bc"), "must start with a lowercase ASCII letter");
  EXPECT_EQ(variable_name_fault("_x"), "must start with a lowercase ASCII letter");
  EXPECT_EQ(variable_name_fault("x_"), "must end with a lowercase ASCII letter or digit");
  EXPECT_EQ(variable_name_fault("a__b"), "must not contain multiple consecutive underscores");
  for (const char* name : {"x.y", "x-y", "x y"})
    EXPECT_NE(variable_name_fault(name), "") << name;
}

}  // namespace
}  // namespace kt
