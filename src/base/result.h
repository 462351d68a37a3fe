// base/result.h — Result<T>, and the two macros that pass an error upwards.
//
// Why: `Result` is the return type of everything that can fail. TRY and CO_TRY keep the happy path
// readable while every exit stays visible at the line it happens.
#pragma once
#include <tl/expected.hpp>
#include <utility>

#include "base/error.h"

namespace kt {

/// A value or an Error. T should be default-constructible where it travels through a TaskGroup.
template <class T>
using Result = tl::expected<T, Error>;

/// "Done, nothing to tell": the value of a Result that carries none.
struct Unit {
  friend bool operator==(Unit, Unit) = default;
};

/// `return fail(ErrorCode::NotFound, "no stream x");`
inline tl::unexpected<Error> fail(ErrorCode code, std::string what) {
  return tl::unexpected<Error>(Error(code, std::move(what)));
}
inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace kt

#define KT_JOIN_(a, b) a##b
#define KT_JOIN(a, b) KT_JOIN_(a, b)
#define KT_PICK_(a, b, chosen, ...) chosen

#define KT_TRY1_(var, expr) \
  auto var = (expr);        \
  if (!var)                 \
  return ::kt::fail(std::move(var).error())
#define KT_TRY2_(var, decl, expr)              \
  auto var = (expr);                           \
  if (!var)                                    \
    return ::kt::fail(std::move(var).error()); \
  decl = *std::move(var)
#define KT_TRY1(expr) KT_TRY1_(KT_JOIN(kt_try_, __LINE__), expr)
#define KT_TRY2(decl, expr) KT_TRY2_(KT_JOIN(kt_try_, __LINE__), decl, expr)

#define KT_CO_TRY1_(var, expr) \
  auto var = co_await (expr);  \
  if (!var)                    \
  co_return ::kt::fail(std::move(var).error())
#define KT_CO_TRY2_(var, decl, expr)              \
  auto var = co_await (expr);                     \
  if (!var)                                       \
    co_return ::kt::fail(std::move(var).error()); \
  decl = *std::move(var)
#define KT_CO_TRY1(expr) KT_CO_TRY1_(KT_JOIN(kt_try_, __LINE__), expr)
#define KT_CO_TRY2(decl, expr) KT_CO_TRY2_(KT_JOIN(kt_try_, __LINE__), decl, expr)

/// `TRY(f());` or `TRY(auto x, f());`: returns f's error from a plain function, else goes on.
/// Expands to several statements: brace the `if` or loop around it.
#define TRY(...) KT_PICK_(__VA_ARGS__, KT_TRY2, KT_TRY1, )(__VA_ARGS__)
/// The same in a coroutine, for an expression that yields a Task<Result<T>>. The arguments of the
/// call must be named objects: no braced aggregate and no lambda inside (see docs/adr/0001).
#define CO_TRY(...) KT_PICK_(__VA_ARGS__, KT_CO_TRY2, KT_CO_TRY1, )(__VA_ARGS__)
