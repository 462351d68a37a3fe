// base/error.h — The one error type of the project.
//
// Why: on an at-least-once path the reader must see every exit, so errors are values. A code
// exists only where some caller branches on it; everything else a human reads in `what`.
#pragma once
#include <string>
#include <string_view>
#include <utility>

namespace kt {

/// What the caller may do about an error. Named by reaction, not by origin.
enum class ErrorCode {
  Invalid,          ///< our or the user's input is wrong: do not repeat it
  NotFound,         ///< the named thing does not exist
  InUse,            ///< the named thing exists already, or is being changed
  AccessDenied,     ///< the credentials do not allow it
  NoCredentials,    ///< there are none: set them
  Throttled,        ///< the service asks for patience: repeat later
  Unavailable,      ///< network or service fault: repeat later
  TimedOut,         ///< no answer within the deadline: repeat later, it may have been done
  ExpiredIterator,  ///< the ShardIterator is older than five minutes: make a new one
  ExpiredToken,     ///< the paging token is too old: list again from the start
  LimitExceeded,    ///< a documented limit of the service would be passed
  StorageFull,      ///< no room in the state directory
  ReadOnly,         ///< the state directory cannot be written
  Corrupt,          ///< stored or received bytes do not have the documented form
  Closed,           ///< the object is shutting down
  Internal,         ///< a fault of this program
};

/// The code's name as logs and JSON show it.
std::string_view name(ErrorCode code);

/// Whether repeating the same call later can succeed without anyone changing anything.
constexpr bool is_transient(ErrorCode code) {
  return code == ErrorCode::Throttled || code == ErrorCode::Unavailable ||
         code == ErrorCode::TimedOut;
}

/// An error: what the caller may do (`code`) and what a human should read (`what`): what happened,
/// to which thing, and what to do about it. Never holds secrets or record bodies.
struct Error {
  Error() : code(ErrorCode::Internal) {}
  Error(ErrorCode c, std::string w) : code(c), what(std::move(w)) {}

  ErrorCode code;
  std::string what;

  /// The same error with the circumstance in front: "reading lease x: disk full".
  Error within(std::string_view circumstance) const;
};

}  // namespace kt
