// lease/dynamodb/kcl_rows.h — Rows of a Kinesis Client Library's lease table, read and written.
//
// Why: a user of the KCL moves here, and back, without losing a position. Both ways make copies:
// our table is never a live KCL table. The names are those of KCL 2.x and 3.x; 3.5 keeps rows of
// other kinds in the same table.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "lease/lease_table.h"
#include "model/shard.h"

namespace kt::lease {

/// What a KCL row says about where to go on.
struct KclPosition {
  enum class Kind { TrimHorizon, Latest, AtTimestamp, ShardEnd, Record };
  Kind kind = Kind::TrimHorizon;
  SequenceNumber sequence;  ///< Record
  std::uint64_t sub = 0;    ///< Record: this user record and all before it are finished
};

struct KclRow {
  ShardId shard;
  std::string stream;  ///< "account:stream:creation epoch" of a multi-stream row, else empty
  std::string owner;   ///< empty: nobody
  std::uint64_t counter = 0;
  KclPosition position;
  std::vector<ShardId> parents;
};

/// Nothing for a row of another kind than a lease (3.5). Corrupt for a lease that can not be read.
Result<std::optional<KclRow>> read_kcl_row(const nlohmann::json& item);

/// What the rows of one stream come to.
struct KclImport {
  std::vector<Lease> rows;
  std::vector<std::string> notes;  ///< what the user should know, a line each
};

struct KclImportInput {
  ConsumerKey consumer;
  std::vector<KclRow> rows;
  std::vector<Shard> listing;         ///< of the stream, now
  WallTime now;                       ///< the service's
  std::optional<WallTime> timestamp;  ///< what AT_TIMESTAMP means; the KCL does not store it
};

/// A row for every listed shard. One that the KCL's table lacks is finished when a shard that came
/// from it is there (the KCL deletes such rows), and new otherwise. Invalid: no row is of this
/// stream, or a timestamp is needed.
Result<KclImport> import_kcl(const KclImportInput& input);

/// How the stream's rows begin in a multi-stream table.
std::string kcl_stream_name(const StreamArn& stream, WallTime created);

/// CreateTable of a table that the KCL takes for its own.
nlohmann::json kcl_table_request(const std::string& table);
/// A row without owner. `listing` gives ranges and children. Invalid: the position has no form
/// there.
Result<nlohmann::json> to_kcl_item(const Lease& lease, const std::vector<Shard>& listing,
                                   bool multi_stream);

}  // namespace kt::lease
