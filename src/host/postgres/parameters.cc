#include "host/postgres/parameters.h"

#include <bit>
#include <climits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "host/capability.h"
#include "host/postgres/calendar.h"
#include "host/postgres/types.h"

namespace kt::host {

namespace {

using wasm::HostValue;
using Encoded = tl::expected<std::string, HostRefusal>;

constexpr Oid kInferred = 0;
constexpr int kAsText = 0;
constexpr int kAsBinary = 1;
constexpr std::int64_t kUnixDayOf2000 = 10'957;

/// Network order.
template <class Integer>
std::string big_endian(Integer value) {
  auto bits = static_cast<std::make_unsigned_t<Integer>>(value);
  std::string bytes(sizeof value, '\0');
  for (std::size_t i = sizeof value; i-- > 0;) {
    bytes[i] = static_cast<char>(bits & 0xff);
    bits = static_cast<decltype(bits)>(bits >> (sizeof value > 1 ? 8 : 0));
  }
  return bytes;
}

std::string padded(std::int64_t number, std::size_t width) {
  std::string digits = std::to_string(number);
  return digits.size() < width ? std::string(width - digits.size(), '0') + digits : digits;
}

std::optional<CalendarDay> date_of(const HostValue& payload) {
  CalendarDay date;
  date.year = payload[0].integer();
  date.month = static_cast<int>(payload[1].integer());
  date.day = static_cast<int>(payload[2].integer());
  return exists(date) ? std::optional(date) : std::nullopt;
}

/// Microseconds of the day; the fields begin at `first`.
std::optional<std::int64_t> micros_of(const HostValue& payload, std::size_t first) {
  const std::int64_t hour = payload[first].integer();
  const std::int64_t minute = payload[first + 1].integer();
  const std::int64_t second = payload[first + 2].integer();
  const std::int64_t nanosecond = payload[first + 3].integer();
  const bool valid = hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 &&
                     second < 60 && nanosecond >= 0 && nanosecond < 1'000'000'000;
  if (!valid)
    return std::nullopt;
  return ((hour * 60 + minute) * 60 + second) * 1'000'000 + nanosecond / 1000;
}

Encoded encode_date(const HostValue& payload) {
  const auto date = date_of(payload);
  const std::int64_t day = date ? day_number(*date) : 0;
  if (!date || day < INT32_MIN || day >= INT32_MAX)
    return refuse(KT_FAULT_INVALID, "invalid date: there is no such day");
  return big_endian(static_cast<std::int32_t>(day));
}

Encoded encode_time(const HostValue& payload) {
  const auto micros = micros_of(payload, 0);
  if (!micros)
    return refuse(KT_FAULT_INVALID, "invalid time: there is no such time of day");
  return big_endian(*micros);
}

/// With the zone, which a column without one ignores.
std::string instant_text(const CalendarDay& date, std::int64_t micros) {
  const std::int64_t seconds = micros / 1'000'000;
  const bool before_christ = date.year <= 0;
  std::string text = padded(before_christ ? 1 - date.year : date.year, 4);
  text += "-" + padded(date.month, 2) + "-" + padded(date.day, 2) + " " +
          padded(seconds / 3600, 2) + ":" + padded(seconds / 60 % 60, 2) + ":" +
          padded(seconds % 60, 2) + "." + padded(micros % 1'000'000, 6) + "+00";
  return before_christ ? text + " BC" : text;
}

Encoded encode_datetime(const HostValue& payload) {
  const auto date = date_of(payload);
  if (!date)
    return refuse(KT_FAULT_INVALID, "invalid date: there is no such day");
  const auto micros = micros_of(payload, 3);
  if (!micros)
    return refuse(KT_FAULT_INVALID, "invalid time: there is no such time of day");
  return instant_text(*date, *micros);
}

Encoded encode_timestamp(const HostValue& payload) {
  const std::int64_t seconds = payload.integer();
  std::int64_t day = seconds / 86'400;
  std::int64_t rest = seconds % 86'400;
  if (rest < 0) {
    rest += 86'400;
    --day;
  }
  const CalendarDay date = day_of_number(day - kUnixDayOf2000);
  if (date.year < -4713 || date.year > 294'276) {
    return refuse(KT_FAULT_INVALID,
                  "invalid epoch timestamp " + std::to_string(seconds) + ": out of range");
  }
  return instant_text(date, rest * 1'000'000);
}

Encoded encode_uuid(std::string_view text) {
  constexpr std::string_view kUrn = "urn:uuid:";
  std::string_view rest = text;
  if (rest.starts_with(kUrn))
    rest.remove_prefix(kUrn.size());
  if (rest.size() > 2 && rest.front() == '{' && rest.back() == '}')
    rest = rest.substr(1, rest.size() - 2);
  const bool hyphens =
      rest.size() == 36 && rest[8] == '-' && rest[13] == '-' && rest[18] == '-' && rest[23] == '-';
  std::string digits;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (!hyphens || (i != 8 && i != 13 && i != 18 && i != 23))
      digits.push_back(rest[i]);
  }
  const bool hex = digits.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
  if (digits.size() != 32 || !hex)
    return refuse(KT_FAULT_INVALID, "invalid UUID: it has not the form of one");
  return digits;
}

Encoded encode_json(ByteView bytes) {
  const std::string_view text = as_text(bytes);
  // What has a NUL as a letter of a string is JSON; the server says that it cannot store it.
  if (!nlohmann::json::accept(text.begin(), text.end()))
    return refuse(KT_FAULT_INVALID, "invalid JSON: it cannot be parsed");
  return std::string(text);
}

bool is_decimal(std::string_view text) {
  if (text == "NaN" || text == "Infinity" || text == "-Infinity")
    return true;
  if (!text.empty() && (text.front() == '-' || text.front() == '+'))
    text.remove_prefix(1);
  const std::size_t dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  const std::string_view fraction =
      dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
  constexpr std::string_view kDigits = "0123456789";
  return !(whole.empty() && fraction.empty()) &&
         whole.find_first_not_of(kDigits) == std::string_view::npos &&
         fraction.find_first_not_of(kDigits) == std::string_view::npos;
}

Encoded encode_decimal(const HostValue& payload) {
  if (!is_decimal(payload.text()))
    return refuse(KT_FAULT_INVALID, "invalid decimal: digits with at most one point are wanted");
  return std::string(payload.text());
}

Encoded encode_integer(const HostValue& payload) {
  return std::to_string(payload.integer());
}

Encoded encode_text(const HostValue& payload) {
  const std::string_view text = payload.text();
  if (text.find('\0') != std::string_view::npos)
    return refuse(KT_FAULT_INVALID, "invalid text: PostgreSQL stores no NUL characters");
  return std::string(text);
}

using EncodeElement = Encoded (*)(const HostValue&);

Encoded encode_range(const HostValue& payload, EncodeElement element) {
  std::string text;
  for (std::size_t bound = 0; bound < 2; ++bound) {
    const HostValue given = payload[bound];
    const bool inclusive = !given.is_none() && given[1].boolean();
    std::string value;
    if (!given.is_none()) {
      Encoded encoded = element(given[0]);
      if (!encoded)
        return encoded;
      value = *std::move(encoded);
    }
    if (bound == 0)
      text += (inclusive ? "[" : "(") + value + ",";
    else
      text += value + (inclusive ? "]" : ")");
  }
  return text;
}

Encoded encode_array(const HostValue& payload, EncodeElement element) {
  std::string text = "{";
  for (std::size_t i = 0; i < payload.size(); ++i) {
    if (i > 0)
      text += ',';
    if (payload[i].is_none()) {
      text += "NULL";
      continue;
    }
    Encoded encoded = element(payload[i]);
    if (!encoded)
      return encoded;
    text += '"';
    for (const char letter : *encoded) {
      if (letter == '"' || letter == '\\')
        text += '\\';
      text += letter;
    }
    text += '"';
  }
  return text + "}";
}

std::string encode_interval(const HostValue& payload) {
  return big_endian(payload[0].integer()) +
         big_endian(static_cast<std::int32_t>(payload[1].integer())) +
         big_endian(static_cast<std::int32_t>(payload[2].integer()));
}

/// How a case goes: its type and format; the value comes from encode_value().
struct Form {
  Oid type;
  int format;
};

Form form_of(kt_sql_type type) {
  switch (type) {
    case KT_SQL_BOOLEAN:
      return {kPgBool, kAsBinary};
    case KT_SQL_INT8:
      return {kPgChar, kAsBinary};
    case KT_SQL_INT16:
      return {kPgInt2, kAsBinary};
    case KT_SQL_INT32:
      return {kPgInt4, kAsBinary};
    case KT_SQL_INT64:
      return {kPgInt8, kAsBinary};
    case KT_SQL_FLOAT32:
      return {kPgFloat4, kAsBinary};
    case KT_SQL_FLOAT64:
      return {kPgFloat8, kAsBinary};
    case KT_SQL_BINARY:
      return {kPgBytea, kAsBinary};
    case KT_SQL_DATE:
      return {kPgDate, kAsBinary};
    case KT_SQL_TIME:
      return {kPgTime, kAsBinary};
    case KT_SQL_UUID:
      return {kPgUuid, kAsText};
    case KT_SQL_DECIMAL:
      return {kPgNumeric, kAsText};
    case KT_SQL_RANGE_INT32:
      return {kPgInt4Range, kAsText};
    case KT_SQL_RANGE_INT64:
      return {kPgInt8Range, kAsText};
    case KT_SQL_RANGE_DECIMAL:
      return {kPgNumRange, kAsText};
    case KT_SQL_ARRAY_INT32:
      return {kPgInt4Array, kAsText};
    case KT_SQL_ARRAY_INT64:
      return {kPgInt8Array, kAsText};
    case KT_SQL_ARRAY_DECIMAL:
      return {kPgNumericArray, kAsText};
    case KT_SQL_INTERVAL:
      return {kPgInterval, kAsBinary};
    default:
      return {kInferred, kAsText};
  }
}

Encoded encode_scalar(kt_sql_type type, const HostValue& payload) {
  switch (type) {
    case KT_SQL_BOOLEAN:
      return std::string(1, payload.boolean() ? '\1' : '\0');
    case KT_SQL_INT8:
      return big_endian(static_cast<std::int8_t>(payload.integer()));
    case KT_SQL_INT16:
      return big_endian(static_cast<std::int16_t>(payload.integer()));
    case KT_SQL_INT32:
      return big_endian(static_cast<std::int32_t>(payload.integer()));
    case KT_SQL_INT64:
      return big_endian(payload.integer());
    case KT_SQL_FLOAT32:
      return big_endian(std::bit_cast<std::uint32_t>(static_cast<float>(payload.real())));
    case KT_SQL_FLOAT64:
      return big_endian(std::bit_cast<std::uint64_t>(payload.real()));
    case KT_SQL_TEXT:
      return encode_text(payload);
    case KT_SQL_BINARY:
      return std::string(as_text(payload.bytes()));
    case KT_SQL_DECIMAL:
      return encode_decimal(payload);
    case KT_SQL_UUID:
      return encode_uuid(payload.text());
    case KT_SQL_JSONB:
      return encode_json(payload.bytes());
    default:
      return refuse(KT_FAULT_INVALID, "PostgreSQL has no parameters of this type");
  }
}

Encoded encode_value(kt_sql_type type, const HostValue& payload) {
  switch (type) {
    case KT_SQL_DATE:
      return encode_date(payload);
    case KT_SQL_TIME:
      return encode_time(payload);
    case KT_SQL_DATETIME:
      return encode_datetime(payload);
    case KT_SQL_TIMESTAMP:
      return encode_timestamp(payload);
    case KT_SQL_RANGE_INT32:
    case KT_SQL_RANGE_INT64:
      return encode_range(payload, encode_integer);
    case KT_SQL_RANGE_DECIMAL:
      return encode_range(payload, encode_decimal);
    case KT_SQL_ARRAY_INT32:
    case KT_SQL_ARRAY_INT64:
      return encode_array(payload, encode_integer);
    case KT_SQL_ARRAY_DECIMAL:
      return encode_array(payload, encode_decimal);
    case KT_SQL_ARRAY_TEXT:
      return encode_array(payload, encode_text);
    case KT_SQL_INTERVAL:
      return encode_interval(payload);
    default:
      return encode_scalar(type, payload);
  }
}

}  // namespace

tl::expected<PgParameters, HostRefusal> PgParameters::encode(HostValue list) {
  PgParameters parameters;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const HostValue given = list[i];
    if (given.is_none()) {
      parameters.add_null();
      continue;
    }
    const auto type = static_cast<kt_sql_type>(given[0].integer());
    Encoded value = encode_value(type, given[1]);
    if (value && value->size() > INT_MAX)
      value = refuse(KT_FAULT_INVALID, "the value is larger than PostgreSQL takes");
    if (!value) {
      HostRefusal why = std::move(value).error();
      why.message = "parameter $" + std::to_string(i + 1) + ": " + why.message;
      return tl::unexpected<HostRefusal>(std::move(why));
    }
    const Form form = form_of(type);
    parameters.add(form.type, form.format, *std::move(value));
  }
  return parameters;
}

void PgParameters::add(Oid type, int format, std::string value) {
  types_.push_back(type);
  formats_.push_back(format);
  lengths_.push_back(static_cast<int>(value.size()));
  values_.push_back(std::move(value));
  nulls_.push_back(false);
}

void PgParameters::add_null() {
  add(kInferred, kAsText, std::string());
  nulls_.back() = true;
}

const char* const* PgParameters::values() {
  pointers_.clear();
  for (std::size_t i = 0; i < values_.size(); ++i)
    pointers_.push_back(nulls_[i] ? nullptr : values_[i].c_str());
  return pointers_.data();
}

}  // namespace kt::host
