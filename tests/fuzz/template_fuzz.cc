// The text of a template: rendering ends, in bounds, with text or an error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "scaffold/liquid.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const kt::scaffold::Values values = {{"name", "Order Events"}, {"kind", "a"}};
  const auto out = kt::scaffold::render(text, "file", values);
  // A mark takes at least five characters, and what it stands for is short.
  if (out && out->size() > size * 4)
    std::abort();
  return 0;
}
