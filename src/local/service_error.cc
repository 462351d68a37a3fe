#include "local/service_error.h"

namespace kt::local {

std::string_view exception_name(Fault fault) {
  switch (fault) {
    case Fault::InvalidArgument:
      return "InvalidArgumentException";
    case Fault::Validation:
      return "ValidationException";
    case Fault::ResourceNotFound:
      return "ResourceNotFoundException";
    case Fault::ResourceInUse:
      return "ResourceInUseException";
    case Fault::LimitExceeded:
      return "LimitExceededException";
    case Fault::ThroughputExceeded:
      return "ProvisionedThroughputExceededException";
    case Fault::ExpiredIterator:
      return "ExpiredIteratorException";
    case Fault::ExpiredNextToken:
      return "ExpiredNextTokenException";
    case Fault::Serialization:
      return "SerializationException";
    case Fault::UnknownOperation:
      return "UnknownOperationException";
    case Fault::InternalFailure:
      return "InternalFailureException";
  }
  return "InternalFailureException";
}

namespace {

ErrorCode code_of(Fault fault) {
  switch (fault) {
    case Fault::InvalidArgument:
    case Fault::Validation:
    case Fault::Serialization:
    case Fault::UnknownOperation:
      return ErrorCode::Invalid;
    case Fault::ResourceNotFound:
      return ErrorCode::NotFound;
    case Fault::ResourceInUse:
      return ErrorCode::InUse;
    case Fault::LimitExceeded:
      return ErrorCode::LimitExceeded;
    case Fault::ThroughputExceeded:
      return ErrorCode::Throttled;
    case Fault::ExpiredIterator:
      return ErrorCode::ExpiredIterator;
    case Fault::ExpiredNextToken:
      return ErrorCode::ExpiredToken;
    case Fault::InternalFailure:
      return ErrorCode::Unavailable;
  }
  return ErrorCode::Internal;
}

}  // namespace

Error to_error(const ServiceError& refusal) {
  return Error(code_of(refusal.fault),
               std::string(exception_name(refusal.fault)) + ": " + refusal.message);
}

}  // namespace kt::local
