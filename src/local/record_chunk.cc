#include "local/record_chunk.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace kt::local {
namespace {

// A stored run: per record 16 bytes (arrival in ms, data size, key size), then all records' bytes.
constexpr std::size_t kEntryBytes = 16;

template <class T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}
template <class T>
T get(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

}  // namespace

void RecordChunk::add_raw(ByteView sequence, ByteView key, ByteView data, WallTime arrival) {
  CHECK(has_room(sequence.size() + key.size() + data.size()));
  Entry entry{};
  entry.offset = static_cast<std::uint32_t>(used_);
  entry.key_bytes = static_cast<std::uint32_t>(key.size());
  entry.data_bytes = static_cast<std::uint32_t>(data.size());
  entry.arrival = arrival;
  std::uint8_t* to = bytes_.get() + used_;
  to = std::copy(sequence.begin(), sequence.end(), to);
  to = std::copy(key.begin(), key.end(), to);
  std::copy(data.begin(), data.end(), to);
  used_ += sequence.size() + key.size() + data.size();
  entries_.push_back(entry);
}

void RecordChunk::add(const SequenceParts& sequence, std::string_view key, ByteView data,
                      WallTime arrival) {
  char digits[kSequenceDigits];
  write_sequence(sequence, digits);
  add_raw(as_bytes(std::string_view(digits, kSequenceDigits)), as_bytes(key), data, arrival);
}

RecordView RecordChunk::view(std::uint32_t i) const {
  const Entry& entry = entries_[i];
  const std::uint8_t* at = bytes_.get() + entry.offset;
  RecordView view;
  view.sequence_number = as_text(ByteView(at, kSequenceDigits));
  at += kSequenceDigits;
  view.partition_key = as_text(ByteView(at, entry.key_bytes));
  at += entry.key_bytes;
  view.data = ByteView(at, entry.data_bytes);
  view.arrival = entry.arrival;
  return view;
}

void RecordChunk::encode(std::uint32_t from, std::uint32_t to, RecordRun& run) const {
  CHECK(from < to && to <= count());
  const std::size_t begin = entries_[from].offset;
  const std::size_t end = to == count() ? used_ : entries_[to].offset;
  run.count = to - from;
  run.first_arrival = entries_[from].arrival;
  run.last_arrival = entries_[to - 1].arrival;
  run.bytes = 0;
  run.body.clear();
  run.body.reserve(run.count * kEntryBytes + (end - begin));
  for (std::uint32_t i = from; i < to; ++i) {
    const Entry& entry = entries_[i];
    put(run.body, static_cast<std::int64_t>(entry.arrival.time_since_epoch().count()));
    put(run.body, entry.data_bytes);
    put(run.body, entry.key_bytes);
    run.bytes += entry.data_bytes + entry.key_bytes;
  }
  run.body.append(reinterpret_cast<const char*>(bytes_.get()) + begin, end - begin);
}

Result<std::shared_ptr<RecordChunk>> RecordChunk::decode(const std::vector<RecordRun>& runs) {
  const auto corrupt = [](const RecordRun& run) {
    return fail(ErrorCode::Corrupt, "local.db: the records from index " +
                                        std::to_string(run.first_index) + " of shard " +
                                        std::to_string(run.shard) + " have not the stored form");
  };
  std::size_t capacity = 0;
  for (const RecordRun& run : runs) {
    if (run.body.size() / kEntryBytes < run.count)
      return corrupt(run);
    capacity += run.body.size() - run.count * kEntryBytes;
  }
  auto chunk = std::make_shared<RecordChunk>(capacity);
  for (const RecordRun& run : runs) {
    const char* entry = run.body.data();
    const char* bytes = entry + std::size_t{run.count} * kEntryBytes;
    const char* const end = run.body.data() + run.body.size();
    for (std::uint32_t i = 0; i < run.count; ++i, entry += kEntryBytes) {
      const WallTime arrival(std::chrono::milliseconds(get<std::int64_t>(entry)));
      const std::size_t data = get<std::uint32_t>(entry + 8);
      const std::size_t key = get<std::uint32_t>(entry + 12);
      if (static_cast<std::size_t>(end - bytes) < kSequenceDigits + key + data)
        return corrupt(run);
      const ByteView all = as_bytes(std::string_view(bytes, kSequenceDigits + key + data));
      chunk->add_raw(all.first(kSequenceDigits), all.subspan(kSequenceDigits, key),
                     all.subspan(kSequenceDigits + key), arrival);
      bytes += all.size();
    }
  }
  return chunk;
}

}  // namespace kt::local
