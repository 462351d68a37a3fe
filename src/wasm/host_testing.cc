#include "wasm/host_testing.h"

#include <kt_bridge.h>

#include <bit>
#include <deque>
#include <vector>

namespace kt::wasm {

struct TestArguments::Lowered {
  std::vector<kt_value> lower(const HostResult::List& values);

  std::deque<std::vector<kt_value>> lists;
  std::vector<kt_value> top;
};

TestArguments::TestArguments(HostResult::List values)
    : values_(std::move(values)), lowered_(std::make_unique<Lowered>()) {
  lowered_->top = lowered_->lower(values_);
}
TestArguments::~TestArguments() = default;

HostArguments TestArguments::view() const {
  return HostArguments(lowered_->top.data(), lowered_->top.size());
}

std::vector<kt_value> TestArguments::Lowered::lower(const HostResult::List& values) {
  std::vector<kt_value> lowered(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const HostResult& value = values[i];
    kt_value& out = lowered[i];
    out = {};
    if (const bool* flag = value.boolean()) {
      out.kind = KT_VALUE_BOOLEAN;
      out.number = *flag ? 1 : 0;
    } else if (const std::int64_t* number = value.integer()) {
      out.kind = KT_VALUE_INTEGER;
      out.number = static_cast<std::uint64_t>(*number);
    } else if (const double* fraction = value.real()) {
      out.kind = KT_VALUE_REAL;
      out.number = std::bit_cast<std::uint64_t>(*fraction);
    } else if (const std::string* words = value.text()) {
      out.kind = KT_VALUE_TEXT;
      out.data = words->data();
      out.length = words->size();
    } else if (const HostBuffer* buffer = value.bytes()) {
      out.kind = KT_VALUE_BYTES;
      out.data = buffer->view().data();
      out.length = buffer->size();
    } else if (const HostResult::List* items = value.list()) {
      lists.push_back(lower(*items));
      out.kind = KT_VALUE_LIST;
      out.data = lists.back().data();
      out.length = lists.back().size();
    }
  }
  return lowered;
}

}  // namespace kt::wasm
