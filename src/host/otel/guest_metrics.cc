#include "host/otel/guest_metrics.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "host/otel/guest_values.h"
#include "otel/encoding.h"
#include "otel/tracer.h"

namespace kt::host {
namespace {

using otel::Message;
using wasm::HostValue;

constexpr std::size_t kPointsMax = 2000;
constexpr std::size_t kExemplarsMax = 16;
constexpr std::size_t kBucketsMax = 1000;
constexpr std::size_t kMetricBytesMax = std::size_t{1} << 20;

/// The variants of metric-data.
enum Shape { kGauge = 0, kSum = 1, kHistogram = 2, kExponential = 3 };
/// The variants of metric-number.
enum NumberKind { kFloat = 0, kSigned = 1, kUnsigned = 2 };

double real_of(HostValue number) {
  const HostValue payload = number[1];
  if (number[0].integer() == kFloat)
    return payload.real();
  if (number[0].integer() == kUnsigned)
    return static_cast<double>(static_cast<std::uint64_t>(payload.integer()));
  return static_cast<double>(payload.integer());
}

/// OTLP has signed integers only: what is above is the largest.
std::uint64_t integer_of(HostValue number) {
  const std::int64_t bits = number[1].integer();
  if (number[0].integer() == kUnsigned && bits < 0)
    return static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::uint64_t>(bits);
}

/// As as_double in field 4 or as_int in field 6 of NumberDataPoint, 3 and 6 of Exemplar.
void put_number(Message& out, int real_field, HostValue number) {
  if (number[0].integer() == kFloat)
    out.real(real_field, number[1].real());
  else
    out.fixed64(6, integer_of(number));
}

void put_exemplars(Message& out, int field, HostValue list) {
  for (std::size_t i = 0; i < std::min(list.size(), kExemplarsMax); ++i) {
    const HostValue exemplar = list[i];
    Message one;
    one.fixed64(2, read_time(exemplar[1]));
    put_number(one, 3, exemplar[2]);
    const auto span = parse_span_id(exemplar[3].text());
    const auto trace = parse_trace_id(exemplar[4].text());
    if (span && trace) {
      one.bytes(4, std::string_view(reinterpret_cast<const char*>(span->data()), span->size()));
      one.bytes(5, std::string_view(reinterpret_cast<const char*>(trace->data()), trace->size()));
    }
    otel::put_attributes(one, 7, read_attributes(exemplar[0]));
    out.message(field, one);
  }
}

/// When the series began, where that is known, and when it was read.
struct Times {
  std::optional<otel::UnixNanos> start;
  otel::UnixNanos time = 0;
};

void put_times(Message& out, const Times& times) {
  if (times.start)
    out.fixed64(2, *times.start);
  out.fixed64(3, times.time);
}

Message number_point(HostValue point, const Times& times) {
  Message out;
  put_times(out, times);
  put_number(out, 4, point[1]);
  put_exemplars(out, 5, point[2]);
  otel::put_attributes(out, 7, read_attributes(point[0]));
  return out;
}

template <class Number>
std::vector<Number> numbers(HostValue list) {
  std::vector<Number> out;
  for (std::size_t i = 0; i < std::min(list.size(), kBucketsMax); ++i) {
    if constexpr (std::is_same_v<Number, double>)
      out.push_back(list[i].real());
    else
      out.push_back(static_cast<Number>(list[i].integer()));
  }
  return out;
}

Message histogram_point(HostValue point, const Times& times) {
  Message out;
  put_times(out, times);
  out.fixed64(4, static_cast<std::uint64_t>(point[1].integer()));
  out.real(5, real_of(point[6]));
  out.packed_fixed64(6, numbers<std::uint64_t>(point[3]));
  out.packed_fixed64(7, numbers<double>(point[2]));
  put_exemplars(out, 8, point[7]);
  otel::put_attributes(out, 9, read_attributes(point[0]));
  if (!point[4].is_none())
    out.real(11, real_of(point[4]));
  if (!point[5].is_none())
    out.real(12, real_of(point[5]));
  return out;
}

std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

Message buckets(HostValue value) {
  Message out;
  out.varint(1, zigzag(value[0].integer()));
  for (const std::uint64_t count : numbers<std::uint64_t>(value[1]))
    out.varint(2, count);
  return out;
}

Message exponential_point(HostValue point, const Times& times) {
  Message out;
  otel::put_attributes(out, 1, read_attributes(point[0]));
  put_times(out, times);
  out.fixed64(4, static_cast<std::uint64_t>(point[1].integer()));
  out.real(5, real_of(point[4]));
  out.varint(6, zigzag(point[5].integer()));
  out.fixed64(7, static_cast<std::uint64_t>(point[6].integer()));
  out.message(8, buckets(point[7]));
  out.message(9, buckets(point[8]));
  put_exemplars(out, 11, point[10]);
  if (!point[2].is_none())
    out.real(12, real_of(point[2]));
  if (!point[3].is_none())
    out.real(13, real_of(point[3]));
  out.real(14, point[9].real());
  return out;
}

/// OTLP's numbers of what the guest calls cumulative and delta; low memory is a wish to an SDK.
std::uint64_t temporality(HostValue value) {
  constexpr std::uint64_t kDelta = 1;
  constexpr std::uint64_t kCumulative = 2;
  return value.integer() == 1 ? kDelta : kCumulative;
}

Message encode_data(std::int64_t shape, HostValue data) {
  Times times;
  if (!data[1].is_none())
    times.start = read_time(data[1]);
  times.time = read_time(data[2]);
  Message out;
  const HostValue points = data[0];
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (shape == kHistogram)
      out.message(1, histogram_point(points[i], times));
    else if (shape == kExponential)
      out.message(1, exponential_point(points[i], times));
    else
      out.message(1, number_point(points[i], times));
    if (out.view().size() > kMetricBytesMax)
      break;
  }
  if (shape != kGauge)
    out.varint(2, temporality(data[3]));
  if (shape == kSum)
    out.varint(3, data[4].boolean() ? 1 : 0);
  return out;
}

}  // namespace

Result<std::string> encode_metric(HostValue metric) {
  constexpr int kFields[] = {5, 7, 9, 10};
  const std::string name = otel::bounded(metric[0].text(), kGuestTextBytesMax);
  const std::int64_t shape = std::clamp<std::int64_t>(metric[3][0].integer(), 0, 3);
  const HostValue data = metric[3][1];
  if (data[0].size() > kPointsMax)
    return fail(ErrorCode::Invalid, "the metric " + otel::bounded(name, 100) + " has more than " +
                                        std::to_string(kPointsMax) + " data points");
  Message out;
  out.bytes(1, name);
  if (!metric[1].text().empty())
    out.bytes(2, otel::bounded(metric[1].text(), kGuestTextBytesMax));
  if (!metric[2].text().empty())
    out.bytes(3, otel::bounded(metric[2].text(), kGuestTextBytesMax));
  out.message(kFields[shape], encode_data(shape, data));
  if (out.view().size() > kMetricBytesMax)
    return fail(ErrorCode::Invalid,
                "the metric " + otel::bounded(name, 100) + " is larger than 1 MiB");
  return out.take();
}

}  // namespace kt::host
