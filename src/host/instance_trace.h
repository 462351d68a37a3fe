// host/instance_trace.h — The trace that what an instance asks of the host belongs to.
//
// Why: a guest may have spans of its own open (wasi:otel); what it asks for meanwhile, of whichever
// capability, is below them.
#pragma once
#include <algorithm>
#include <utility>
#include <vector>

#include "model/trace_context.h"

namespace kt::host {

/// One instance's, shared by its sessions. Lives on the host loop.
class InstanceTrace {
 public:
  explicit InstanceTrace(TraceContext call) : call_(std::move(call)) {}

  /// The span of the call that the instance serves; invalid: there is none.
  const TraceContext& call() const { return call_; }
  /// What is below: the guest's newest open span, or else the call's.
  const TraceContext& current() const { return open_.empty() ? call_ : open_.back(); }
  /// False: too many are open.
  bool open(TraceContext span) {
    if (open_.size() >= kOpenMax)
      return false;
    open_.push_back(std::move(span));
    return true;
  }
  /// False: it is not open.
  bool close(const TraceContext::SpanId& span) {
    const auto is_it = [&](const TraceContext& one) { return one.span_id == span; };
    return std::erase_if(open_, is_it) > 0;
  }

 private:
  static constexpr std::size_t kOpenMax = 1000;

  TraceContext call_;
  std::vector<TraceContext> open_;  // newest last
};

}  // namespace kt::host
