// What one request costs the embedded Kinesis, without sockets.
#include <benchmark/benchmark.h>

#include <filesystem>

#include "aws/cbor.h"
#include "base/check.h"
#include "local/service.h"
#include "local/sqlite_store.h"
#include "runtime/virtual_clock.h"

namespace kt::local {
namespace {

http::ServerRequest request_of(std::string_view operation, std::string body) {
  http::ServerRequest request;
  request.method = "POST";
  request.target = "/";
  request.headers.emplace_back("content-type", "application/x-amz-cbor-1.1");
  request.headers.emplace_back("x-amz-target", "Kinesis_20131202." + std::string(operation));
  request.body = std::move(body);
  return request;
}

std::string put_body(std::size_t records, std::size_t bytes) {
  const std::string data(bytes, 'x');
  aws::CborWriter w;
  w.map(2).text("StreamName").text("orders").text("Records").array(records);
  for (std::size_t i = 0; i < records; ++i) {
    w.map(2).text("PartitionKey").text("key-" + std::to_string(i));
    w.text("Data").bytes(as_bytes(data));
  }
  return w.take();
}

ModelOptions unlimited() {
  ModelOptions options;
  options.limits = false;
  return options;
}

void ok(const Reply& reply) {
  CHECK(reply.response.status == 200, reply.response.body);
}

const StreamArn kOrders = StreamArn::of("aws", "us-east-1", "000000000000", StreamName("orders"));

void put_records(benchmark::State& state) {
  VirtualClock clock;
  KinesisModel model(clock, unlimited());
  Service service(model, clock, 1);
  const auto bytes = static_cast<std::size_t>(state.range(0));
  CHECK(model.create_stream(kOrders, 4).has_value());
  const auto request = request_of("PutRecords", put_body(500, bytes));
  int calls = 0;
  for (auto _ : state) {
    ok(service.answer(request));
    if (++calls % 200 == 0) {
      state.PauseTiming();
      CHECK(model.delete_stream(kOrders).has_value());
      CHECK(model.create_stream(kOrders, 4).has_value());
      state.ResumeTiming();
    }
  }
  state.SetItemsProcessed(state.iterations() * 500);
  state.SetBytesProcessed(state.iterations() * 500 * state.range(0));
}
BENCHMARK(put_records)->Arg(100)->Arg(1024);

/// Group commits of 2,000 records into SQLite.
void put_records_durably(benchmark::State& state) {
  std::string folder = (std::filesystem::temp_directory_path() / "kt_bench_XXXXXX").string();
  CHECK(::mkdtemp(folder.data()) != nullptr);
  {
    VirtualClock clock;
    auto store = SqliteStore::open(folder + "/local.db");
    CHECK(store.has_value());
    auto model = KinesisModel::open(clock, unlimited(), **store);
    CHECK(model.has_value());
    Service service(**model, clock, 1);
    CHECK((*model)->create_stream(kOrders, 4).has_value());
    const auto request = request_of("PutRecords", put_body(500, 1024));
    for (auto _ : state) {
      for (int i = 0; i < 4; ++i)
        ok(service.answer(request));
      CHECK((*store)->apply((*model)->take_changes()).has_value());
      (*model)->committed();
    }
    state.SetItemsProcessed(state.iterations() * 2000);
    state.SetBytesProcessed(state.iterations() * 2000 * 1024);
  }
  std::filesystem::remove_all(folder);
}
BENCHMARK(put_records_durably);

void get_records(benchmark::State& state) {
  VirtualClock clock;
  KinesisModel model(clock, unlimited());
  Service service(model, clock, 1);
  const auto bytes = static_cast<std::size_t>(state.range(0));
  CHECK(model.create_stream(kOrders, 1).has_value());
  for (std::size_t stored = 0; stored < 8'000'000; stored += 500 * bytes)
    ok(service.answer(request_of("PutRecords", put_body(500, bytes))));
  const auto iterator =
      model.get_shard_iterator(kOrders, ShardId("shardId-000000000000"), IteratorRequest());
  CHECK(iterator.has_value());
  aws::CborWriter w;
  w.map(2).text("ShardIterator").text(iterator->view()).text("Limit").integer(10'000);
  const auto request = request_of("GetRecords", w.take());
  std::size_t total = 0;
  for (auto _ : state) {
    const Reply reply = service.answer(request);
    ok(reply);
    total += reply.response.body.size();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(total));
}
BENCHMARK(get_records)->Arg(200)->Arg(1024);

/// What the simulator does thousands of times a second.
void model_put_and_get(benchmark::State& state) {
  VirtualClock clock;
  for (auto _ : state) {
    KinesisModel model(clock, unlimited());
    CHECK(model.create_stream(kOrders, 2).has_value());
    PutEntry entry;
    entry.partition_key = "a";
    entry.data = as_bytes("some data");
    for (int i = 0; i < 100; ++i)
      CHECK(model.put_record(kOrders, entry).has_value());
    auto iterator =
        model.get_shard_iterator(kOrders, ShardId("shardId-000000000000"), IteratorRequest());
    for (int i = 0; i < 10; ++i) {
      auto answer = model.get_records(*iterator, 10);
      iterator = *answer->next;
    }
    benchmark::DoNotOptimize(iterator);
  }
}
BENCHMARK(model_put_and_get);

}  // namespace
}  // namespace kt::local
