#include "cli/bench/component_cost.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/bench/usage.h"
#include "cli/serve.h"
#include "model/record.h"
#include "wasm/engine.h"
#include "wasm/linked_component.h"

namespace kt::cli {
namespace {

constexpr std::size_t kRecords = 100;
constexpr std::size_t kRecordBytes = 1024;
constexpr std::size_t kCallsMin = 20;
constexpr std::size_t kCallsMax = 5000;
constexpr auto kMeasured = std::chrono::seconds(3);

using Steady = std::chrono::steady_clock;

double millis_since(Steady::time_point begin) {
  return std::chrono::duration<double, std::milli>(Steady::now() - begin).count();
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// An engine with what was loaded into it; the engine goes last.
struct Loaded {
  std::unique_ptr<wasm::Engine> engine;
  wasm::CompiledComponent compiled;
};

Result<Loaded> load(const std::string& file, const std::string& cache) {
  Loaded loaded;
  wasm::EngineOptions options;
  options.cache_dir = cache;
  TRY(loaded.engine, wasm::Engine::create(options));
  TRY(loaded.compiled, loaded.engine->load(file));
  return loaded;
}

Task<Result<Unit>> call_often(const wasm::LinkedComponent& component,
                              std::span<const Record> records, ComponentCost& cost) {
  wasm::CallOptions options;
  options.context.stream_arn = "arn:aws:kinesis:us-east-1:000000000000:stream/bench";
  options.context.shard_id = "shardId-000000000000";
  std::vector<double> instances;
  std::vector<double> calls;
  const Steady::time_point begin = Steady::now();
  while (calls.size() < kCallsMax &&
         (calls.size() < kCallsMin || Steady::now() - begin < kMeasured)) {
    const wasm::Invocation call = co_await component.invoke(records, options);
    if (!call.ok())
      co_return fail(ErrorCode::Invalid, "the handler failed: " + call.message);
    instances.push_back(static_cast<double>(call.stats.instantiate.count()) / 1000.0);
    calls.push_back(static_cast<double>(call.stats.call.count()) / 1000.0);
    cost.memory_bytes = std::max(cost.memory_bytes, call.stats.peak_memory_bytes);
  }
  cost.instance_micros = median(std::move(instances));
  cost.call_micros = median(std::move(calls));
  co_return Unit{};
}

Result<Unit> measure_calls(Loop& loop, const wasm::LinkedComponent& component,
                           ComponentCost& cost) {
  const std::string text(kRecordBytes, 'x');
  std::vector<std::string> numbers;
  for (std::size_t i = 0; i < kRecords; ++i)
    numbers.push_back(std::to_string(1000 + i));
  std::vector<Record> records(kRecords);
  for (std::size_t i = 0; i < kRecords; ++i) {
    records[i].data = as_bytes(text);
    records[i].partition_key = "key";
    records[i].sequence_number = numbers[i];
  }
  return serve(loop, call_often(component, records, cost));
}

Result<Unit> measure_compilation(const std::string& file, const std::string& cache,
                                 ComponentCost& cost) {
  const double cpu = cpu_seconds();
  const Steady::time_point begin = Steady::now();
  TRY(const Loaded cold, load(file, cache));
  cost.compile_seconds = millis_since(begin) / 1000.0;
  cost.compile_cpu_seconds = cpu_seconds() - cpu;
  return Unit{};
}

Result<Unit> measure_use(const std::string& file, const std::string& cache, ComponentCost& cost) {
  Loop loop;  // outlives the engine, whose calls report to it
  const Steady::time_point begin = Steady::now();
  TRY(const Loaded warm, load(file, cache));
  if (!warm.compiled.from_cache()) {
    return fail(ErrorCode::Internal,
                file + ": compiled code was not kept: " + warm.compiled.cache_note());
  }
  const auto linked = wasm::LinkedComponent::link(*warm.engine, warm.compiled, wasm::LinkOptions());
  if (!linked)
    return fail(linked.error().within(file));
  cost.cached_millis = millis_since(begin);
  const auto called = measure_calls(loop, **linked, cost);
  if (!called)
    return fail(called.error().within(file));
  return Unit{};
}

}  // namespace

Result<ComponentCost> measure_component(const std::string& file, const std::string& cache) {
  ComponentCost cost;
  std::error_code unknown;
  cost.bytes = std::filesystem::file_size(file, unknown);
  TRY(measure_compilation(file, cache, cost));
  TRY(measure_use(file, cache, cost));
  return cost;
}

}  // namespace kt::cli
