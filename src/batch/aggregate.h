// batch/aggregate.h — Takes the user records out of a KPL aggregate.
//
// Why: the Kinesis Producer Library packs many user records into one record, to pay for fewer; a
// handler wants them as they were put. The layout: the magic bytes F3 89 9A C2, an AggregatedRecord
// in protobuf's encoding, the MD5 of that encoding. The user records are views into the aggregate:
// nothing is copied, which is why protobuf's own library does not read it (docs/adr).
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "model/hash_key_range.h"
#include "model/record.h"

namespace kt::batch {

/// The most user records one aggregate may hold; one with more is not taken apart.
inline constexpr std::size_t kUserRecordsMax = std::size_t{1} << 19;

/// Whether the payload begins as an aggregate does and is long enough to be one.
bool looks_like_aggregate(ByteView data);

enum class TakenApart {
  Done,
  /// Not an aggregate, or a broken one: the record has to be delivered as it is.
  Broken,
};

/// Reads one aggregate after the other, with memory that is used again. Input is untrusted: every
/// length and index is checked, nothing recurses.
class Deaggregator {
 public:
  /// Appends the user records of `record` to `out`; its views stay `record`'s. Broken: `out` is as
  /// before. A broken aggregate is one whose checksum or encoding is wrong, that names a key beyond
  /// its tables or one that no record could have, holds no user record, or too many.
  /// Adds to `outside` how many belong to another shard than the one of `range` by their hash key.
  TakenApart take_apart(const Record& record, const std::optional<HashKeyRange>& range,
                        std::vector<Record>& out, std::uint64_t& outside);

 private:
  struct TableKey {
    std::string_view text;
    bool outside = false;
  };

  bool read_tables(ByteView message, const std::optional<HashKeyRange>& range);
  bool read_user_record(ByteView message, Record& made, bool& outside) const;

  std::vector<TableKey> partition_keys_;
  std::vector<TableKey> explicit_hash_keys_;
  std::size_t record_count_ = 0;  ///< user records that read_tables() saw
};

}  // namespace kt::batch
