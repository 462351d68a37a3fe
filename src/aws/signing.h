// aws/signing.h — AWS Signature Version 4 of a request's headers.
#pragma once
#include <string>
#include <string_view>

#include "aws/credentials.h"
#include "http/transport.h"

namespace kt::aws {

/// What a signature is valid for.
struct SigningScope {
  SigningScope() = default;
  SigningScope(std::string r, std::string s) : region(std::move(r)), service(std::move(s)) {}
  std::string region;
  std::string service;
};

/// Adds X-Amz-Date, X-Amz-Security-Token where there is one, and Authorization. The request must
/// have its Host header already; every header present but User-Agent is signed. Internal when the C
/// runtime refuses the request. For the service "s3" the path is signed as it stands and
/// X-Amz-Content-SHA256 is added. `body_sha256`: the body's hash in hexadecimal, where it is known.
Result<Unit> sign(http::Request& request, const Credentials& credentials, const SigningScope& scope,
                  WallTime date, std::string_view body_sha256 = {});

}  // namespace kt::aws
