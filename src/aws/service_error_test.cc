#include "aws/service_error.h"

#include <gtest/gtest.h>

#include "aws/cbor.h"

namespace kt::aws {
namespace {

http::Response answer(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

TEST(ServiceError, ClassifiesByTypeBeforeStatus) {
  struct Case {
    int status;
    const char* type;
    ErrorCode code;
  };
  const Case cases[] = {
      {400, "ProvisionedThroughputExceededException", ErrorCode::Throttled},
      {400, "ThrottlingException", ErrorCode::Throttled},
      {400, "Throttling", ErrorCode::Throttled},
      {400, "LimitExceededException", ErrorCode::Throttled},
      {400, "KMSThrottlingException", ErrorCode::Throttled},
      {429, "", ErrorCode::Throttled},
      {400, "ExpiredIteratorException", ErrorCode::ExpiredIterator},
      {400, "ExpiredNextTokenException", ErrorCode::ExpiredToken},
      {400, "ResourceNotFoundException", ErrorCode::NotFound},
      {400, "ResourceInUseException", ErrorCode::InUse},
      {400, "AccessDeniedException", ErrorCode::AccessDenied},
      {400, "UnrecognizedClientException", ErrorCode::AccessDenied},
      {400, "InvalidSignatureException", ErrorCode::AccessDenied},
      {400, "ExpiredTokenException", ErrorCode::AccessDenied},
      {400, "KMSAccessDeniedException", ErrorCode::AccessDenied},
      {403, "SomethingNew", ErrorCode::AccessDenied},
      {400, "InternalFailureException", ErrorCode::Unavailable},
      {500, "", ErrorCode::Unavailable},
      {503, "SomethingNew", ErrorCode::Unavailable},
      {302, "", ErrorCode::Unavailable},
      {400, "ValidationException", ErrorCode::Invalid},
      {400, "InvalidArgumentException", ErrorCode::Invalid},
      {400, "KMSDisabledException", ErrorCode::Invalid},
      {404, "", ErrorCode::Invalid},
  };
  for (const Case& c : cases)
    EXPECT_EQ(classify(c.status, c.type), c.code) << c.status << " " << c.type;
}

TEST(ServiceError, ReadsTheTypeOfAJsonAnswer) {
  const auto fault = read_fault(
      answer(400, R"({"__type":"com.amazonaws.kinesis.v20131202#ResourceNotFoundException",)"
                  R"("message":"Stream x under account 1 not found."})"));
  EXPECT_EQ(fault.type, "ResourceNotFoundException");
  EXPECT_EQ(fault.message, "Stream x under account 1 not found.");
}

TEST(ServiceError, ReadsTheTypeOfACborAnswer) {
  CborWriter w;
  w.map(2).text("__type").text("ExpiredIteratorException").text("Message").text("too old");
  const Error error = to_error(answer(400, w.take()), "GetRecords");
  EXPECT_EQ(error.code, ErrorCode::ExpiredIterator);
  EXPECT_EQ(error.what, "GetRecords: ExpiredIteratorException: too old");
}

TEST(ServiceError, ReadsTheTypeOfTheHeader) {
  http::Response response = answer(400, "{}");
  response.headers.emplace_back("x-amzn-errortype", "ThrottlingException:http://internal/");
  EXPECT_EQ(to_error(response, "PutRecord").code, ErrorCode::Throttled);
}

TEST(ServiceError, NamesTheStatusWhereTheAnswerSaysNothing) {
  for (const char* body : {"", "<html>busy</html>", "{", "\xff\xff", "[1]"}) {
    const Error error = to_error(answer(502, body), "ListShards");
    EXPECT_EQ(error.code, ErrorCode::Unavailable) << body;
    EXPECT_EQ(error.what, "ListShards: HTTP status 502") << body;
  }
}

TEST(ServiceError, BoundsTheMessage) {
  const Error error =
      to_error(answer(400, R"({"message":")" + std::string(100'000, 'x') + "\"}"), "PutRecord");
  EXPECT_LT(error.what.size(), 1000u);
}

}  // namespace
}  // namespace kt::aws
