#include "filter/decimal.h"

#include <algorithm>
#include <cstdint>

namespace kt::filter {
namespace {

constexpr std::int64_t kExponentMax = 1'000'000'000;

/// A number as 0.d1d2d3… times ten to the power of `scale`, d1 not being zero.
struct Decimal {
  bool negative = false;
  bool zero = true;
  std::int64_t scale = 0;
  std::string_view digits;  ///< from d1 on; may have a point in it
};

std::int64_t read_exponent(std::string_view text) {
  const bool negative = text.starts_with('-');
  std::int64_t value = 0;
  for (const char c : text) {
    if (c >= '0' && c <= '9')
      value = std::min(value * 10 + (c - '0'), kExponentMax);
  }
  return negative ? -value : value;
}

Decimal read(std::string_view text) {
  Decimal out;
  out.negative = text.starts_with('-');
  if (out.negative)
    text.remove_prefix(1);
  const std::size_t e = text.find_first_of("eE");
  if (e != std::string_view::npos)
    out.scale = read_exponent(text.substr(e + 1));
  text = text.substr(0, e);
  const std::size_t first = text.find_first_not_of("0.");
  if (first == std::string_view::npos) {
    out.negative = false;
    out.scale = 0;
    return out;
  }
  const std::size_t point = std::min(text.find('.'), text.size());
  out.zero = false;
  out.scale +=
      static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first) + (first > point ? 1 : 0);
  out.digits = text.substr(first);
  return out;
}

char next_digit(std::string_view& digits) {
  if (digits.starts_with('.'))
    digits.remove_prefix(1);
  if (digits.empty())
    return '0';
  const char digit = digits.front();
  digits.remove_prefix(1);
  return digit;
}

std::strong_ordering compare_sizes(Decimal a, Decimal b) {
  if (a.zero || b.zero)
    return b.zero <=> a.zero;
  if (a.scale != b.scale)
    return a.scale <=> b.scale;
  while (!a.digits.empty() || !b.digits.empty()) {
    const char left = next_digit(a.digits);
    const char right = next_digit(b.digits);
    if (left != right)
      return left <=> right;
  }
  return std::strong_ordering::equal;
}

}  // namespace

std::strong_ordering compare_numbers(std::string_view a, std::string_view b) {
  const Decimal left = read(a);
  const Decimal right = read(b);
  if (left.negative != right.negative)
    return right.negative <=> left.negative;
  return left.negative ? compare_sizes(right, left) : compare_sizes(left, right);
}

}  // namespace kt::filter
