// aws/service_error.h — From an AWS error answer to what the caller may do about it.
#pragma once
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/transport.h"

namespace kt::aws {

/// What a service said went wrong.
struct ServiceFault {
  std::string type;  ///< "ResourceNotFoundException": without namespace and without address
  std::string message;
};

/// Reads `x-amzn-ErrorType`, or __type and message of a JSON or CBOR body,
/// or Code and Message of an XML one. Empty fields where the
/// answer has none; never fails.
ServiceFault read_fault(const http::Response& response);

/// The reaction to an error type, or, where the type is unknown, to the HTTP status.
ErrorCode classify(int status, std::string_view type);

/// The Error for an answer that is no success: "GetRecords: ThrottlingException: Rate exceeded".
Error to_error(const http::Response& response, std::string_view operation);

}  // namespace kt::aws
