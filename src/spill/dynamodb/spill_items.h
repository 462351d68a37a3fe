// spill/dynamodb/spill_items.h — How records that wait look in DynamoDB.
//
// Why: an item may have 400 KB, a record 10 MiB. A record is one item, its head, and further ones
// with the rest of its data. Names sort as the records of a key do, the head before its rest:
//
//     scope  "spill@<shard>@<consumer>"
//     name   "<digest of the partition key>/<position>/<three digits: 000 is the head>"
//
// docs/reference/poison.md is the same for users.
#pragma once
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spill/spill_store.h"

namespace kt::spill::items {

/// Data of one item; names and the other attributes have the rest of 400 KB.
inline constexpr std::size_t kChunkBytes = 350 * 1024;

/// An item, and about what it counts in a transaction.
struct Item {
  nlohmann::json json;
  std::size_t bytes = 0;
};

/// "<digest>/": what the names of a partition key's items begin with.
std::string prefix_of(std::string_view partition_key);
/// The name of an item of a record; 0 is its head.
std::string name_of(std::string_view partition_key, const ExtendedSequenceNumber& position,
                    std::size_t chunk);
nlohmann::json key_of(std::string_view scope, std::string_view name);

/// A record's items, the head last: a record is there once its head is.
std::vector<Item> to_items(std::string_view scope, const SpilledRecord& record);

/// Attributes of a head that load() asks for.
nlohmann::json summary_names(std::string& projection);

/// What an item says.
struct Read {
  std::string record;     ///< its name without the chunk
  std::size_t chunk = 0;  ///< 0: the head, with the members below
  std::string data;
  SpilledRecord head;      ///< without data
  std::size_t bytes = 0;   ///< payload_bytes() of the whole record
  std::size_t chunks = 1;  ///< items of the record
};
/// Corrupt when it is none that we write. Without `data` in it, that is empty.
Result<Read> read(const nlohmann::json& item);

}  // namespace kt::spill::items
