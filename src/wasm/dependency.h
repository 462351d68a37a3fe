// wasm/dependency.h — A component that satisfies imports of another one.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace kt::wasm {

/// One part of a composed component; what it views must live until it is composed.
struct Dependency {
  /// Which imports: a plain name, or ns:pkg[/interface][@version], parts that are left out being
  /// open.
  std::string name;
  ByteView bytes;                       ///< a component or a core module
  std::optional<std::string> exported;  ///< what satisfies them; none: the export of the same name
  bool inherits_all = false;            ///< it may do all that the whole may
  std::vector<std::string> inherits;    ///< else these sets ("files", ...); the others are denied
};

}  // namespace kt::wasm
