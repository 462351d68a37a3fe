// wasm/linked_component.h — A component with its options, ready to be called.
//
// Why: linking and type-checking happen once; a call then costs one fresh instance. Calls run on
// the engine's threads, the caller's loop only waits.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "model/record.h"
#include "model/trace_context.h"
#include "runtime/task.h"
#include "wasm/batch_context.h"
#include "wasm/engine.h"
#include "wasm/host_call.h"
#include "wasm/invocation.h"

struct kt_linked;
extern "C" void kt_linked_free(kt_linked*);

namespace kt::wasm {

enum class OutputStream : std::uint8_t { Stdout, Stderr };

/// Takes what a guest prints, in arbitrary pieces. Called on a guest thread, for one call never by
/// two at a time; must be quick and must not throw.
class GuestOutput {
 public:
  virtual ~GuestOutput() = default;
  virtual void write(OutputStream stream, std::string_view bytes) noexcept = 0;
};

enum class DirAccess : std::uint8_t { Read, ReadWrite };

struct PreopenedDir {
  std::string host_path;
  std::string guest_path;
  DirAccess access = DirAccess::Read;
};

struct LinkOptions {
  std::vector<std::pair<std::string, std::string>> environment;  ///< all that the guest sees
  std::vector<PreopenedDir> dirs;
  std::uint64_t memory_limit_bytes = 0;  ///< an instance; 0: the engine's memory_max_bytes
  std::uint64_t output_limit_bytes = std::uint64_t{1}
                                     << 20;  ///< a call and stream; more is dropped
  std::uint32_t open_files_max = 0;          ///< files and sockets of an instance; 0: 1024
  std::chrono::milliseconds start_timeout = std::chrono::seconds(60);
  std::shared_ptr<Host> host;           ///< null: no interfaces but WASI's, and no network
  GuestOutput* start_output = nullptr;  ///< what the trial instance prints; used by link() only
};

struct CallOptions {
  CallOptions() = default;
  CallOptions(std::chrono::milliseconds t, GuestOutput* o) : timeout(t), output(o) {}

  std::chrono::milliseconds timeout = std::chrono::seconds(60);  ///< 0: none
  GuestOutput* output = nullptr;                                 ///< must outlive the call
  BatchContext context;  ///< for guests of the stream worlds; what it views must outlive the call
  TraceContext trace;    ///< of the call: goes to the host of what the guest asks for
};

/// Lives on: any loop; may be called from several. Lifetime: must outlive its calls' start only.
class LinkedComponent {
 public:
  /// Invalid names the missing import, the missing, doubled or mistyped export, or why an instance
  /// does not start. Blocks while one instance is tried.
  static Result<std::unique_ptr<LinkedComponent>> link(const Engine& engine,
                                                       const CompiledComponent& component,
                                                       const LinkOptions& options);
  ~LinkedComponent();

  World world() const;

  /// Calls the handler in a fresh instance. `records`, what they view, what options.context views
  /// and options.output must outlive the returned task. When the awaiting task is cancelled the
  /// guest is interrupted and the task still waits for it to be gone (milliseconds), then yields
  /// Interrupted: never before may the records' memory be released.
  Task<Invocation> invoke(std::span<const Record> records, CallOptions options) const;

 private:
  struct StartOutput;
  explicit LinkedComponent(std::unique_ptr<StartOutput> start_output);

  std::unique_ptr<StartOutput> start_output_;
  Handle<kt_linked, kt_linked_free> handle_;
};

}  // namespace kt::wasm
