// handler.cc — The quickstart's component: prints a line for each batch of orders.
#include <cstdio>
#include <spin_kinesis.hpp>

namespace {

using spin_kinesis::Records;
using spin_kinesis::Result;

Result handle(Records records) {
  std::size_t bytes = 0;
  for (auto record : records)
    bytes += record.data().size();
  if (!records.empty()) {
    const auto last = records[records.size() - 1];
    std::printf("%zu orders, %zu bytes, the last of %.*s: %.*s\n", records.size(), bytes,
                static_cast<int>(last.partition_key().size()), last.partition_key().data(),
                static_cast<int>(last.data().size() < 80 ? last.data().size() : 80),
                last.data().data());
  }
  return Result::ok();
}

}  // namespace

SPIN_KINESIS_HANDLER(handle)
