#include "cli/bench/bench_command.h"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <stdlib.h>

#include <charconv>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "cli/bench/component_cost.h"
#include "cli/bench/measure.h"
#include "cli/parse.h"

namespace kt::cli {
namespace {

struct BenchOptions {
  int seconds = 15;
  std::size_t megabytes = 60;
  int shards = 2;
  bool json = false;
  bool quick = false;
  bool latency_only = false;
  std::vector<std::string> components;  ///< only these are measured
  std::vector<std::string> shapes{"10x200", "100x200", "1000x200", "10000x200", "100x10000"};
};

/// Reads "100x200".
std::optional<Shape> parse_shape(const std::string& text) {
  Shape shape;
  const char* const end = text.data() + text.size();
  const auto batch = std::from_chars(text.data(), end, shape.batch_size);
  if (batch.ec != std::errc{} || batch.ptr == end || *batch.ptr != 'x')
    return std::nullopt;
  const auto bytes = std::from_chars(batch.ptr + 1, end, shape.record_bytes);
  const bool sane = shape.batch_size >= 1 && shape.batch_size <= 10'000 &&
                    shape.record_bytes >= 8 && shape.record_bytes <= 1'000'000;
  if (bytes.ec != std::errc{} || bytes.ptr != end || !sane)
    return std::nullopt;
  return shape;
}

std::string is_shape(const std::string& text) {
  return parse_shape(text) ? "" : "expected a batch size and a record's bytes, as 100x200";
}

void declare(CLI::App& command, BenchOptions& options) {
  command.add_option("--seconds", options.seconds, "how long latency is measured")
      ->check(CLI::Range(2, 3600));
  command.add_option("--megabytes", options.megabytes, "payload of each throughput run")
      ->check(CLI::Range(1, 2000));
  command.add_option("--shards", options.shards, "shards of each stream")
      ->check(CLI::Range(1, 200));
  command.add_flag("--latency", options.latency_only,
                   "measure only the time from put to handler, polled and pushed");
  command.add_flag("--quick", options.quick, "leave out the runs with processes of their own");
  command
      .add_option("--shape", options.shapes, "batch size x record bytes, as 100x200; repeatable")
      ->check(CLI::Validator(is_shape, "BATCHxBYTES"));
  command
      .add_option("--component", options.components,
                  "measure only what this component costs (repeatable)")
      ->check(CLI::ExistingFile);
  command.add_flag("--json", options.json, "print JSON instead of a table");
}

/// A directory that is removed at the end.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string path = (std::filesystem::temp_directory_path() / "kt-bench-XXXXXX").string();
    if (::mkdtemp(path.data()) != nullptr)
      path_ = path;
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory() {
    std::error_code ignored;
    if (!path_.empty())
      std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }
  std::string make(const std::string& name) const {
    std::filesystem::create_directory(path_ + "/" + name);
    return path_ + "/" + name;
  }

 private:
  std::string path_;
};

struct Row {
  Shape shape;
  Throughput run;
  Floor floor;
};

/// All figures of one run.
struct Report {
  std::vector<Row> rows;
  Latency polled;
  Latency pushed;
  std::optional<Memory> small;
  std::optional<Memory> large;
  int large_shards = 1000;
};

class Bench {
 public:
  Bench(const BenchOptions& options, const Console& console)
      : options_(options), console_(console) {}

  Result<Report> run() {
    if (scratch_.path().empty())
      return fail(ErrorCode::ReadOnly, "cannot make a directory for temporary files");
    if (options_.latency_only) {
      TRY(latency());
      return std::move(report_);
    }
    TRY(canned_, start_canned_service());
    TRY(service_, start_service(scratch_.make("service"), false));
    TRY(const auto canned, Rig::make(scratch_.make("canned"), canned_.port));
    TRY(const auto rig, Rig::make(scratch_.make("rig"), service_.port));
    TRY(measure_shapes(*rig, *canned));
    TRY(latency());
    if (!options_.quick) {
      TRY(report_.small,
          measure_memory(*rig, scratch_.make("memory-2"), service_.port, options_.shards));
      TRY(report_.large,
          measure_memory(*rig, scratch_.make("memory-1000"), service_.port, report_.large_shards));
    }
    return std::move(report_);
  }

 private:
  void say(const std::string& what) {
    if (!options_.json)
      console_.err << what << "\n" << std::flush;
  }

  Result<Unit> measure_shapes(Rig& rig, Rig& canned) {
    std::map<std::size_t, std::size_t> filled;
    for (const std::string& text : options_.shapes) {
      const Shape shape = parse_shape(text).value_or(Shape{});
      const StreamArn stream = Rig::stream("records-" + std::to_string(shape.record_bytes));
      std::size_t& records = filled[shape.record_bytes];
      if (records == 0) {
        records = options_.megabytes * 1'000'000 / shape.record_bytes;
        say(fmt::format("putting {} records of {} bytes", records, shape.record_bytes));
        TRY(rig.create_stream(stream, options_.shards));
        TRY(rig.fill(stream, records, shape.record_bytes));
      }
      say(fmt::format("batches of {} x {} bytes", shape.batch_size, shape.record_bytes));
      Row row;
      row.shape = shape;
      TRY(row.floor, measure_floor(canned, shape));
      TRY(row.run, measure_throughput(rig, stream, shape, records));
      report_.rows.push_back(row);
    }
    return Unit{};
  }

  Result<Unit> latency() {
    say(fmt::format("latency at 200 records a second for {} s, polled and pushed",
                    options_.seconds));
    const std::string dir = scratch_.make("latency-service");
    TRY(const ServicePeer limited, start_service(dir, true));
    TRY(const auto rig, Rig::make(scratch_.make("latency"), limited.port));
    const StreamArn stream = Rig::stream("latency");
    TRY(rig->create_stream(stream, options_.shards));
    const Duration how_long = std::chrono::seconds(options_.seconds);
    TRY(report_.polled, measure_latency(*rig, stream, Way::Polled, 200, how_long));
    TRY(report_.pushed, measure_latency(*rig, stream, Way::Pushed, 200, how_long));
    return Unit{};
  }

  const BenchOptions& options_;
  const Console& console_;
  ScratchDirectory scratch_;
  ServicePeer canned_;
  ServicePeer service_;
  Report report_;
};

void print_latency(const char* way, const Latency& l, std::ostream& out) {
  fmt::print(out,
             "Put to handler, {}, default settings, service limits: mean {:.1f} ms, p50 {:.1f}, "
             "p99 {:.1f}, max {:.1f} ({} records)\n",
             way, l.mean_ms, l.p50_ms, l.p99_ms, l.max_ms, l.records);
}

void print_shapes(const Report& report, const BenchOptions& options, std::ostream& out) {
  out << "Consumer against the embedded Kinesis (--limits none) in another process, "
      << options.shards << " shards.\n"
      << "CPU: user and system time of the whole consumer. Floor: its parts alone.\n\n"
      << " batch  record    records/s    MB/s   CPU s/M rec   us/rec   floor  "
         "(client  instance  lowering)  ratio\n";
  for (const Row& row : report.rows) {
    const double a_second = static_cast<double>(row.run.records) / row.run.wall_seconds;
    const double cost = row.run.micros_a_record();
    fmt::print(out,
               "{:6}  {:5}B  {:11.0f}  {:6.1f}  {:12.3f}  {:7.3f}  {:6.3f}  ({:6.3f}  {:8.3f}  "
               "{:8.3f})  {:5.2f}\n",
               row.shape.batch_size, row.shape.record_bytes, a_second,
               a_second * static_cast<double>(row.shape.record_bytes) / 1e6, cost, cost,
               row.floor.total(), row.floor.client_micros, row.floor.instance_micros,
               row.floor.lowering_micros, cost / row.floor.total());
  }
  out << "\n";
}

void print_table(const Report& report, const BenchOptions& options, std::ostream& out) {
  if (!report.rows.empty())
    print_shapes(report, options, out);
  print_latency("polled", report.polled, out);
  print_latency("pushed", report.pushed, out);
  for (const auto& [shards, memory] :
       {std::pair(options.shards, report.small), std::pair(report.large_shards, report.large)}) {
    if (!memory)
      continue;
    fmt::print(out,
               "RSS with {:4} shards: {:5.1f} MB ({:.1f} MB at the first start, which compiles), "
               "{:.1f} % CPU idle\n",
               shards, memory->megabytes, memory->first_megabytes, memory->cpu_percent);
  }
}

nlohmann::ordered_json to_json(const Latency& l) {
  nlohmann::ordered_json out;
  out["mean"] = l.mean_ms;
  out["p50"] = l.p50_ms;
  out["p99"] = l.p99_ms;
  out["max"] = l.max_ms;
  out["records"] = l.records;
  return out;
}

void print_json(const Report& report, const BenchOptions& options, std::ostream& out) {
  nlohmann::ordered_json json;
  json["shards"] = options.shards;
  for (const Row& row : report.rows) {
    nlohmann::ordered_json item;
    item["batch_size"] = row.shape.batch_size;
    item["record_bytes"] = row.shape.record_bytes;
    item["records_per_second"] = static_cast<double>(row.run.records) / row.run.wall_seconds;
    item["cpu_micros_per_record"] = row.run.micros_a_record();
    item["floor_client_micros"] = row.floor.client_micros;
    item["floor_instance_micros"] = row.floor.instance_micros;
    item["floor_lowering_micros"] = row.floor.lowering_micros;
    json["throughput"].push_back(item);
  }
  json["latency_ms"] = to_json(report.polled);
  json["fan_out_latency_ms"] = to_json(report.pushed);
  if (report.small && report.large) {
    json["rss_mb"] = {{"few_shards", report.small->megabytes},
                      {"thousand_shards", report.large->megabytes}};
  }
  out << json.dump(2) << "\n";
}

nlohmann::ordered_json to_json(const std::string& file, const ComponentCost& cost) {
  nlohmann::ordered_json out;
  out["component"] = file;
  out["bytes"] = cost.bytes;
  out["compile_seconds"] = cost.compile_seconds;
  out["compile_cpu_seconds"] = cost.compile_cpu_seconds;
  out["cached_load_ms"] = cost.cached_millis;
  out["instance_micros"] = cost.instance_micros;
  out["call_micros"] = cost.call_micros;
  out["memory_bytes"] = cost.memory_bytes;
  return out;
}

void print_cost(const std::string& file, const ComponentCost& cost, std::ostream& out) {
  fmt::print(out, "{:11.1f}  {:9.2f}  {:7.2f}  {:9.1f}  {:11.1f}  {:9.1f}  {:9.1f}  {}\n",
             static_cast<double>(cost.bytes) / 1000.0, cost.compile_seconds,
             cost.compile_cpu_seconds, cost.cached_millis, cost.instance_micros, cost.call_micros,
             static_cast<double>(cost.memory_bytes) / 1e6, file);
}

/// What each component costs, one after the other.
int bench_components(const BenchOptions& options, const Console& console) {
  const ScratchDirectory scratch;
  auto all = nlohmann::ordered_json::array();
  if (!options.json) {
    console.out << "Calls of 100 records of 1 KiB, each in a fresh instance.\n\n"
                << "  size (kB)  compile s    CPU s  cached ms  instance us    call us  "
                   "memory MB  component\n";
  }
  for (std::size_t i = 0; i < options.components.size(); ++i) {
    const std::string& file = options.components[i];
    const auto cost = measure_component(file, scratch.make("cache-" + std::to_string(i)));
    if (!cost)
      return console.error(kFailed, cost.error().what);
    if (options.json)
      all.push_back(to_json(file, *cost));
    else
      print_cost(file, *cost, console.out);
  }
  if (options.json)
    console.out << all.dump(2) << "\n";
  return kDone;
}

}  // namespace

int bench_command(const Arguments& arguments, const Console& console) {
  CLI::App command("Measures this machine against the embedded Kinesis", "trigger-kinesis bench");
  BenchOptions options;
  declare(command, options);
  if (const auto code = parse_arguments(command, arguments, console))
    return *code;
  if (!options.components.empty())
    return bench_components(options, console);
  auto report = Bench(options, console).run();
  if (!report)
    return console.error(kFailed, report.error().what);
  if (options.json)
    print_json(*report, options, console.out);
  else
    print_table(*report, options, console.out);
  return kDone;
}

}  // namespace kt::cli
