#include "cli/bench/rig.h"

#include <utility>

#include "cli/bench/guest_module.h"
#include "cli/serve.h"
#include "lease/sqlite/sqlite_lease_table.h"
#include "model/limits.h"

namespace kt::cli {
namespace {

constexpr const char* kRegion = "us-east-1";
constexpr const char* kAccount = "000000000000";

}  // namespace

Result<std::unique_ptr<Rig>> Rig::make(const std::string& dir, std::uint16_t service_port) {
  std::unique_ptr<Rig> rig(new Rig(dir));
  ServiceOptions options;
  options.endpoint_url = "http://127.0.0.1:" + std::to_string(service_port);
  options.region = kRegion;
  options.embedded = true;
  TRY(rig->service_, ServiceAccess::open(rig->clock_, app::Environment{}, options));
  TRY(rig->client_, rig->service_->client(kRegion));
  wasm::EngineOptions engine;
  TRY(rig->engine_, wasm::Engine::create(engine));
  TRY(rig->compiled_, rig->engine_->compile(bench_guest_module()));
  TRY(rig->linked_,
      wasm::LinkedComponent::link(*rig->engine_, rig->compiled_, wasm::LinkOptions{}));
  TRY(rig->log_, invoke::GuestLog::open(dir + "/logs", ComponentId("bench"), invoke::Echo::Off));
  invoke::WasmGuest::Deps deps{rig->clock_, rig->linked_, rig->log_.get()};
  rig->component_ = std::make_unique<invoke::WasmGuest>(std::move(deps));
  rig->guest_ = std::make_unique<invoke::GatedGuest>(*rig->component_, rig->gate_, rig->clock_);
  return rig;
}

Rig::~Rig() = default;

StreamArn Rig::stream(const std::string& name) {
  return StreamArn::of("aws", kRegion, kAccount, StreamName(name));
}

Task<Result<Unit>> Rig::create(StreamArn stream, int shards) {
  auto made = co_await client_->create_stream(stream, shards);
  if (!made && made.error().code != ErrorCode::InUse)
    co_return fail(std::move(made).error());
  for (;;) {
    CO_TRY(const StreamDescription description, client_->describe_stream(stream));
    if (description.status == StreamStatus::Active)
      co_return Unit{};
    co_await clock_.sleep(std::chrono::milliseconds(20));
  }
}

Result<Unit> Rig::create_stream(const StreamArn& stream, int shards) {
  return serve(loop_, create(stream, shards));
}

Task<Result<Unit>> Rig::put_all(StreamArn stream, std::size_t count, std::size_t bytes) {
  const std::size_t fitting = limits::kBytesPerPut / (bytes + 64);
  const std::size_t a_call = std::min<std::size_t>(limits::kRecordsPerPut, fitting);
  std::size_t number = 0;
  while (number < count) {
    std::vector<stream::PutEntry> entries;
    for (std::size_t i = 0; i < a_call && number < count; ++i, ++number)
      entries.emplace_back("key-" + std::to_string(number % 1000), std::string(bytes, 'x'));
    CO_TRY(const stream::PutRecordsAnswer answer, client_->put_records(stream, std::move(entries)));
    if (answer.failed_count > 0)
      co_return fail(ErrorCode::Throttled, "the embedded Kinesis refused records");
  }
  co_return Unit{};
}

Result<Unit> Rig::fill(const StreamArn& stream, std::size_t count, std::size_t bytes) {
  return serve(loop_, put_all(stream, count, bytes));
}

Task<Result<Unit>> Rig::stop_when(worker::Worker& worker, const Enough& enough) {
  while (!enough(worker))
    co_await clock_.sleep(std::chrono::milliseconds(1));
  worker.stop();
  co_return Unit{};
}

Result<Unit> Rig::consume(const Consumption& what, invoke::Guest& guest, const Enough& enough) {
  DedicatedThread store("kt-store");
  TRY(const auto table, lease::SqliteLeaseTable::open(dir_ + "/" + what.name + ".db", store));
  worker::TriggerOptions trigger;
  trigger.application = ApplicationName(what.name);
  trigger.endpoint = EndpointName("bench");
  trigger.stream = what.stream;
  trigger.start = what.start;
  trigger.batch.records_max = what.batch_size;
  trigger.enhanced_fan_out = what.fan_out;
  worker::WorkerOptions options;
  options.worker = WorkerId("bench");
  options.pacing = what.pacing;
  const worker::WorkerDeps deps{loop_, clock_, random_, *table, Log()};
  std::vector<worker::Trigger> triggers{worker::Trigger{trigger, *client_, guest}};
  worker::Worker worker(deps, options, std::move(triggers));
  TaskGroup group(loop_);
  group.spawn(worker.run());
  group.spawn(stop_when(worker, enough));
  serve_until_empty(loop_, group);
  return serve(loop_, group.join());
}

}  // namespace kt::cli
