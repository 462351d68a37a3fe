// model/hash_key_range.h — 128-bit hash keys and the closed ranges that shards own.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kt {

__extension__ using HashKey = unsigned __int128;

/// MD5 of the partition key as an unsigned 128-bit big-endian number: the service's routing rule.
HashKey hash_key_of(std::string_view partition_key);
/// Decimal, no leading zeros, at most 2^128-1.
Result<HashKey> parse_hash_key(std::string_view decimal);
std::string to_decimal(HashKey key);

/// Both ends belong to it.
struct HashKeyRange {
  HashKey starting = 0;
  HashKey ending = 0;
  bool contains(HashKey key) const { return starting <= key && key <= ending; }
  friend bool operator==(const HashKeyRange&, const HashKeyRange&) = default;
};

}  // namespace kt
