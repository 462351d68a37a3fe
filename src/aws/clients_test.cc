// The clients of SQS, SNS and S3: what goes out, and what comes back as which error.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "aws/s3_client.h"
#include "aws/sns_client.h"
#include "aws/sqs_client.h"
#include "aws/xml.h"
#include "base/percent.h"
#include "runtime/run_virtual.h"
#include "tests/support/scripted_transport.h"

namespace kt::aws {
namespace {

using nlohmann::json;
using testing::HasSubstr;

http::Endpoint endpoint(std::string_view url) {
  return *http::Endpoint::parse(url);
}

class AClient : public ::testing::Test {
 protected:
  template <class T>
  T run(Task<T> task) {
    return run_sim(loop_, clock_, std::move(task));
  }
  const http::Request& sent() const { return transport_.requests().back(); }

  Loop loop_;
  VirtualClock clock_;
  test::ScriptedTransport transport_;
  FixedCredentials credentials_{Credentials("AKIDEXAMPLE", "secret")};
};

class Sqs : public AClient {
 protected:
  SqsClient client_{transport_, credentials_, clock_, "eu-west-1",
                    endpoint("https://sqs.eu-west-1.amazonaws.com")};
};

TEST_F(Sqs, FindsAQueueAndItsLimit) {
  transport_.answer(200, R"({"QueueUrl":"https://sqs.eu-west-1.amazonaws.com/1/dead"})");
  EXPECT_EQ(run(client_.queue_url("dead", "123456789012")),
            "https://sqs.eu-west-1.amazonaws.com/1/dead");
  EXPECT_EQ(transport_.header("X-Amz-Target"), "AmazonSQS.GetQueueUrl");
  EXPECT_EQ(transport_.header("Content-Type"), "application/x-amz-json-1.0");
  EXPECT_EQ(json::parse(sent().body).at("QueueOwnerAWSAccountId"), "123456789012");
  transport_.answer(200, R"({"Attributes":{"MaximumMessageSize":"1048576"}})");
  EXPECT_EQ(run(client_.message_bytes_max("url")), 1048576u);
}

TEST_F(Sqs, PutsOnlyFifoMessagesIntoAGroup) {
  transport_.answer(200, R"({"MessageId":"7"})");
  EXPECT_TRUE(run(client_.send("url", "{\"a\":1}", FifoPlace())));
  EXPECT_EQ(json::parse(sent().body),
            json::parse(R"({"QueueUrl":"url","MessageBody":"{\"a\":1}"})"));
  FifoPlace place;
  place.group = "shard";
  place.deduplication_id = "same";
  transport_.answer(200, R"({"MessageId":"7"})");
  EXPECT_TRUE(run(client_.send("url", "x", place)));
  EXPECT_EQ(json::parse(sent().body).at("MessageGroupId"), "shard");
  EXPECT_EQ(json::parse(sent().body).at("MessageDeduplicationId"), "same");
}

TEST_F(Sqs, NeverTakesAnAnswerWithoutMessageIdForSuccess) {
  for (const char* body : {"", "{}", "<html>", R"({"MessageId":7})", R"({"MessageId":""})"}) {
    transport_.answer(200, body);
    EXPECT_EQ(run(client_.send("url", "x", FifoPlace())).error().code, ErrorCode::Corrupt) << body;
  }
}

TEST_F(Sqs, NamesAMissingQueueAndAThrottle) {
  transport_.answer(400, R"({"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"none"})");
  const auto missing = run(client_.queue_url("dead", "123456789012"));
  EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
  EXPECT_EQ(missing.error().what, "GetQueueUrl: QueueDoesNotExist: none");
  transport_.answer(400, R"({"__type":"com.amazonaws.sqs#RequestThrottled"})");
  EXPECT_EQ(run(client_.send("u", "x", FifoPlace())).error().code, ErrorCode::Throttled);
}

class Sns : public AClient {
 protected:
  static constexpr const char* kTopic = "arn:aws:sns:eu-west-1:123456789012:dead";
  SnsClient client_{transport_, credentials_, clock_, "eu-west-1",
                    endpoint("http://127.0.0.1:4566")};
};

TEST_F(Sns, PublishesAForm) {
  transport_.answer(200,
                    "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">"
                    "<PublishResult><MessageId>94f2</MessageId></PublishResult></PublishResponse>");
  FifoPlace place;
  place.group = "shard 1";
  place.deduplication_id = "d";
  EXPECT_TRUE(run(client_.publish(kTopic, "{\"a\": \"\xc3\xbc&=+\"}", place)));
  EXPECT_EQ(sent().body,
            "Action=Publish&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A123456789012"
            "%3Adead&Message=%7B%22a%22%3A%20%22%C3%BC%26%3D%2B%22%7D&MessageGroupId=shard%201"
            "&MessageDeduplicationId=d");
  EXPECT_THAT(transport_.header("Authorization"), HasSubstr("/eu-west-1/sns/aws4_request"));
  EXPECT_EQ(transport_.header("X-Amz-Content-SHA256"), "") << "only S3 asks for it";
}

TEST_F(Sns, ReadsErrorsInXml) {
  transport_.answer(
      404,
      "<ErrorResponse><Error><Type>Sender</Type><Code>NotFound</Code>"
      "<Message>Topic &quot;dead&quot; does not exist</Message></Error></ErrorResponse>");
  const auto missing = run(client_.find_topic(kTopic));
  EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
  EXPECT_EQ(missing.error().what, "GetTopicAttributes: NotFound: Topic \"dead\" does not exist");
  transport_.answer(400, "<ErrorResponse><Error><Code>Throttled</Code></Error></ErrorResponse>");
  EXPECT_EQ(run(client_.publish(kTopic, "x", FifoPlace())).error().code, ErrorCode::Throttled);
  transport_.answer(200, "<html>welcome</html>");
  EXPECT_EQ(run(client_.publish(kTopic, "x", FifoPlace())).error().code, ErrorCode::Corrupt);
}

class S3 : public AClient {
 protected:
  S3Client client(std::string_view url, std::string bucket, bool configured) {
    S3Client::Options options;
    options.region = "us-east-1";
    options.place = place_of_bucket(endpoint(url), bucket, configured);
    options.bucket = std::move(bucket);
    return S3Client(transport_, credentials_, clock_, std::move(options));
  }
};

TEST_F(S3, PutsWithTheBodysHashOnTheBucketsOwnHost) {
  S3Client bucket = client("https://s3.us-east-1.amazonaws.com", "dead", false);
  transport_.answer(200, "");
  EXPECT_TRUE(run(bucket.put("a b/c:d.json", "hello", "application/json", "")));
  EXPECT_EQ(sent().method, "PUT");
  EXPECT_EQ(sent().path, "/a%20b/c%3Ad.json");
  EXPECT_EQ(transport_.header("Host"), "dead.s3.us-east-1.amazonaws.com");
  const char* const kHash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
  EXPECT_EQ(transport_.header("x-amz-content-sha256"), kHash);
  const std::string authorization = transport_.header("Authorization");
  transport_.answer(200, "");
  EXPECT_TRUE(run(bucket.put("a b/c:d.json", "hello", "application/json", kHash)));
  EXPECT_EQ(transport_.header("Authorization"), authorization) << "a known hash changes nothing";
}

TEST_F(S3, UsesPathsBelowAConfiguredEndpointAndForNamesWithDots) {
  S3Client local = client("http://127.0.0.1:4566/base", "dead", true);
  transport_.answer(200, "");
  EXPECT_TRUE(run(local.put("k", "", "application/json", "")));
  EXPECT_EQ(sent().path, "/base/dead/k");
  S3Client dotted = client("https://s3.us-east-1.amazonaws.com", "dead.letters", false);
  transport_.answer(200, "");
  EXPECT_TRUE(run(dotted.find_bucket()));
  EXPECT_EQ(sent().method, "HEAD");
  EXPECT_EQ(sent().path, "/dead.letters/");
}

TEST_F(S3, NamesWhatIsWrongWithABucket) {
  S3Client bucket = client("https://s3.us-east-1.amazonaws.com", "dead", false);
  transport_.answer(404, "");
  EXPECT_EQ(run(bucket.find_bucket()).error().what, "HeadBucket: there is no bucket \"dead\"");
  transport_.answer(403, "<Error><Code>AccessDenied</Code><Message>no</Message></Error>");
  const auto denied = run(bucket.put("k", "x", "application/json", ""));
  EXPECT_EQ(denied.error().code, ErrorCode::AccessDenied);
  EXPECT_EQ(denied.error().what, "PutObject: AccessDenied: no");
  transport_.answer(301, "", {http::Header("x-amz-bucket-region", "eu-west-1")});
  EXPECT_THAT(run(bucket.find_bucket()).error().what,
              HasSubstr("is in the region eu-west-1, not in us-east-1"));
  transport_.answer(503, "<Error><Code>SlowDown</Code></Error>");
  EXPECT_EQ(run(bucket.put("k", "x", "application/json", "")).error().code, ErrorCode::Throttled);
}

TEST(Xml, GivesAnElementsTextAndNothingOfBrokenOnes) {
  EXPECT_EQ(xml_text("<a><b>x &lt;&amp;&gt; y</b></a>", "b"), "x <&> y");
  for (const char* broken :
       {"", "<b>", "<b>x", "<b>x<", "<b>x</c>", "<b><c>x</c></b>", "<bb>x</bb>"})
    EXPECT_EQ(xml_text(broken, "b"), "") << broken;
  EXPECT_EQ(xml_text("<b>" + std::string(10'000, 'x') + "</b>", "b").size(), 4096u);
  EXPECT_EQ(xml_text(std::string(70'000, ' ') + "<b>late</b>", "b"), "");
}

TEST(PercentEncoding, KeepsTheUnreservedOnly) {
  EXPECT_EQ(percent_encoded("aZ09-_.~/ +%\xff"), "aZ09-_.~%2F%20%2B%25%FF");
  EXPECT_EQ(percent_encoded("a/b", Slash::Keep), "a/b");
}

}  // namespace
}  // namespace kt::aws
