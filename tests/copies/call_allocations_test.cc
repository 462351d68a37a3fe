// A guest call asks the heap as often for ten thousand records as for ten, in both worlds: on the
// C++ side, in the bridge, and in wasmtime.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <cstdlib>

#include "base/check.h"
#include "runtime/loop.h"
#include "runtime/task_group.h"
#include "wasm/linked_component.h"

#if defined(__GLIBC__) && !defined(KT_SANITIZED)

namespace {
std::atomic<std::size_t> g_requests{0};
}  // namespace

// Every allocator of the program ends here, Rust's too. glibc offers its own under another name.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* malloc(std::size_t size) noexcept {
  g_requests.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) noexcept {
  g_requests.fetch_add(1, std::memory_order_relaxed);
  return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) noexcept {
  g_requests.fetch_add(1, std::memory_order_relaxed);
  return __libc_realloc(memory, size);
}
}

namespace kt::wasm {
namespace {

constexpr std::size_t kRecordsMax = 10'000;

class CallAllocations : public ::testing::TestWithParam<const char*> {
 protected:
  CallAllocations() {
    EngineOptions options;
    options.worker_threads = 1;
    engine_ = *Engine::create(options);
    const auto compiled = engine_->load(std::string(KT_GUESTS "/") + GetParam() + ".wasm");
    CHECK(compiled.has_value(), compiled.error().what);
    LinkOptions link;
    link.environment = {{"GUEST_PRINT", "nothing"}};
    component_ = *LinkedComponent::link(*engine_, *compiled, link);
    for (std::size_t i = 0; i < kRecordsMax; ++i) {
      Record record;
      record.data = as_bytes("one hundred bytes, more or less");
      record.partition_key = "partition-0001";
      record.sequence_number = "49590338271490256608559692538361571095921575989136588898";
      record.explicit_hash_key = "340282366920938463463374607431768211455";
      record.sub_sequence = static_cast<std::uint32_t>(i);
      records_.push_back(record);
    }
  }
  ~CallAllocations() override {
    component_.reset();
    engine_.reset();
  }

  Task<Result<Unit>> run(std::span<const Record> records, Invocation& out) {
    CallOptions options;
    options.context.stream_arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders";
    options.context.shard_id = "shardId-000000000007";
    out = co_await component_->invoke(records, options);
    co_return Unit{};
  }
  std::size_t requests_of_a_call(std::size_t record_count) {
    const std::size_t before = g_requests.load();
    Invocation out;
    TaskGroup group(loop_);
    group.spawn(run(std::span(records_).first(record_count), out));
    auto keep_alive = asio::make_work_guard(loop_.context());
    while (!group.empty())
      loop_.context().run_one();
    EXPECT_TRUE(out.ok()) << out.message;
    return g_requests.load() - before;
  }

  Loop loop_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<LinkedComponent> component_;
  std::vector<Record> records_;
};
#if KT_BRIDGE_P3
#define KT_GUEST_NAMES "nothing", "stream_nothing", "stream_async"
#else
#define KT_GUEST_NAMES "nothing", "stream_nothing"
#endif
INSTANTIATE_TEST_SUITE_P(Worlds, CallAllocations, ::testing::Values(KT_GUEST_NAMES),
                         [](const auto& guest) { return std::string(guest.param); });

TEST_P(CallAllocations, DoNotDependOnTheNumberOfRecords) {
  requests_of_a_call(kRecordsMax);
  const std::size_t few = requests_of_a_call(10);
  const std::size_t many = requests_of_a_call(kRecordsMax);
  RecordProperty("requests", static_cast<int>(many));
  EXPECT_GT(few, 0u) << "the counter counts";
  EXPECT_LE(many, few + 20);
}

}  // namespace
}  // namespace kt::wasm

#endif
