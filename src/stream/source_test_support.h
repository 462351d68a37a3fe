// stream/source_test_support.h — What the tests of every ShardSource stand on.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/run_virtual.h"
#include "runtime/task_group.h"
#include "stream/shard_cursor.h"
#include "tests/support/fake_kinesis.h"

namespace kt::stream {

/// One source of shard 0 over a fake service, under virtual time; collects what it hands on.
class SourceUnderTest : public ::testing::Test {
 protected:
  using FakeKinesis = testing::FakeKinesis;
  using Op = FakeKinesis::Op;

  inline static const StreamArn kStream =
      StreamArn::of("aws", "eu-west-1", "123456789012", StreamName("orders"));

  /// Made once the stream is described and listed.
  virtual std::unique_ptr<ShardSource> make_source(const SourceDeps& deps,
                                                   std::shared_ptr<ReadBudget> budget) = 0;

  Task<Result<Unit>> collect() {
    for (;;) {
      while (stalled_)
        co_await resumed_.wait();
      auto item = co_await source_->out().pop();
      if (!item)
        break;
      take(*item);
    }
    co_return Unit{};
  }
  void take(const Fetched& item) {
    if (const auto* page = std::get_if<FetchedPage>(&item)) {
      for (std::size_t i = page->first; i < page->page->records.size(); ++i)
        got_.emplace_back(as_text(page->page->records[i].data));
      if (keep_pages_)
        kept_.push_back(page->page);
    } else if (const auto* tip = std::get_if<TipReached>(&item)) {
      tips_.push_back(tip->time);
    } else if (const auto* closed = std::get_if<ShardClosed>(&item)) {
      closed_ = closed->children;
    } else if (const auto* lost = std::get_if<DataLost>(&item)) {
      lost_ = to_string(lost->range);
    } else if (const auto* failed = std::get_if<PollFailed>(&item)) {
      failed_ = failed->error;
    }
  }
  void start() {
    run_sim(loop_, clock_, directory_.describe());
    run_sim(loop_, clock_, directory_.refresh());
    const SourceDeps deps{clock_, random_, kinesis_, directory_, memory_};
    source_ = make_source(deps, budgets_.of(EndpointName("e"), kStream, FakeKinesis::id_of(0)));
    group_.spawn(source_->run());
    group_.spawn(collect());
  }
  void run_for(Duration duration) {
    struct Noop final : Alarm {
      void fire() override { fired = true; }
      bool fired = false;
    } bell;
    clock_.schedule(clock_.now() + duration, bell);
    run_virtual(loop_, clock_, [&] { return bell.fired; });
  }
  void resume() {
    stalled_ = false;
    resumed_.notify_all();
  }
  void TearDown() override {
    resume();
    group_.cancel();
    run_virtual(loop_, clock_, [&] { return group_.empty(); });
  }

  Loop loop_;
  VirtualClock clock_;
  Random random_{7};
  FakeKinesis kinesis_{clock_, kStream, 1};
  ShardDirectory directory_{clock_, kinesis_, kStream};
  MemoryBudget memory_{64 << 20};
  ReadBudgets budgets_{clock_, Pacing::Service};
  std::unique_ptr<ShardSource> source_;
  bool stalled_ = false;
  Event resumed_;
  std::vector<std::string> got_;
  std::vector<WallTime> tips_;
  std::vector<std::shared_ptr<const RecordPage>> kept_;
  bool keep_pages_ = false;
  std::optional<std::vector<Shard>> closed_;
  std::string lost_;
  std::optional<Error> failed_;
  TaskGroup group_{loop_};
};

}  // namespace kt::stream
