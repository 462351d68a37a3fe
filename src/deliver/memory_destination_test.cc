#include "deliver/memory_destination.h"

#include <gtest/gtest.h>

#include "runtime/run_virtual.h"
#include "tests/support/failed_batches.h"

namespace kt::deliver {
namespace {

class AMemoryDestination : public ::testing::Test {
 protected:
  AMemoryDestination() { builder_.add("a"); }
  Result<Unit> deliver() { return run_sim(loop_, clock_, destination_.deliver(builder_.build())); }

  Loop loop_;
  VirtualClock clock_;
  MemoryDestination destination_{clock_};
  test::FailedBatchBuilder builder_;
};

TEST_F(AMemoryDestination, HoldsNothingWhileItIsDown) {
  destination_.go_down(Error(ErrorCode::Unavailable, "down"));
  EXPECT_EQ(deliver().error().what, "down");
  EXPECT_TRUE(destination_.delivered().empty());
  EXPECT_FALSE(run_sim(loop_, clock_, destination_.check()));
  destination_.go_up();
  EXPECT_TRUE(deliver());
  EXPECT_EQ(destination_.delivered().size(), 1u);
  EXPECT_EQ(destination_.attempt_count(), 2u);
}

TEST_F(AMemoryDestination, MayHoldABatchAndLoseTheAnswer) {
  destination_.script(DeliveryFault{Error(ErrorCode::TimedOut, "no answer"), true});
  EXPECT_EQ(deliver().error().code, ErrorCode::TimedOut);
  EXPECT_EQ(destination_.delivered().size(), 1u);
  EXPECT_TRUE(deliver());
  EXPECT_EQ(destination_.delivered().size(), 2u);
}

TEST_F(AMemoryDestination, TakesItsTime) {
  const MonotonicTime before = clock_.now();
  destination_.take(std::chrono::seconds(2));
  EXPECT_TRUE(deliver());
  EXPECT_EQ(clock_.now() - before, std::chrono::seconds(2));
}

}  // namespace
}  // namespace kt::deliver
