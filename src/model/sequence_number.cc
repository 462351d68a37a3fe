#include "model/sequence_number.h"

#include <algorithm>

namespace kt {

std::strong_ordering compare_sequence_numbers(std::string_view a, std::string_view b) {
  if (a.size() != b.size())
    return a.size() <=> b.size();
  return a.compare(b) <=> 0;
}

Result<SequenceNumber> SequenceNumber::parse(std::string_view text) {
  constexpr std::size_t kDigitsMax = 129;
  const bool digits =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (text.empty() || text.size() > kDigitsMax || !digits || (text[0] == '0' && text.size() > 1))
    return fail(ErrorCode::Invalid, "not a sequence number: \"" + std::string(text.substr(0, 140)) +
                                        "\"; expected 0, or up to 129 digits with no leading zero");
  return SequenceNumber(text);
}

}  // namespace kt
