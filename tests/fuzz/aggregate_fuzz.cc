// Any bytes as an aggregate: the reader stays inside of them, and gives all or nothing. The
// checksum is made right, so that the fuzzer gets past it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "batch/aggregate.h"

namespace {

using namespace kt;

void require(bool condition) {
  if (!condition)
    std::abort();
}

bool inside(ByteView part, const std::string& whole) {
  return part.empty() || (as_text(part).data() >= whole.data() &&
                          as_text(part).data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string message(reinterpret_cast<const char*>(data), size);
  std::string payload = "\xf3\x89\x9a\xc2" + message;
  const HashKey digest = hash_key_of(message);
  for (int shift = 120; shift >= 0; shift -= 8)
    payload.push_back(static_cast<char>(static_cast<std::uint8_t>(digest >> shift)));

  Record record;
  record.data = as_bytes(payload);
  record.sequence_number = "1";
  HashKeyRange range;
  range.ending = ~HashKey{0} / 2;
  std::vector<Record> made(1, record);
  std::uint64_t outside = 0;
  batch::Deaggregator reader;
  const auto taken = reader.take_apart(record, range, made, outside);
  if (taken == batch::TakenApart::Broken) {
    require(made.size() == 1 && outside == 0);
    return 0;
  }
  require(made.size() > 1 && outside < made.size());
  for (std::size_t i = 1; i < made.size(); ++i) {
    require(made[i].sub_sequence == i - 1 && made[i].ends_record == (i + 1 == made.size()));
    require(inside(made[i].data, payload) && inside(as_bytes(made[i].partition_key), payload));
  }
  return 0;
}
