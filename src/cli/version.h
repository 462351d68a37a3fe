// cli/version.h — What this build calls itself.
#pragma once
#include <string_view>

namespace kt::cli {

/// The project's version with its stage before a release. `tools/package` asks the binary for it.
inline constexpr std::string_view kVersion = KT_VERSION "-rc.1";

}  // namespace kt::cli
