#include "local/model_test_support.h"
#include "model/limits.h"

namespace kt::local {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Consumers : public testing::Test {
 protected:
  Consumers() {
    options.transition = std::chrono::milliseconds(10);
    model = std::make_unique<KinesisModel>(clock, options);
    EXPECT_EQ(outcome(model->create_stream(kOrders, 1)), "ok");
    model->settle_all();
  }
  std::string put(std::string_view data) {
    const auto done = model->put_record(kOrders, entry_of("k", data));
    EXPECT_EQ(outcome(done), "ok");
    return done->sequence_number;
  }
  std::string make(std::string_view name) {
    const auto made = model->register_consumer(kOrders, name);
    if (!made)
      return std::string(exception_name(made.error().fault));
    pass(clock, options.transition);
    return made->arn;
  }
  Answer<PushCursor> subscribe(const std::string& arn,
                               IteratorType type = IteratorType::TrimHorizon,
                               std::string sequence = {}, std::uint32_t shard = 0) {
    SubscribeRequest request;
    request.consumer_arn = arn;
    request.shard = ShardId("shardId-00000000000" + std::to_string(shard));
    request.position.type = type;
    request.position.sequence_number = std::move(sequence);
    return model->subscribe(request);
  }
  /// The data of one event; "-" for none, "$" at the end of the shard, or the exception's name.
  std::string pushed(PushCursor& cursor) {
    const auto event = model->push(cursor);
    if (!event)
      return std::string(exception_name(event.error().fault));
    last = *event;
    std::string out;
    for (const RecordView& record : event->records)
      out += as_text(record.data);
    if (event->throttled)
      return out + "!";
    return event->last ? out + "$" : out.empty() ? "-" : out;
  }
  ConsumerRequest by_arn(const std::string& arn) {
    ConsumerRequest request;
    request.arn = arn;
    return request;
  }
  ConsumerRequest by_name(std::string name) {
    ConsumerRequest request;
    request.stream = kOrders;
    request.name = std::move(name);
    return request;
  }

  VirtualClock clock;
  ModelOptions options;
  std::unique_ptr<KinesisModel> model;
  PushedEvent last;
};

TEST_F(Consumers, AreCreatedThenActiveAndFoundByArnOrByName) {
  const auto made = model->register_consumer(kOrders, "app");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->status, ConsumerStatus::Creating);
  EXPECT_EQ(made->arn, kOrders.str() + "/consumer/app:1700000000");
  EXPECT_EQ(outcome(subscribe(made->arn)), "ResourceInUseException") << "not active yet";
  pass(clock, options.transition);
  EXPECT_EQ(model->describe_consumer(by_arn(made->arn))->status, ConsumerStatus::Active);
  EXPECT_EQ(model->describe_consumer(by_name("app"))->arn, made->arn);
  EXPECT_EQ(make("app"), "ResourceInUseException");
  EXPECT_EQ(outcome(model->describe_consumer(by_arn(kOrders.str() + "/consumer/app:1"))),
            "ResourceNotFoundException");
  EXPECT_EQ(outcome(model->describe_consumer(by_arn("no arn"))), "InvalidArgumentException");
  EXPECT_EQ(outcome(model->describe_consumer(ConsumerRequest())), "InvalidArgumentException");
  EXPECT_EQ(make("spaces are wrong"), "ValidationException");
}

TEST_F(Consumers, AreAtMostTwentyAndFiveInCreation) {
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(model->register_consumer(kOrders, "c" + std::to_string(i)));
  EXPECT_EQ(make("c5"), "LimitExceededException");
  pass(clock, options.transition);
  for (int i = 5; i < 20; ++i)
    EXPECT_THAT(make("c" + std::to_string(i)), HasSubstr("/consumer/"));
  EXPECT_EQ(make("one-more"), "LimitExceededException");
  EXPECT_EQ(model->describe_stream_summary(kOrders)->consumers, 20);
}

TEST_F(Consumers, AreListedInPages) {
  for (int i = 0; i < 5; ++i)
    make("c" + std::to_string(i));
  ListConsumersRequest request;
  request.stream = kOrders;
  request.max_results = 2;
  std::vector<std::string> names;
  int pages = 0;
  do {
    const auto page = model->list_consumers(request);
    ASSERT_TRUE(page);
    for (const auto& consumer : page->consumers)
      names.push_back(consumer.name);
    request.next_token = page->next_token;
    ++pages;
  } while (!request.next_token.empty());
  EXPECT_EQ(pages, 3);
  EXPECT_THAT(names, ElementsAre("c0", "c1", "c2", "c3", "c4"));
  request.next_token = "garbage";
  EXPECT_EQ(outcome(model->list_consumers(request)), "InvalidArgumentException");
}

TEST_F(Consumers, GoWithTheirSubscriptionsWhenDeregistered) {
  const std::string arn = make("app");
  auto cursor = subscribe(arn);
  ASSERT_TRUE(cursor);
  EXPECT_TRUE(model->deregister_consumer(by_name("app")));
  EXPECT_EQ(model->describe_consumer(by_arn(arn))->status, ConsumerStatus::Deleting);
  EXPECT_EQ(pushed(*cursor), "ResourceNotFoundException");
  pass(clock, options.transition);
  EXPECT_EQ(outcome(model->describe_consumer(by_arn(arn))), "ResourceNotFoundException");
  EXPECT_THAT(make("app"), HasSubstr("/consumer/app:"));
}

TEST_F(Consumers, HoldTheirStreamUnlessItsDeletionIsEnforced) {
  const std::string arn = make("app");
  auto cursor = subscribe(arn);
  EXPECT_EQ(outcome(model->delete_stream(kOrders, false)), "ResourceInUseException");
  EXPECT_EQ(outcome(model->delete_stream(kOrders, true)), "ok");
  EXPECT_EQ(pushed(*cursor), "ResourceNotFoundException");
}

TEST_F(Consumers, ArePushedRecordsFromEveryKindOfPosition) {
  const std::string a = put("a");
  put("b");
  const std::string arn = make("app");
  const auto from = [&](IteratorType type, std::string sequence = {}) {
    pass(clock, limits::kSubscribeAgainAfter);
    auto cursor = subscribe(arn, type, std::move(sequence));
    return cursor ? pushed(*cursor) : std::string(exception_name(cursor.error().fault));
  };
  EXPECT_EQ(from(IteratorType::TrimHorizon), "ab");
  EXPECT_EQ(from(IteratorType::AtSequenceNumber, a), "ab");
  EXPECT_EQ(from(IteratorType::AfterSequenceNumber, a), "b");
  EXPECT_EQ(from(IteratorType::Latest), "-");
  EXPECT_EQ(from(IteratorType::AtSequenceNumber, "12"), "InvalidArgumentException");
}

TEST_F(Consumers, GoOnAfterTheContinuationOfAnyEvent) {
  const std::string arn = make("app");
  auto cursor = subscribe(arn);
  EXPECT_EQ(pushed(*cursor), "-");
  const std::string start = last.continuation;
  put("a");
  EXPECT_EQ(pushed(*cursor), "a");
  const std::string after_a = last.continuation;
  EXPECT_EQ(pushed(*cursor), "-");
  const std::string idle = last.continuation;
  put("b");
  for (const auto& [from, expected] :
       {std::pair(start, "ab"), std::pair(after_a, "b"), std::pair(idle, "b")}) {
    pass(clock, limits::kSubscribeAgainAfter);
    auto again = subscribe(arn, IteratorType::AfterSequenceNumber, from);
    ASSERT_TRUE(again);
    EXPECT_EQ(pushed(*again), expected);
  }
}

TEST_F(Consumers, AreRefusedASecondSubscriptionForFiveSecondsAndThenTakeOver) {
  const std::string arn = make("app");
  auto first = subscribe(arn);
  ASSERT_TRUE(first);
  pass(clock, std::chrono::milliseconds(4999));
  EXPECT_EQ(outcome(subscribe(arn)), "ResourceInUseException");
  EXPECT_EQ(pushed(*first), "-") << "the first one is not disturbed";
  pass(clock, std::chrono::milliseconds(1));
  auto second = subscribe(arn);
  ASSERT_TRUE(second);
  EXPECT_EQ(pushed(*first), "ResourceInUseException");
  EXPECT_EQ(pushed(*second), "-");
  EXPECT_TRUE(subscribe(make("other"))) << "another consumer is not affected";
}

TEST_F(Consumers, AreToldTheChildrenWithTheLastEventOfAShard) {
  const std::string arn = make("app");
  auto cursor = subscribe(arn);
  put("a");
  EXPECT_EQ(outcome(model->split_shard(kOrders, ShardId("shardId-000000000000"), "42")), "ok");
  EXPECT_EQ(pushed(*cursor), "a$");
  EXPECT_EQ(last.continuation, "");
  EXPECT_EQ(last.children.size(), 2u);
  EXPECT_THAT(last.children[0].parents(), ElementsAre(ShardId("shardId-000000000000")));
  model->settle_all();
  auto child = subscribe(arn, IteratorType::TrimHorizon, "", 1);
  EXPECT_EQ(pushed(*child), "-");
}

TEST_F(Consumers, GetTwoMegabytesASecondEach) {
  const std::string arn = make("app");
  const std::string data(900'000, 'x');
  for (int i = 0; i < 6; ++i) {
    put(data);
    pass(clock, std::chrono::seconds(1));
  }
  auto cursor = subscribe(arn);
  std::size_t bytes = 0;
  while (pushed(*cursor).back() != '!')
    bytes += last.payload_bytes;
  EXPECT_GT(bytes, 1'500'000u);
  EXPECT_LT(bytes, 3'200'000u);
  const std::string first = make("other");
  auto unhindered = subscribe(first);
  EXPECT_EQ(pushed(*unhindered).size(), data.size()) << "each consumer has its own throughput";
  pass(clock, std::chrono::seconds(2));
  EXPECT_EQ(pushed(*cursor).size(), data.size());
}

TEST_F(Consumers, AreKeptByTheStore) {
  MemoryStore store;
  {
    auto kept = *KinesisModel::open(clock, options, store);
    ASSERT_TRUE(kept->create_stream(kOrders, 1));
    kept->settle_all();
    ASSERT_TRUE(kept->register_consumer(kOrders, "app"));
    ASSERT_TRUE(kept->register_consumer(kOrders, "gone"));
    ASSERT_TRUE(kept->deregister_consumer(by_name("gone")));
    ASSERT_TRUE(commit(*kept, store));
  }
  auto again = *KinesisModel::open(clock, options, store);
  EXPECT_EQ(again->describe_consumer(by_name("app"))->status, ConsumerStatus::Active);
  EXPECT_EQ(outcome(again->describe_consumer(by_name("gone"))), "ResourceNotFoundException");
}

TEST_F(Consumers, SeeARecordOnlyOnceItIsDurableAndChildrenOnlyThen) {
  MemoryStore store;
  auto kept = *KinesisModel::open(clock, options, store);
  ASSERT_TRUE(kept->create_stream(kOrders, 1));
  kept->settle_all();
  model = std::move(kept);
  const std::string arn = make("app");
  ASSERT_TRUE(commit(*model, store));
  auto cursor = subscribe(arn);
  put("a");
  EXPECT_EQ(pushed(*cursor), "-");
  ASSERT_TRUE(commit(*model, store));
  EXPECT_EQ(pushed(*cursor), "a");
  ASSERT_TRUE(model->split_shard(kOrders, ShardId("shardId-000000000000"), "42"));
  EXPECT_EQ(pushed(*cursor), "-");
  ASSERT_TRUE(commit(*model, store));
  EXPECT_EQ(pushed(*cursor), "$");
}

}  // namespace
}  // namespace kt::local
