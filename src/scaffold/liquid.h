// scaffold/liquid.h — Fills in a template's text.
//
// Why: templates are Spin's, which are Liquid. This is the small part of it that templates for
// handlers need; anything else is refused rather than guessed:
//
//   {{ name }}   {{ name | kebab_case }}   also snake_case, pascal_case; one after the other
//   {% if name == "text" %} … {% elsif name != "text" %} … {% else %} … {% endif %}
//   a dash at either end ({{- name -}}) takes away the white space beside it
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kt::scaffold {

/// By parameter.
using Values = std::map<std::string, std::string, std::less<>>;

/// Invalid names `file`, the line and what is not known. At most 4 MiB in and 16 MiB out, `if`s 16
/// deep.
Result<std::string> render(std::string_view text, const std::string& file, const Values& values);

}  // namespace kt::scaffold
