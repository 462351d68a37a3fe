// Queues, topics and buckets over a scripted transport: what is sent, in which order, and what an
// error leaves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "deliver/aws/bucket_destination.h"
#include "deliver/aws/message_destination.h"
#include "deliver/invocation_record.h"
#include "runtime/run_virtual.h"
#include "tests/support/failed_batches.h"
#include "tests/support/scripted_transport.h"

namespace kt::deliver {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kQueue = "arn:aws:sqs:us-east-1:123456789012:dead";
constexpr const char* kFifoQueue = "arn:aws:sqs:us-east-1:123456789012:dead.fifo";
constexpr const char* kTopic = "arn:aws:sns:us-east-1:123456789012:dead";
constexpr const char* kPublished =
    "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>";

/// Keeps documents, or fails.
class FakeStore final : public DocumentStore {
 public:
  Task<Result<std::string>> store(FailedBatch failed) override {
    if (down)
      co_return fail(ErrorCode::StorageFull, "no room");
    stored.push_back(std::move(failed));
    co_return "store:" + std::to_string(stored.size());
  }
  Task<Result<Unit>> check() override {
    if (down)
      co_return fail(ErrorCode::StorageFull, "no room");
    co_return Unit{};
  }
  std::string describe() const override { return "fake"; }

  bool down = false;
  std::vector<FailedBatch> stored;
};

class AnAwsDestination : public ::testing::Test {
 protected:
  template <class T>
  T run(Task<T> task) {
    return run_sim(loop_, clock_, std::move(task));
  }
  std::unique_ptr<Destination> queue(const char* arn, DocumentStore* overflow) {
    auto client =
        std::make_unique<aws::SqsClient>(transport_, credentials_, clock_, "us-east-1", endpoint_);
    return std::make_unique<QueueDestination>(*DestinationAddress::parse(arn), std::move(client),
                                              work_, overflow);
  }
  std::unique_ptr<Destination> topic(DocumentStore* overflow) {
    auto client =
        std::make_unique<aws::SnsClient>(transport_, credentials_, clock_, "us-east-1", endpoint_);
    return std::make_unique<TopicDestination>(*DestinationAddress::parse(kTopic), std::move(client),
                                              work_, overflow);
  }
  void answer_with_queue(const std::string& bytes_max) {
    transport_.answer(200, R"({"QueueUrl":"http://queue"})");
    transport_.answer(200, R"({"Attributes":{"MaximumMessageSize":")" + bytes_max + "\"}}");
  }
  void answer_sent(int count) {
    for (int i = 0; i < count; ++i)
      transport_.answer(200, R"({"MessageId":"1"})");
  }
  /// The operations asked for, in order.
  std::vector<std::string> operations() const {
    std::vector<std::string> names;
    for (const http::Request& request : transport_.requests()) {
      for (const http::Header& header : request.headers) {
        if (header.name == "X-Amz-Target")
          names.push_back(header.value.substr(header.value.find('.') + 1));
      }
    }
    return names;
  }
  json sent(std::size_t request) const { return json::parse(transport_.requests()[request].body); }
  json body(std::size_t request) const {
    return json::parse(sent(request).at("MessageBody").get<std::string>());
  }

  Loop loop_;
  VirtualClock clock_;
  InlineWork work_;
  test::ScriptedTransport transport_;
  aws::FixedCredentials credentials_{aws::Credentials("AKIDEXAMPLE", "secret")};
  http::Endpoint endpoint_ = *http::Endpoint::parse("http://127.0.0.1:4566");
  FakeStore overflow_;
  test::FailedBatchBuilder builder_;
};

TEST_F(AnAwsDestination, QueueGetsTheRecordsWithTheirData) {
  builder_.add("a").add("b");
  const auto destination = queue(kQueue, &overflow_);
  answer_with_queue("262144");
  answer_sent(1);
  ASSERT_TRUE(run(destination->deliver(builder_.build())));
  EXPECT_THAT(operations(), ElementsAre("GetQueueUrl", "GetQueueAttributes", "SendMessage"));
  EXPECT_FALSE(sent(2).contains("MessageGroupId"));
  EXPECT_EQ(body(2).at("/records/1/data"_json_pointer), "Yg==");
  EXPECT_EQ(body(2).at("/KinesisBatchInfo/batchSize"_json_pointer), 2);

  answer_sent(1);
  ASSERT_TRUE(run(destination->deliver(builder_.build())));
  EXPECT_EQ(operations().size(), 4u) << "URL and limit are known by now";
}

TEST_F(AnAwsDestination, QueueGetsSeveralMessagesOfABatchOverItsLimit) {
  for (int i = 0; i < 10; ++i)
    builder_.add(std::string(6000, 'x'));
  const auto destination = queue(kFifoQueue, &overflow_);
  answer_with_queue("32768");
  answer_sent(4);
  ASSERT_TRUE(run(destination->deliver(builder_.build())));
  std::size_t records = 0;
  std::set<std::string> ids;
  for (std::size_t i = 2; i < transport_.requests().size(); ++i) {
    EXPECT_LE(sent(i).at("MessageBody").get<std::string>().size(), 32768u);
    EXPECT_EQ(sent(i).at("MessageGroupId"), "shardId-000000000001");
    ids.insert(sent(i).at("MessageDeduplicationId").get<std::string>());
    records += body(i).at("records").size();
  }
  EXPECT_EQ(records, 10u);
  EXPECT_EQ(ids.size(), transport_.requests().size() - 2) << "parts must not count as repeats";
}

TEST_F(AnAwsDestination, QueuesMessageNamesWhereARecordOverItsLimitLies) {
  builder_.add("a").add(std::string(40'000, 'x')).add("b");
  const auto destination = queue(kQueue, &overflow_);
  answer_with_queue("32768");
  answer_sent(3);
  ASSERT_TRUE(run(destination->deliver(builder_.build())));
  ASSERT_EQ(overflow_.stored.size(), 1u);
  EXPECT_EQ(overflow_.stored[0].batch->records[0].data.size(), 40'000u);
  EXPECT_EQ(body(3).at("/records/0/overflow"_json_pointer), "store:1");
  EXPECT_EQ(body(4).at("/records/0/data"_json_pointer), "Yg==");
}

TEST_F(AnAwsDestination, SendsNothingOfABatchWhoseOverflowCanNotBeHeld) {
  builder_.add("a").add(std::string(40'000, 'x'));
  answer_with_queue("32768");
  const auto without = run(queue(kQueue, nullptr)->deliver(builder_.build()));
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().code, ErrorCode::LimitExceeded);
  EXPECT_THAT(without.error().what, HasSubstr("on_failure_overflow"));
  EXPECT_THAT(without.error().what, HasSubstr(kQueue));

  overflow_.down = true;
  answer_with_queue("32768");
  const auto full = run(queue(kQueue, &overflow_)->deliver(builder_.build()));
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, ErrorCode::StorageFull);
  EXPECT_THAT(operations(), ElementsAre("GetQueueUrl", "GetQueueAttributes", "GetQueueUrl",
                                        "GetQueueAttributes"));
}

TEST_F(AnAwsDestination, QueueIsAskedForAnewAfterItRefused) {
  builder_.add("a");
  const auto destination = queue(kQueue, nullptr);
  answer_with_queue("262144");
  transport_.answer(400, R"({"__type":"com.amazonaws.sqs#QueueDoesNotExist"})");
  EXPECT_EQ(run(destination->deliver(builder_.build())).error().code, ErrorCode::NotFound);
  answer_with_queue("262144");
  transport_.fail_with(ErrorCode::Unavailable, "connection reset");
  EXPECT_EQ(run(destination->deliver(builder_.build())).error().code, ErrorCode::Unavailable);
  answer_sent(1);
  EXPECT_TRUE(run(destination->deliver(builder_.build())));
  EXPECT_THAT(operations(),
              ElementsAre("GetQueueUrl", "GetQueueAttributes", "SendMessage", "GetQueueUrl",
                          "GetQueueAttributes", "SendMessage", "SendMessage"));
}

TEST_F(AnAwsDestination, GoesOnWithTheFirstMessageThatWasNotTaken) {
  for (int i = 0; i < 3; ++i)
    builder_.add(std::string(15'000, 'x'));
  const auto destination = queue(kQueue, nullptr);
  answer_with_queue("32768");
  answer_sent(2);
  transport_.fail_with(ErrorCode::Unavailable, "connection reset");
  EXPECT_FALSE(run(destination->deliver(builder_.build())));
  answer_sent(1);
  EXPECT_TRUE(run(destination->deliver(builder_.build())));
  ASSERT_EQ(operations().size(), 6u);
  EXPECT_EQ(body(5).at("/triggerKinesis/part"_json_pointer), 3);
  answer_sent(3);
  EXPECT_TRUE(run(destination->deliver(builder_.build()))) << "a delivery of its own, whole";
  EXPECT_EQ(body(6).at("/triggerKinesis/part"_json_pointer), 1);
}

TEST_F(AnAwsDestination, QueueNeedsNoRightToReadItsAttributes) {
  builder_.add("a");
  transport_.answer(200, R"({"QueueUrl":"http://queue"})");
  transport_.answer(403, R"({"__type":"AccessDenied"})");
  answer_sent(1);
  EXPECT_TRUE(run(queue(kQueue, nullptr)->deliver(builder_.build())));
}

TEST_F(AnAwsDestination, TopicTakes256KiB) {
  for (int i = 0; i < 3; ++i)
    builder_.add(std::string(90'000, 'x'));
  transport_.answer(200, kPublished);
  transport_.answer(200, kPublished);
  ASSERT_TRUE(run(topic(&overflow_)->deliver(builder_.build())));
  EXPECT_TRUE(overflow_.stored.empty());
  EXPECT_THAT(transport_.requests()[0].body, HasSubstr("%22batchSize%22%3A2"));
  EXPECT_THAT(transport_.requests()[1].body, HasSubstr("%22batchSize%22%3A1"));
}

TEST_F(AnAwsDestination, IsCheckedWithItsOverflow) {
  const auto destination = topic(&overflow_);
  transport_.answer(200, "<GetTopicAttributesResponse/>");
  EXPECT_TRUE(run(destination->check()));
  overflow_.down = true;
  transport_.answer(200, "<GetTopicAttributesResponse/>");
  EXPECT_EQ(run(destination->check()).error().what, "on_failure_overflow: no room");
  transport_.answer(404, "<ErrorResponse><Error><Code>NotFound</Code></Error></ErrorResponse>");
  EXPECT_EQ(run(destination->check()).error().code, ErrorCode::NotFound);
}

TEST_F(AnAwsDestination, BucketGetsLambdasObjectUnderAKeyThatARepeatHasToo) {
  builder_.add("a");
  aws::S3Client::Options options;
  options.region = "us-east-1";
  options.bucket = "dead";
  options.place = aws::place_of_bucket(endpoint_, "dead", true);
  auto client = std::make_unique<aws::S3Client>(transport_, credentials_, clock_, options);
  BucketDestination destination(*DestinationAddress::parse("s3://dead/pre"), std::move(client),
                                work_);
  transport_.answer(200, "");
  const auto where = run(destination.store(builder_.build()));
  ASSERT_TRUE(where);
  EXPECT_THAT(*where, testing::MatchesRegex(
                          "s3://dead/pre/aws/lambda/shop/ingest/shardId-000000000001/2019/11/14/"
                          "2019-11-14T00.38.04-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"));
  const http::Request& put = transport_.requests()[0];
  EXPECT_EQ("s3:/" + put.path, *where);
  EXPECT_EQ(put.body, document_with_payload(builder_.build()));
  EXPECT_EQ(transport_.header("Content-Type"), "application/json");
  EXPECT_EQ(transport_.header("x-amz-content-sha256"), sha256_of(put.body));

  builder_.facts().time += std::chrono::hours(3);
  transport_.answer(200, "");
  EXPECT_EQ(*run(destination.store(builder_.build())), *where);
  transport_.answer(503, "<Error><Code>SlowDown</Code></Error>");
  EXPECT_EQ(run(destination.deliver(builder_.build())).error().code, ErrorCode::Throttled);
}

}  // namespace
}  // namespace kt::deliver
