// base/check.h — CHECK: what cannot be, stops the program.
//
// Why: a broken invariant near a checkpoint must never become a lost record. A crash repeats work;
// going on might lose it. CHECK is on in production.
#pragma once
#include <string_view>

namespace kt {

/// Prints the failed condition, its place and the message, then aborts.
[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               std::string_view message);

}  // namespace kt

/// CHECK(cond) or CHECK(cond, "message"): aborts with context when `cond` is false.
#define CHECK(cond, ...)         \
  ((cond) ? static_cast<void>(0) \
          : ::kt::check_failed(__FILE__, __LINE__, #cond, ::std::string_view{__VA_ARGS__}))
