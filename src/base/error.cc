#include "base/error.h"

namespace kt {

std::string_view name(ErrorCode code) {
  switch (code) {
    case ErrorCode::Invalid:
      return "Invalid";
    case ErrorCode::NotFound:
      return "NotFound";
    case ErrorCode::InUse:
      return "InUse";
    case ErrorCode::AccessDenied:
      return "AccessDenied";
    case ErrorCode::NoCredentials:
      return "NoCredentials";
    case ErrorCode::Throttled:
      return "Throttled";
    case ErrorCode::Unavailable:
      return "Unavailable";
    case ErrorCode::TimedOut:
      return "TimedOut";
    case ErrorCode::ExpiredIterator:
      return "ExpiredIterator";
    case ErrorCode::ExpiredToken:
      return "ExpiredToken";
    case ErrorCode::LimitExceeded:
      return "LimitExceeded";
    case ErrorCode::StorageFull:
      return "StorageFull";
    case ErrorCode::ReadOnly:
      return "ReadOnly";
    case ErrorCode::Corrupt:
      return "Corrupt";
    case ErrorCode::Closed:
      return "Closed";
    case ErrorCode::Internal:
      return "Internal";
  }
  return "Internal";
}

Error Error::within(std::string_view circumstance) const {
  std::string text(circumstance);
  text += ": ";
  text += what;
  return Error(code, std::move(text));
}

}  // namespace kt
