// otel/meter.h — Counters and histograms, summed up until they are sent.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "otel/encoding.h"

namespace kt::otel {

/// What is measured. Give the same one each time.
struct Instrument {
  enum class Kind { Counter, Histogram };

  std::string name;
  std::string unit;
  Kind kind = Kind::Counter;
  std::vector<double> bounds;  ///< of a histogram's buckets, ascending
};

/// Any thread. Values are cumulative since the start. Limit: 2000 sets of attributes an instrument;
/// what is beyond goes to one series with otel.metric.overflow = true, as the standard has it.
class Meter {
 public:
  Meter(bool enabled, UnixNanos start) : enabled_(enabled), start_(start) {}

  void add(const Instrument& instrument, const Attributes& attributes, std::uint64_t value = 1);
  void record(const Instrument& instrument, const Attributes& attributes, double value);
  /// Every metric as it stands.
  std::vector<Item> collect(UnixNanos now, const std::shared_ptr<const std::string>& scope) const;

 private:
  struct Series {
    Attributes attributes;
    std::uint64_t count = 0;
    double sum = 0;
    double min = 0;
    double max = 0;
    std::vector<std::uint64_t> buckets;
  };
  struct Metric {
    Instrument instrument;
    std::map<std::string, Series> series;  ///< by the attributes in their message's form
  };

  Series& series_of(const Instrument& instrument, const Attributes& attributes);
  Message encoded(const Metric& metric, UnixNanos now) const;

  bool enabled_;
  UnixNanos start_;
  mutable std::mutex mutex_;
  std::map<std::string, Metric> metrics_;  // guarded by mutex_
};

}  // namespace kt::otel
