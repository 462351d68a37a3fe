#include "observability/metrics.h"

#include <prometheus/text_serializer.h>

#include <cmath>
#include <limits>
#include <map>
#include <sstream>
#include <utility>

#include "observability/metric_tables.h"
#include "observability/process_figures.h"

namespace kt {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr const char* kShard = "shard";
constexpr const char* kApplication = "application";
constexpr const char* kAll = "all";

ClientMetric::Label label(std::string name, std::string value) {
  return ClientMetric::Label{std::move(name), std::move(value)};
}

/// Writes families one after the other, through one string stream.
class Page {
 public:
  void begin(const char* name, const char* help, MetricType type) {
    family_[0].name = name;
    family_[0].help = help;
    family_[0].type = type;
    family_[0].metric.clear();
  }
  ClientMetric& add() { return family_[0].metric.emplace_back(); }
  void add(double value, std::vector<ClientMetric::Label> labels = {}) {
    ClientMetric& metric = add();
    metric.label = std::move(labels);
    (family_[0].type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  }
  void end() { serializer_.Serialize(out_, family_); }
  /// Serializes with these series instead, which keep their labels from family to family.
  void end_with(std::vector<ClientMetric>& series) {
    family_[0].metric.swap(series);
    end();
    family_[0].metric.swap(series);
  }
  std::string take() { return std::move(out_).str(); }

 private:
  prometheus::TextSerializer serializer_;
  std::vector<MetricFamily> family_{1};
  std::ostringstream out_;
};

MetricType type_of(metric::Kind kind) {
  return kind == metric::Kind::Counter ? MetricType::Counter : MetricType::Gauge;
}

void write_worker(Page& page, const WorkerStatus& worker, const MetricsOptions& options) {
  page.begin("trigger_kinesis_worker_info", "The worker and its version.", MetricType::Gauge);
  std::vector<ClientMetric::Label> labels;
  labels.push_back(label("worker", worker.worker.str()));
  labels.push_back(label("version", options.version));
  page.add(1, std::move(labels));
  page.end();
  for (const metric::WorkerRow& row : metric::worker_rows()) {
    page.begin(row.name, row.help, type_of(row.kind));
    page.add(row.value(worker));
    page.end();
  }
  for (const ProcessFigure& figure : process_figures()) {
    page.begin(figure.name, figure.help,
               figure.is_counter ? MetricType::Counter : MetricType::Gauge);
    if (figure.value)
      page.add(*figure.value);
    page.end();
  }
}

std::vector<metric::TriggerView> views(const WorkerStatus& worker,
                                       const std::vector<ShardStatus>& shards) {
  std::vector<metric::TriggerView> all;
  std::map<ApplicationName, std::size_t> index;
  for (const TriggerStatus& trigger : worker.triggers) {
    index.emplace(trigger.application, all.size());
    all.push_back(metric::TriggerView{trigger, trigger.counters.finished_sources});
  }
  for (const ShardStatus& shard : shards) {
    const auto found = index.find(shard.application);
    if (found == index.end() || !shard.held)
      continue;
    metric::TriggerView& view = all[found->second];
    view.sources += shard.source_counters;
    view.behind_latest_millis = std::max(view.behind_latest_millis, shard.millis_behind_latest);
    view.iterator_age_millis =
        std::max(view.iterator_age_millis, shard.iterator_age_millis.value_or(0));
    view.batches_in_flight += shard.batches_in_flight;
    view.bytes_in_flight += shard.bytes_in_flight;
    view.spilled_records += shard.spilled_records;
  }
  return all;
}

void add_call_durations(Page& page, const TriggerStatus& trigger) {
  const DurationHistogram& from = trigger.counters.call_durations;
  ClientMetric& to = page.add();
  to.label.push_back(label(kApplication, trigger.application.str()));
  to.histogram.sample_count = from.count();
  to.histogram.sample_sum = static_cast<double>(from.sum().count()) / 1e6;
  std::uint64_t cumulated = 0;
  for (std::size_t i = 0; i <= DurationHistogram::kBounds.size(); ++i) {
    cumulated += from.in_bucket(i);
    const double bound = i < DurationHistogram::kBounds.size()
                             ? static_cast<double>(DurationHistogram::kBounds[i].count()) / 1e6
                             : std::numeric_limits<double>::infinity();
    to.histogram.bucket.push_back(ClientMetric::Bucket{cumulated, bound});
  }
}

void write_triggers(Page& page, const WorkerStatus& worker,
                    const std::vector<ShardStatus>& shards) {
  const auto all = views(worker, shards);
  page.begin("trigger_kinesis_trigger_info", "Stream and component of a trigger.",
             MetricType::Gauge);
  for (const metric::TriggerView& view : all) {
    std::vector<ClientMetric::Label> labels;
    labels.push_back(label(kApplication, view.trigger.application.str()));
    labels.push_back(label("stream", view.trigger.stream));
    labels.push_back(label("component", view.trigger.component));
    page.add(1, std::move(labels));
  }
  page.end();
  page.begin("trigger_kinesis_trigger_reason", "1: why a trigger as a whole does not run.",
             MetricType::Gauge);
  for (const metric::TriggerView& view : all) {
    if (view.trigger.reason == Reason::None)
      continue;
    std::vector<ClientMetric::Label> labels;
    labels.push_back(label(kApplication, view.trigger.application.str()));
    labels.push_back(label("reason", std::string(name(view.trigger.reason))));
    page.add(1, std::move(labels));
  }
  page.end();
  for (const metric::TriggerRow& row : metric::trigger_rows()) {
    page.begin(row.name, row.help, type_of(row.kind));
    for (const metric::TriggerView& view : all) {
      std::vector<ClientMetric::Label> labels;
      labels.push_back(label(kApplication, view.trigger.application.str()));
      page.add(row.value(view), std::move(labels));
    }
    page.end();
  }
  page.begin("trigger_kinesis_call_duration_seconds", "How long calls of the handler take.",
             MetricType::Histogram);
  for (const metric::TriggerView& view : all)
    add_call_durations(page, view.trigger);
  page.end();
}

/// The series of shard families: one a shard, or one a trigger. Their labels are made once.
class ShardSeries {
 public:
  ShardSeries(const std::vector<ShardStatus>& shards, std::size_t series_max) {
    for (const ShardStatus& shard : shards) {
      if (shard.held)
        shards_.push_back(&shard);
    }
    aggregated_ = shards_.size() > series_max;
    std::map<std::string_view, std::size_t> index;
    for (const ShardStatus* shard : shards_) {
      const auto [at, is_new] = index.emplace(shard->application.view(), series_.size());
      if (is_new || !aggregated_)
        add(*shard);
      of_.push_back(aggregated_ ? at->second : series_.size() - 1);
    }
  }

  bool aggregated() const { return aggregated_; }

  void write(Page& page, const metric::ShardRow& row) {
    std::vector<double> values(series_.size(), std::numeric_limits<double>::quiet_NaN());
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      double& to = values[of_[i]];
      const double value = row.value(*shards_[i]);
      if (std::isnan(to))
        to = value;
      else if (!std::isnan(value))
        to = row.merge == metric::Merge::Sum ? to + value : std::max(to, value);
    }
    page.begin(row.name, row.help, type_of(row.kind));
    bool complete = true;
    for (std::size_t i = 0; i < values.size(); ++i) {
      complete = complete && !std::isnan(values[i]);
      series_[i].counter.value = values[i];
      series_[i].gauge.value = values[i];
    }
    if (complete) {
      page.end_with(series_);
      return;
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!std::isnan(values[i]))
        page.add() = series_[i];
    }
    page.end();
  }

  void write_reasons(Page& page) {
    page.begin("trigger_kinesis_shard_reason",
               "1: why a shard does not move; of shard=\"all\": how many of them.",
               MetricType::Gauge);
    std::map<std::pair<std::size_t, Reason>, double> counts;
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      if (shards_[i]->reason != Reason::None)
        counts[{of_[i], shards_[i]->reason}] += 1;
    }
    for (const auto& [key, count] : counts) {
      std::vector<ClientMetric::Label> labels = series_[key.first].label;
      labels.push_back(label("reason", std::string(name(key.second))));
      page.add(count, std::move(labels));
    }
    page.end();
  }

 private:
  void add(const ShardStatus& shard) {
    ClientMetric& series = series_.emplace_back();
    series.label.push_back(label(kApplication, shard.application.str()));
    series.label.push_back(label(kShard, aggregated_ ? kAll : shard.shard.str()));
  }

  std::vector<const ShardStatus*> shards_;
  std::vector<std::size_t> of_;  // the series of each shard
  std::vector<ClientMetric> series_;
  bool aggregated_ = false;
};

void write_shards(Page& page, const std::vector<ShardStatus>& shards, std::size_t series_max) {
  ShardSeries series(shards, series_max);
  page.begin("trigger_kinesis_shards_aggregated",
             "1: too many shards for one series each, shard=\"all\" stands for those of a trigger.",
             MetricType::Gauge);
  page.add(series.aggregated() ? 1 : 0);
  page.end();
  for (const metric::ShardRow& row : metric::shard_rows())
    series.write(page, row);
  series.write_reasons(page);
}

}  // namespace

std::string metrics_text(const WorkerStatus& worker, const std::vector<ShardStatus>& shards,
                         const MetricsOptions& options) {
  Page page;
  write_worker(page, worker, options);
  write_triggers(page, worker, shards);
  write_shards(page, shards, options.shard_series_max);
  return page.take();
}

}  // namespace kt
