// cli/template_pack.h — The templates that the program carries.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "scaffold/template.h"

namespace kt::cli {

/// The files of each template, by its folder's name.
using TemplatePack = std::map<std::string, scaffold::Files>;

/// Those built in.
TemplatePack built_in_templates();

/// Reads lines of "<template>/<path> <content in hexadecimal>".
Result<TemplatePack> read_template_pack(std::string_view pack);

}  // namespace kt::cli
