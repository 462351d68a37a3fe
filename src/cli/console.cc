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

std::string printable(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out += c;
    } else {
      constexpr std::string_view kHex = "0123456789abcdef";
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

}  // namespace kt::cli
