// lease/dynamodb/rows.h — How leases, windows and beats look in DynamoDB.
//
// Why: names and meanings of the Kinesis Client Library where the meaning is the same, so that who
// knows its tables can read ours; docs/reference/dynamodb.md is the same for users.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "lease/lease_table.h"

namespace kt::lease {

namespace attribute {
// Of the lease table. Those of the KCL first.
inline constexpr std::string_view kLeaseKey = "leaseKey";
inline constexpr std::string_view kOwner = "leaseOwner";
inline constexpr std::string_view kCounter = "leaseCounter";
inline constexpr std::string_view kCheckpoint = "checkpoint";
inline constexpr std::string_view kSubSequence = "checkpointSubSequenceNumber";
inline constexpr std::string_view kParents = "parentShardId";
inline constexpr std::string_view kOwnerSwitches = "ownerSwitchesSinceCheckpoint";
inline constexpr std::string_view kTimestamp = "checkpointTimestamp";
inline constexpr std::string_view kArrival = "checkpointArrival";
inline constexpr std::string_view kWindowStart = "windowStart";
inline constexpr std::string_view kWindowState = "windowState";      ///< a short one, in the row
inline constexpr std::string_view kWindowChunks = "windowChunks";    ///< a long one: so many items
inline constexpr std::string_view kWindowCounter = "windowCounter";  ///< which write made them
// Of the table of workers.
inline constexpr std::string_view kScope = "scope";
inline constexpr std::string_view kName = "name";
inline constexpr std::string_view kBeat = "beat";
inline constexpr std::string_view kNews = "news";
inline constexpr std::string_view kLeaving = "leaving";
inline constexpr std::string_view kSeed = "seed";    ///< "pending" or "done"
inline constexpr std::string_view kParts = "parts";  ///< of a pending seed
inline constexpr std::string_view kRows = "rows";    ///< the first positions, in a part
inline constexpr std::string_view kState = "state";  ///< a chunk's bytes
}  // namespace attribute

/// What the keys of one consumer's items end with: "<stream>/<created>/<digest of the rest>".
std::string suffix_of(const ConsumerKey& consumer);
/// The creation time in the lease key of a row, when the row is of this application, endpoint and
/// stream.
std::optional<WallTime> created_of(std::string_view lease_key, const ApplicationName& application,
                                   const EndpointName& endpoint, const StreamArn& stream);
/// "shardId-000000000000@<suffix>".
std::string lease_key(const ShardId& shard, std::string_view suffix);
/// The shard of a row's key; nothing when the row is another consumer's.
std::optional<ShardId> shard_of(std::string_view lease_key, std::string_view suffix);

nlohmann::json lease_key_value(const LeaseKey& key);
nlohmann::json worker_key_value(std::string_view scope, std::string_view name);

/// A row as an item. Corrupt when an item is none that we write.
nlohmann::json to_item(const Lease& lease);
Result<Lease> to_lease(const nlohmann::json& item, const ConsumerKey& consumer, ShardId shard);
Result<WorkerBeat> to_beat(const nlohmann::json& item);

/// The attributes that hold a position, null where one is absent.
struct CheckpointAttributes {
  nlohmann::json checkpoint, sub_sequence, timestamp;
};
CheckpointAttributes to_attributes(const Checkpoint& checkpoint);
/// Corrupt when they hold none.
Result<Checkpoint> to_checkpoint(const nlohmann::json& item);

/// An attribute's text (S) or number (N), or nothing when it is absent or of another type.
std::optional<std::string> text_at(const nlohmann::json& item, std::string_view name);
std::optional<std::uint64_t> number_at(const nlohmann::json& item, std::string_view name);
std::optional<std::int64_t> signed_at(const nlohmann::json& item, std::string_view name);
/// Strings of an SS; empty when absent.
std::vector<std::string> texts_at(const nlohmann::json& item, std::string_view name);
/// The bytes of a B.
std::optional<std::string> bytes_at(const nlohmann::json& item, std::string_view name);

}  // namespace kt::lease
