#include "base/text_pool.h"

#include <gtest/gtest.h>

namespace kt {
namespace {

constexpr std::size_t kMegabyte = 1024 * 1024;

TEST(TextPool, LendsTheMemoryThatCameBack) {
  TextPool pool(8 * kMegabyte);
  std::string first = pool.take(kMegabyte);
  first.append(kMegabyte, 'x');
  const char* const memory = first.data();
  pool.give_back(std::move(first));
  EXPECT_GE(pool.held_bytes(), kMegabyte);
  const std::string again = pool.take(kMegabyte - 1000);
  EXPECT_EQ(again.data(), memory);
  EXPECT_TRUE(again.empty());
  EXPECT_EQ(pool.held_bytes(), 0u);
}

TEST(TextPool, NeverLendsFarMoreThanIsAsked) {
  TextPool pool(8 * kMegabyte);
  pool.give_back(pool.take(4 * kMegabyte));
  EXPECT_LT(pool.take(kMegabyte).capacity(), 2 * kMegabyte);
  EXPECT_GE(pool.held_bytes(), 4 * kMegabyte);
}

TEST(TextPool, HoldsNoMoreThanItsLimit) {
  TextPool pool(2 * kMegabyte);
  std::string a = pool.take(kMegabyte);
  std::string b = pool.take(kMegabyte);
  std::string huge = pool.take(3 * kMegabyte);
  const char* const memory = b.data();
  pool.give_back(std::move(a));
  pool.give_back(std::move(b));
  pool.give_back(std::move(huge));
  EXPECT_LE(pool.held_bytes(), 2 * kMegabyte);
  EXPECT_EQ(pool.take(kMegabyte).data(), memory) << "the longest unused goes first";
}

TEST(TextPool, LeavesSmallTextsToTheHeap) {
  TextPool pool(kMegabyte);
  pool.give_back(pool.take(1000));
  EXPECT_EQ(pool.held_bytes(), 0u);
}

TEST(TextPool, FreesWhatNobodyAsksForAnyMore) {
  TextPool pool(8 * kMegabyte);
  pool.give_back(pool.take(kMegabyte));
  for (std::uint64_t i = 0; i < TextPool::kKeptForTakes; ++i)
    pool.take(100);
  EXPECT_GT(pool.held_bytes(), 0u);
  pool.take(100);
  EXPECT_EQ(pool.held_bytes(), 0u);
}

}  // namespace
}  // namespace kt
