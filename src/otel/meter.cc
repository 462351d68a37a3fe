#include "otel/meter.h"

#include <algorithm>
#include <utility>

namespace kt::otel {
namespace {

constexpr std::size_t kSeriesMax = 2000;
constexpr std::uint64_t kCumulative = 2;

std::string key_of(const Attributes& attributes) {
  Message out;
  put_attributes(out, 1, attributes);
  return out.take();
}

}  // namespace

Meter::Series& Meter::series_of(const Instrument& instrument, const Attributes& attributes) {
  Metric& metric = metrics_[instrument.name];
  if (metric.instrument.name.empty())
    metric.instrument = instrument;
  std::string key = key_of(attributes);
  auto found = metric.series.find(key);
  if (found != metric.series.end())
    return found->second;
  Series fresh;
  fresh.attributes = attributes;
  if (metric.series.size() >= kSeriesMax) {
    fresh.attributes.clear();
    fresh.attributes.emplace_back("otel.metric.overflow", true);
    key = key_of(fresh.attributes);
  }
  fresh.buckets.resize(instrument.bounds.size() + 1);
  return metric.series.try_emplace(std::move(key), std::move(fresh)).first->second;
}

void Meter::add(const Instrument& instrument, const Attributes& attributes, std::uint64_t value) {
  if (!enabled_)
    return;
  const std::lock_guard lock(mutex_);
  series_of(instrument, attributes).count += value;
}

void Meter::record(const Instrument& instrument, const Attributes& attributes, double value) {
  if (!enabled_)
    return;
  const std::lock_guard lock(mutex_);
  Series& series = series_of(instrument, attributes);
  const auto& bounds = instrument.bounds;
  const auto bucket = std::lower_bound(bounds.begin(), bounds.end(), value) - bounds.begin();
  ++series.buckets[static_cast<std::size_t>(bucket)];
  series.min = series.count == 0 ? value : std::min(series.min, value);
  series.max = series.count == 0 ? value : std::max(series.max, value);
  series.sum += value;
  ++series.count;
}

Message Meter::encoded(const Metric& metric, UnixNanos now) const {
  const bool is_histogram = metric.instrument.kind == Instrument::Kind::Histogram;
  Message data;
  for (const auto& [key, series] : metric.series) {
    Message point;
    point.fixed64(2, start_);
    point.fixed64(3, now);
    if (is_histogram) {
      point.fixed64(4, series.count);
      point.real(5, series.sum);
      point.packed_fixed64(6, series.buckets);
      point.packed_fixed64(7, metric.instrument.bounds);
      put_attributes(point, 9, series.attributes);
      point.real(11, series.min);
      point.real(12, series.max);
    } else {
      point.fixed64(6, series.count);
      put_attributes(point, 7, series.attributes);
    }
    data.message(1, point);
  }
  data.varint(2, kCumulative);
  if (!is_histogram)
    data.varint(3, 1);  // only rises
  Message out;
  out.bytes(1, metric.instrument.name);
  if (!metric.instrument.unit.empty())
    out.bytes(3, metric.instrument.unit);
  out.message(is_histogram ? 9 : 7, data);
  return out;
}

std::vector<Item> Meter::collect(UnixNanos now,
                                 const std::shared_ptr<const std::string>& scope) const {
  std::vector<Item> out;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, metric] : metrics_) {
    Item item;
    item.scope = scope;
    item.bytes = encoded(metric, now).take();
    out.push_back(std::move(item));
  }
  return out;
}

}  // namespace kt::otel
