// runtime/task.h — Task<T>: the coroutine type of the project.
//
// Why: Boost.Asio's awaitable brings a replaceable executor, cancellation and timers without taking
// over threads or memory. Everything else sees only this alias, so that the simulator can run the
// whole worker in one thread.
//
// Rules (docs/adr/0001): a coroutine is a named function; parameters are values or references whose
// owner outlives the task; no braced aggregate and no lambda inside an expression with co_await.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/result.h"

namespace kt {

namespace asio = boost::asio;

/// The executor of every coroutine: one Loop.
using Executor = asio::io_context::executor_type;

/// A coroutine that yields T. Starts when awaited or spawned, lives on the loop that runs it.
template <class T>
using Task = asio::awaitable<T, Executor>;

/// How a coroutine waits for an Asio operation.
inline constexpr asio::use_awaitable_t<Executor> use_task{};

/// Thrown by the leaf waits of runtime/ when their task was cancelled, caught by TaskGroup and
/// with_deadline only. Not a std::exception on purpose: nobody else may swallow it.
struct Cancelled {};

}  // namespace kt
