// local/service_error.h — The exceptions that the service answers with.
#pragma once
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace kt::local {

/// One of the service's exception types.
enum class Fault {
  InvalidArgument,
  Validation,
  ResourceNotFound,
  ResourceInUse,
  LimitExceeded,
  ThroughputExceeded,
  ExpiredIterator,
  ExpiredNextToken,
  Serialization,
  UnknownOperation,
  InternalFailure,
};

/// "ProvisionedThroughputExceededException": the name on the wire.
std::string_view exception_name(Fault fault);

/// An answer that is a refusal: what the client sees as an exception.
struct ServiceError {
  ServiceError() = default;
  ServiceError(Fault f, std::string m) : fault(f), message(std::move(m)) {}
  Fault fault = Fault::InternalFailure;
  std::string message;
};

/// What a client of the service would make of it.
Error to_error(const ServiceError& refusal);

template <class T>
using Answer = tl::expected<T, ServiceError>;

inline tl::unexpected<ServiceError> refuse(Fault fault, std::string message) {
  return tl::unexpected<ServiceError>(ServiceError(fault, std::move(message)));
}

}  // namespace kt::local

namespace kt {
/// Lets TRY pass a refusal upwards.
inline tl::unexpected<local::ServiceError> fail(local::ServiceError refusal) {
  return tl::unexpected<local::ServiceError>(std::move(refusal));
}
}  // namespace kt
