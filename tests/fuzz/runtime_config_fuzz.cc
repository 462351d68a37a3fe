// Any bytes make a runtime configuration or an error, never a crash.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "app/runtime_config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = kt::app::parse_runtime_config(text, "/nowhere/runtime.toml");
  if (config)
    static_cast<void>(kt::app::variable_sources(*config));
  return 0;
}
