// The operations of KinesisClient on registered consumers, and SubscribeToShard.
#include <nlohmann/json.hpp>
#include <utility>

#include "base/check.h"
#include "stream/kinesis/answers.h"
#include "stream/kinesis/event_subscription.h"
#include "stream/kinesis/kinesis_client.h"

namespace kt::stream {
namespace {

void write_starting_position(RequestBody& body, const Checkpoint& position) {
  body.object("StartingPosition");
  if (std::holds_alternative<TrimHorizon>(position)) {
    body.text("Type", "TRIM_HORIZON");
  } else if (const auto* time = std::get_if<AtTimestamp>(&position)) {
    body.text("Type", "AT_TIMESTAMP").time("Timestamp", time->time);
  } else if (const auto* at = std::get_if<AtSequenceNumber>(&position)) {
    body.text("Type", "AT_SEQUENCE_NUMBER").text("SequenceNumber", at->sequence.view());
  } else {
    const auto* const after = std::get_if<After>(&position);
    CHECK(after != nullptr, "a finished shard is never read");
    const bool whole = after->position.whole();
    body.text("Type", whole ? "AFTER_SEQUENCE_NUMBER" : "AT_SEQUENCE_NUMBER");
    body.text("SequenceNumber", after->position.sequence.view());
  }
  body.end();
}

void name_consumer(RequestBody& body, const StreamArn& stream, const std::string& name_or_arn) {
  if (name_or_arn.starts_with("arn:"))
    body.text("ConsumerARN", name_or_arn);
  else
    body.text("StreamARN", stream.str()).text("ConsumerName", name_or_arn);
}

Result<StreamConsumer> read_consumer(const nlohmann::json& entry) {
  StreamConsumer consumer;
  consumer.name = text_of(entry, "ConsumerName");
  consumer.arn = text_of(entry, "ConsumerARN");
  consumer.active = text_of(entry, "ConsumerStatus") == "ACTIVE";
  if (consumer.arn.empty())
    return fail(ErrorCode::Corrupt, "a consumer without ConsumerARN");
  return consumer;
}

Result<StreamConsumer> read_consumer(const http::Response& answer, const char* member) {
  TRY(const nlohmann::json document, read_document(answer.body));
  const auto found = document.find(member);
  if (found == document.end() || !found->is_object())
    return fail(ErrorCode::Corrupt, std::string("the answer has no ") + member);
  return read_consumer(*found);
}

}  // namespace

Task<Result<StreamConsumer>> KinesisClient::register_consumer(StreamArn stream, std::string name) {
  const auto here = check_region(stream);
  if (!here)
    co_return fail(here.error());
  RequestBody request(options_.protocol);
  request.text("StreamARN", stream.str()).text("ConsumerName", name);
  auto answer = co_await call("RegisterStreamConsumer", std::move(request));
  if (!answer) {
    Error error = std::move(answer).error();
    // Elsewhere that exception asks for patience; here it says that there are too many.
    if (error.what.find(": LimitExceededException") != std::string::npos)
      error.code = ErrorCode::LimitExceeded;
    co_return fail(std::move(error));
  }
  co_return read_consumer(*answer, "Consumer");
}

Task<Result<StreamConsumer>> KinesisClient::describe_consumer(StreamArn stream,
                                                              std::string name_or_arn) {
  const auto here = check_region(stream);
  if (!here)
    co_return fail(here.error());
  RequestBody request(options_.protocol);
  name_consumer(request, stream, name_or_arn);
  CO_TRY(const http::Response answer, call("DescribeStreamConsumer", std::move(request)));
  co_return read_consumer(answer, "ConsumerDescription");
}

Task<Result<Unit>> KinesisClient::deregister_consumer(StreamArn stream, std::string name_or_arn) {
  RequestBody request(options_.protocol);
  name_consumer(request, stream, name_or_arn);
  co_return co_await command("DeregisterStreamConsumer", std::move(stream), std::move(request));
}

Task<Result<std::vector<StreamConsumer>>> KinesisClient::list_consumers(StreamArn stream) {
  const auto here = check_region(stream);
  if (!here)
    co_return fail(here.error());
  constexpr int kPagesMax = 1000;
  std::vector<StreamConsumer> all;
  std::string token;
  for (int page = 0; page < kPagesMax; ++page) {
    RequestBody request(options_.protocol);
    request.text("StreamARN", stream.str());
    if (!token.empty())
      request.text("NextToken", token);
    CO_TRY(const http::Response answer, call("ListStreamConsumers", std::move(request)));
    const auto document = read_document(answer.body);
    if (!document)
      co_return fail(document.error().within("ListStreamConsumers"));
    const auto list = document->find("Consumers");
    if (list != document->end() && list->is_array()) {
      for (const auto& entry : *list) {
        auto consumer = read_consumer(entry);
        if (!consumer)
          co_return fail(consumer.error().within("ListStreamConsumers"));
        all.push_back(std::move(*consumer));
      }
    }
    token = text_of(*document, "NextToken");
    if (token.empty())
      break;
  }
  co_return std::move(all);
}

Task<Result<std::unique_ptr<ShardSubscription>>> KinesisClient::subscribe_to_shard(
    StreamArn stream, std::string consumer_arn, ShardId shard, Checkpoint position) {
  const auto here = check_region(stream);
  if (!here)
    co_return fail(here.error());
  if (options_.streams == nullptr)
    co_return fail(ErrorCode::Invalid, "SubscribeToShard: no event streams over this connection");
  // A timestamp in CBOR is read as seconds by some emulators; in JSON all agree.
  const bool has_time = std::holds_alternative<AtTimestamp>(position);
  RequestBody request(has_time ? Protocol::Json : options_.protocol);
  request.text("ConsumerARN", consumer_arn).text("ShardId", shard.view());
  write_starting_position(request, position);
  aws::ServiceCall what("SubscribeToShard", content_type(request.protocol()), request.take());
  what.timeout = options_.call_timeout;
  CO_TRY(http::OpenResponse answer, service_.open(*options_.streams, std::move(what)));
  std::unique_ptr<ShardSubscription> subscription =
      std::make_unique<EventSubscription>(std::move(answer.body));
  co_return std::move(subscription);
}

}  // namespace kt::stream
