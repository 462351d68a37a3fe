#include "spill/position_text.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"

namespace kt::spill {
namespace {

constexpr std::size_t kLengthDigits = 3;
constexpr std::size_t kSubDigits = 10;

std::string padded(std::uint64_t number, std::size_t digits) {
  std::string text = std::to_string(number);
  CHECK(text.size() <= digits, "a number of a position is too long");
  return std::string(digits - text.size(), '0') + text;
}

bool read_number(std::string_view text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::string position_text(const ExtendedSequenceNumber& position) {
  const std::string& digits = position.sequence.str();
  std::string text = padded(digits.size(), kLengthDigits) + digits + '/';
  text += position.whole() ? std::string(1, '~') : padded(position.sub, kSubDigits);
  return text;
}

Result<ExtendedSequenceNumber> parse_position(std::string_view text) {
  const auto corrupt = [text] {
    return fail(ErrorCode::Corrupt, "\"" + std::string(text.substr(0, 200)) + "\" is no position");
  };
  const auto slash = text.find('/');
  std::uint64_t length = 0;
  if (slash == std::string_view::npos || slash < kLengthDigits ||
      !read_number(text.substr(0, kLengthDigits), length) || slash - kLengthDigits != length)
    return corrupt();
  auto sequence = SequenceNumber::parse(text.substr(kLengthDigits, length));
  const std::string_view rest = text.substr(slash + 1);
  std::uint64_t sub = kWholeRecord;
  const bool whole = rest == "~";
  if (!sequence || (!whole && (rest.size() != kSubDigits || !read_number(rest, sub))))
    return corrupt();
  return ExtendedSequenceNumber(*std::move(sequence), sub);
}

}  // namespace kt::spill
