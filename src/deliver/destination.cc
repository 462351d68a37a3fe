#include "deliver/destination.h"

namespace kt::deliver {

std::string_view name(Condition condition) {
  switch (condition) {
    case Condition::RetryAttemptsExhausted:
      return "RetryAttemptsExhausted";
    case Condition::RecordAgeExceeded:
      return "RecordAgeExceeded";
    case Condition::NotJson:
      return "NotJson";
  }
  return "Unknown";
}

}  // namespace kt::deliver
