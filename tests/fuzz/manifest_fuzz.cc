// Both readers take any bytes and answer with an app or an error, never with a crash.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "app/app.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const kt::app::Outside outside;
  const auto manifest = kt::app::parse_manifest(text, "spin.toml", "/app", outside);
  if (manifest)
    static_cast<void>(kt::app::print_config(*manifest));
  static_cast<void>(kt::app::parse_locked_app(text, "spin.lock", "/app", outside));
  return 0;
}
