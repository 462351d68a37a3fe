// async_form.h — Exports a handler in the asynchronous form, by hand: canonical ABI, with callback.
//
// A record "!wait <millis>" makes the call wait on wasi:clocks@0.3.0 first. "!wait" without a
// number waits for what never comes.
#pragma once
#include <stream_handler.hpp>

#include "deeds.h"

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))

namespace async_form {

IMPORT("[export]trigger-kinesis:handler/handle-async@0.1.0", "[task-return]batch")
void task_return(std::uint32_t is_error, std::uint32_t outcome_or_text, std::uint32_t index_or_data,
                 std::uint32_t count, std::uint32_t has_state, std::uint32_t state_data,
                 std::uint32_t state_size);
IMPORT("wasi:clocks/monotonic-clock@0.3.0", "[async-lower]wait-for")
std::uint32_t wait_for(std::uint64_t nanoseconds);
IMPORT("$root", "[waitable-set-new]") std::uint32_t waitable_set_new();
IMPORT("$root", "[waitable-join]") void waitable_join(std::uint32_t waitable, std::uint32_t set);
IMPORT("$root", "[subtask-drop]") void subtask_drop(std::uint32_t subtask);

constexpr std::uint32_t kExit = 0, kWait = 2;         // what an entry or a callback returns
constexpr std::uint32_t kSubtask = 1, kReturned = 2;  // an event, and a subtask's state

inline stream_handler::abi::Parameters* parameters = nullptr;

inline void give(const stream_handler::abi::HandlerResult& result) {
  const auto address = [](const void* p) { return reinterpret_cast<std::uintptr_t>(p); };
  if (result.is_error) {
    task_return(1, address(result.message.data), result.message.size, 0, 0, 0, 0);
    return;
  }
  const auto& value = result.value;
  const bool items = value.outcome == stream_handler::abi::Outcome::FailedItems;
  task_return(0, std::uint32_t(value.outcome),
              items ? address(value.failed_items.data) : value.failed_from,
              items ? value.failed_items.count : 0, value.window_state.has,
              address(value.window_state.value.data), value.window_state.value.size);
}

template <class Handler>
std::uint32_t finish(Handler handler) {
  auto* result = stream_handler::detail::call(handler, parameters);
  give(*result);
  stream_handler::detail::release(result);
  return kExit;
}

/// Waits for the subtask, unless it has ended already.
template <class Handler>
std::uint32_t start(Handler handler, stream_handler::abi::Parameters* in) {
  parameters = in;
  const stream_handler::Records records(in->records, in->count);
  constexpr std::string_view kCommand = "!wait";
  for (std::uint32_t i = 0; i < records.size(); ++i) {
    const std::string data(records[i].data());
    if (data.compare(0, kCommand.size(), kCommand) != 0)
      continue;
    deeds::announce("waiting");
    const std::uint32_t set = waitable_set_new();
    if (data == kCommand)
      return set << 4 | kWait;
    const std::uint64_t millis = std::strtoull(data.c_str() + kCommand.size(), nullptr, 10);
    const std::uint32_t status = wait_for(millis * 1'000'000);
    if ((status & 15) == kReturned)
      break;
    waitable_join(status >> 4, set);
    return set << 4 | kWait;
  }
  return finish(handler);
}

template <class Handler>
std::uint32_t resume(Handler handler, std::uint32_t event, std::uint32_t subtask,
                     std::uint32_t state) {
  if (event != kSubtask || state != kReturned)
    __builtin_trap();
  subtask_drop(subtask);
  return finish(handler);
}

}  // namespace async_form

#define ASYNC_STREAM_HANDLER(handler)                                                             \
  extern "C" {                                                                                    \
  __attribute__((export_name("cabi_realloc"))) void* cabi_realloc(void* old, size_t old_size,     \
                                                                  size_t align, size_t size) {    \
    return spin_kinesis::detail::allocate(old, old_size, align, size);                            \
  }                                                                                               \
  __attribute__((                                                                                 \
      export_name("[async-lift]trigger-kinesis:handler/handle-async@0.1.0#batch"))) std::uint32_t \
  async_form_start(stream_handler::abi::Parameters* in) {                                         \
    return async_form::start(handler, in);                                                        \
  }                                                                                               \
  __attribute__((export_name(                                                                     \
      "[callback][async-lift]trigger-kinesis:handler/handle-async@0.1.0#batch"))) std::uint32_t   \
  async_form_resume(std::uint32_t event, std::uint32_t one, std::uint32_t two) {                  \
    return async_form::resume(handler, event, one, two);                                          \
  }                                                                                               \
  }
