// model/record.h — Records as read, and the memory that they are views of.
//
// Why: a payload is copied twice in its life here: from the socket into the page's buffer, and from
// there into the guest. Records are views; a page owns the bytes; a batch keeps its pages alive.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/text_pool.h"
#include "base/time.h"
#include "model/shard.h"

namespace kt {

enum class EncryptionType : std::uint8_t { Absent, None, Kms };

/// One record: views into the buffer of the RecordPage it came with. Every batch holds one a
/// record: the small members stand together.
struct Record {
  ByteView data;
  std::string_view partition_key;
  std::string_view sequence_number;
  WallTime approximate_arrival;
  EncryptionType encryption = EncryptionType::Absent;
  bool in_aggregate = false;           ///< a user record of a KPL aggregate
  bool ends_record = true;             ///< no later user record has the same sequence number
  bool rejected = false;               ///< no handler may see it: it goes to the destination
  std::uint32_t sub_sequence = 0;      ///< index inside a KPL aggregate; 0 of a plain record
  std::uint64_t ordinal = 0;           ///< its number among all records of its consumer, from 0
  std::string_view explicit_hash_key;  ///< of a user record; empty: none

  /// What counts against byte budgets.
  std::size_t payload_bytes() const { return data.size() + partition_key.size(); }

  /// Where reading stands once this record is finished.
  ExtendedSequenceNumber position() const {
    return ExtendedSequenceNumber(SequenceNumber(sequence_number),
                                  ends_record ? kWholeRecord : sub_sequence);
  }
};

/// The answer of one GetRecords (or one pushed event): records, and the buffers that they view.
/// Immutable after it was read; shared by the batches cut from it.
struct RecordPage {
  RecordPage() = default;
  RecordPage(const RecordPage&) = delete;
  RecordPage& operator=(const RecordPage&) = delete;
  ~RecordPage() {
    if (pool)
      pool->give_back(std::move(body));
  }

  std::vector<Record> records;
  std::string body;               ///< the response as received (CBOR payloads lie here)
  std::vector<std::string> side;  ///< decoded payloads, where the wire form was base64 text
  std::size_t payload_bytes = 0;  ///< sum over records
  TextPoolPtr pool;               ///< where the body's memory goes at the end; may be null
};

/// What one guest call gets: consecutive records of one shard and lane. The views stay valid as
/// long as the batch lives.
struct Batch {
  std::vector<std::shared_ptr<const RecordPage>> pages;  ///< keeps the views alive
  std::vector<Record> records;
  std::size_t payload_bytes = 0;
  std::optional<WallTime> window_start;  ///< of the tumbling window it belongs to, if there are any

  bool empty() const { return records.empty(); }
  ExtendedSequenceNumber last_position() const { return records.back().position(); }
};

}  // namespace kt
