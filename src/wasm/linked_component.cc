#include "wasm/linked_component.h"

#include <atomic>

#include "base/check.h"
#include "runtime/promise.h"
#include "wasm/bridge_error.h"
#include "wasm/lowering.h"

namespace kt::wasm {

/// Alive as long as the linked component, because the bridge keeps the pointer; used by link()
/// only.
struct LinkedComponent::StartOutput {
  GuestOutput* sink = nullptr;
};

namespace {

/// All that the bridge borrows during one call. Owns itself from kt_invoke until on_done.
struct Call {
  Call(Executor executor, GuestOutput* sink) : done(executor), output(sink) {}

  /// The bridge hands the call over by its own means; these two say so in C++, which a thread
  /// sanitizer sees too.
  void hand_over() { handed_over.store(true, std::memory_order_release); }
  static Call* taken_over(void* context) {
    auto* call = static_cast<Call*>(context);
    CHECK(call->handed_over.load(std::memory_order_acquire));
    return call;
  }

  Lowering batch;
  Promise<Invocation> done;
  GuestOutput* output;
  TraceContext trace;
  std::atomic<bool> handed_over = false;
};

/// On a guest thread.
void on_done(void* call_context, const kt_result* result) noexcept {
  const std::unique_ptr<Call> call(Call::taken_over(call_context));
  call->done.set(to_invocation(*result));
}

void write(GuestOutput* output, std::int32_t stream, const std::uint8_t* bytes,
           std::size_t length) noexcept {
  if (output == nullptr)
    return;
  output->write(stream == 1 ? OutputStream::Stdout : OutputStream::Stderr,
                as_text(ByteView(bytes, length)));
}

/// The functions of kt_host over a Host, which they own until it is released.
kt_host host_functions(std::shared_ptr<Host> host) {
  kt_host raw = {};
  raw.user = new std::shared_ptr<Host>(std::move(host));
  raw.begin = [](void* user, void* call) -> void* {
    const TraceContext trace = call == nullptr ? TraceContext() : Call::taken_over(call)->trace;
    return (*static_cast<std::shared_ptr<Host>*>(user))->begin_traced(trace);
  };
  raw.call = [](void* session, std::uint32_t operation, const kt_value* arguments,
                std::size_t count, kt_host_call* call) {
    HostCall wrapped(static_cast<HostOperation>(operation), HostArguments(arguments, count), call);
    static_cast<HostSession*>(session)->call(std::move(wrapped));
  };
  raw.end = [](void* session) { static_cast<HostSession*>(session)->end(); };
  raw.release = [](void* user) {
    const std::unique_ptr<std::shared_ptr<Host>> owned(static_cast<std::shared_ptr<Host>*>(user));
  };
  return raw;
}

Invocation failed_to_start(const Error& error) {
  Invocation invocation;
  invocation.message = error.what;
  return invocation;
}

}  // namespace

LinkedComponent::LinkedComponent(std::unique_ptr<StartOutput> start_output)
    : start_output_(std::move(start_output)) {}
LinkedComponent::~LinkedComponent() = default;

Result<std::unique_ptr<LinkedComponent>> LinkedComponent::link(const Engine& engine,
                                                               const CompiledComponent& component,
                                                               const LinkOptions& options) {
  std::vector<kt_env> env;
  for (const auto& [key, value] : options.environment)
    env.push_back({key.c_str(), value.c_str()});
  std::vector<kt_dir> dirs;
  for (const PreopenedDir& dir : options.dirs) {
    const bool writable = dir.access == DirAccess::ReadWrite;
    dirs.push_back({dir.host_path.c_str(), dir.guest_path.c_str(), writable});
  }
  auto start_output = std::make_unique<StartOutput>();
  start_output->sink = options.start_output;
  kt_link_options raw = {};
  raw.env = env.data();
  raw.env_count = env.size();
  raw.dirs = dirs.data();
  raw.dir_count = dirs.size();
  raw.memory_limit_bytes = options.memory_limit_bytes;
  raw.output_limit_bytes = options.output_limit_bytes;
  raw.start_timeout_millis = static_cast<std::uint64_t>(options.start_timeout.count());
  raw.open_files_max = options.open_files_max;
  raw.user = start_output.get();
  raw.log = [](void* user, void* call, std::int32_t stream, const std::uint8_t* bytes,
               std::size_t length) {
    GuestOutput* output =
        call == nullptr ? static_cast<StartOutput*>(user)->sink : Call::taken_over(call)->output;
    write(output, stream, bytes, length);
  };
  kt_host host = {};
  if (options.host) {
    host = host_functions(options.host);
    raw.host = &host;
  }
  std::unique_ptr<LinkedComponent> linked(new LinkedComponent(std::move(start_output)));
  kt_linked* handle = nullptr;
  TRY(to_result(kt_link(engine.raw(), component.raw(), &raw, &handle)));
  linked->handle_.reset(handle);
  linked->start_output_->sink = nullptr;
  return linked;
}

World LinkedComponent::world() const {
  return static_cast<World>(kt_linked_get_world(handle_.get()));
}

Task<Invocation> LinkedComponent::invoke(std::span<const Record> records,
                                         CallOptions options) const {
  const Executor executor = co_await asio::this_coro::executor;
  auto call = std::make_unique<Call>(executor, options.output);
  call->trace = std::move(options.trace);
  if (world() == World::Kinesis)
    call->batch.take(records);
  else
    call->batch.take(records, options.context);
  const Promise<Invocation> done = call->done;

  kt_invocation invocation = {};
  call->batch.put_into(invocation);
  invocation.timeout_millis = static_cast<std::uint64_t>(options.timeout.count());
  invocation.call_context = call.get();
  invocation.done = on_done;
  call->hand_over();
  kt_call* raw = nullptr;
  const auto started = to_result(kt_invoke(handle_.get(), &invocation, &raw));
  if (!started)
    co_return failed_to_start(started.error());
  [[maybe_unused]] const Call* const owned_by_on_done = call.release();
  const Handle<kt_call, kt_call_free> running(raw);
  auto interrupt = [raw] { kt_call_interrupt(raw); };
  auto taken = done.take_uncancelled(interrupt);
  co_return co_await std::move(taken);
}

}  // namespace kt::wasm
