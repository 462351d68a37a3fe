#include "stream/kinesis/answers.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "aws/cbor.h"
#include "stream/kinesis/records_reader.h"

namespace kt::stream {
namespace {

using Json = nlohmann::json;

tl::unexpected<Error> corrupt(const char* what) {
  return fail(ErrorCode::Corrupt, std::string("the service's answer can not be read: ") + what);
}

const Json& member(const Json& object, const char* key) {
  static const Json kNone;
  if (!object.is_object())
    return kNone;
  const auto found = object.find(key);
  return found == object.end() ? kNone : *found;
}

/// The library's own CBOR reader knows no tag 1, which the service puts before its dates.
Json to_json(aws::CborReader& reader) {
  using Kind = aws::CborReader::Kind;
  // A loop: how many tags follow each other has no bound.
  while (reader.kind() == Kind::Tag)
    reader.tag();
  switch (reader.kind()) {
    case Kind::Unsigned:
      return reader.unsigned_integer();
    case Kind::Negative:
      return reader.integer();
    case Kind::Text:
      return std::string(reader.text());
    case Kind::Array: {
      Json array = Json::array();
      reader.each_item([&] { array.push_back(to_json(reader)); });
      return array;
    }
    case Kind::Map: {
      Json object = Json::object();
      reader.each_entry([&](std::string_view key) { object[std::string(key)] = to_json(reader); });
      return object;
    }
    case Kind::Boolean:
      return reader.boolean();
    case Kind::Float:
      return reader.number();
    case Kind::Tag:
    case Kind::Bytes:
    case Kind::Null:
    case Kind::Break:
    case Kind::End:
      break;
  }
  reader.skip();
  return nullptr;
}

std::int64_t integer_of(const Json& object, const char* key) {
  const Json& value = member(object, key);
  return value.is_number() ? static_cast<std::int64_t>(value.get<double>()) : 0;
}

Result<HashKeyRange> read_range(const Json& range) {
  HashKeyRange keys;
  TRY(keys.starting, parse_hash_key(text_of(range, "StartingHashKey")));
  TRY(keys.ending, parse_hash_key(text_of(range, "EndingHashKey")));
  return keys;
}

StreamStatus to_status(std::string_view text) {
  if (text == "CREATING")
    return StreamStatus::Creating;
  if (text == "DELETING")
    return StreamStatus::Deleting;
  if (text == "UPDATING")
    return StreamStatus::Updating;
  return StreamStatus::Active;
}

void read_parents(const Json& entry, Shard& shard) {
  const std::string parent = text_of(entry, "ParentShardId");
  const std::string adjacent = text_of(entry, "AdjacentParentShardId");
  if (!parent.empty())
    shard.parent = ShardId(parent);
  if (!adjacent.empty())
    shard.adjacent_parent = ShardId(adjacent);
  const Json& parents = member(entry, "ParentShards");
  if (!parents.is_array())
    return;
  if (!parents.empty() && parents[0].is_string())
    shard.parent = ShardId(parents[0].get<std::string>());
  if (parents.size() > 1 && parents[1].is_string())
    shard.adjacent_parent = ShardId(parents[1].get<std::string>());
}

}  // namespace

std::string text_of(const Json& object, const char* key) {
  const Json& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

WallTime to_wall_time(double number) {
  // 1e11 is the year 5138 in seconds and 1973 in milliseconds.
  if (!std::isfinite(number) || std::abs(number) > 1e17)
    return WallTime{};
  const double millis = std::abs(number) > 1e11 ? number : number * 1000.0;
  return WallTime(std::chrono::milliseconds(std::llround(millis)));
}

std::chrono::milliseconds to_behind_latest(double number) {
  // Far above the longest time that a stream keeps records, and within what an integer holds.
  constexpr double kMillisMax = 1e15;
  if (!(number > 0))
    return std::chrono::milliseconds(0);
  return std::chrono::milliseconds(std::llround(std::min(number, kMillisMax)));
}

Result<Json> read_document(const std::string& body) {
  if (looks_like_json(body)) {
    Json document = Json::parse(body, nullptr, false);
    if (document.is_object())
      return document;
    return corrupt("it is no JSON object");
  }
  // The library's own reader has no bound on nesting; ours has.
  aws::CborReader reader(body);
  reader.skip();
  if (!reader.complete())
    return corrupt(reader.ok() ? "something follows its end" : reader.fault());
  aws::CborReader again(body);
  Json document = to_json(again);
  if (!document.is_object())
    return corrupt("it is no CBOR map");
  return document;
}

Result<RecordsAnswer> read_records(std::string body, TextPoolPtr pool) {
  return looks_like_json(body) ? read_json_records(std::move(body), std::move(pool))
                               : read_cbor_records(std::move(body), std::move(pool));
}

Result<Shard> read_shard(const Json& entry) {
  Shard shard;
  shard.id = ShardId(text_of(entry, "ShardId"));
  if (shard.id.empty())
    return corrupt("a shard without ShardId");
  auto keys = read_range(member(entry, "HashKeyRange"));
  if (!keys)
    return corrupt(("shard " + shard.id.str() + ": " + keys.error().what).c_str());
  shard.hash_keys = *keys;
  read_parents(entry, shard);
  const Json& sequences = member(entry, "SequenceNumberRange");
  shard.starting_sequence = SequenceNumber(text_of(sequences, "StartingSequenceNumber"));
  const std::string ending = text_of(sequences, "EndingSequenceNumber");
  if (!ending.empty())
    shard.ending_sequence = SequenceNumber(ending);
  return shard;
}

Result<std::vector<Shard>> read_shards(const Json& list) {
  std::vector<Shard> shards;
  if (list.is_null())
    return shards;
  if (!list.is_array())
    return corrupt("the shards are no list");
  shards.reserve(list.size());
  for (const Json& entry : list) {
    TRY(Shard shard, read_shard(entry));
    shards.push_back(std::move(shard));
  }
  return shards;
}

Result<StreamDescription> read_description(const Json& document) {
  const Json& summary = member(document, "StreamDescriptionSummary");
  if (!summary.is_object())
    return corrupt("no StreamDescriptionSummary");
  StreamDescription description;
  description.name = StreamName(text_of(summary, "StreamName"));
  description.arn = text_of(summary, "StreamARN");
  description.status = to_status(text_of(summary, "StreamStatus"));
  const Json& created = member(summary, "StreamCreationTimestamp");
  if (created.is_number())
    description.created = to_wall_time(created.get<double>());
  const std::int64_t hours = integer_of(summary, "RetentionPeriodHours");
  if (hours > 0)
    description.retention = std::chrono::hours(hours);
  description.open_shards = integer_of(summary, "OpenShardCount");
  return description;
}

}  // namespace kt::stream
