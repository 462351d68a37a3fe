// A value crosses between guest and host in one piece: one block of its size each way, and no more
// requests to the heap than a small one makes.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "base/check.h"
#include "runtime/loop.h"
#include "runtime/task_group.h"
#include "wasm/linked_component.h"

#if defined(__GLIBC__) && !defined(KT_SANITIZED)

namespace {

constexpr std::size_t kLarge = std::size_t{1} << 20;
std::atomic<std::size_t> g_requests{0};
std::atomic<std::size_t> g_large{0};

void note(std::size_t size) {
  g_requests.fetch_add(1, std::memory_order_relaxed);
  if (size >= kLarge)
    g_large.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

// Every allocator of the program ends here, Rust's too. glibc offers its own under another name.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void* malloc(std::size_t size) noexcept {
  note(size);
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) noexcept {
  note(count * size);
  return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) noexcept {
  note(size);
  return __libc_realloc(memory, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  note(size);
  return __libc_memalign(alignment, size);
}
}

namespace kt::wasm {
namespace {

/// A store with one value, which it keeps in memory that it has already.
class OneValue final : public Host {
 public:
  OneValue() { kept_.reserve(2 * kLarge); }

  HostSession* begin() noexcept override { return std::make_unique<Session>(*this).release(); }

 private:
  struct Session final : HostSession {
    explicit Session(OneValue& store) : host(store) {}
    void call(HostCall call) noexcept override { host.serve(std::move(call)); }
    void end() noexcept override { delete this; }
    OneValue& host;
  };

  void serve(HostCall call) {
    const HostArguments arguments = call.arguments();
    switch (call.operation()) {
      case KT_KEY_VALUE_OPEN:
        return call.answer(HostResult(std::int64_t{1}));
      case KT_KEY_VALUE_SET: {
        const ByteView value = arguments[2].bytes();
        kept_.assign(value.begin(), value.end());
        return call.answer(HostResult());
      }
      case KT_KEY_VALUE_GET:
        return call.answer(HostResult(HostBuffer::copy_of(ByteView(kept_))));
      default:
        return call.answer(HostResult());
    }
  }

  std::vector<std::uint8_t> kept_;
};

class Ignored final : public GuestOutput {
 public:
  void write(OutputStream, std::string_view bytes) noexcept override {
    printed.append(bytes.substr(0, 1000));
  }
  std::string printed;
};

class HostCallCopies : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(KT_GUESTS "/caller.wasm"))
      GTEST_SKIP() << "no Rust standard library for wasm32 here; see tools/guest-rust.sh";
    EngineOptions options;
    options.worker_threads = 1;
    engine_ = *Engine::create(options);
    const auto compiled = engine_->load(KT_GUESTS "/caller.wasm");
    CHECK(compiled.has_value(), compiled.error().what);
    LinkOptions link;
    link.host = std::make_shared<OneValue>();
    auto linked = LinkedComponent::link(*engine_, *compiled, link);
    CHECK(linked.has_value(), linked.error().what);
    component_ = *std::move(linked);
  }
  void TearDown() override {
    component_.reset();
    engine_.reset();
  }

  struct Cost {
    std::size_t requests = 0;
    std::size_t large = 0;  ///< blocks of at least the value's size
  };

  Task<Result<Unit>> invoke(std::span<const Record> records, Ignored& output, Invocation& out) {
    CallOptions options(std::chrono::seconds(60), &output);
    out = co_await component_->invoke(records, options);
    co_return Unit{};
  }
  Cost cost_of(const std::string& deed) {
    Record record;
    record.data = as_bytes(deed);
    record.partition_key = "key";
    record.sequence_number = "1";
    Ignored output;
    output.printed.reserve(1 << 12);
    Invocation out;
    const Cost before{g_requests.load(), g_large.load()};
    TaskGroup group(loop_);
    group.spawn(invoke(std::span(&record, 1), output, out));
    auto keep_alive = asio::make_work_guard(loop_.context());
    while (!group.empty())
      loop_.context().run_one();
    EXPECT_TRUE(out.ok()) << out.message;
    EXPECT_EQ(output.printed.find("error"), std::string::npos) << output.printed;
    return {g_requests.load() - before.requests, g_large.load() - before.large};
  }

  Loop loop_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<LinkedComponent> component_;
};

TEST_F(HostCallCopies, AreOneOfEachValueAndNoneOfItsBytes) {
  const std::string large = std::to_string(kLarge);
  for (const std::string what : {"set", "get"}) {
    SCOPED_TRACE(what);
    cost_of(what + " 10 " + large);
    // The guest stores the value once before it begins to count.
    const Cost once = cost_of(what + " 1 " + large);
    const Cost often = cost_of(what + " 101 " + large);
    const Cost small = cost_of(what + " 101 10");
    EXPECT_GE(once.large, 1u) << "the counter counts";
    EXPECT_EQ(often.large - once.large, 100u);
    EXPECT_EQ(small.large, 0u);
    EXPECT_LE(often.requests, small.requests + 100) << "no request a byte";
  }
}

}  // namespace
}  // namespace kt::wasm

#endif
