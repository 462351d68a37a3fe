// worker/worker_test_support.h — A Worker over a fake service, for this room's tests.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "deliver/memory_destination.h"
#include "invoke/native_guest.h"
#include "lease/memory/memory_lease_table.h"
#include "runtime/run_virtual.h"
#include "runtime/task_group.h"
#include "spill/memory/memory_spill_store.h"
#include "tests/support/fake_kinesis.h"
#include "tests/support/faulty_lease_table.h"
#include "worker/worker.h"

namespace kt::worker {

using invoke::Invocation;
using invoke::InvokeOutcome;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::FakeKinesis;

inline const StreamArn kStream =
    StreamArn::of("aws", "eu-west-1", "123456789012", StreamName("orders"));

/// One worker at a time over a service and a lease table that survive it.
class WorkerTest : public ::testing::Test {
 protected:
  WorkerTest() {
    trigger_.application = ApplicationName("shop/orders");
    trigger_.endpoint = EndpointName("test");
    trigger_.stream = kStream;
    trigger_.start = TrimHorizon();
    trigger_.batch.records_max = 10;
    options_.worker = WorkerId("w1");
  }
  ~WorkerTest() override { crash(); }

  /// Notes what a call gets, then answers as the test wants.
  Task<Invocation> handle(std::shared_ptr<const Batch> batch, invoke::CallContext context) {
    ++calls_;
    attempts_.push_back(context.attempt);
    std::vector<std::string> texts;
    for (const Record& record : batch->records)
      texts.emplace_back(as_text(record.data));
    started_.push_back(texts);
    if (guest_time_.count() > 0)
      co_await clock_.sleep(guest_time_);
    Invocation invocation;
    invocation.outcome = InvokeOutcome::Done;
    if (answer_)
      co_return note_handled(answer_(*batch), texts, context);
    if (failures_left_ > 0) {
      --failures_left_;
      invocation.outcome = failure_;
      invocation.message = "planned by the test";
    } else {
      for (std::string& text : texts)
        handled_.push_back(context.shard.str().substr(18) + ":" + text);
    }
    co_return invocation;
  }
  /// Counts what an answer of answer_ finishes.
  Invocation note_handled(Invocation answer, const std::vector<std::string>& texts,
                          const invoke::CallContext& context) {
    const bool done = answer.outcome == InvokeOutcome::Done;
    const std::size_t count = done                                       ? texts.size()
                              : answer.outcome == InvokeOutcome::Partial ? answer.first_failed
                                                                         : 0;
    for (std::size_t i = 0; i < count && i < texts.size(); ++i)
      handled_.push_back(context.shard.str().substr(18) + ":" + texts[i]);
    return answer;
  }
  Task<Result<Unit>> keep_result() {
    result_ = co_await worker_->run();
    ended_ = true;
    co_return Unit{};
  }
  void start() {
    crash();
    Trigger trigger{trigger_, kinesis_, guest_, &destination_, &spill_};
    WorkerDeps deps{loop_, clock_, random_, faulty_, log_};
    worker_.emplace(deps, options_, std::vector<Trigger>{trigger});
    ended_ = false;
    group_.emplace(loop_);
    group_->spawn(keep_result());
  }
  /// As SIGKILL does: nothing is drained, nothing released.
  void crash() {
    if (!group_)
      return;
    group_->cancel();
    run_virtual(loop_, clock_, [&] { return group_->empty(); });
    group_.reset();
    worker_.reset();
  }
  void run_for(Duration duration) {
    struct Bell final : Alarm {
      void fire() override { fired = true; }
      bool fired = false;
    } bell;
    clock_.schedule(clock_.now() + duration, bell);
    run_virtual(loop_, clock_, [&] { return bell.fired; });
  }
  bool stop_within(Duration limit) {
    worker_->stop();
    const MonotonicTime end = clock_.now() + limit;
    while (!ended_ && clock_.now() < end)
      run_for(milliseconds(10));
    return ended_;
  }
  std::map<std::string, std::string> checkpoints() {
    lease::ConsumerKey key;
    key.application = trigger_.application;
    key.endpoint = trigger_.endpoint;
    key.stream = kStream;
    key.stream_created = kinesis_.description().created;
    auto rows = run_sim(loop_, clock_, table_.list(key));
    std::map<std::string, std::string> out;
    for (const lease::Lease& row : *rows)
      out[row.key.shard.str().substr(18)] = to_string(row.checkpoint);
    return out;
  }

  Log log_;
  Loop loop_;
  VirtualClock clock_;
  Random random_{11};
  FakeKinesis kinesis_{clock_, kStream, 1};
  lease::MemoryLeaseTable table_;
  lease::FaultyLeaseTable faulty_{clock_, Random(3), table_};
  TriggerOptions trigger_;
  WorkerOptions options_;

  deliver::MemoryDestination destination_{clock_};
  spill::MemorySpillStore spill_;

  int calls_ = 0;
  int failures_left_ = 0;
  InvokeOutcome failure_ = InvokeOutcome::Failed;
  Duration guest_time_{0};
  std::function<Invocation(const Batch&)> answer_;  ///< instead of failures_left_, when set
  std::vector<std::uint32_t> attempts_;
  std::vector<std::vector<std::string>> started_;  ///< batches as calls began
  std::vector<std::string> handled_;               ///< "shard:record" as calls succeeded

  invoke::NativeGuest guest_{clock_, [this](auto batch, auto context) {
                               return handle(std::move(batch), std::move(context));
                             }};
  std::optional<Worker> worker_;
  std::optional<TaskGroup> group_;
  Result<Unit> result_ = Unit{};
  bool ended_ = false;
};

}  // namespace kt::worker
