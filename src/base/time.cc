#include "base/time.h"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace kt {
namespace {

constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// Reads exactly `count` digits at `at`; -1 when they are not digits.
int digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size())
    return -1;
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9')
      return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

struct Civil {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

bool in_range(const Civil& c) {
  return c.year >= 0 && c.month >= 1 && c.month <= 12 && c.day >= 1 && c.day <= 31 && c.hour >= 0 &&
         c.hour <= 23 && c.minute >= 0 && c.minute <= 59 && c.second >= 0 && c.second <= 60;
}

WallTime to_wall(const Civil& c) {
  using namespace std::chrono;
  const sys_days day = year(c.year) / month(static_cast<unsigned>(c.month)) /
                       std::chrono::day(static_cast<unsigned>(c.day));
  return day + hours(c.hour) + minutes(c.minute) + seconds(c.second);
}

tl::unexpected<Error> bad(std::string_view text, const char* form) {
  return fail(ErrorCode::Invalid,
              "not a time: \"" + std::string(text.substr(0, 60)) + "\"; expected " + form);
}

/// Reads ".123" at `at` into milliseconds and moves past all its digits.
int read_fraction(std::string_view text, std::size_t& at) {
  int millis = 0;
  int scale = 100;
  for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
    millis += (text[at] - '0') * scale;
    scale /= 10;
  }
  return millis;
}

}  // namespace

std::string to_rfc3339(WallTime time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss<milliseconds> clock(time - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()),
                static_cast<int>(clock.subseconds().count()));
  return text.data();
}

Result<WallTime> parse_rfc3339(std::string_view text) {
  constexpr const char* kForm = "RFC 3339, such as 2026-01-31T12:00:00Z";
  const Civil c{digits(text, 0, 4),  digits(text, 5, 2),  digits(text, 8, 2),
                digits(text, 11, 2), digits(text, 14, 2), digits(text, 17, 2)};
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' ||
      (text[10] != 'T' && text[10] != 't' && text[10] != ' ') || text[13] != ':' ||
      text[16] != ':' || !in_range(c))
    return bad(text, kForm);
  std::size_t at = 19;
  int millis = 0;
  if (text[at] == '.')
    millis = read_fraction(text, at);
  const WallTime local = to_wall(c) + std::chrono::milliseconds(millis);
  if (at + 1 == text.size() && (text[at] == 'Z' || text[at] == 'z'))
    return local;
  const int hours = digits(text, at + 1, 2);
  const int minutes = digits(text, at + 4, 2);
  if (at + 6 != text.size() || (text[at] != '+' && text[at] != '-') || text[at + 3] != ':' ||
      hours < 0 || minutes < 0)
    return bad(text, kForm);
  const std::chrono::minutes offset(hours * 60 + minutes);
  return text[at] == '+' ? local - offset : local + offset;
}

Result<WallTime> parse_http_date(std::string_view text) {
  // "Sun, 06 Nov 1994 08:49:37 GMT"
  int month = 0;
  for (std::size_t i = 0; text.size() >= 29 && i < kMonths.size(); ++i) {
    if (text.substr(8, 3) == kMonths[i])
      month = static_cast<int>(i) + 1;
  }
  if (month == 0)
    return bad(text, "an HTTP date");
  const Civil c{digits(text, 12, 4), month,
                digits(text, 5, 2),  digits(text, 17, 2),
                digits(text, 20, 2), digits(text, 23, 2)};
  if (!in_range(c))
    return bad(text, "an HTTP date");
  return to_wall(c);
}

std::string to_http_date(WallTime time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss<milliseconds> clock(time - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                kDays[weekday(day).c_encoding()].data(), static_cast<unsigned>(date.day()),
                kMonths[static_cast<unsigned>(date.month()) - 1].data(),
                static_cast<int>(date.year()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data();
}

}  // namespace kt
