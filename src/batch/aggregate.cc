#include "batch/aggregate.h"

#include <algorithm>
#include <array>

#include "base/utf8.h"

namespace kt::batch {
namespace {

constexpr std::array<std::uint8_t, 4> kMagic = {0xf3, 0x89, 0x9a, 0xc2};
constexpr std::size_t kDigestSize = 16;

// The fields of AggregatedRecord, and of its Record.
constexpr std::uint32_t kPartitionKeyTable = 1;
constexpr std::uint32_t kRecords = 3;
constexpr std::uint32_t kPartitionKeyIndex = 1;
constexpr std::uint32_t kExplicitHashKeyIndex = 2;
constexpr std::uint32_t kData = 3;

enum class Wire : std::uint32_t { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

struct Field {
  std::uint32_t number = 0;
  Wire wire = Wire::Varint;
  std::uint64_t value = 0;  ///< Varint
  ByteView bytes;           ///< Bytes
};

/// Walks the fields of one message. Groups, which protobuf gave up long ago, are a fault.
class Fields {
 public:
  explicit Fields(ByteView message) : rest_(message) {}

  /// False at the end, and at a fault.
  bool next(Field& field) {
    if (rest_.empty())
      return false;
    std::uint64_t tag = 0;
    if (!varint(tag) || tag > 0xffffffffU || (tag >> 3) == 0)
      return fault();
    field.number = static_cast<std::uint32_t>(tag >> 3);
    field.wire = static_cast<Wire>(tag & 7);
    switch (field.wire) {
      case Wire::Varint:
        return varint(field.value) || fault();
      case Wire::Bytes: {
        std::uint64_t size = 0;
        return (varint(size) && take(size, field.bytes)) || fault();
      }
      case Wire::Fixed64:
        return take(8, field.bytes) || fault();
      case Wire::Fixed32:
        return take(4, field.bytes) || fault();
    }
    return fault();
  }
  bool good() const { return good_; }

 private:
  bool fault() {
    good_ = false;
    return false;
  }
  bool take(std::uint64_t size, ByteView& out) {
    if (size > rest_.size())
      return false;
    out = rest_.first(static_cast<std::size_t>(size));
    rest_ = rest_.subspan(static_cast<std::size_t>(size));
    return true;
  }
  bool varint(std::uint64_t& out) {
    out = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const std::uint8_t byte = rest_.front();
      rest_ = rest_.subspan(1);
      if (shift == 63 && byte > 1)
        return false;
      out |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0)
        return true;
    }
    return false;
  }

  ByteView rest_;
  bool good_ = true;
};

HashKey digest_at(ByteView bytes) {
  HashKey digest = 0;
  for (const std::uint8_t byte : bytes)
    digest = (digest << 8) | byte;
  return digest;
}

}  // namespace

bool looks_like_aggregate(ByteView data) {
  return data.size() > kMagic.size() + kDigestSize &&
         std::equal(kMagic.begin(), kMagic.end(), data.begin());
}

TakenApart Deaggregator::take_apart(const Record& record, const std::optional<HashKeyRange>& range,
                                    std::vector<Record>& out, std::uint64_t& outside) {
  if (!looks_like_aggregate(record.data))
    return TakenApart::Broken;
  const ByteView message =
      record.data.subspan(kMagic.size(), record.data.size() - kMagic.size() - kDigestSize);
  // A hash key is the MD5 of a text: the same number that closes an aggregate.
  if (hash_key_of(as_text(message)) != digest_at(record.data.last(kDigestSize)) ||
      !read_tables(message, range))
    return TakenApart::Broken;

  const std::size_t before = out.size();
  out.reserve(before + record_count_);
  std::uint64_t seen_outside = 0;
  Fields fields(message);
  for (Field field; fields.next(field);) {
    if (field.number != kRecords)
      continue;
    Record made = record;
    bool made_outside = false;
    if (!read_user_record(field.bytes, made, made_outside)) {
      out.resize(before);
      return TakenApart::Broken;
    }
    made.in_aggregate = true;
    made.sub_sequence = static_cast<std::uint32_t>(out.size() - before);
    made.ends_record = made.sub_sequence + 1 == record_count_;
    seen_outside += made_outside ? 1 : 0;
    out.push_back(made);
  }
  outside += seen_outside;
  return TakenApart::Done;
}

bool Deaggregator::read_tables(ByteView message, const std::optional<HashKeyRange>& range) {
  partition_keys_.clear();
  explicit_hash_keys_.clear();
  record_count_ = 0;
  Fields fields(message);
  for (Field field; fields.next(field);) {
    const bool known = field.number >= kPartitionKeyTable && field.number <= kRecords;
    if (!known)
      continue;
    if (field.wire != Wire::Bytes)
      return false;
    const std::string_view text = as_text(field.bytes);
    if (field.number == kRecords) {
      if (++record_count_ > kUserRecordsMax)
        return false;
    } else if (field.number == kPartitionKeyTable) {
      if (!is_utf8(text))
        return false;
      partition_keys_.push_back(TableKey{text, range && !range->contains(hash_key_of(text))});
    } else {
      const auto key = parse_hash_key(text);
      if (!key)
        return false;
      explicit_hash_keys_.push_back(TableKey{text, range && !range->contains(*key)});
    }
  }
  return fields.good() && record_count_ > 0;
}

bool Deaggregator::read_user_record(ByteView message, Record& made, bool& outside) const {
  std::optional<std::uint64_t> partition_key;
  std::optional<std::uint64_t> explicit_hash_key;
  std::optional<ByteView> data;
  Fields fields(message);
  for (Field field; fields.next(field);) {
    if (field.number < kPartitionKeyIndex || field.number > kData)
      continue;  // tags, and what later versions may add
    if (field.wire != (field.number == kData ? Wire::Bytes : Wire::Varint))
      return false;
    if (field.number == kPartitionKeyIndex)
      partition_key = field.value;
    else if (field.number == kExplicitHashKeyIndex)
      explicit_hash_key = field.value;
    else
      data = field.bytes;
  }
  if (!fields.good() || !partition_key || !data || *partition_key >= partition_keys_.size() ||
      (explicit_hash_key && *explicit_hash_key >= explicit_hash_keys_.size()))
    return false;
  const TableKey& key = partition_keys_[static_cast<std::size_t>(*partition_key)];
  made.partition_key = key.text;
  made.data = *data;
  outside = key.outside;
  if (explicit_hash_key) {
    const TableKey& hash = explicit_hash_keys_[static_cast<std::size_t>(*explicit_hash_key)];
    made.explicit_hash_key = hash.text;
    outside = hash.outside;
  }
  return true;
}

}  // namespace kt::batch
