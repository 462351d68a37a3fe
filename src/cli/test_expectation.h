// cli/test_expectation.h — What `test` expects of a call, and whether the call did it.
#pragma once
#include <string>
#include <vector>

#include "invoke/guest.h"

namespace kt::cli {

/// "ok", "failures", "error", "trap", "timeout", "memory" or "host".
std::string_view word_for(invoke::InvokeOutcome outcome);

/// Indexes of the records that the call did not handle, of `count`.
std::vector<std::uint32_t> failed_records(const invoke::Invocation& ended, std::size_t count);

/// One `--expect`.
struct Expectation {
  std::string outcome = "ok";           ///< as word_for() says it
  std::string message;                  ///< error=TEXT: its message holds it
  std::vector<std::uint32_t> failures;  ///< failures=0,2
};

/// Invalid says what may be written.
Result<Expectation> parse_expectation(const std::string& text);

/// What is not as expected; empty: all is.
std::string deviation(const Expectation& expected, const invoke::Invocation& ended,
                      std::size_t record_count);

}  // namespace kt::cli
