#include "cli/bench/measure.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <numeric>
#include <utility>

#include "cli/bench/guest_module.h"
#include "cli/bench/usage.h"
#include "cli/serve.h"
#include "model/limits.h"

namespace kt::cli {
namespace {

/// One canned page, read `times` times. The last page is kept for its records.
Task<Result<std::shared_ptr<const RecordPage>>> read_canned(Rig& rig, Shape shape, int times) {
  const std::size_t fitting = limits::kBytesPerGet / (shape.record_bytes + 150);
  const std::size_t count = std::min<std::size_t>(limits::kRecordsPerGet, fitting);
  const ShardIterator iterator("canned/" + std::to_string(count) + "/" +
                               std::to_string(shape.record_bytes));
  const StreamArn stream = Rig::stream("canned");
  std::shared_ptr<const RecordPage> page;
  for (int i = 0; i < times; ++i) {
    CO_TRY(stream::RecordsAnswer answer,
           rig.client().get_records(stream, iterator, limits::kRecordsPerGet));
    page = std::move(answer.page);
  }
  co_return page;
}

/// Nanoseconds of a call in the bridge (instance and handler), the mean of many.
Task<Result<double>> call_nanoseconds(Rig& rig, std::span<const Record> records) {
  constexpr int kCalls = 2000;
  std::chrono::nanoseconds sum{0};
  const wasm::CallOptions options;
  for (int i = 0; i < kCalls; ++i) {
    const wasm::Invocation call = co_await rig.component().invoke(records, options);
    if (!call.ok())
      co_return fail(ErrorCode::Internal, "the bench guest failed: " + call.message);
    sum += call.stats.instantiate + call.stats.call;
  }
  co_return static_cast<double>(sum.count()) / kCalls;
}

/// Notes how old each record is when its call begins, by the time in its first bytes.
class AgeingGuest final : public invoke::Guest {
 public:
  AgeingGuest(invoke::Guest& inner, Clock& clock) : inner_(inner), clock_(clock) {}

  Task<invoke::Invocation> handle(std::shared_ptr<const Batch> batch, invoke::CallContext context,
                                  MonotonicTime deadline) override {
    const auto now = clock_.now().time_since_epoch().count();
    for (const Record& record : batch->records) {
      Duration::rep put = 0;
      if (record.data.size() < sizeof put)
        continue;
      std::memcpy(&put, record.data.data(), sizeof put);
      ages_ms_.push_back(static_cast<double>(now - put) / 1000.0);
    }
    return inner_.handle(std::move(batch), std::move(context), deadline);
  }
  std::vector<double>& ages_ms() { return ages_ms_; }

 private:
  invoke::Guest& inner_;
  Clock& clock_;
  std::vector<double> ages_ms_;
};

Task<Result<Unit>> put_steadily(Rig& rig, StreamArn stream, int rate, Duration how_long,
                                bool& ended) {
  const Duration step(1'000'000 / rate);
  // The consumer first finds its shards; records put meanwhile would measure that.
  co_await rig.clock().sleep(std::chrono::seconds(2));
  const MonotonicTime begin = rig.clock().now();
  for (int i = 0; rig.clock().now() < begin + how_long; ++i) {
    std::string data(200, 'x');
    const Duration::rep now = rig.clock().now().time_since_epoch().count();
    std::memcpy(data.data(), &now, sizeof now);
    stream::PutEntry entry("key-" + std::to_string(i), std::move(data));
    CO_TRY(const stream::PutOutcome outcome, rig.client().put_record(stream, std::move(entry)));
    if (outcome.error)
      co_return fail(*outcome.error);
    co_await rig.clock().sleep_until(begin + step * (i + 1));
  }
  co_await rig.clock().sleep(std::chrono::seconds(2));
  ended = true;
  co_return Unit{};
}

Task<Result<Unit>> wait(Clock& clock, Duration duration) {
  co_await clock.sleep(duration);
  co_return Unit{};
}

Result<Unit> write_app(const std::string& dir, const StreamArn& stream) {
  std::ofstream module(dir + "/bench.wasm", std::ios::binary);
  const std::string_view bytes = as_text(bench_guest_module());
  module.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  std::ofstream manifest(dir + "/spin.toml");
  manifest << "spin_manifest_version = 2\n[application]\nname = \"bench\"\n"
           << "[[trigger.kinesis]]\ncomponent = \"bench\"\nstream_arn = \"" << stream.str()
           << "\"\nshard_iterator_type = \"TRIM_HORIZON\"\n"
           << "[component.bench]\nsource = \"bench.wasm\"\n";
  if (!module.flush() || !manifest.flush())
    return fail(ErrorCode::StorageFull, "cannot write to " + dir);
  return Unit{};
}

struct Idling {
  double megabytes = 0;
  double cpu_percent = 0;
};

/// Runs the app in `dir` until it has handled what waits and idled for a while.
Result<Idling> run_and_idle(Rig& rig, const std::string& dir, std::uint16_t service_port) {
  constexpr int kIdleSeconds = 10;
  const std::vector<std::string> environment{
      "XDG_CACHE_HOME=" + dir,
      "AWS_ACCESS_KEY_ID=local",
      "AWS_SECRET_ACCESS_KEY=local",
      "AWS_REGION=us-east-1",
      "AWS_EC2_METADATA_DISABLED=true",
      "AWS_ENDPOINT_URL_KINESIS=http://127.0.0.1:" + std::to_string(service_port)};
  TRY(Peer consumer, start_self({"up", "-f", dir + "/spin.toml", "--state-dir", dir + "/state"},
                                environment, dir + "/up.log"));
  TRY(serve(rig.loop(), wait(rig.clock(), std::chrono::seconds(12))));
  const double cpu = cpu_seconds_of(consumer.pid());
  TRY(serve(rig.loop(), wait(rig.clock(), std::chrono::seconds(kIdleSeconds))));
  Idling idling;
  idling.cpu_percent = (cpu_seconds_of(consumer.pid()) - cpu) * 100.0 / kIdleSeconds;
  idling.megabytes = static_cast<double>(resident_bytes(consumer.pid())) / 1e6;
  const int code = consumer.stop();
  if (code != 0 || idling.megabytes <= 0) {
    return fail(ErrorCode::Internal, "the measured consumer ended with " + std::to_string(code) +
                                         "; see " + dir + "/up.log");
  }
  return idling;
}

}  // namespace

Result<Floor> measure_floor(Rig& canned, const Shape& shape) {
  constexpr int kPages = 40;
  TRY(const auto page, serve(canned.loop(), read_canned(canned, shape, 5)));
  const double before = cpu_seconds();
  TRY(serve(canned.loop(), read_canned(canned, shape, kPages)));
  const double read = static_cast<double>(kPages) * static_cast<double>(page->records.size());
  Floor floor;
  floor.client_micros = (cpu_seconds() - before) * 1e6 / read;
  const std::size_t count = std::min(shape.batch_size, page->records.size());
  const std::span<const Record> records(page->records.data(), count);
  TRY(const double with, serve(canned.loop(), call_nanoseconds(canned, records)));
  TRY(const double without, serve(canned.loop(), call_nanoseconds(canned, {})));
  floor.instance_micros = without / 1000.0 / static_cast<double>(count);
  floor.lowering_micros = std::max(0.0, with - without) / 1000.0 / static_cast<double>(count);
  return floor;
}

Result<Throughput> measure_throughput(Rig& rig, const StreamArn& stream, const Shape& shape,
                                      std::size_t records) {
  Consumption what;
  what.stream = stream;
  what.name = stream.stream().str() + "-" + std::to_string(shape.batch_size);
  what.batch_size = shape.batch_size;
  Throughput result;
  result.records = records;
  const double cpu = cpu_seconds();
  const MonotonicTime begin = rig.clock().now();
  const auto all_done = [&](const worker::Worker& worker) {
    return worker.probes()[0].records_done >= records;
  };
  TRY(rig.consume(what, rig.guest(), all_done));
  result.cpu_seconds = cpu_seconds() - cpu;
  const Duration wall = rig.clock().now() - begin;
  result.wall_seconds = static_cast<double>(wall.count()) / 1e6;
  return result;
}

Result<Latency> measure_latency(Rig& rig, const StreamArn& stream, Way way, int rate,
                                Duration how_long) {
  AgeingGuest guest(rig.guest(), rig.clock());
  Consumption what;
  what.stream = stream;
  what.name = way == Way::Pushed ? "latency-pushed" : "latency-polled";
  what.fan_out = way == Way::Pushed ? "bench" : "";
  what.start = Latest{};
  what.pacing = stream::Pacing::Service;
  bool ended = false;
  TaskGroup producer(rig.loop());
  producer.spawn(put_steadily(rig, stream, rate, how_long, ended));
  const auto consumed =
      rig.consume(what, guest, [&](const worker::Worker&) { return ended || producer.empty(); });
  TRY(serve(rig.loop(), producer.join()));
  TRY(consumed);
  std::vector<double>& ages = guest.ages_ms();
  if (ages.empty())
    return fail(ErrorCode::Internal, "no record reached the guest");
  std::sort(ages.begin(), ages.end());
  const auto at = [&](double share) {
    return ages[static_cast<std::size_t>(share * static_cast<double>(ages.size() - 1))];
  };
  Latency latency;
  latency.records = ages.size();
  latency.mean_ms =
      std::accumulate(ages.begin(), ages.end(), 0.0) / static_cast<double>(ages.size());
  latency.p50_ms = at(0.50);
  latency.p99_ms = at(0.99);
  latency.max_ms = ages.back();
  return latency;
}

Result<Memory> measure_memory(Rig& rig, const std::string& dir, std::uint16_t service_port,
                              int shards) {
  const StreamArn stream = Rig::stream("memory-" + std::to_string(shards));
  TRY(rig.create_stream(stream, shards));
  TRY(write_app(dir, stream));
  Memory memory;
  for (double* megabytes : {&memory.first_megabytes, &memory.megabytes}) {
    TRY(rig.fill(stream, 10'000, 200));
    TRY(const Idling idling, run_and_idle(rig, dir, service_port));
    *megabytes = idling.megabytes;
    memory.cpu_percent = idling.cpu_percent;
  }
  return memory;
}

}  // namespace kt::cli
