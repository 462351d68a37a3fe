// A pattern, a zero byte, a payload: both readers end and stay inside of their text, and what a
// filter decides is the same twice.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "filter/filter_set.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kt;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t split = std::min(bytes.find('\0'), bytes.size());
  const std::string payload(bytes.substr(std::min(split + 1, bytes.size())));
  const auto filters =
      filter::FilterSet::compile({std::string(bytes.substr(0, split))}, filter::OnNonJson::Fail);
  Record record;
  record.data = as_bytes(payload);
  record.partition_key = "key";
  record.sequence_number = "1";
  const auto judged = [&](const std::shared_ptr<const filter::FilterSet>& set) {
    return filter::Judge(set).judge(record);
  };
  if (!filters) {
    // The payload has to be read safely whatever the pattern: give it one.
    static const auto any =
        filter::FilterSet::compile({R"({"data": {"a": {"b": [1]}}})"}, filter::OnNonJson::Drop);
    judged(*any);
    return 0;
  }
  filter::Judge judge(*filters);
  const auto first = judge.judge(record);
  if (first != judge.judge(record) || first != judged(*filters) ||
      (first == filter::Verdict::Deliver) != (judge.matching(record).size() == 1))
    std::abort();
  return 0;
}
