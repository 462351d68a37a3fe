// What a scrape costs: it runs on the loop that serves the shards.
#include <benchmark/benchmark.h>

#include "observability/metrics.h"

namespace kt {
namespace {

void scrape(benchmark::State& state) {
  WorkerStatus worker;
  TriggerStatus trigger;
  trigger.application = ApplicationName("orders/handler");
  worker.triggers.push_back(trigger);
  std::vector<ShardStatus> shards;
  for (int i = 0; i < state.range(0); ++i) {
    ShardStatus shard;
    shard.application = trigger.application;
    shard.shard = ShardId("shardId-" + std::to_string(1'000'000'000'000 + i).substr(1));
    shard.held = true;
    shard.millis_behind_latest = i;
    shard.records_done = static_cast<std::uint64_t>(i) * 1'234'567;
    shard.iterator_age_millis = i;
    shard.progress_ago = Duration(i);
    shards.push_back(shard);
  }
  std::size_t bytes = 0;
  for (auto _ : state)
    bytes = metrics_text(worker, shards, MetricsOptions()).size();
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(scrape)->Arg(1)->Arg(100)->Arg(1000)->Arg(10000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace kt
