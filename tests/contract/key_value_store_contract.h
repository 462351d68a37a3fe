// tests/contract/key_value_store_contract.h — What every key-value store must do, as tests.
//
// Why: a component must not notice where its store is kept. Each back end's test runs this suite
// over a store of its own.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/key_value/key_value_store.h"
#include "runtime/task_group.h"
#include "tests/support/run_real.h"

namespace kt::host {

using TaskRunner = test::RealLoop;

inline std::optional<std::string> text_of(const StoredValue& value) {
  if (!value)
    return std::nullopt;
  return std::string(as_text(value->view()));
}

/// How a back end is reached, and what is its own way.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  virtual TaskRunner& runner() = 0;
  /// The same store each time.
  virtual KeyValueStore& store() = 0;
  /// What `get` gives of a key that was incremented to `number`.
  virtual std::string stored_number(std::int64_t number) = 0;
  /// Whether it can be incremented where a text was set that is a number in this store's words.
  virtual bool increments_what_was_set() const { return true; }
};

/// StoreUnderTest's maker is the parameter: TYPED_TEST_SUITE over types with a default constructor.
template <class Under>
class AKeyValueStore : public ::testing::Test {
 protected:
  template <class T>
  T run(Task<Result<T>> task) {
    Result<T> result = under_.runner().run(std::move(task));
    EXPECT_TRUE(result) << result.error().what;
    return result ? std::move(*result) : T{};
  }
  template <class T>
  ErrorCode failure(Task<Result<T>> task) {
    const Result<T> result = under_.runner().run(std::move(task));
    EXPECT_FALSE(result);
    return result ? ErrorCode::Internal : result.error().code;
  }
  KeyValueStore& store() { return under_.store(); }
  void set(std::string_view key, std::string_view value) { run(store().set(key, as_bytes(value))); }
  std::optional<std::string> get(std::string_view key) { return text_of(run(store().get(key))); }
  SwapOutcome swap(std::string_view key, std::optional<std::string_view> expected,
                   std::string_view value) {
    std::optional<ByteView> old;
    if (expected)
      old = as_bytes(*expected);
    return run(store().swap(key, old, as_bytes(value)));
  }

  Under under_;
};
TYPED_TEST_SUITE_P(AKeyValueStore);

TYPED_TEST_P(AKeyValueStore, GivesBackWhatWasSet) {
  EXPECT_EQ(this->get("a"), std::nullopt);
  this->set("a", "one");
  this->set("b", "");
  EXPECT_EQ(this->get("a"), "one");
  EXPECT_EQ(this->get("b"), "") << "an empty value is a value";
  this->set("a", "two");
  EXPECT_EQ(this->get("a"), "two");
}

TYPED_TEST_P(AKeyValueStore, KeepsBytesAsTheyAre) {
  std::string bytes;
  for (int i = 0; i < 70'000; ++i)
    bytes.push_back(static_cast<char>(i * 7));
  this->set("bytes", bytes);
  EXPECT_EQ(this->get("bytes"), bytes);
  this->set("käse 'n\" %brot", "x");
  EXPECT_EQ(this->get("käse 'n\" %brot"), "x");
}

TYPED_TEST_P(AKeyValueStore, TellsWhetherAKeyIsThereAndRemovesIt) {
  this->set("a", "");
  EXPECT_TRUE(this->run(this->store().exists("a")));
  EXPECT_FALSE(this->run(this->store().exists("b")));
  this->run(this->store().remove("a"));
  EXPECT_FALSE(this->run(this->store().exists("a")));
  this->run(this->store().remove("a"));
}

TYPED_TEST_P(AKeyValueStore, ListsItsKeys) {
  EXPECT_TRUE(this->run(this->store().keys()).empty());
  std::vector<std::string> expected;
  for (int i = 0; i < 30; ++i) {
    expected.push_back("key " + std::to_string(i));
    this->set(expected.back(), "v");
  }
  EXPECT_THAT(this->run(this->store().keys()), ::testing::UnorderedElementsAreArray(expected));
}

TYPED_TEST_P(AKeyValueStore, ServesManyKeysAtOnce) {
  std::vector<std::string> names;
  for (int i = 0; i < 120; ++i)
    names.push_back("k" + std::to_string(i));
  std::vector<KeyAndValue> entries;
  for (const std::string& name : names)
    entries.push_back(KeyAndValue{name, as_bytes(name)});
  entries.push_back(KeyAndValue{names[0], as_bytes("last")});
  this->run(this->store().set_many(entries));

  std::vector<std::string_view> keys(names.rbegin(), names.rend());
  keys.push_back("missing");
  keys.push_back(names[0]);
  const auto values = this->run(this->store().get_many(keys));
  ASSERT_EQ(values.size(), keys.size());
  EXPECT_EQ(text_of(values[0]), "k119");
  EXPECT_EQ(text_of(values[119]), "last") << "the last value of a key that is named twice";
  EXPECT_EQ(text_of(values[120]), std::nullopt);
  EXPECT_EQ(text_of(values[121]), "last") << "asked for twice";

  keys.pop_back();
  keys.erase(keys.begin());
  this->run(this->store().remove_many(keys));
  EXPECT_THAT(this->run(this->store().keys()), ::testing::ElementsAre("k119"));
}

TYPED_TEST_P(AKeyValueStore, CountsUpAndDown) {
  EXPECT_EQ(this->run(this->store().increment("n", 5)), 5);
  EXPECT_EQ(this->run(this->store().increment("n", -7)), -2);
  EXPECT_EQ(this->get("n"), this->under_.stored_number(-2));
  this->set("word", "no number");
  EXPECT_EQ(this->failure(this->store().increment("word", 1)), ErrorCode::Invalid);
  EXPECT_EQ(this->get("word"), "no number");
  if (this->under_.increments_what_was_set()) {
    this->set("set", this->under_.stored_number(41));
    EXPECT_EQ(this->run(this->store().increment("set", 1)), 42);
  }
}

inline Task<Result<Unit>> count_up(KeyValueStore& store, int times) {
  for (int i = 0; i < times; ++i) {
    CO_TRY(store.increment("n", 1));
  }
  co_return Unit{};
}

inline Task<Result<Unit>> count_together(KeyValueStore& store, int tasks, int times) {
  const Executor executor = co_await asio::this_coro::executor;
  TaskGroup group(executor);
  for (int i = 0; i < tasks; ++i)
    group.spawn(count_up(store, times));
  co_return co_await group.join();
}

TYPED_TEST_P(AKeyValueStore, LosesNoIncrementOfMany) {
  this->run(count_together(this->store(), 6, 15));
  EXPECT_EQ(this->run(this->store().increment("n", 0)), 90);
}

TYPED_TEST_P(AKeyValueStore, SwapsOnlyWhatIsExpected) {
  EXPECT_TRUE(this->swap("a", std::nullopt, "one").swapped);
  EXPECT_EQ(this->get("a"), "one");
  const SwapOutcome second = this->swap("a", std::nullopt, "two");
  EXPECT_FALSE(second.swapped) << "somebody was first";
  EXPECT_EQ(text_of(second.stored), "one");
  const SwapOutcome third = this->swap("a", "other", "two");
  EXPECT_FALSE(third.swapped);
  EXPECT_EQ(text_of(third.stored), "one");
  EXPECT_TRUE(this->swap("a", "one", "two").swapped);
  EXPECT_TRUE(this->swap("a", "two", "three").swapped);
  this->set("a", "four");
  EXPECT_FALSE(this->swap("a", "three", "five").swapped);
  EXPECT_EQ(this->get("a"), "four");
  this->run(this->store().remove("a"));
  const SwapOutcome last = this->swap("a", "four", "five");
  EXPECT_FALSE(last.swapped);
  EXPECT_EQ(text_of(last.stored), std::nullopt);
  EXPECT_EQ(this->get("a"), std::nullopt);
}

REGISTER_TYPED_TEST_SUITE_P(AKeyValueStore, GivesBackWhatWasSet, KeepsBytesAsTheyAre,
                            TellsWhetherAKeyIsThereAndRemovesIt, ListsItsKeys, ServesManyKeysAtOnce,
                            CountsUpAndDown, LosesNoIncrementOfMany, SwapsOnlyWhatIsExpected);

}  // namespace kt::host
