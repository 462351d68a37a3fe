// cli/bench/rig.h — A consumer within this process, ready to be measured.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "cli/service_access.h"
#include "invoke/gated_guest.h"
#include "invoke/guest_log.h"
#include "invoke/wasm/wasm_guest.h"
#include "runtime/random.h"
#include "runtime/system_clock.h"
#include "wasm/engine.h"
#include "worker/worker.h"

namespace kt::cli {

/// What one consumption is set to.
struct Consumption {
  StreamArn stream;
  std::string name;  ///< of the application: its positions are its own
  StartingPosition start = TrimHorizon{};
  std::size_t batch_size = 100;
  stream::Pacing pacing = stream::Pacing::Off;
  std::string fan_out;  ///< name of a registered consumer; empty: polling
};

/// Loop, clock, service client, engine and component. Everything that `up` has, without its
/// manifest. Lives on: the thread that calls it.
class Rig {
 public:
  /// `dir` takes positions and guest output.
  static Result<std::unique_ptr<Rig>> make(const std::string& dir, std::uint16_t service_port);
  ~Rig();

  Loop& loop() { return loop_; }
  Clock& clock() { return clock_; }
  stream::KinesisClient& client() { return *client_; }
  invoke::Guest& guest() { return *guest_; }
  const wasm::LinkedComponent& component() const { return *linked_; }
  Result<stream::KinesisClient*> client_of(const std::string& region);

  /// Consumes until `enough` says so (asked every millisecond), then drains.
  using Enough = std::function<bool(const worker::Worker&)>;
  Result<Unit> consume(const Consumption& what, invoke::Guest& guest, const Enough& enough);

  /// A stream of that name in the region and account of all measurements.
  static StreamArn stream(const std::string& name);
  /// Makes it if need be, and waits until it is ACTIVE.
  Result<Unit> create_stream(const StreamArn& stream, int shards);
  /// Puts `count` records of `bytes` bytes, keys spread over all shards.
  Result<Unit> fill(const StreamArn& stream, std::size_t count, std::size_t bytes);

 private:
  explicit Rig(std::string dir) : dir_(std::move(dir)), clock_(loop_) {}
  Task<Result<Unit>> create(StreamArn stream, int shards);
  Task<Result<Unit>> put_all(StreamArn stream, std::size_t count, std::size_t bytes);
  Task<Result<Unit>> stop_when(worker::Worker& worker, const Enough& enough);

  std::string dir_;
  Loop loop_;
  SystemClock clock_;
  Random random_{1};
  std::unique_ptr<ServiceAccess> service_;
  stream::KinesisClient* client_ = nullptr;
  std::unique_ptr<wasm::Engine> engine_;
  wasm::CompiledComponent compiled_;
  std::shared_ptr<const wasm::LinkedComponent> linked_;
  std::unique_ptr<invoke::GuestLog> log_;
  invoke::InvokeGate gate_{64};
  std::unique_ptr<invoke::WasmGuest> component_;
  std::unique_ptr<invoke::GatedGuest> guest_;
};

}  // namespace kt::cli
