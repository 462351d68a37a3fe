#include "model/destination_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kt {
namespace {

using testing::HasSubstr;

TEST(DestinationAddress, ReadsEveryForm) {
  const auto directory = DestinationAddress::parse("directory:/var/failed batches");
  ASSERT_TRUE(directory);
  EXPECT_EQ(directory->kind, DestinationKind::Directory);
  EXPECT_EQ(directory->path, "/var/failed batches");

  const auto queue = DestinationAddress::parse("arn:aws:sqs:eu-west-1:123456789012:dead.fifo");
  ASSERT_TRUE(queue);
  EXPECT_EQ(queue->kind, DestinationKind::Queue);
  EXPECT_EQ(queue->region + "/" + queue->account + "/" + queue->name,
            "eu-west-1/123456789012/dead.fifo");
  EXPECT_TRUE(queue->is_fifo());
  EXPECT_FALSE(queue->holds_documents());

  const auto topic = DestinationAddress::parse("arn:aws-cn:sns:cn-north-1:123456789012:dead");
  ASSERT_TRUE(topic);
  EXPECT_EQ(topic->kind, DestinationKind::Topic);
  EXPECT_FALSE(topic->is_fifo());

  for (const char* text : {"s3://dead-letters/a/b/", "arn:aws:s3:::dead-letters/a/b"}) {
    const auto bucket = DestinationAddress::parse(text);
    ASSERT_TRUE(bucket) << text;
    EXPECT_EQ(bucket->kind, DestinationKind::Bucket);
    EXPECT_EQ(bucket->bucket, "dead-letters");
    EXPECT_EQ(bucket->prefix, "a/b");
    EXPECT_TRUE(bucket->holds_documents());
  }
  EXPECT_EQ(DestinationAddress::parse("s3://dead-letters")->prefix, "");
}

TEST(DestinationAddress, RefusesWhatNamesNoPlaceAndSaysTheForms) {
  for (const char* text :
       {"", "dead", "/var/failed", "directory:", "file:/x", "arn:aws:sqs", "arn:x:sqs:a:b:c",
        "arn:aws:sqs:eu-west-1:12:dead", "arn:aws:sqs::123456789012:dead",
        "arn:aws:sqs:eu-west-1:123456789012:de ad", "arn:aws:sqs:eu-west-1:123456789012:",
        "arn:aws:sns:eu-west-1:123456789012:dead:subscription",
        "arn:aws:lambda:eu-west-1:123456789012:function:f", "s3://", "s3://Bucket", "s3://ab",
        "s3://bucket//x", "s3://bu..cket", "kafka://b:9092/t"}) {
    const auto address = DestinationAddress::parse(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, ErrorCode::Invalid);
    EXPECT_THAT(address.error().what, HasSubstr("\"" + std::string(text) + "\" "));
    EXPECT_THAT(address.error().what, HasSubstr("\"directory:PATH\""));
  }
}

}  // namespace
}  // namespace kt
