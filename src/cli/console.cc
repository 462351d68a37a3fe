#include "cli/console.h"

namespace kt::cli {

std::string Console::variable(std::string_view name) const {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

int Console::error(ExitCode code, std::string_view what) const {
  err << "error: " << what << "\n";
  err.flush();
  return code;
}

ExitCode start_exit_code(const Error& error) {
  switch (error.code) {
    case ErrorCode::Invalid:
    case ErrorCode::NotFound:
    case ErrorCode::InUse:
    case ErrorCode::AccessDenied:
    case ErrorCode::NoCredentials:
    case ErrorCode::StorageFull:
    case ErrorCode::ReadOnly:
      return kUsage;
    default:
      return kFailed;
  }
}

}  // namespace kt::cli
