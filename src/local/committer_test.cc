#include "local/committer.h"

#include "local/model_test_support.h"
#include "runtime/run_virtual.h"
#include "runtime/task_group.h"

namespace kt::local {
namespace {

/// Runs jobs when the test says so.
class HeldWork final : public WorkThread {
 public:
  void submit(std::function<void()> job) override { jobs.push_back(std::move(job)); }
  void release() {
    for (auto& job : std::exchange(jobs, {}))
      job();
  }
  std::vector<std::function<void()>> jobs;
};

class CommitterTest : public testing::Test {
 protected:
  CommitterTest() {
    ModelOptions options;
    options.limits = false;
    model = std::move(*KinesisModel::open(clock, options, store));
    EXPECT_EQ(outcome(model->create_stream(kOrders, 1)), "ok");
    EXPECT_TRUE(commit(*model, store));
    committer.emplace(*model, store, work, Log());
    serving.spawn(committer->run());
  }
  void TearDown() override {
    committer->finish();
    settle();
    EXPECT_TRUE(serving.empty());
  }
  /// Lets everything run, commits included.
  void settle() {
    do
      work.release();
    while (loop.poll() > 0 || !work.jobs.empty());
  }
  Task<Result<Unit>> put(std::string data, std::string& log) {
    const auto stored = model->put_record(kOrders, entry_of("a", data));
    EXPECT_EQ(outcome(stored), "ok");
    const Result<Unit> durable = co_await committer->durable();
    log += durable ? data : "!" + data;
    co_return Unit{};
  }

  Loop loop;
  VirtualClock clock;
  MemoryStore store;
  HeldWork work;
  std::unique_ptr<KinesisModel> model;
  std::optional<Committer> committer;
  TaskGroup serving{loop};
  TaskGroup clients{loop};
  std::string told;
};

TEST_F(CommitterTest, AnswersOnlyAfterTheCommitThatHoldsTheRecord) {
  clients.spawn(put("1", told));
  while (loop.poll() > 0) {
  }
  ASSERT_EQ(work.jobs.size(), 1U);
  clients.spawn(put("2", told));
  clients.spawn(put("3", told));
  while (loop.poll() > 0) {
  }
  EXPECT_EQ(work.jobs.size(), 1U);  // the later ones share the next commit
  EXPECT_EQ(told, "");
  work.release();
  while (loop.poll() > 0) {
  }
  EXPECT_EQ(told, "1");
  EXPECT_EQ(drain(*model, iterator_of(*model, 0)), "1");
  EXPECT_EQ(work.jobs.size(), 1U);
  settle();
  EXPECT_EQ(told, "123");
  EXPECT_EQ(store.runs(), 2U);
}

TEST_F(CommitterTest, TellsEachClientWhenTheDiskRefusesAndTriesAgain) {
  store.full = true;
  clients.spawn(put("1", told));
  settle();
  EXPECT_EQ(told, "!1");
  store.full = false;
  clients.spawn(put("2", told));
  settle();
  EXPECT_EQ(told, "!12");
  EXPECT_EQ(drain(*model, iterator_of(*model, 0)), "12");
}

TEST_F(CommitterTest, CommitsWhatIsLeftBeforeItEnds) {
  ASSERT_EQ(outcome(model->put_record(kOrders, entry_of("a", "1"))), "ok");
  committer->finish();
  settle();
  EXPECT_TRUE(serving.empty());
  EXPECT_EQ(store.runs(), 1U);
}

}  // namespace
}  // namespace kt::local
