#include "aws/service_error.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "aws/cbor.h"
#include "aws/xml.h"

namespace kt::aws {
namespace {

constexpr std::size_t kMessageBytesMax = 600;

struct Rule {
  std::string_view type;
  ErrorCode code;
};

// Types are compared without their "Exception" ending: services are not of one mind about it.
constexpr std::array kRules{
    Rule{"ProvisionedThroughputExceeded", ErrorCode::Throttled},
    Rule{"Throttling", ErrorCode::Throttled},
    Rule{"Throttled", ErrorCode::Throttled},
    Rule{"RequestThrottled", ErrorCode::Throttled},
    Rule{"RequestLimitExceeded", ErrorCode::Throttled},
    Rule{"BandwidthLimitExceeded", ErrorCode::Throttled},
    Rule{"TooManyRequests", ErrorCode::Throttled},
    Rule{"SlowDown", ErrorCode::Throttled},
    Rule{"LimitExceeded", ErrorCode::Throttled},
    Rule{"KMSThrottling", ErrorCode::Throttled},
    Rule{"ExpiredIterator", ErrorCode::ExpiredIterator},
    Rule{"ExpiredNextToken", ErrorCode::ExpiredToken},
    Rule{"ResourceNotFound", ErrorCode::NotFound},
    Rule{"NotFound", ErrorCode::NotFound},
    Rule{"QueueDoesNotExist", ErrorCode::NotFound},
    Rule{"AWS.SimpleQueueService.NonExistentQueue", ErrorCode::NotFound},
    Rule{"NoSuchBucket", ErrorCode::NotFound},
    Rule{"ResourceInUse", ErrorCode::InUse},
    Rule{"AccessDenied", ErrorCode::AccessDenied},
    Rule{"KMSAccessDenied", ErrorCode::AccessDenied},
    Rule{"KMSOptInRequired", ErrorCode::AccessDenied},
    Rule{"UnrecognizedClient", ErrorCode::AccessDenied},
    Rule{"InvalidSignature", ErrorCode::AccessDenied},
    Rule{"SignatureDoesNotMatch", ErrorCode::AccessDenied},
    Rule{"IncompleteSignature", ErrorCode::AccessDenied},
    Rule{"MissingAuthenticationToken", ErrorCode::AccessDenied},
    Rule{"InvalidClientTokenId", ErrorCode::AccessDenied},
    Rule{"InvalidAccessKeyId", ErrorCode::AccessDenied},
    Rule{"ExpiredToken", ErrorCode::AccessDenied},
    Rule{"RequestExpired", ErrorCode::AccessDenied},
    Rule{"RequestTimeTooSkewed", ErrorCode::AccessDenied},
    Rule{"OptInRequired", ErrorCode::AccessDenied},
    Rule{"NotAuthorized", ErrorCode::AccessDenied},
    Rule{"AuthorizationError", ErrorCode::AccessDenied},
    Rule{"InternalFailure", ErrorCode::Unavailable},
    Rule{"InternalServerError", ErrorCode::Unavailable},
    Rule{"InternalError", ErrorCode::Unavailable},
    Rule{"ServiceUnavailable", ErrorCode::Unavailable},
    Rule{"RequestTimeout", ErrorCode::TimedOut},
};

std::string_view without_exception(std::string_view type) {
  constexpr std::string_view kEnding = "Exception";
  return type.ends_with(kEnding) ? type.substr(0, type.size() - kEnding.size()) : type;
}

/// "com.amazonaws.kinesis.v20131202#Foo" and "Foo:http://..." both name Foo.
std::string bare_type(std::string_view type) {
  const std::size_t hash = type.find('#');
  if (hash != std::string_view::npos)
    type.remove_prefix(hash + 1);
  return std::string(type.substr(0, type.find(':')));
}

void read_json(const std::string& body, ServiceFault& fault) {
  const auto document = nlohmann::json::parse(body, nullptr, false);
  if (!document.is_object())
    return;
  for (const char* key : {"__type", "code"}) {
    const auto found = document.find(key);
    if (fault.type.empty() && found != document.end() && found->is_string())
      fault.type = bare_type(found->get_ref<const std::string&>());
  }
  for (const char* key : {"message", "Message"}) {
    const auto found = document.find(key);
    if (fault.message.empty() && found != document.end() && found->is_string())
      fault.message = found->get<std::string>();
  }
}

void read_cbor(const std::string& body, ServiceFault& fault) {
  CborReader reader(body);
  reader.each_entry([&](std::string_view key) {
    if (reader.kind() != CborReader::Kind::Text)
      return;
    if (key == "__type" && fault.type.empty())
      fault.type = bare_type(reader.text());
    else if ((key == "message" || key == "Message") && fault.message.empty())
      fault.message = reader.text();
  });
}

void read_xml(std::string_view body, ServiceFault& fault) {
  if (fault.type.empty())
    fault.type = bare_type(xml_text(body, "Code"));
  fault.message = xml_text(body, "Message");
}

/// The first character that is no space; 0 where there is none.
char first_of(std::string_view body) {
  const std::size_t first = body.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos ? '\0' : body[first];
}

}  // namespace

ServiceFault read_fault(const http::Response& response) {
  ServiceFault fault;
  fault.type = bare_type(response.header("x-amzn-ErrorType"));
  // By the body itself: proxies and emulators answer JSON to CBOR requests, too.
  const char first = first_of(response.body);
  if (first == '{')
    read_json(response.body, fault);
  else if (first == '<')
    read_xml(response.body, fault);
  else
    read_cbor(response.body, fault);
  if (fault.message.size() > kMessageBytesMax)
    fault.message.resize(kMessageBytesMax);
  return fault;
}

ErrorCode classify(int status, std::string_view type) {
  const std::string_view bare = without_exception(type);
  const auto* const rule =
      std::find_if(kRules.begin(), kRules.end(), [&](const Rule& r) { return r.type == bare; });
  if (rule != kRules.end())
    return rule->code;
  if (status == 429)
    return ErrorCode::Throttled;
  if (status == 408)
    return ErrorCode::TimedOut;
  if (status == 401 || status == 403)
    return ErrorCode::AccessDenied;
  // A redirect or a page of something in between is no answer of the service.
  if (status >= 500 || status < 400)
    return ErrorCode::Unavailable;
  return ErrorCode::Invalid;
}

Error to_error(const http::Response& response, std::string_view operation) {
  const ServiceFault fault = read_fault(response);
  std::string what(operation);
  what += ": ";
  what += fault.type.empty() ? "HTTP status " + std::to_string(response.status) : fault.type;
  if (!fault.message.empty())
    what += ": " + fault.message;
  return Error(classify(response.status, fault.type), std::move(what));
}

}  // namespace kt::aws
