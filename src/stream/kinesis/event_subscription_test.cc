#include "stream/kinesis/event_subscription.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "runtime/run_virtual.h"

namespace kt::stream {
namespace {

using ::testing::HasSubstr;

/// Gives its pieces one a read, then ends, or breaks off.
class Pieces final : public http::BodyReader {
 public:
  Pieces(std::deque<std::string> pieces, std::optional<Error> end)
      : pieces_(std::move(pieces)), end_(std::move(end)) {}
  Task<Result<std::string>> read() override {
    if (pieces_.empty() && end_)
      co_return fail(*end_);
    std::string piece;
    if (!pieces_.empty()) {
      piece = std::move(pieces_.front());
      pieces_.pop_front();
    }
    co_return piece;
  }

 private:
  std::deque<std::string> pieces_;
  std::optional<Error> end_;
};

std::string frame(std::string type, std::string name, std::string payload) {
  aws::EventMessage message;
  message.with(":message-type", type);
  const char* key = type == "event"       ? ":event-type"
                    : type == "exception" ? ":exception-type"
                                          : ":error-code";
  message.with(key, std::move(name)).with(":content-type", "application/x-amz-json-1.1");
  message.payload = std::move(payload);
  return encode(message);
}

std::string event(std::string data, std::string more = "") {
  return frame("event", "SubscribeToShardEvent",
               R"({"Records":[{"SequenceNumber":"7","Data":")" + std::move(data) +
                   R"(","PartitionKey":"k","ApproximateArrivalTimestamp":1700000000.5}],)"
                   R"("ContinuationSequenceNumber":"7","MillisBehindLatest":5)" +
                   std::move(more) + "}");
}

class AnEventStream : public ::testing::Test {
 protected:
  void of(std::deque<std::string> pieces, std::optional<Error> end = std::nullopt) {
    subscription_.emplace(std::make_unique<Pieces>(std::move(pieces), std::move(end)));
  }
  Result<std::optional<PushedEvent>> next() {
    return run_sim(loop_, clock_, subscription_->next());
  }
  Result<std::size_t> wait() { return run_sim(loop_, clock_, subscription_->wait()); }

  Loop loop_;
  VirtualClock clock_;
  std::optional<EventSubscription> subscription_;
};

TEST_F(AnEventStream, IsReadWithoutCaringForTheInitialResponse) {
  for (const bool with : {true, false}) {
    of({(with ? frame("event", "initial-response", "{}") : "") + event("YQ==")});
    EXPECT_GT(*wait(), 100u);
    const auto got = next();
    ASSERT_TRUE(got) << got.error().what;
    EXPECT_EQ(as_text((*got)->page->records.at(0).data), "a");
    EXPECT_EQ((*got)->behind_latest.count(), 5);
    EXPECT_EQ(*wait(), 0u);
    EXPECT_FALSE(next()->has_value()) << "it ended in order";
  }
}

TEST_F(AnEventStream, IsPutTogetherFromSingleBytes) {
  const std::string bytes = event("YQ==") + event("Yg==");
  std::deque<std::string> pieces;
  for (const char byte : bytes)
    pieces.emplace_back(1, byte);
  of(std::move(pieces));
  EXPECT_GT(*wait(), 100u) << "said as soon as the frame's length is there";
  EXPECT_EQ(as_text((*next())->page->records.at(0).data), "a");
  EXPECT_EQ(as_text((*next())->page->records.at(0).data), "b");
}

TEST_F(AnEventStream, ThatEndsInTheMiddleOfAFrameBrokeOffThoughItEndsInOrder) {
  const std::string whole = event("YQ==");
  for (const std::size_t kept :
       {std::size_t{1}, std::size_t{11}, std::size_t{20}, whole.size() - 1}) {
    of({event("Yg=="), whole.substr(0, kept)});
    ASSERT_TRUE(next());
    const auto end = next();
    ASSERT_FALSE(end) << kept;
    EXPECT_EQ(end.error().code, ErrorCode::Unavailable);
    EXPECT_THAT(end.error().what, HasSubstr("middle of an event"));
  }
}

TEST_F(AnEventStream, HandsOnWhatCameBeforeADamagedFrame) {
  std::string damaged = event("Yg==");
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  of({event("YQ==") + damaged});
  ASSERT_TRUE(next());
  const auto end = next();
  ASSERT_FALSE(end && *end) << "nothing after the damage is an event";
}

TEST_F(AnEventStream, EndsWithTheExceptionThatItCarries) {
  of({frame("exception", "ResourceInUseException", R"({"message":"another one"})")});
  const auto taken = next();
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::InUse);
  EXPECT_THAT(taken.error().what, HasSubstr("another one"));
  of({frame("error", "InternalFailure", "")});
  EXPECT_EQ(next().error().code, ErrorCode::Unavailable);
  of({frame("exception", "KMSAccessDeniedException", "{}")});
  EXPECT_EQ(next().error().code, ErrorCode::AccessDenied);
}

TEST_F(AnEventStream, NamesTheChildrenOfAClosedShard) {
  of({event("YQ==",
            R"(,"ChildShards":[{"ShardId":"shardId-000000000001","ParentShards":["shardId-0"],)"
            R"("HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"9"}}])"),
      event("YQ==", R"(,"ChildShards":null)")});
  EXPECT_EQ((*next())->children.at(0).id, ShardId("shardId-000000000001"));
  EXPECT_TRUE((*next())->children.empty());
}

TEST_F(AnEventStream, TellsANetworkThatFails) {
  of({event("YQ==")}, Error(ErrorCode::Unavailable, "reset"));
  ASSERT_TRUE(next());
  EXPECT_EQ(next().error().code, ErrorCode::Unavailable);
}

}  // namespace
}  // namespace kt::stream
