#include "lease/dynamodb/rows.h"

#include <openssl/sha.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "aws/base64.h"
#include "lease/dynamodb/write_request.h"

namespace kt::lease {
namespace {

constexpr const char* kTrimHorizonText = "TRIM_HORIZON";
constexpr const char* kAtTimestampText = "AT_TIMESTAMP";
constexpr const char* kShardEndText = "SHARD_END";
constexpr std::string_view kAtPrefix = "AT:";

std::string family_of(const ApplicationName& application, const EndpointName& endpoint,
                      const StreamArn& stream) {
  const std::string text = application.str() + "\n" + endpoint.str() + "\n" + stream.str();
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  constexpr const char* kHex = "0123456789abcdef";
  std::string out;
  for (int i = 0; i < 8; ++i) {
    out += kHex[digest[i] >> 4];
    out += kHex[digest[i] & 15];
  }
  return out;
}

std::string suffix_of(const StreamArn& stream, WallTime created, const std::string& family) {
  return stream.stream().str() + "/" + std::to_string(created.time_since_epoch().count()) + "/" +
         family;
}

template <class Int>
std::optional<Int> parse(std::string_view text) {
  Int value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

const nlohmann::json* value_at(const nlohmann::json& item, std::string_view name,
                               const char* type) {
  const auto found = item.find(name);
  if (found == item.end() || !found->is_object())
    return nullptr;
  const auto value = found->find(type);
  return value == found->end() ? nullptr : &*value;
}

std::optional<std::string> string_at(const nlohmann::json& item, std::string_view name,
                                     const char* type) {
  const nlohmann::json* value = value_at(item, name, type);
  if (value == nullptr || !value->is_string())
    return std::nullopt;
  return value->get<std::string>();
}

nlohmann::json millis(const std::optional<WallTime>& time) {
  return time ? number_value(std::int64_t{time->time_since_epoch().count()}) : nlohmann::json();
}

std::optional<WallTime> time_at(const nlohmann::json& item, std::string_view name) {
  const auto number = signed_at(item, name);
  if (!number)
    return std::nullopt;
  return WallTime(std::chrono::milliseconds(*number));
}

}  // namespace

std::string suffix_of(const ConsumerKey& consumer) {
  return suffix_of(consumer.stream, consumer.stream_created,
                   family_of(consumer.application, consumer.endpoint, consumer.stream));
}

std::optional<WallTime> created_of(std::string_view lease_key, const ApplicationName& application,
                                   const EndpointName& endpoint, const StreamArn& stream) {
  const std::string family = family_of(application, endpoint, stream);
  const auto at = lease_key.find('@');
  if (at == std::string_view::npos)
    return std::nullopt;
  const std::string_view suffix = lease_key.substr(at + 1);
  const auto first = suffix.find('/');
  const auto last = suffix.rfind('/');
  if (first == last || suffix.substr(last + 1) != family)
    return std::nullopt;
  const auto created = parse<std::int64_t>(suffix.substr(first + 1, last - first - 1));
  if (!created)
    return std::nullopt;
  return WallTime(std::chrono::milliseconds(*created));
}

std::string lease_key(const ShardId& shard, std::string_view suffix) {
  std::string key = shard.str();
  key += '@';
  key += suffix;
  return key;
}

std::optional<ShardId> shard_of(std::string_view lease_key, std::string_view suffix) {
  const auto at = lease_key.find('@');
  if (at == std::string_view::npos || lease_key.substr(at + 1) != suffix)
    return std::nullopt;
  return ShardId(lease_key.substr(0, at));
}

nlohmann::json lease_key_value(const LeaseKey& key) {
  nlohmann::json out = nlohmann::json::object();
  out[std::string(attribute::kLeaseKey)] =
      text_value(lease_key(key.shard, suffix_of(key.consumer)));
  return out;
}

nlohmann::json worker_key_value(std::string_view scope, std::string_view name) {
  nlohmann::json out = nlohmann::json::object();
  out[std::string(attribute::kScope)] = text_value(scope);
  out[std::string(attribute::kName)] = text_value(name);
  return out;
}

CheckpointAttributes to_attributes(const Checkpoint& checkpoint) {
  CheckpointAttributes out;
  if (std::holds_alternative<TrimHorizon>(checkpoint))
    out.checkpoint = text_value(kTrimHorizonText);
  if (is_shard_end(checkpoint))
    out.checkpoint = text_value(kShardEndText);
  if (const auto* at = std::get_if<AtTimestamp>(&checkpoint)) {
    out.checkpoint = text_value(kAtTimestampText);
    out.timestamp = millis(at->time);
  }
  if (const auto* at = std::get_if<AtSequenceNumber>(&checkpoint))
    out.checkpoint = text_value(std::string(kAtPrefix) + at->sequence.str());
  if (const auto* after = std::get_if<After>(&checkpoint)) {
    out.checkpoint = text_value(after->position.sequence.str());
    if (!after->position.whole())
      out.sub_sequence = number_value(after->position.sub);
  }
  return out;
}

Result<Checkpoint> to_checkpoint(const nlohmann::json& item) {
  const auto text = text_at(item, attribute::kCheckpoint);
  if (!text)
    return fail(ErrorCode::Corrupt, "no checkpoint");
  if (*text == kTrimHorizonText)
    return Checkpoint(TrimHorizon());
  if (*text == kShardEndText)
    return Checkpoint(ShardEnd());
  const auto corrupt = [&text](const std::string& why) {
    return fail(ErrorCode::Corrupt, "its checkpoint \"" + text->substr(0, 80) + "\" " + why);
  };
  if (*text == kAtTimestampText) {
    const auto time = time_at(item, attribute::kTimestamp);
    if (!time)
      return corrupt("has no " + std::string(attribute::kTimestamp));
    return Checkpoint(AtTimestamp{*time});
  }
  const bool inclusive = text->starts_with(kAtPrefix);
  auto sequence = SequenceNumber::parse(inclusive ? std::string_view(*text).substr(kAtPrefix.size())
                                                  : std::string_view(*text));
  if (!sequence)
    return corrupt("is no position");
  if (inclusive)
    return Checkpoint(AtSequenceNumber{*std::move(sequence)});
  const auto sub = number_at(item, attribute::kSubSequence);
  return Checkpoint(
      After{ExtendedSequenceNumber(*std::move(sequence), sub.value_or(kWholeRecord))});
}

nlohmann::json to_item(const Lease& lease) {
  nlohmann::json item = lease_key_value(lease.key);
  const CheckpointAttributes position = to_attributes(lease.checkpoint);
  const std::pair<std::string_view, nlohmann::json> fields[] = {
      {attribute::kOwner, lease.owner ? text_value(lease.owner->view()) : nlohmann::json()},
      {attribute::kCounter, number_value(lease.counter)},
      {attribute::kCheckpoint, position.checkpoint},
      {attribute::kSubSequence, position.sub_sequence},
      {attribute::kTimestamp, position.timestamp},
      {attribute::kArrival, millis(lease.checkpoint_arrival)},
      {attribute::kOwnerSwitches, number_value(std::uint64_t{0})},
  };
  for (const auto& [name, value] : fields) {
    if (!value.is_null())
      item[std::string(name)] = value;
  }
  if (!lease.parents.empty()) {
    nlohmann::json parents = nlohmann::json::array();
    for (const ShardId& parent : lease.parents)
      parents.push_back(parent.str());
    item[std::string(attribute::kParents)]["SS"] = std::move(parents);
  }
  return item;
}

Result<Lease> to_lease(const nlohmann::json& item, const ConsumerKey& consumer, ShardId shard) {
  Lease lease;
  const std::string place = "the lease of " + shard.str();
  lease.key.consumer = consumer;
  lease.key.shard = std::move(shard);
  const auto counter = number_at(item, attribute::kCounter);
  if (!counter)
    return fail(ErrorCode::Corrupt, place + " has no " + std::string(attribute::kCounter));
  lease.counter = *counter;
  auto checkpoint = to_checkpoint(item);
  if (!checkpoint)
    return fail(checkpoint.error().within(place));
  lease.checkpoint = *std::move(checkpoint);
  if (auto owner = text_at(item, attribute::kOwner))
    lease.owner = WorkerId(*std::move(owner));
  lease.checkpoint_arrival = time_at(item, attribute::kArrival);
  for (std::string& parent : texts_at(item, attribute::kParents))
    lease.parents.emplace_back(std::move(parent));
  std::ranges::sort(lease.parents);  // a set of the service has no order
  return lease;
}

Result<WorkerBeat> to_beat(const nlohmann::json& item) {
  WorkerBeat beat;
  const auto worker = text_at(item, attribute::kName);
  const auto number = number_at(item, attribute::kBeat);
  if (!worker || !number)
    return fail(ErrorCode::Corrupt, "an item of the workers' table is no heartbeat");
  beat.worker = WorkerId(*worker);
  beat.beat = *number;
  beat.news = number_at(item, attribute::kNews).value_or(0);
  const nlohmann::json* leaving = value_at(item, attribute::kLeaving, "BOOL");
  beat.leaving = leaving != nullptr && leaving->is_boolean() && leaving->get<bool>();
  return beat;
}

std::optional<std::string> text_at(const nlohmann::json& item, std::string_view name) {
  return string_at(item, name, "S");
}

std::optional<std::uint64_t> number_at(const nlohmann::json& item, std::string_view name) {
  const auto text = string_at(item, name, "N");
  return text ? parse<std::uint64_t>(*text) : std::nullopt;
}

std::optional<std::int64_t> signed_at(const nlohmann::json& item, std::string_view name) {
  const auto text = string_at(item, name, "N");
  return text ? parse<std::int64_t>(*text) : std::nullopt;
}

std::vector<std::string> texts_at(const nlohmann::json& item, std::string_view name) {
  std::vector<std::string> out;
  const nlohmann::json* set = value_at(item, name, "SS");
  if (set == nullptr || !set->is_array())
    return out;
  for (const nlohmann::json& text : *set) {
    if (text.is_string())
      out.push_back(text.get<std::string>());
  }
  return out;
}

std::optional<std::string> bytes_at(const nlohmann::json& item, std::string_view name) {
  const auto text = string_at(item, name, "B");
  if (!text)
    return std::nullopt;
  auto bytes = aws::decode_base64(*text);
  if (!bytes)
    return std::nullopt;
  return *std::move(bytes);
}

}  // namespace kt::lease
