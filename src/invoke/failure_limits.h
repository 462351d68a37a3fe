// invoke/failure_limits.h — How long a failing batch is called again.
#pragma once
#include <cstdint>
#include <optional>

#include "base/time.h"

namespace kt::invoke {

/// `maximum_retry_attempts`, `maximum_record_age_seconds`, `bisect_batch_on_function_error`: as
/// Lambda counts them. Without a limit nothing is ever given up.
struct FailureLimits {
  /// Calls after the first that failed by the handler's doing. None: for ever.
  std::optional<std::uint32_t> retries_max;
  std::optional<std::chrono::milliseconds> age_max;  ///< by the service's clock. None: for ever
  bool bisect = false;

  bool any() const { return retries_max || age_max; }
};

}  // namespace kt::invoke
