#include "lease/dynamodb/kcl_rows.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "lease/dynamodb/rows.h"
#include "lease/dynamodb/write_request.h"

namespace kt::lease {
namespace {

constexpr std::string_view kEntityType = "entityType";
constexpr std::string_view kChildren = "childShardIds";
constexpr std::string_view kStartingHashKey = "startingHashKey";
constexpr std::string_view kEndingHashKey = "endingHashKey";
constexpr std::string_view kStreamName = "streamName";
constexpr std::string_view kShardId = "shardId";
constexpr std::string_view kOwnerIndex = "LeaseOwnerToLeaseKeyIndex";
/// More than a record of 10 MiB can hold: the record to its end, aggregate or not.
constexpr std::uint64_t kWholeInKcl = 2'147'483'647;

Result<KclPosition> read_position(const nlohmann::json& item) {
  KclPosition out;
  const auto text = text_at(item, attribute::kCheckpoint);
  if (!text)
    return fail(ErrorCode::Corrupt, "it has no checkpoint");
  const std::pair<const char*, KclPosition::Kind> sentinels[] = {
      {"TRIM_HORIZON", KclPosition::Kind::TrimHorizon},
      {"LATEST", KclPosition::Kind::Latest},
      {"AT_TIMESTAMP", KclPosition::Kind::AtTimestamp},
      {"SHARD_END", KclPosition::Kind::ShardEnd}};
  for (const auto& [name, kind] : sentinels) {
    if (*text == name) {
      out.kind = kind;
      return out;
    }
  }
  auto sequence = SequenceNumber::parse(*text);
  if (!sequence)
    return fail(sequence.error().within("its checkpoint"));
  out.kind = KclPosition::Kind::Record;
  out.sequence = *std::move(sequence);
  out.sub = number_at(item, attribute::kSubSequence).value_or(0);
  return out;
}

Checkpoint to_checkpoint(const KclPosition& position, const KclImportInput& input) {
  switch (position.kind) {
    case KclPosition::Kind::TrimHorizon:
      return TrimHorizon();
    case KclPosition::Kind::Latest:
      return AtTimestamp{input.now};
    case KclPosition::Kind::AtTimestamp:
      return AtTimestamp{*input.timestamp};
    case KclPosition::Kind::ShardEnd:
      return ShardEnd();
    case KclPosition::Kind::Record:
      break;
  }
  if (position.sub >= kWholeInKcl)
    return After{ExtendedSequenceNumber(position.sequence)};
  return After{ExtendedSequenceNumber(position.sequence, position.sub)};
}

/// The listed shards from which one of `shards` came.
std::set<ShardId> ancestors_of(const std::set<ShardId>& shards, const std::vector<Shard>& listing) {
  std::map<ShardId, std::vector<ShardId>> parents;
  for (const Shard& shard : listing)
    parents[shard.id] = shard.parents();
  std::set<ShardId> out;
  std::vector<ShardId> open(shards.begin(), shards.end());
  while (!open.empty()) {
    const ShardId shard = open.back();
    open.pop_back();
    for (const ShardId& parent : parents[shard]) {
      if (out.insert(parent).second)
        open.push_back(parent);
    }
  }
  return out;
}

nlohmann::json set_of(const std::vector<ShardId>& shards) {
  nlohmann::json value = nlohmann::json::object();
  for (const ShardId& shard : shards)
    value["SS"].push_back(shard.str());
  return value;
}

struct KclWords {
  std::string checkpoint;
  std::uint64_t sub = 0;
};

Result<KclWords> to_kcl(const Lease& lease) {
  KclWords words;
  if (std::holds_alternative<TrimHorizon>(lease.checkpoint))
    words.checkpoint = "TRIM_HORIZON";
  if (std::holds_alternative<AtTimestamp>(lease.checkpoint))
    words.checkpoint = "AT_TIMESTAMP";
  if (is_shard_end(lease.checkpoint))
    words.checkpoint = "SHARD_END";
  if (const auto* after = std::get_if<After>(&lease.checkpoint)) {
    words.checkpoint = after->position.sequence.str();
    words.sub = std::min(after->position.sub, kWholeInKcl);
  }
  if (words.checkpoint.empty()) {
    return fail(ErrorCode::Invalid, "shard " + lease.key.shard.str() + " begins " +
                                        to_string(lease.checkpoint) +
                                        ", which a KCL table can not say: let its first record be "
                                        "consumed before");
  }
  return words;
}

}  // namespace

Result<std::optional<KclRow>> read_kcl_row(const nlohmann::json& item) {
  const auto type = text_at(item, kEntityType);
  if (type && *type != "LEASE")
    return std::optional<KclRow>();
  const auto key = text_at(item, attribute::kLeaseKey);
  if (!key)
    return fail(ErrorCode::Corrupt, "a row has no leaseKey");
  KclRow row;
  const auto last = key->rfind(':');
  row.shard = ShardId(last == std::string::npos ? *key : key->substr(last + 1));
  if (last != std::string::npos)
    row.stream = key->substr(0, last);
  row.owner = text_at(item, attribute::kOwner).value_or("");
  row.counter = number_at(item, attribute::kCounter).value_or(0);
  auto position = read_position(item);
  if (!position)
    return fail(position.error().within("the row " + *key));
  row.position = *std::move(position);
  for (std::string& parent : texts_at(item, attribute::kParents))
    row.parents.emplace_back(std::move(parent));
  return std::optional<KclRow>(std::move(row));
}

std::string kcl_stream_name(const StreamArn& stream, WallTime created) {
  const auto epoch = std::chrono::floor<std::chrono::seconds>(created.time_since_epoch()).count();
  return stream.account() + ":" + stream.stream().str() + ":" + std::to_string(epoch);
}

Result<KclImport> import_kcl(const KclImportInput& input) {
  const std::string name = kcl_stream_name(input.consumer.stream, input.consumer.stream_created);
  KclImport out;
  std::map<ShardId, const KclRow*> mine;
  std::size_t others = 0;
  for (const KclRow& row : input.rows) {
    if (row.stream.empty() || row.stream == name)
      mine.emplace(row.shard, &row);
    else
      ++others;
  }
  if (others > 0)
    out.notes.push_back(std::to_string(others) + " rows of other streams were left out");
  std::set<ShardId> listed;
  for (const Shard& shard : input.listing)
    listed.insert(shard.id);
  std::set<ShardId> known;
  for (const auto& [shard, row] : mine) {
    if (listed.contains(shard))
      known.insert(shard);
    else if (row->position.kind != KclPosition::Kind::ShardEnd)
      out.notes.push_back(shard.str() + " is no longer in the stream: its position is left out");
    const bool needs_time = row->position.kind == KclPosition::Kind::AtTimestamp;
    if (needs_time && !input.timestamp) {
      return fail(ErrorCode::Invalid, "the KCL has not begun " + shard.str() +
                                          ", and its table does not say at which time it would: "
                                          "give that time by --timestamp");
    }
  }
  if (known.empty()) {
    return fail(ErrorCode::Invalid, "no row of the table is of a shard of " +
                                        input.consumer.stream.str() +
                                        " (as multi-stream rows: " + name + ":…)");
  }
  const std::set<ShardId> finished = ancestors_of(known, input.listing);
  for (const Shard& shard : input.listing) {
    Lease lease;
    lease.key.consumer = input.consumer;
    lease.key.shard = shard.id;
    lease.parents = shard.parents();
    const auto row = mine.find(shard.id);
    if (row != mine.end())
      lease.checkpoint = to_checkpoint(row->second->position, input);
    else if (finished.contains(shard.id))
      lease.checkpoint = ShardEnd();
    else
      lease.checkpoint = TrimHorizon();
    if (std::holds_alternative<TrimHorizon>(lease.checkpoint))
      lease.checkpoint_arrival = input.now;
    out.rows.push_back(std::move(lease));
  }
  return out;
}

nlohmann::json kcl_table_request(const std::string& table) {
  auto request = nlohmann::json::parse(R"({
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [
      {"AttributeName": "leaseKey", "AttributeType": "S"},
      {"AttributeName": "leaseOwner", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "leaseKey", "KeyType": "HASH"}],
    "GlobalSecondaryIndexes": [{
      "KeySchema": [
        {"AttributeName": "leaseOwner", "KeyType": "HASH"},
        {"AttributeName": "leaseKey", "KeyType": "RANGE"}],
      "Projection": {"ProjectionType": "KEYS_ONLY"}}]})");
  request["TableName"] = table;
  request["GlobalSecondaryIndexes"][0]["IndexName"] = std::string(kOwnerIndex);
  return request;
}

Result<nlohmann::json> to_kcl_item(const Lease& lease, const std::vector<Shard>& listing,
                                   bool multi_stream) {
  TRY(const KclWords words, to_kcl(lease));
  const ConsumerKey& consumer = lease.key.consumer;
  const std::string stream = kcl_stream_name(consumer.stream, consumer.stream_created);
  const std::string& shard = lease.key.shard.str();
  nlohmann::json item = nlohmann::json::object();
  const auto put = [&item](std::string_view name, nlohmann::json value) {
    item[std::string(name)] = std::move(value);
  };
  put(attribute::kLeaseKey, text_value(multi_stream ? stream + ":" + shard : shard));
  put(attribute::kCounter, number_value(std::uint64_t{0}));
  put(attribute::kOwnerSwitches, number_value(std::uint64_t{0}));
  put(attribute::kCheckpoint, text_value(words.checkpoint));
  put(attribute::kSubSequence, number_value(words.sub));
  if (multi_stream) {
    put(kStreamName, text_value(stream));
    put(kShardId, text_value(shard));
  }
  if (!lease.parents.empty())
    put(attribute::kParents, set_of(lease.parents));
  std::vector<ShardId> children;
  for (const Shard& other : listing) {
    if (other.id == lease.key.shard) {
      put(kStartingHashKey, text_value(to_decimal(other.hash_keys.starting)));
      put(kEndingHashKey, text_value(to_decimal(other.hash_keys.ending)));
    }
    const auto parents = other.parents();
    if (std::ranges::find(parents, lease.key.shard) != parents.end())
      children.push_back(other.id);
  }
  if (is_shard_end(lease.checkpoint) && !children.empty())
    put(kChildren, set_of(children));
  return item;
}

}  // namespace kt::lease
