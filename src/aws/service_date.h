// aws/service_date.h — The date that a service's requests are signed with.
//
// Why: AWS refuses a signature whose date is off by more than five minutes, as if the credentials
// were wrong. Its refusal carries its own date: the next request can be right.
#pragma once
#include <chrono>
#include <string>

#include "base/error.h"
#include "http/transport.h"
#include "runtime/clock.h"

namespace kt::aws {

/// Our date, and what a service's refusals taught about it. Lives on: the shard loop; the clock
/// outlives it.
class ServiceDate {
 public:
  explicit ServiceDate(Clock& clock) : clock_(clock) {}

  WallTime now() const { return clock_.wall_now() + skew_; }
  /// The Error for an answer that is no success: Unavailable, to be repeated, where our date was to
  /// blame, else as service_error.h says.
  Error error_of(const http::Response& answer, const std::string& operation);

 private:
  bool learn(const http::Response& answer);

  Clock& clock_;
  std::chrono::milliseconds skew_{0};  // the service's date minus ours
};

}  // namespace kt::aws
