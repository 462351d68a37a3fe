// tests/contract/lease_window_contract.h — What every lease table must do with windows.
//
// Why: a tumbling window's state is as durable as the position that it belongs to. Instantiated
// with the same fixtures as tests/contract/lease_table_contract.h.
#pragma once
#include <string>
#include <utility>

#include "tests/contract/lease_table_contract.h"

namespace kt::lease::contract {

template <class Fixture>
class LeaseWindowContract : public LeaseTableContract<Fixture> {
 protected:
  WriteOutcome checkpoint_window(const Lease& held, Checkpoint to,
                                 std::optional<WindowState> window) {
    CheckpointWrite write = write_of(held, std::move(to));
    write.window.emplace(std::move(window));
    return this->get(this->table().checkpoint({write})).front();
  }
};

TYPED_TEST_SUITE_P(LeaseWindowContract);

TYPED_TEST_P(LeaseWindowContract, StoresAWindowWithTheCheckpointAndClearsItWhenTold) {
  auto held = *this->get(this->table().take(this->seed_one(), this->w1_));
  EXPECT_EQ(this->get(this->table().load_window(held.key)), std::nullopt);
  WindowState window;
  window.start = WallTime(std::chrono::milliseconds(1'700'000'040'000));
  window.state = std::string("\0\xff{\"sum\":7}", 11);
  EXPECT_EQ(this->checkpoint_window(held, after("5"), window), WriteOutcome::Written);
  EXPECT_EQ(this->get(this->table().load_window(held.key)), window);
  EXPECT_EQ(this->checkpoint_window(held, after("6"), WindowState()), WriteOutcome::Lost)
      << "the counter moved: neither position nor window";
  EXPECT_EQ(this->get(this->table().load_window(held.key)), window);
  ++held.counter;
  EXPECT_EQ(this->checkpoint(held, after("6")), WriteOutcome::Written);
  EXPECT_EQ(this->get(this->table().load_window(held.key)), window) << "not named: it stays";
  ++held.counter;
  EXPECT_EQ(this->checkpoint_window(held, after("7"), std::nullopt), WriteOutcome::Written);
  EXPECT_EQ(this->get(this->table().load_window(held.key)), std::nullopt);
}

TYPED_TEST_P(LeaseWindowContract, KeepsAWindowOfAMebibyteAndRefusesALongerOne) {
  auto held = *this->get(this->table().take(this->seed_one(), this->w1_));
  WindowState window;
  for (const std::size_t size : {kWindowStateBytesMax, std::size_t{3}, std::size_t{0},
                                 std::size_t{500'000}, kWindowStateBytesMax}) {
    window.state.assign(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
      window.state[i] = static_cast<char>(i * 31 + size);
    window.start += std::chrono::minutes(1);
    EXPECT_EQ(this->checkpoint_window(held, after("5"), window), WriteOutcome::Written);
    ++held.counter;
    EXPECT_EQ(this->get(this->table().load_window(held.key)), window) << size;
  }
  WindowState longer;
  longer.state.assign(kWindowStateBytesMax + 1, 'x');
  CheckpointWrite write = write_of(held, after("6"));
  write.window.emplace(longer);
  const auto refused = run_sim(this->loop_, this->clock_, this->table().checkpoint({write}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Invalid);
  EXPECT_EQ(this->get(this->table().load_window(held.key)), window);
}

TYPED_TEST_P(LeaseWindowContract, AWindowStaysAtShardEndAndGoesWithItsRow) {
  auto held = *this->get(this->table().take(this->seed_one(), this->w1_));
  WindowState window;
  window.state.assign(900'000, 's');
  EXPECT_EQ(this->checkpoint_window(held, after("5"), window), WriteOutcome::Written);
  ++held.counter;
  EXPECT_EQ(this->checkpoint(held, ShardEnd()), WriteOutcome::Written);
  EXPECT_EQ(this->get(this->table().load_window(held.key)), window) << "children read it";
  const auto row = this->get(this->table().list(this->mine_)).front();
  EXPECT_EQ(this->get(this->table().remove(row, false)), WriteOutcome::Written);
  EXPECT_EQ(this->get(this->table().load_window(held.key)), std::nullopt);
  this->get(this->table().create({row_of(this->mine_, "s0")}));
  EXPECT_EQ(this->get(this->table().load_window(held.key)), std::nullopt);
}

REGISTER_TYPED_TEST_SUITE_P(LeaseWindowContract, StoresAWindowWithTheCheckpointAndClearsItWhenTold,
                            KeepsAWindowOfAMebibyteAndRefusesALongerOne,
                            AWindowStaysAtShardEndAndGoesWithItsRow);

}  // namespace kt::lease::contract
