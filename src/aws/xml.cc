#include "aws/xml.h"

#include <algorithm>
#include <array>
#include <utility>

namespace kt::aws {
namespace {

constexpr std::size_t kDocumentBytesMax = 64 * 1024;
constexpr std::size_t kTextBytesMax = 4 * 1024;
constexpr std::array<std::pair<std::string_view, char>, 5> kEntities{
    {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}}};

std::string resolved(std::string_view text) {
  std::string out;
  while (!text.empty() && out.size() < kTextBytesMax) {
    const auto* const entity =
        std::find_if(kEntities.begin(), kEntities.end(),
                     [&](const auto& one) { return text.starts_with(one.first); });
    const bool found = entity != kEntities.end();
    out += found ? entity->second : text.front();
    text.remove_prefix(found ? entity->first.size() : 1);
  }
  return out;
}

}  // namespace

std::string xml_text(std::string_view document, std::string_view element) {
  document = document.substr(0, kDocumentBytesMax);
  const std::string open = "<" + std::string(element) + ">";
  const std::size_t begin = document.find(open);
  if (begin == std::string_view::npos)
    return {};
  document.remove_prefix(begin + open.size());
  const std::size_t end = document.find('<');
  if (end == std::string_view::npos ||
      !document.substr(end).starts_with("</" + std::string(element)))
    return {};
  return resolved(document.substr(0, end));
}

}  // namespace kt::aws
