// wasm/handle.h — Owns one object of the bridge.
#pragma once
#include <memory>

namespace kt::wasm {

/// A unique_ptr whose deleter is the bridge's own free function.
template <class T, auto free>
struct HandleDeleter {
  void operator()(T* object) const noexcept { free(object); }
};
template <class T, auto free>
using Handle = std::unique_ptr<T, HandleDeleter<T, free>>;

}  // namespace kt::wasm
