// host/shared_library.h — A library that is loaded at its first use.
//
// Why: the program must start on machines that have no client library of a database; only a
// component that uses the database needs it.
#pragma once
#include <dlfcn.h>

#include <string>

#include "base/result.h"

namespace kt::host {

/// Stays loaded until the process ends: client libraries register handlers that outlive a handle.
class SharedLibrary {
 public:
  /// Unavailable, naming the library and what to install, when the machine has none.
  static Result<SharedLibrary> open(const char* file, const char* debian_package) {
    void* const handle = ::dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
      return fail(ErrorCode::Unavailable, std::string("this machine has no ") + file +
                                              ", which the component's database needs: install " +
                                              debian_package);
    }
    return SharedLibrary(handle, file);
  }

  SharedLibrary() = default;

  /// Sets `function`; NotFound when the library is too old to have it.
  template <class Function>
  Result<Unit> find(Function*& function, const char* name) const {
    function = reinterpret_cast<Function*>(::dlsym(handle_, name));
    if (function == nullptr)
      return fail(ErrorCode::NotFound, file_ + " has no function " + name + ": it is too old");
    return Unit{};
  }

 private:
  SharedLibrary(void* handle, std::string file) : handle_(handle), file_(std::move(file)) {}

  void* handle_ = nullptr;
  std::string file_;
};

}  // namespace kt::host
