#include "stream/kinesis/kinesis_client.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "aws/service_error.h"
#include "base/check.h"
#include "model/limits.h"
#include "stream/kinesis/answers.h"

namespace kt::stream {
namespace {

// 10 MiB of records; as base64 with their keys and names a little more than half as much again.
constexpr std::size_t kRecordsAnswerBytesMax = 32 * 1024 * 1024;

aws::ServiceClientOptions service_options(const KinesisClientOptions& options) {
  aws::ServiceClientOptions service;
  service.service = "kinesis";
  service.target_prefix = "Kinesis_20131202.";
  service.region = options.region;
  service.endpoint = options.endpoint;
  return service;
}

void write_position(RequestBody& body, const Checkpoint& position) {
  const auto type = [&](const char* name) { body.text("ShardIteratorType", name); };
  if (std::holds_alternative<TrimHorizon>(position)) {
    type("TRIM_HORIZON");
  } else if (const auto* at_time = std::get_if<AtTimestamp>(&position)) {
    type("AT_TIMESTAMP");
    body.time("Timestamp", at_time->time);
  } else if (const auto* at = std::get_if<AtSequenceNumber>(&position)) {
    type("AT_SEQUENCE_NUMBER");
    body.text("StartingSequenceNumber", at->sequence.view());
  } else {
    const auto* const after = std::get_if<After>(&position);
    CHECK(after != nullptr, "a finished shard is never read");
    // Inside an aggregate the record itself is read again; its finished part is skipped later.
    type(after->position.whole() ? "AFTER_SEQUENCE_NUMBER" : "AT_SEQUENCE_NUMBER");
    body.text("StartingSequenceNumber", after->position.sequence.view());
  }
}

void write_entry(RequestBody& body, const PutEntry& entry) {
  body.blob("Data", as_bytes(entry.data));
  body.text("PartitionKey", entry.partition_key);
  if (!entry.explicit_hash_key.empty())
    body.text("ExplicitHashKey", entry.explicit_hash_key);
}

PutOutcome read_outcome(const nlohmann::json& entry) {
  PutOutcome outcome;
  outcome.shard = ShardId(text_of(entry, "ShardId"));
  outcome.sequence = SequenceNumber(text_of(entry, "SequenceNumber"));
  const std::string type = text_of(entry, "ErrorCode");
  if (!type.empty())
    outcome.error = Error(aws::classify(400, type), type + ": " + text_of(entry, "ErrorMessage"));
  return outcome;
}

}  // namespace

KinesisClient::KinesisClient(http::Transport& transport, aws::CredentialsSource& credentials,
                             Clock& clock, KinesisClientOptions options)
    : service_(transport, credentials, clock, service_options(options)),
      clock_(clock),
      options_(std::move(options)) {}

/// A stream of another account is found by its ARN only, and some emulators know names only: both
/// are said, and agree.
void KinesisClient::name_stream(RequestBody& body, const StreamArn& stream) {
  body.text("StreamName", stream.stream().view());
  body.text("StreamARN", stream.str());
}

RequestBody KinesisClient::body_for(const StreamArn& stream) const {
  RequestBody body(options_.protocol);
  name_stream(body, stream);
  return body;
}

Result<Unit> KinesisClient::check_region(const StreamArn& stream) const {
  if (stream.region() == options_.region)
    return Unit{};
  return fail(ErrorCode::Internal,
              "stream " + stream.str() + " was asked of the client of region " + options_.region);
}

Task<Result<http::Response>> KinesisClient::call(const char* operation, RequestBody request) {
  aws::ServiceCall what(operation, content_type(request.protocol()), request.take());
  what.timeout = options_.call_timeout;
  co_return co_await service_.call(std::move(what));
}

Task<Result<Unit>> KinesisClient::command(const char* operation, StreamArn stream,
                                          RequestBody request) {
  const auto here = check_region(stream);
  if (!here)
    co_return here;
  CO_TRY(call(operation, std::move(request)));
  co_return Unit{};
}

Task<Result<StreamDescription>> KinesisClient::describe_stream(StreamArn stream) {
  const auto here = check_region(stream);
  if (!here)
    co_return fail(here.error());
  RequestBody request = body_for(stream);
  CO_TRY(const http::Response answer, call("DescribeStreamSummary", std::move(request)));
  const auto document = read_document(answer.body);
  if (!document)
    co_return fail(document.error().within("DescribeStreamSummary"));
  co_return read_description(*document);
}

Task<Result<ShardListing>> KinesisClient::list_shards(StreamArn stream, std::string token) {
  const auto here = check_region(stream);
  if (!here)
    co_return fail(here.error());
  // The token names the stream; the service refuses both together.
  RequestBody request = token.empty() ? body_for(stream) : RequestBody(options_.protocol);
  if (!token.empty())
    request.text("NextToken", token);
  CO_TRY(const http::Response answer, call("ListShards", std::move(request)));
  const auto document = read_document(answer.body);
  if (!document)
    co_return fail(document.error().within("ListShards"));
  const auto list = document->find("Shards");
  ShardListing listing;
  if (list != document->end()) {
    auto shards = read_shards(*list);
    if (!shards)
      co_return fail(shards.error().within("ListShards"));
    listing.shards = std::move(*shards);
  }
  listing.next_token = text_of(*document, "NextToken");
  // Every HTTP service sends its date. Where one does not, ours is better than the year 1970.
  const auto date = parse_http_date(answer.header("Date"));
  listing.service_time = date ? *date : clock_.wall_now();
  co_return listing;
}

Task<Result<ShardIterator>> KinesisClient::ask_iterator(StreamArn stream, RequestBody request) {
  const auto here = check_region(stream);
  if (!here)
    co_return fail(here.error());
  CO_TRY(const http::Response answer, call("GetShardIterator", std::move(request)));
  const auto document = read_document(answer.body);
  if (!document)
    co_return fail(document.error().within("GetShardIterator"));
  ShardIterator iterator(text_of(*document, "ShardIterator"));
  if (iterator.empty())
    co_return fail(ErrorCode::Corrupt, "GetShardIterator: the answer has no ShardIterator");
  co_return iterator;
}

Task<Result<ShardIterator>> KinesisClient::get_shard_iterator(StreamArn stream, ShardId shard,
                                                              Checkpoint position) {
  // A timestamp in CBOR is read as seconds by some emulators, as milliseconds by others; in JSON
  // all agree.
  const bool has_time = std::holds_alternative<AtTimestamp>(position);
  RequestBody request(has_time ? Protocol::Json : options_.protocol);
  name_stream(request, stream);
  request.text("ShardId", shard.view());
  write_position(request, position);
  co_return co_await ask_iterator(std::move(stream), std::move(request));
}

Task<Result<ShardIterator>> KinesisClient::get_latest_iterator(StreamArn stream, ShardId shard) {
  RequestBody request = body_for(stream);
  request.text("ShardId", shard.view()).text("ShardIteratorType", "LATEST");
  co_return co_await ask_iterator(std::move(stream), std::move(request));
}

Task<Result<RecordsAnswer>> KinesisClient::get_records(StreamArn stream, ShardIterator iterator,
                                                       int records_max) {
  const auto here = check_region(stream);
  if (!here)
    co_return fail(here.error());
  RequestBody request(options_.protocol, 512);
  request.text("ShardIterator", iterator.view()).integer("Limit", records_max);
  request.text("StreamARN", stream.str());
  aws::ServiceCall what("GetRecords", content_type(options_.protocol), request.take());
  what.timeout = options_.read_timeout;
  what.answer_bytes_max = kRecordsAnswerBytesMax;
  CO_TRY(http::Response answer, service_.call(std::move(what)));
  co_return read_records(std::move(answer.body), std::move(answer.pool));
}

Task<Result<PutOutcome>> KinesisClient::put_record(StreamArn stream, PutEntry entry) {
  const auto here = check_region(stream);
  if (!here)
    co_return fail(here.error());
  RequestBody request = body_for(stream);
  write_entry(request, entry);
  CO_TRY(const http::Response answer, call("PutRecord", std::move(request)));
  const auto document = read_document(answer.body);
  if (!document)
    co_return fail(document.error().within("PutRecord"));
  co_return read_outcome(*document);
}

Task<Result<PutRecordsAnswer>> KinesisClient::put_records(StreamArn stream,
                                                          std::vector<PutEntry> entries) {
  const auto here = check_region(stream);
  if (!here)
    co_return fail(here.error());
  RequestBody request = body_for(stream);
  request.list("Records", entries.size());
  for (const PutEntry& entry : entries) {
    request.item();
    write_entry(request, entry);
    request.end();
  }
  CO_TRY(const http::Response answer, call("PutRecords", std::move(request)));
  const auto document = read_document(answer.body);
  if (!document)
    co_return fail(document.error().within("PutRecords"));
  PutRecordsAnswer result;
  const auto records = document->find("Records");
  if (records != document->end() && records->is_array()) {
    for (const auto& record : *records) {
      result.outcomes.push_back(read_outcome(record));
      result.failed_count += result.outcomes.back().error.has_value() ? 1 : 0;
    }
  }
  if (result.outcomes.size() != entries.size())
    co_return fail(ErrorCode::Corrupt, "PutRecords: the answer does not tell of every record");
  co_return result;
}

Task<Result<Unit>> KinesisClient::create_stream(StreamArn stream, int shard_count) {
  RequestBody request(options_.protocol);
  request.text("StreamName", stream.stream().view());
  if (shard_count > 0)
    request.integer("ShardCount", shard_count);
  else
    request.object("StreamModeDetails").text("StreamMode", "ON_DEMAND").end();
  co_return co_await command("CreateStream", std::move(stream), std::move(request));
}

Task<Result<Unit>> KinesisClient::delete_stream(StreamArn stream) {
  RequestBody request = body_for(stream);
  request.boolean("EnforceConsumerDeletion", true);
  co_return co_await command("DeleteStream", std::move(stream), std::move(request));
}

Task<Result<StreamListing>> KinesisClient::list_streams(std::string after) {
  RequestBody request(options_.protocol);
  if (!after.empty())
    request.text("ExclusiveStartStreamName", after);
  CO_TRY(const http::Response answer, call("ListStreams", std::move(request)));
  const auto document = read_document(answer.body);
  if (!document)
    co_return fail(document.error().within("ListStreams"));
  StreamListing listing;
  const auto names = document->find("StreamNames");
  if (names != document->end() && names->is_array()) {
    for (const auto& name : *names) {
      if (name.is_string())
        listing.streams.emplace_back(name.get<std::string>());
    }
  }
  const auto more = document->find("HasMoreStreams");
  listing.has_more = more != document->end() && more->is_boolean() && more->get<bool>();
  co_return listing;
}

Task<Result<Unit>> KinesisClient::split_shard(StreamArn stream, ShardId shard,
                                              HashKey starting_hash_key) {
  RequestBody request = body_for(stream);
  request.text("ShardToSplit", shard.view());
  request.text("NewStartingHashKey", to_decimal(starting_hash_key));
  co_return co_await command("SplitShard", std::move(stream), std::move(request));
}

Task<Result<Unit>> KinesisClient::merge_shards(StreamArn stream, ShardId shard, ShardId adjacent) {
  RequestBody request = body_for(stream);
  request.text("ShardToMerge", shard.view()).text("AdjacentShardToMerge", adjacent.view());
  co_return co_await command("MergeShards", std::move(stream), std::move(request));
}

Task<Result<Unit>> KinesisClient::update_shard_count(StreamArn stream, int target) {
  RequestBody request = body_for(stream);
  request.integer("TargetShardCount", target).text("ScalingType", "UNIFORM_SCALING");
  co_return co_await command("UpdateShardCount", std::move(stream), std::move(request));
}

}  // namespace kt::stream
