#include "spill/dynamodb/spill_items.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "aws/base64.h"
#include "spill/position_text.h"

namespace kt::spill::items {
namespace {

constexpr const char* kScope = "scope";
constexpr const char* kName = "name";
constexpr const char* kPartitionKey = "partitionKey";
constexpr const char* kExplicitHashKey = "explicitHashKey";
constexpr const char* kArrival = "arrival";
constexpr const char* kEncryption = "encryption";
constexpr const char* kAggregate = "aggregateIndex";
constexpr const char* kBytes = "bytes";
constexpr const char* kChunks = "chunks";
constexpr const char* kData = "data";

constexpr std::size_t kDigestBytes = 16;
constexpr std::size_t kChunkDigits = 3;
constexpr std::size_t kItemOverhead = 700;

nlohmann::json typed(const char* type, std::string value) {
  nlohmann::json out = nlohmann::json::object();
  out[type] = std::move(value);
  return out;
}

nlohmann::json bytes_value(std::string_view bytes) {
  std::string text;
  aws::append_base64(text, as_bytes(bytes));
  return typed("B", std::move(text));
}

template <class Number>
nlohmann::json number_value(Number number) {
  return typed("N", std::to_string(number));
}

std::optional<std::string_view> value_at(const nlohmann::json& item, const char* name,
                                         const char* type) {
  const auto found = item.find(name);
  if (found == item.end() || !found->is_object())
    return std::nullopt;
  const auto value = found->find(type);
  if (value == found->end() || !value->is_string())
    return std::nullopt;
  return std::string_view(value->get_ref<const std::string&>());
}

template <class Number>
bool read_number(const nlohmann::json& item, const char* name, Number& number) {
  const auto text = value_at(item, name, "N");
  if (!text)
    return false;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  return error == std::errc() && end == text->data() + text->size();
}

bool read_bytes(const nlohmann::json& item, const char* name, std::string& bytes) {
  const auto text = value_at(item, name, "B");
  if (!text)
    return item.find(name) == item.end();
  auto decoded = aws::decode_base64(*text);
  if (!decoded)
    return false;
  bytes = *std::move(decoded);
  return true;
}

std::string chunk_text(std::size_t chunk) {
  const std::string digits = std::to_string(chunk);
  return std::string(kChunkDigits - std::min(kChunkDigits, digits.size()), '0') + digits;
}

nlohmann::json head_of(std::string_view scope, const SpilledRecord& record, std::size_t chunks) {
  nlohmann::json item = key_of(scope, name_of(record.partition_key, record.position, 0));
  item[kPartitionKey] = bytes_value(record.partition_key);
  if (!record.explicit_hash_key.empty())
    item[kExplicitHashKey] = bytes_value(record.explicit_hash_key);
  item[kArrival] = number_value(record.approximate_arrival.time_since_epoch().count());
  item[kEncryption] = number_value(static_cast<int>(record.encryption));
  if (record.in_aggregate)
    item[kAggregate] = number_value(record.sub_sequence);
  item[kBytes] = number_value(record.payload_bytes());
  item[kChunks] = number_value(chunks);
  return item;
}

bool read_head(const nlohmann::json& item, Read& out) {
  SpilledRecord& head = out.head;
  std::int64_t arrival = 0;
  int encryption = 0;
  const bool good = value_at(item, kPartitionKey, "B").has_value() &&
                    read_bytes(item, kPartitionKey, head.partition_key) &&
                    read_bytes(item, kExplicitHashKey, head.explicit_hash_key) &&
                    read_number(item, kArrival, arrival) &&
                    read_number(item, kEncryption, encryption) &&
                    read_number(item, kBytes, out.bytes) && read_number(item, kChunks, out.chunks);
  if (!good || encryption < 0 || encryption > static_cast<int>(EncryptionType::Kms))
    return false;
  head.approximate_arrival = WallTime(std::chrono::milliseconds(arrival));
  head.encryption = static_cast<EncryptionType>(encryption);
  head.in_aggregate = item.contains(kAggregate);
  return !head.in_aggregate || read_number(item, kAggregate, head.sub_sequence);
}

}  // namespace

std::string prefix_of(std::string_view partition_key) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  const ByteView bytes = as_bytes(partition_key);
  SHA256(bytes.data(), bytes.size(), digest.data());
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < kDigestBytes; ++i) {
    text += kHex[digest[i] >> 4];
    text += kHex[digest[i] & 15];
  }
  return text + '/';
}

std::string name_of(std::string_view partition_key, const ExtendedSequenceNumber& position,
                    std::size_t chunk) {
  return prefix_of(partition_key) + position_text(position) + '/' + chunk_text(chunk);
}

nlohmann::json key_of(std::string_view scope, std::string_view name) {
  nlohmann::json key = nlohmann::json::object();
  key[kScope] = typed("S", std::string(scope));
  key[kName] = typed("S", std::string(name));
  return key;
}

std::vector<Item> to_items(std::string_view scope, const SpilledRecord& record) {
  const std::string_view data = record.data;
  const std::size_t chunks =
      std::max<std::size_t>(1, (data.size() + kChunkBytes - 1) / kChunkBytes);
  std::vector<Item> all(chunks);
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
    Item& item = all[chunks - 1 - chunk];  // the head last
    item.json = chunk == 0 ? head_of(scope, record, chunks)
                           : key_of(scope, name_of(record.partition_key, record.position, chunk));
    const std::string_view part = data.substr(chunk * kChunkBytes, kChunkBytes);
    if (!part.empty())
      item.json[kData] = bytes_value(part);
    item.bytes = part.size() + kItemOverhead + (chunk == 0 ? record.partition_key.size() : 0);
  }
  return all;
}

nlohmann::json summary_names(std::string& projection) {
  nlohmann::json names = nlohmann::json::object();
  for (const char* name : {kName, kPartitionKey, kArrival, kEncryption, kBytes, kChunks}) {
    const std::string placeholder = std::string("#") + name;
    projection += (projection.empty() ? "" : ", ") + placeholder;
    names[placeholder] = name;
  }
  return names;
}

Result<Read> read(const nlohmann::json& item) {
  Read out;
  const auto name = value_at(item, kName, "S");
  const auto slash = name ? name->rfind('/') : std::string_view::npos;
  const auto first = name ? name->find('/') : std::string_view::npos;
  const auto corrupt = [&name] {
    return fail(ErrorCode::Corrupt,
                "\"" + std::string(name.value_or("")) + "\" is no item of a record that waits");
  };
  if (slash == std::string_view::npos || first == slash || name->size() - slash - 1 != kChunkDigits)
    return corrupt();
  const std::string_view digits = name->substr(slash + 1);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), out.chunk);
  auto position = parse_position(name->substr(first + 1, slash - first - 1));
  if (error != std::errc() || end != digits.data() + digits.size() || !position)
    return corrupt();
  out.record = name->substr(0, slash);
  out.head.position = *std::move(position);
  if (!read_bytes(item, kData, out.data) || (out.chunk == 0 && !read_head(item, out)))
    return corrupt();
  return out;
}

}  // namespace kt::spill::items
