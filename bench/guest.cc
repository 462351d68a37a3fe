// guest.cc — The component that `trigger-kinesis bench` calls: looks at every record, prints a line
// a batch.
#include <cstdio>
#include <spin_kinesis.hpp>

namespace {

using spin_kinesis::Records;
using spin_kinesis::Result;

Result handle(Records records) {
  std::size_t bytes = 0;
  unsigned first_bytes = 0;
  for (auto record : records) {
    const auto data = record.data();
    bytes += data.size();
    first_bytes += data.empty() ? 0U : static_cast<unsigned char>(data[0]);
  }
  std::printf("%zu records, %zu bytes, %u\n", records.size(), bytes, first_bytes);
  return Result::ok();
}

}  // namespace

SPIN_KINESIS_HANDLER(handle)
