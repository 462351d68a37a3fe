// host/trace_headers.h — The headers that tell another server which trace a request belongs to.
#pragma once
#include <string>
#include <utility>

#include "model/trace_context.h"
#include "wasm/host_call.h"

namespace kt::host {

/// A list of [name, value]; empty without a trace.
inline wasm::HostResult trace_headers(const TraceContext& context) {
  wasm::HostResult::List list;
  const auto put = [&](const char* name, std::string value) {
    wasm::HostResult::List pair;
    pair.emplace_back(std::string(name));
    pair.emplace_back(std::move(value));
    list.emplace_back(std::move(pair));
  };
  if (context.valid()) {
    put("traceparent", to_traceparent(context));
    if (!context.state.empty())
      put("tracestate", context.state);
  }
  return wasm::HostResult(std::move(list));
}

}  // namespace kt::host
