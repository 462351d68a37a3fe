// The operations of KinesisModel on registered consumers and their subscriptions.
#include <algorithm>
#include <utility>

#include "local/kinesis_model.h"
#include "local/model_state.h"
#include "local/token.h"

namespace kt::local {
namespace {

/// Payload of one event; a single larger record still goes alone.
constexpr std::size_t kEventBytesMax = 1024 * 1024;
constexpr std::string_view kConsumerPart = "/consumer/";

bool is_consumer_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  };
  return !name.empty() && name.size() <= 128 && std::all_of(name.begin(), name.end(), allowed);
}

tl::unexpected<ServiceError> bad_name(std::string_view name) {
  return refuse(Fault::Validation,
                "1 validation error detected: Value '" + std::string(name.substr(0, 200)) +
                    "' at 'consumerName' failed to satisfy constraint: Member must have 1 to 128 "
                    "of a-z A-Z 0-9 _ . -");
}

std::string gone(const StreamArn& stream) {
  return "Stream " + stream.stream().str() + " under account " + stream.account() + " not found.";
}

}  // namespace

ConsumerDescription KinesisModel::describe(const ModelStream& stream,
                                           const ModelConsumer& consumer) const {
  ConsumerDescription out;
  out.name = consumer.name;
  out.arn = stream.arn_of(consumer);
  out.status = consumer.status(clock_.now());
  out.created = consumer.created;
  out.stream = stream.arn;
  return out;
}

void KinesisModel::forget_deleted_consumers(ModelStream& stream) {
  const MonotonicTime now = clock_.now();
  std::erase_if(stream.consumers, [&](const auto& entry) {
    return entry.second.deleting && now >= entry.second.settled;
  });
}

Answer<KinesisModel::FoundConsumer> KinesisModel::find_consumer(const ConsumerRequest& request) {
  const bool by_name = request.stream && !request.name.empty();
  if (request.arn.empty() && !by_name)
    return refuse(Fault::InvalidArgument,
                  "Either ConsumerARN, or StreamARN and ConsumerName, have to be provided.");
  StreamArn arn = request.stream.value_or(StreamArn());
  std::string name = request.name;
  if (!request.arn.empty()) {
    const auto part = request.arn.find(kConsumerPart);
    const auto colon = request.arn.rfind(':');
    auto parsed = StreamArn::parse(std::string_view(request.arn).substr(0, part));
    if (part == std::string::npos || colon < part || !parsed)
      return refuse(Fault::InvalidArgument,
                    "ConsumerARN " + request.arn.substr(0, 300) +
                        " is not of the form <stream's ARN>/consumer/<name>:<timestamp>.");
    arn = *std::move(parsed);
    const std::size_t begin = part + kConsumerPart.size();
    name = request.arn.substr(begin, colon - begin);
  }
  const auto missing = [&] {
    return refuse(Fault::ResourceNotFound, "Consumer " +
                                               (request.arn.empty() ? name : request.arn) +
                                               ", account " + arn.account() + " not found.");
  };
  TRY(ModelStream * stream, find(arn));
  forget_deleted_consumers(*stream);
  const auto at = stream->consumers.find(name);
  if (at == stream->consumers.end())
    return missing();
  if (!request.arn.empty() && stream->arn_of(at->second) != request.arn)
    return missing();
  FoundConsumer found;
  found.stream = stream;
  found.consumer = &at->second;
  return found;
}

Answer<ConsumerDescription> KinesisModel::register_consumer(const StreamArn& arn,
                                                            std::string_view name) {
  if (!is_consumer_name(name))
    return bad_name(name);
  TRY(ModelStream * stream, find(arn));
  const StreamStatus status = stream->status(clock_.now());
  if (status == StreamStatus::Creating || status == StreamStatus::Deleting)
    return refuse(Fault::ResourceInUse, "Stream " + arn.stream().str() + " under account " +
                                            arn.account() + " not ACTIVE, try again later.");
  forget_deleted_consumers(*stream);
  if (stream->consumers.contains(name))
    return refuse(Fault::ResourceInUse, "Consumer " + std::string(name) + " under stream " +
                                            arn.str() + " already exists.");
  const MonotonicTime now = clock_.now();
  const auto creating = std::count_if(
      stream->consumers.begin(), stream->consumers.end(),
      [&](const auto& entry) { return entry.second.status(now) == ConsumerStatus::Creating; });
  if (options_.limits && creating >= limits::kConsumersCreating)
    return refuse(Fault::LimitExceeded, "Stream " + arn.str() + " has " + std::to_string(creating) +
                                            " consumers in CREATING, which is the most.");
  if (options_.limits && stream->consumers.size() >= limits::kConsumersPerStream)
    return refuse(Fault::LimitExceeded,
                  "Stream " + arn.str() + " has " + std::to_string(stream->consumers.size()) +
                      " registered consumers, which is the most: deregister one first.");
  ModelConsumer& consumer = stream->consumers[std::string(name)];
  consumer.name = name;
  consumer.created = wall();
  consumer.creating = true;
  consumer.settled = now + options_.transition;
  mark_structure(*stream);
  ConsumerDescription out = describe(*stream, consumer);
  out.status = ConsumerStatus::Creating;
  return out;
}

Answer<ConsumerDescription> KinesisModel::describe_consumer(const ConsumerRequest& request) {
  TRY(const FoundConsumer found, find_consumer(request));
  return describe(*found.stream, *found.consumer);
}

Answer<Unit> KinesisModel::deregister_consumer(const ConsumerRequest& request) {
  TRY(const FoundConsumer found, find_consumer(request));
  if (found.consumer->deleting)
    return Unit{};
  found.consumer->deleting = true;
  found.consumer->settled = clock_.now() + options_.transition;
  mark_structure(*found.stream);
  if (watcher_ != nullptr)
    watcher_->structure_changed();
  return Unit{};
}

Answer<ConsumerList> KinesisModel::list_consumers(const ListConsumersRequest& request) {
  if (request.max_results < 1 || request.max_results > 10'000)
    return refuse(Fault::Validation, "1 validation error detected: Value '" +
                                         std::to_string(request.max_results) +
                                         "' at 'maxResults' failed to satisfy constraint: Member "
                                         "must be between 1 and 10000");
  if (!request.stream)
    return refuse(Fault::InvalidArgument, "StreamARN has to be provided.");
  TRY(ModelStream * stream, find(*request.stream));
  if (request.stream_created && *request.stream_created != stream->created)
    return refuse(Fault::ResourceNotFound,
                  "No stream of that name was created at the given StreamCreationTimestamp.");
  forget_deleted_consumers(*stream);
  auto at = stream->consumers.begin();
  if (!request.next_token.empty()) {
    const auto token = decode_consumer_token(request.next_token);
    if (!token || token->stream_uid != stream->uid)
      return refuse(Fault::InvalidArgument, "Invalid NextToken.");
    if (wall() - token->issued > limits::kListTokenLife)
      return refuse(Fault::ExpiredNextToken,
                    "NextToken has expired: it is valid for 300 seconds. List from the start.");
    at = stream->consumers.upper_bound(token->after);
  }
  ConsumerList out;
  for (; at != stream->consumers.end(); ++at) {
    if (out.consumers.size() == static_cast<std::size_t>(request.max_results)) {
      ConsumerListToken token;
      token.stream_uid = stream->uid;
      token.after = out.consumers.back().name;
      token.issued = wall();
      out.next_token = encode(token);
      break;
    }
    out.consumers.push_back(describe(*stream, at->second));
  }
  return out;
}

Answer<PushCursor> KinesisModel::subscribe(const SubscribeRequest& request) {
  ConsumerRequest named;
  named.arn = request.consumer_arn;
  TRY(const FoundConsumer found, find_consumer(named));
  ModelStream& stream = *found.stream;
  ModelConsumer& consumer = *found.consumer;
  if (stream.deleting)
    return refuse(Fault::ResourceNotFound, gone(stream.arn));
  const MonotonicTime now = clock_.now();
  if (consumer.status(now) != ConsumerStatus::Active)
    return refuse(Fault::ResourceInUse,
                  "Consumer " + request.consumer_arn + " is not ACTIVE, try again later.");
  drop_expired_shards(stream);
  TRY(ModelShard * shard, find_shard(stream, request.shard));
  const auto known = consumer.subscriptions.find(shard->number);
  if (known != consumer.subscriptions.end() &&
      now - known->second.begun < limits::kSubscribeAgainAfter)
    return refuse(Fault::ResourceInUse, "Another active subscription exists for this consumer: " +
                                            stream.arn.account() + ":" + stream.arn.stream().str() +
                                            ":" + shard->id().str() + ":" + consumer.name);
  trim(stream, *shard);
  TRY(const std::uint64_t first, oldest(stream, *shard));
  TRY(const std::uint64_t index, position(stream, *shard, request.position));
  ModelSubscription& subscription = consumer.subscriptions[shard->number];
  subscription.serial = next_serial_++;
  subscription.begun = now;
  if (watcher_ != nullptr)
    watcher_->shard_changed(stream.uid, shard->number);  // whom this one takes over from
  PushCursor cursor;
  cursor.stream_uid = stream.uid;
  cursor.shard = shard->number;
  cursor.consumer = consumer.name;
  cursor.serial = subscription.serial;
  cursor.next = std::max(index, first);
  return cursor;
}

Answer<PushedEvent> KinesisModel::push(PushCursor& cursor) {
  const auto found = by_uid_.find(cursor.stream_uid);
  if (found == by_uid_.end() || found->second->deleting)
    return refuse(Fault::ResourceNotFound, "The stream of this subscription was deleted.");
  ModelStream& stream = *found->second;
  const auto consumer = stream.consumers.find(cursor.consumer);
  const auto shard = stream.shards.find(cursor.shard);
  if (consumer == stream.consumers.end() || consumer->second.deleting ||
      shard == stream.shards.end())
    return refuse(Fault::ResourceNotFound,
                  "The consumer or the shard of this subscription is gone: " + cursor.consumer +
                      ", " + shard_id(cursor.shard).str() + in_stream(stream.arn) + ".");
  const auto mine = consumer->second.subscriptions.find(cursor.shard);
  if (mine == consumer->second.subscriptions.end() || mine->second.serial != cursor.serial)
    return refuse(Fault::ResourceInUse,
                  "A later subscription of this consumer to the shard took over: " +
                      stream.arn.account() + ":" + stream.arn.stream().str() + ":" +
                      shard_id(cursor.shard).str() + ":" + cursor.consumer);
  PushedEvent out;
  trim(stream, shard->second);
  TRY(const std::uint64_t first, oldest(stream, shard->second));
  cursor.next = std::max(cursor.next, first);
  RecordsAnswer read_now;
  if (options_.limits && !mine->second.bytes.has(1, clock_.now())) {
    out.throttled = cursor.next < shard->second.log.visible_end();
  } else {
    TRY(read(stream, shard->second, limits::kRecordsPerGet, kEventBytesMax, cursor.next, read_now));
    if (options_.limits)
      mine->second.bytes.take(static_cast<double>(read_now.payload_bytes));
  }
  finish_push(stream, shard->second, cursor, std::move(read_now), out);
  evict();
  return out;
}

void KinesisModel::finish_push(ModelStream& stream, ModelShard& shard, PushCursor& cursor,
                               RecordsAnswer read, PushedEvent& out) {
  out.millis_behind_latest = millis_behind(shard, cursor.next, read);
  // Children that a kill would take back are not told of yet.
  out.last = shard.closed && cursor.next >= shard.log.end_index() && !structure_pending();
  if (out.last) {
    out.children = children_of(stream, shard);
  } else if (!read.records.empty()) {
    out.continuation = read.records.back().sequence_number;
  } else {
    SequenceParts place = shard.sequence_at(cursor.next, std::max(wall(), shard.created));
    --place.index;  // the number of the record before the next one
    out.continuation = format_sequence(place);
  }
  out.records = std::move(read.records);
  out.payload_bytes = read.payload_bytes;
  out.chunks = std::move(read.chunks);
}

}  // namespace kt::local
