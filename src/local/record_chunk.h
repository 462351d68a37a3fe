// local/record_chunk.h — Some hundred kilobytes of consecutive records of one shard.
//
// Why: a record costs its bytes and one small entry, an answer of GetRecords is views into a few
// chunks, and a chunk is the unit that is stored, evicted and read back.
#pragma once
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "local/requests.h"
#include "local/sequence.h"
#include "local/stream_store.h"

namespace kt::local {

/// Its memory never moves: views into it stay valid as long as the chunk lives, also while records
/// are added behind them.
class RecordChunk {
 public:
  explicit RecordChunk(std::size_t capacity)
      : bytes_(std::make_unique_for_overwrite<std::uint8_t[]>(capacity)), capacity_(capacity) {}

  static std::size_t bytes_needed(std::string_view key, std::size_t data) {
    return kSequenceDigits + key.size() + data;
  }
  bool has_room(std::size_t bytes) const { return capacity_ - used_ >= bytes; }
  /// The caller has checked has_room().
  void add(const SequenceParts& sequence, std::string_view key, ByteView data, WallTime arrival);

  std::uint32_t count() const { return static_cast<std::uint32_t>(entries_.size()); }
  std::size_t capacity() const { return capacity_; }
  RecordView view(std::uint32_t i) const;
  std::string_view sequence_of(std::uint32_t i) const { return view(i).sequence_number; }
  WallTime arrival(std::uint32_t i) const { return entries_[i].arrival; }
  std::size_t payload(std::uint32_t i) const {
    return std::size_t{entries_[i].key_bytes} + entries_[i].data_bytes;
  }

  /// Records `from` up to `to` (excluded) in the stored form, filling run's count, times and body.
  void encode(std::uint32_t from, std::uint32_t to, RecordRun& run) const;
  /// A chunk of the records of `runs`, which follow each other; Corrupt when a body is not one.
  static Result<std::shared_ptr<RecordChunk>> decode(const std::vector<RecordRun>& runs);

 private:
  struct Entry {
    std::uint32_t offset;
    std::uint32_t data_bytes;
    std::uint32_t key_bytes;
    WallTime arrival;
  };
  void add_raw(ByteView sequence, ByteView key, ByteView data, WallTime arrival);

  std::unique_ptr<std::uint8_t[]> bytes_;
  std::size_t capacity_;
  std::size_t used_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace kt::local
