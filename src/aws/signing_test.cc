#include "aws/signing.h"

#include <gtest/gtest.h>

namespace kt::aws {
namespace {

// The key of AWS's published signature examples.
Credentials example_key(std::string token = {}) {
  return Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", std::move(token));
}

std::string header(const http::Request& request, std::string_view name) {
  for (const http::Header& entry : request.headers) {
    if (entry.name == name)
      return entry.value;
  }
  return {};
}

http::Request vanilla(const char* method) {
  http::Request request;
  request.method = method;
  request.headers.emplace_back("Host", "example.amazonaws.com");
  return request;
}

WallTime vanilla_date() {
  return *parse_rfc3339("2015-08-30T12:36:00Z");
}

http::Request list_shards() {
  http::Request request;
  request.headers.emplace_back("Host", "127.0.0.1:4567");
  request.headers.emplace_back("Content-Type", "application/x-amz-cbor-1.1");
  request.headers.emplace_back("X-Amz-Target", "Kinesis_20131202.ListShards");
  request.headers.emplace_back("User-Agent", "is not signed");
  request.body = "\xa1jStreamNameax";
  return request;
}

TEST(Signing, GivesTheSignaturesOfThePublishedTestSuite) {
  const SigningScope scope("us-east-1", "service");
  http::Request get = vanilla("GET");
  ASSERT_TRUE(sign(get, example_key(), scope, vanilla_date()));
  EXPECT_EQ(header(get, "X-Amz-Date"), "20150830T123600Z");
  EXPECT_EQ(header(get, "Authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            "SignedHeaders=host;x-amz-date, "
            "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  http::Request post = vanilla("POST");
  ASSERT_TRUE(sign(post, example_key(), scope, vanilla_date()));
  EXPECT_TRUE(header(post, "Authorization")
                  .ends_with("5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"));
}

// Expected values computed with botocore 1.43.
TEST(Signing, SignsAKinesisCallAsBotocoreDoes) {
  const SigningScope scope("us-east-1", "kinesis");
  http::Request request = list_shards();
  ASSERT_TRUE(sign(request, example_key(), scope, *parse_rfc3339("2023-11-14T22:13:20Z")));
  EXPECT_EQ(header(request, "Authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20231114/us-east-1/kinesis/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
            "Signature=73c914d1d8eea3faf34e09f80bf0a0954151824db47ec7b200bf72284c261d0d");
}

TEST(Signing, CarriesAndSignsTheSessionToken) {
  const SigningScope scope("us-east-1", "kinesis");
  http::Request request = list_shards();
  ASSERT_TRUE(
      sign(request, example_key("a-session-token"), scope, *parse_rfc3339("2023-11-14T22:13:20Z")));
  EXPECT_EQ(header(request, "X-Amz-Security-Token"), "a-session-token");
  EXPECT_TRUE(header(request, "Authorization")
                  .ends_with("22bdbec6d0a2c4c2539b325950b07f2b776abf6785bc06e090e9fc3669d678d2"));
}

TEST(Signing, CoversTheBody) {
  const SigningScope scope("us-east-1", "kinesis");
  http::Request one = list_shards();
  http::Request other = list_shards();
  other.body += "y";
  ASSERT_TRUE(sign(one, example_key(), scope, vanilla_date()));
  ASSERT_TRUE(sign(other, example_key(), scope, vanilla_date()));
  EXPECT_NE(header(one, "Authorization"), header(other, "Authorization"));
}

// "Example: PUT Object" of the S3 documentation.
TEST(Signing, SignsS3PathsAsTheyAreAndNamesTheBodysHash) {
  http::Request request;
  request.method = "PUT";
  request.path = "/test%24file.text";
  request.headers.emplace_back("Host", "examplebucket.s3.amazonaws.com");
  request.headers.emplace_back("Date", "Fri, 24 May 2013 00:00:00 GMT");
  request.headers.emplace_back("x-amz-storage-class", "REDUCED_REDUNDANCY");
  request.body = "Welcome to Amazon S3.";
  const Credentials key("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
  ASSERT_TRUE(
      sign(request, key, SigningScope("us-east-1", "s3"), *parse_rfc3339("2013-05-24T00:00:00Z")));
  EXPECT_EQ(header(request, "x-amz-content-sha256"),
            "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
  EXPECT_EQ(header(request, "Authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class, "
            "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

}  // namespace
}  // namespace kt::aws
