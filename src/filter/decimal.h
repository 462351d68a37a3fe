// filter/decimal.h — Compares numbers as JSON writes them, exactly.
//
// Why: an order number of 17 digits is not the same as its neighbour, although a double says so.
#pragma once
#include <compare>
#include <string_view>

namespace kt::filter {

/// By value, to the last digit: 300 equals 3.00e2. Both are numbers in JSON's syntax. Exponents
/// beyond ±10^9 count as that.
std::strong_ordering compare_numbers(std::string_view a, std::string_view b);

}  // namespace kt::filter
