#include "cli/template_pack.h"

#include "base/check.h"

// KT_TEMPLATES is the pack's path.
__asm__(
    ".section .rodata\n"
    "kt_templates_begin:\n"
    ".incbin \"" KT_TEMPLATES
    "\"\n"
    "kt_templates_end:\n"
    ".byte 0\n"
    ".text\n");

extern "C" {
extern const char kt_templates_begin[];
extern const char kt_templates_end[];
}

namespace kt::cli {
namespace {

int digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

Result<std::string> bytes_of(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    const int high = digit(hex[i]);
    const int low = digit(hex[i + 1]);
    if (high < 0 || low < 0)
      return fail(ErrorCode::Invalid, "the pack of templates is damaged");
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

}  // namespace

Result<TemplatePack> read_template_pack(std::string_view pack) {
  TemplatePack out;
  while (!pack.empty()) {
    const std::string_view line = pack.substr(0, pack.find('\n'));
    const auto slash = line.find('/');
    const auto space = line.find(' ');
    if (slash == std::string_view::npos || space == std::string_view::npos || slash > space)
      return fail(ErrorCode::Invalid, "the pack of templates is damaged");
    TRY(std::string content, bytes_of(line.substr(space + 1)));
    scaffold::Files& files = out[std::string(line.substr(0, slash))];
    files[std::string(line.substr(slash + 1, space - slash - 1))] = std::move(content);
    pack.remove_prefix(std::min(line.size() + 1, pack.size()));
  }
  return out;
}

TemplatePack built_in_templates() {
  auto pack = read_template_pack(std::string_view(
      kt_templates_begin, static_cast<std::size_t>(kt_templates_end - kt_templates_begin)));
  CHECK(pack.has_value(), "the program's own templates cannot be read");
  return *std::move(pack);
}

}  // namespace kt::cli
