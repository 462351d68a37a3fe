// wasm/testing.h — What this room's tests share: an engine, a loop, and a sink that can be awaited.
#pragma once
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/check.h"
#include "runtime/loop.h"
#include "runtime/task_group.h"
#include "wasm/linked_component.h"

namespace kt::wasm {

inline std::string guest(const char* name) {
  return std::string(KT_GUESTS "/") + name + ".wasm";
}

/// A directory of this test, removed at the end.
class TemporaryDir {
 public:
  TemporaryDir();
  TemporaryDir(const TemporaryDir&) = delete;
  TemporaryDir& operator=(const TemporaryDir&) = delete;
  ~TemporaryDir();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Keeps what a guest prints; runs `on_text` once, when stdout contains `text`.
class RecordingOutput final : public GuestOutput {
 public:
  void write(OutputStream stream, std::string_view bytes) noexcept override;
  void when_printed(std::string text, std::function<void()> then);
  std::string stdout_text() const;
  std::string stderr_text() const;

 private:
  mutable std::mutex mutex_;
  std::string out_;
  std::string err_;
  std::string awaited_;
  std::function<void()> then_;
};

/// Records that own their text.
class TestRecords {
 public:
  TestRecords() = default;
  TestRecords& add(std::string data, std::string key = "key", std::string sequence = "");
  /// The last one becomes a user record of an aggregate.
  TestRecords& in_aggregate(std::uint32_t sub_sequence, std::string explicit_hash_key);
  std::span<const Record> span();

 private:
  struct Owned {
    std::string data, key, sequence, hash_key;
    std::uint32_t sub_sequence = 0;
  };
  std::vector<std::unique_ptr<Owned>> owned_;
  std::vector<Record> records_;
};

/// One engine a suite: making one costs more than most tests. The loop is the suite's too, because
/// a guest thread may still be inside the loop's post() when the task that it woke has ended: a
/// loop outlives the engine whose calls report to it.
class WasmTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();
  /// For suites that compile much and run little.
  static void set_up_with(Optimization optimization);

  std::unique_ptr<LinkedComponent> link(const char* name, LinkOptions options = LinkOptions());
  /// Calls and serves the loop until the answer is there.
  Invocation call(const LinkedComponent& component, TestRecords& records,
                  std::chrono::milliseconds timeout = std::chrono::seconds(20));
  /// Calls, and cancels the task as soon as the guest printed `text`.
  Invocation cancel_when_printed(const LinkedComponent& component, TestRecords& records,
                                 const char* text);
  /// One record with this data.
  Invocation command(const LinkedComponent& component, const char* data,
                     std::chrono::milliseconds timeout = std::chrono::seconds(20));

  /// Serves the loop until every task of the group has ended.
  void serve_until_empty(TaskGroup& group);
  static Task<Result<Unit>> keep(Task<Invocation> task, std::optional<Invocation>& out);
  static Engine& engine() { return *engine_; }

  WasmTest() : loop_(*shared_loop_) {}

  Loop& loop_;
  RecordingOutput output_;
  BatchContext context_;  ///< of every call

 private:
  Invocation serve(const LinkedComponent& component, TestRecords& records, TaskGroup& group,
                   std::chrono::milliseconds timeout);

  static std::unique_ptr<Loop> shared_loop_;
  static std::unique_ptr<Engine> engine_;
};

}  // namespace kt::wasm
