#include "host/postgres/results.h"

#include <bit>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>

#include "base/utf8.h"
#include "host/capability.h"
#include "host/postgres/calendar.h"

namespace kt::host {

namespace {

using Decoded = tl::expected<HostResult, HostRefusal>;
using List = HostResult::List;

constexpr std::int64_t kMicrosOfSecond = 1'000'000;
constexpr std::int64_t kMicrosOfDay = 86'400 * kMicrosOfSecond;

Decoded broken() {
  return refuse(KT_FAULT_TYPE, "the server sent a value of another form than it announced");
}

/// Reads fields in network order. What is read past the end is 0, and `ended()` tells.
class Fields {
 public:
  explicit Fields(ByteView bytes) : rest_(bytes) {}

  template <class Integer>
  Integer next() {
    using Bits = std::make_unsigned_t<Integer>;
    const ByteView field = take(sizeof(Integer));
    std::uint64_t bits = 0;
    for (const std::uint8_t byte : field)
      bits = bits << 8 | byte;
    return static_cast<Integer>(static_cast<Bits>(bits));
  }
  ByteView take(std::size_t size) {
    if (size > rest_.size()) {
      overrun_ = true;
      rest_ = ByteView();
      return ByteView();
    }
    const ByteView taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  bool overrun() const { return overrun_; }
  /// Everything was read, and no more.
  bool complete() const { return !overrun_ && rest_.empty(); }
  std::size_t left() const { return rest_.size(); }

 private:
  ByteView rest_;
  bool overrun_ = false;
};

template <class Integer>
Decoded decode_integer(ByteView bytes) {
  Fields fields(bytes);
  const Integer value = fields.next<Integer>();
  if (!fields.complete())
    return broken();
  return HostResult(static_cast<std::int64_t>(value));
}

Decoded decode_real(ByteView bytes) {
  Fields fields(bytes);
  double value = 0;
  if (bytes.size() == sizeof(float))
    value = std::bit_cast<float>(fields.next<std::uint32_t>());
  else
    value = std::bit_cast<double>(fields.next<std::uint64_t>());
  if (!fields.complete())
    return broken();
  return HostResult(value);
}

Decoded decode_text(ByteView bytes) {
  const std::string_view text = as_text(bytes);
  if (!is_utf8(text))
    return refuse(KT_FAULT_TYPE, "text that is not UTF-8");
  return HostResult(std::string(text));
}

void append(List& list, std::int64_t value) {
  list.push_back(HostResult(value));
}

void append_date(List& list, std::int64_t day) {
  const CalendarDay date = day_of_number(day);
  append(list, date.year);
  append(list, date.month);
  append(list, date.day);
}

void append_time(List& list, std::int64_t micros) {
  const std::int64_t seconds = micros / kMicrosOfSecond;
  append(list, seconds / 3600);
  append(list, seconds / 60 % 60);
  append(list, seconds % 60);
  append(list, micros % kMicrosOfSecond * 1000);
}

Decoded decode_date(ByteView bytes) {
  Fields fields(bytes);
  const auto day = fields.next<std::int32_t>();
  if (!fields.complete())
    return broken();
  using Limits = std::numeric_limits<std::int32_t>;
  if (day == Limits::min() || day == Limits::max())
    return refuse(KT_FAULT_TYPE, "an infinite date");
  List list;
  append_date(list, day);
  return HostResult(std::move(list));
}

Decoded decode_time(ByteView bytes) {
  Fields fields(bytes);
  const auto micros = fields.next<std::int64_t>();
  if (!fields.complete() || micros < 0 || micros > kMicrosOfDay)
    return broken();
  if (micros == kMicrosOfDay)
    return refuse(KT_FAULT_TYPE, "the time 24:00:00");
  List list;
  append_time(list, micros);
  return HostResult(std::move(list));
}

Decoded decode_datetime(ByteView bytes) {
  Fields fields(bytes);
  const auto micros = fields.next<std::int64_t>();
  if (!fields.complete())
    return broken();
  using Limits = std::numeric_limits<std::int64_t>;
  if (micros == Limits::min() || micros == Limits::max())
    return refuse(KT_FAULT_TYPE, "an infinite timestamp");
  std::int64_t day = micros / kMicrosOfDay;
  std::int64_t rest = micros % kMicrosOfDay;
  if (rest < 0) {
    rest += kMicrosOfDay;
    --day;
  }
  List list;
  append_date(list, day);
  append_time(list, rest);
  return HostResult(std::move(list));
}

Decoded decode_uuid(ByteView bytes) {
  if (bytes.size() != 16)
    return broken();
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10)
      text += '-';
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return HostResult(std::move(text));
}

Decoded decode_jsonb(ByteView bytes) {
  constexpr std::uint8_t kVersion = 1;
  if (bytes.empty() || bytes[0] != kVersion)
    return broken();
  return HostResult(wasm::HostBuffer::copy_of(bytes.subspan(1)));
}

/// Groups of four decimal digits, of which the first has the weight 10000^weight.
Decoded decode_decimal(ByteView bytes) {
  Fields fields(bytes);
  const auto count = fields.next<std::uint16_t>();
  const int weight = fields.next<std::int16_t>();
  const auto sign = fields.next<std::uint16_t>();
  const auto scale = fields.next<std::uint16_t>();
  const ByteView digits = fields.take(std::size_t{count} * 2);
  if (!fields.complete())
    return broken();
  if (sign == 0xc000)
    return HostResult(std::string("NaN"));
  if (sign == 0xd000)
    return HostResult(std::string("Infinity"));
  if (sign == 0xf000)
    return HostResult(std::string("-Infinity"));
  const auto group = [&](int exponent) {
    const int index = weight - exponent;
    if (index < 0 || index >= count)
      return std::string("0000");
    const auto at = static_cast<std::size_t>(index) * 2;
    const int value = digits[at] << 8 | digits[at + 1];
    std::string text = std::to_string(value % 10'000);
    return std::string(4 - text.size(), '0') + text;
  };
  std::string whole;
  for (int exponent = weight; exponent >= 0; --exponent)
    whole += group(exponent);
  whole.erase(0, whole.find_first_not_of('0'));
  std::string fraction;
  for (int exponent = -1; fraction.size() < scale; --exponent)
    fraction += group(exponent);
  fraction.resize(scale);
  std::string text = (sign == 0x4000 ? "-" : "") + (whole.empty() ? "0" : whole);
  return HostResult(scale == 0 ? std::move(text) : text + "." + fraction);
}

Decoded decode_element(kt_sql_type type, ByteView bytes) {
  switch (type) {
    case KT_SQL_INT32:
      return decode_integer<std::int32_t>(bytes);
    case KT_SQL_INT64:
      return decode_integer<std::int64_t>(bytes);
    case KT_SQL_DECIMAL:
      return decode_decimal(bytes);
    default:
      return decode_text(bytes);
  }
}

HostResult empty_bound(kt_sql_type type) {
  List bound;
  if (type == KT_SQL_DECIMAL)
    bound.push_back(HostResult(std::string("0")));
  else
    append(bound, 0);
  bound.push_back(HostResult(false));
  return HostResult(std::move(bound));
}

Decoded decode_range(kt_sql_type type, ByteView bytes) {
  enum Flags : std::uint8_t {
    Empty = 1,
    LowerInclusive = 2,
    UpperInclusive = 4,
    LowerUnbounded = 8,
    UpperUnbounded = 16,
  };
  Fields fields(bytes);
  const auto flags = fields.next<std::uint8_t>();
  List range;
  if (flags & Empty) {
    range.push_back(empty_bound(type));
    range.push_back(empty_bound(type));
    return fields.complete() ? Decoded(HostResult(std::move(range))) : broken();
  }
  for (const bool lower : {true, false}) {
    if (flags & (lower ? LowerUnbounded : UpperUnbounded)) {
      range.emplace_back();
      continue;
    }
    const auto size = fields.next<std::int32_t>();
    Decoded value =
        size < 0 ? broken() : decode_element(type, fields.take(static_cast<std::size_t>(size)));
    if (!value)
      return value;
    List bound;
    bound.push_back(*std::move(value));
    bound.push_back(HostResult((flags & (lower ? LowerInclusive : UpperInclusive)) != 0));
    range.push_back(HostResult(std::move(bound)));
  }
  return fields.complete() ? Decoded(HostResult(std::move(range))) : broken();
}

Decoded decode_array(kt_sql_type type, ByteView bytes) {
  Fields fields(bytes);
  const auto dimensions = fields.next<std::int32_t>();
  fields.next<std::int32_t>();  // whether there are nulls
  fields.next<std::int32_t>();  // the type of the elements
  List list;
  if (dimensions == 0)
    return fields.complete() ? Decoded(HostResult(std::move(list))) : broken();
  if (dimensions != 1)
    return refuse(KT_FAULT_TYPE, "an array of several dimensions");
  const auto count = fields.next<std::int32_t>();
  fields.next<std::int32_t>();  // the index of the first
  for (std::int32_t i = 0; i < count && !fields.overrun(); ++i) {
    const auto size = fields.next<std::int32_t>();
    if (size < 0) {
      list.emplace_back();
      continue;
    }
    Decoded value = decode_element(type, fields.take(static_cast<std::size_t>(size)));
    if (!value)
      return value;
    list.push_back(*std::move(value));
  }
  return fields.complete() ? Decoded(HostResult(std::move(list))) : broken();
}

Decoded decode_interval(ByteView bytes) {
  Fields fields(bytes);
  List list;
  append(list, fields.next<std::int64_t>());
  append(list, fields.next<std::int32_t>());
  append(list, fields.next<std::int32_t>());
  return fields.complete() ? Decoded(HostResult(std::move(list))) : broken();
}

Decoded decode_composed(kt_sql_type type, ByteView bytes) {
  switch (type) {
    case KT_SQL_RANGE_INT32:
      return decode_range(KT_SQL_INT32, bytes);
    case KT_SQL_RANGE_INT64:
      return decode_range(KT_SQL_INT64, bytes);
    case KT_SQL_RANGE_DECIMAL:
      return decode_range(KT_SQL_DECIMAL, bytes);
    case KT_SQL_ARRAY_INT32:
      return decode_array(KT_SQL_INT32, bytes);
    case KT_SQL_ARRAY_INT64:
      return decode_array(KT_SQL_INT64, bytes);
    case KT_SQL_ARRAY_DECIMAL:
      return decode_array(KT_SQL_DECIMAL, bytes);
    case KT_SQL_ARRAY_TEXT:
      return decode_array(KT_SQL_TEXT, bytes);
    default:
      return HostResult(wasm::HostBuffer::copy_of(bytes));
  }
}

}  // namespace

Decoded decode_pg_value(kt_sql_type type, ByteView bytes) {
  switch (type) {
    case KT_SQL_BOOLEAN:
      return bytes.size() == 1 ? Decoded(HostResult(bytes[0] != 0)) : broken();
    case KT_SQL_INT16:
      return decode_integer<std::int16_t>(bytes);
    case KT_SQL_INT32:
      return decode_integer<std::int32_t>(bytes);
    case KT_SQL_INT64:
      return decode_integer<std::int64_t>(bytes);
    case KT_SQL_FLOAT32:
    case KT_SQL_FLOAT64:
      return decode_real(bytes);
    case KT_SQL_TEXT:
      return decode_text(bytes);
    case KT_SQL_DATE:
      return decode_date(bytes);
    case KT_SQL_TIME:
      return decode_time(bytes);
    case KT_SQL_DATETIME:
      return decode_datetime(bytes);
    case KT_SQL_UUID:
      return decode_uuid(bytes);
    case KT_SQL_JSONB:
      return decode_jsonb(bytes);
    case KT_SQL_DECIMAL:
      return decode_decimal(bytes);
    case KT_SQL_INTERVAL:
      return decode_interval(bytes);
    default:
      return decode_composed(type, bytes);
  }
}

}  // namespace kt::host
