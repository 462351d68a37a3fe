// model/template_text.h — Text with `{{ variable }}` in it, taken apart; and what may be a
// variable.
//
// Why: the manifest's own keys, the variables of components and the allowed hosts share one form.
// Who replaces the names, and by what, is decided where they are used.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace kt {

/// A piece of a template: literal text, or `{{ name }}`. Views into the text it was split from.
struct TemplatePart {
  bool is_name() const { return is_name_; }

  std::string_view raw;   ///< all of it, braces included
  std::string_view name;  ///< what stands in the braces, trimmed
  bool is_name_ = false;
};

struct SplitTemplate {
  std::vector<TemplatePart> parts;
  bool closed = true;  ///< false: the last part begins with "{{" and nothing closes it
};

SplitTemplate split_template(std::string_view text);

/// Why `name` cannot name a variable, in Spin's words ("must not be empty"); empty when it can.
std::string variable_name_fault(std::string_view name);

}  // namespace kt
