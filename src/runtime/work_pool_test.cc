#include "runtime/work_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>

namespace kt {
namespace {

TEST(WorkPool, RunsAsManyJobsAtATimeAsItHasThreads) {
  std::promise<void> all_there;
  std::atomic<int> there = 0;
  std::promise<void> go;
  std::atomic<bool> fourth = false;
  const std::shared_future<void> gone = go.get_future().share();
  WorkPool pool("pool", 3);  // the last: its jobs use the others
  for (int i = 0; i < 3; ++i) {
    pool.submit([&, gone] {
      if (++there == 3)
        all_there.set_value();
      gone.wait();
    });
  }
  all_there.get_future().wait();  // each has a thread
  pool.submit([&] { fourth = true; });
  EXPECT_FALSE(fourth) << "there is no thread for it";
  go.set_value();
}

TEST(WorkPool, FinishesWhatIsQueuedBeforeItEnds) {
  std::atomic<int> done = 0;
  {
    WorkPool pool("pool", 2);
    for (int i = 0; i < 500; ++i)
      pool.submit([&done] { ++done; });
  }
  EXPECT_EQ(done, 500);
}

TEST(WorkPool, LetsGoOfAJobWhenItIsDone) {
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> seen = owned;
  std::promise<bool> alive;
  WorkPool pool("pool", 1);
  pool.submit([owned = std::move(owned)] {});
  pool.submit([&] { alive.set_value(!seen.expired()); });
  EXPECT_FALSE(alive.get_future().get());
}

TEST(WorkPool, EndsWithoutEverHavingWorked) {
  WorkPool pool("pool", 4);
}

}  // namespace
}  // namespace kt
