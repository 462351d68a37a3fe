#include "aws/service_date.h"

#include "aws/service_error.h"

namespace kt::aws {
namespace {

// AWS accepts dates up to five minutes off.
constexpr std::chrono::minutes kSkewTolerated{4};

}  // namespace

Error ServiceDate::error_of(const http::Response& answer, const std::string& operation) {
  Error error = to_error(answer, operation);
  if (error.code == ErrorCode::AccessDenied && learn(answer)) {
    error.code = ErrorCode::Unavailable;
    error.what += " (this machine's date is wrong: the service's will be used)";
  }
  return error;
}

bool ServiceDate::learn(const http::Response& answer) {
  const auto date = parse_http_date(answer.header("Date"));
  if (!date)
    return false;
  const std::chrono::milliseconds skew = *date - clock_.wall_now();
  if (std::chrono::abs(skew - skew_) < kSkewTolerated)
    return false;
  skew_ = skew;
  return true;
}

}  // namespace kt::aws
