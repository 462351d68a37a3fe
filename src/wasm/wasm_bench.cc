// wasm_bench.cc — What a guest call costs: a fresh instance, a byte, a record.
//
// `call_us_p50` is the whole call as the loop sees it (hand over to a guest thread, instance, call,
// back); `guest_us_p50` is instance and call alone; `cpu_us` is all threads' CPU time a call.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <chrono>
#include <ctime>

#include "base/check.h"
#include "runtime/loop.h"
#include "runtime/task_group.h"
#include "wasm/linked_component.h"

namespace kt::wasm {
namespace {

using SteadyClock = std::chrono::steady_clock;

Engine& engine() {
  static const std::unique_ptr<Engine> instance = [] {
    auto made = Engine::create(EngineOptions());
    CHECK(made.has_value(), made.error().what);
    return *std::move(made);
  }();
  return *instance;
}

std::unique_ptr<LinkedComponent> link(const char* name) {
  auto component = engine().load(std::string(KT_GUESTS "/") + name + ".wasm");
  CHECK(component.has_value(), component.error().what);
  LinkOptions options;
  const bool prints_calls = std::string_view(name) == "handler";
  options.environment = {{"GUEST_PRINT", prints_calls ? "batches" : "nothing"}};
  auto linked = LinkedComponent::link(engine(), *component, options);
  CHECK(linked.has_value(), linked.error().what);
  return *std::move(linked);
}

struct Sample {
  std::vector<double> call_us;
  std::vector<double> guest_us;
  std::vector<double> inside_us;
};

Task<Result<Unit>> call_many(const LinkedComponent& component, std::span<const Record> records,
                             benchmark::State& state, Sample& sample) {
  CallOptions options;
  options.context.stream_arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders";
  options.context.stream_created = WallTime(std::chrono::milliseconds(1690000000123));
  options.context.shard_id = "shardId-000000000007";
  for (auto _ : state) {
    const auto begin = SteadyClock::now();
    const Invocation done = co_await component.invoke(records, options);
    const std::chrono::duration<double, std::micro> took = SteadyClock::now() - begin;
    CHECK(done.ok(), done.message);
    sample.call_us.push_back(took.count());
    sample.guest_us.push_back(
        static_cast<double>((done.stats.instantiate + done.stats.call).count()) / 1e3);
    sample.inside_us.push_back(static_cast<double>(done.stats.call.count()) / 1e3);
  }
  co_return Unit{};
}

double median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void call(benchmark::State& state, const char* name) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto size = static_cast<std::size_t>(state.range(1));
  const auto component = link(name);
  std::vector<std::string> data(count, std::string(size, 'x'));
  std::vector<Record> records(count);
  for (std::size_t i = 0; i < count; ++i) {
    records[i].data = as_bytes(data[i]);
    records[i].partition_key = "partition-0001";
    records[i].sequence_number = "49590338271490256608559692538361571095921575989136588898";
    records[i].approximate_arrival = WallTime(std::chrono::milliseconds(1700000000000));
    records[i].encryption = EncryptionType::None;
  }
  Loop loop;
  TaskGroup group(loop);
  Sample sample;
  const std::clock_t cpu_begin = std::clock();
  group.spawn(call_many(*component, records, state, sample));
  auto keep_alive = asio::make_work_guard(loop.context());
  while (!group.empty())
    loop.context().run_one();
  const double cpu_us = static_cast<double>(std::clock() - cpu_begin) * 1e6 / CLOCKS_PER_SEC;
  state.counters["cpu_us"] = cpu_us / static_cast<double>(sample.call_us.size());
  const double call_us = median(sample.call_us);
  const double inside_us = median(sample.inside_us);
  state.counters["call_us_p50"] = call_us;
  state.counters["guest_us_p50"] = median(sample.guest_us);
  state.counters["inside_us_p50"] = inside_us;
  if (count > 1) {
    state.counters["inside_GB/s"] = static_cast<double>(count * size) / inside_us / 1e3;
    state.counters["inside_ns/record"] = inside_us * 1e3 / static_cast<double>(count);
  }
}

BENCHMARK_CAPTURE(call, nothing, "nothing")
    ->Args({1, 100})
    ->Args({10, 200})
    ->Args({100, 200})
    ->Args({1000, 200})
    ->Args({100, 1024})
    ->Args({1000, 1024})
    ->Args({5000, 1024})
    ->Args({100, 10240})
    ->Args({10000, 100})
    ->UseRealTime();
BENCHMARK_CAPTURE(call, stream_nothing, "stream_nothing")
    ->Args({1, 100})
    ->Args({100, 200})
    ->Args({1000, 1024})
    ->Args({10000, 100})
    ->UseRealTime();
BENCHMARK_CAPTURE(call, stream_async, "stream_async")
    ->Args({1, 100})
    ->Args({100, 200})
    ->UseRealTime();
BENCHMARK_CAPTURE(call, handler, "handler")->Args({1, 100})->Args({100, 200})->UseRealTime();

}  // namespace
}  // namespace kt::wasm
