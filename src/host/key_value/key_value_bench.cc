// Gets and sets on SQLite, one at a time and 32 together, the way to the work thread and back
// included. A set waits for the disk.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "host/key_value/sqlite_store.h"
#include "runtime/task_group.h"
#include "tests/support/run_real.h"

namespace kt::host {
namespace {

struct Bench {
  Bench() {
    std::filesystem::create_directories(folder);
    KeyValueFileOptions options;
    options.path = folder + "/kv.db";
    store.emplace(std::make_shared<KeyValueFile>(work, options), "default");
  }
  ~Bench() { std::filesystem::remove_all(folder); }

  std::string folder =
      (std::filesystem::temp_directory_path() / ("kv-bench-" + std::to_string(::getpid())))
          .string();
  test::RealLoop real;
  DedicatedThread work{"kv"};
  std::optional<SqliteKeyValueStore> store;
};

Task<Result<Unit>> set_one(KeyValueStore& store, std::string key, const std::string& value) {
  co_return co_await store.set(key, as_bytes(value));
}

Task<Result<Unit>> set_together(KeyValueStore& store, int count, const std::string& value) {
  const Executor executor = co_await asio::this_coro::executor;
  TaskGroup group(executor);
  for (int i = 0; i < count; ++i)
    group.spawn(set_one(store, "key" + std::to_string(i), value));
  co_return co_await group.join();
}

void get(benchmark::State& state) {
  Bench bench;
  const std::string value(static_cast<std::size_t>(state.range(0)), 'x');
  if (!bench.real.run(bench.store->set("key", as_bytes(value))))
    state.SkipWithError("cannot write");
  for (auto _ : state)
    benchmark::DoNotOptimize(bench.real.run(bench.store->get("key")));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(get)->Arg(1024)->Arg(64 * 1024)->UseRealTime();

void set(benchmark::State& state) {
  Bench bench;
  const std::string value(static_cast<std::size_t>(state.range(0)), 'x');
  const auto count = static_cast<int>(state.range(1));
  for (auto _ : state) {
    if (!bench.real.run(set_together(*bench.store, count, value)))
      state.SkipWithError("cannot write");
  }
  state.SetItemsProcessed(state.iterations() * count);
  state.SetBytesProcessed(state.iterations() * count * state.range(0));
}
BENCHMARK(set)->ArgsProduct({{1024, 64 * 1024}, {1, 32}})->UseRealTime();

}  // namespace
}  // namespace kt::host
