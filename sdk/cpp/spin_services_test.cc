// spin_services_test.cc — Stores' handles, with a host made here. Built and run by the integration
// tests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <spin_services.hpp>

namespace {

using spin_services::abi::Answer;
using spin_services::key_value::Store;
using testing::Optional;

/// The labels of open stores. As with the real host, a handle's number is soon another store's.
std::vector<std::optional<std::string>> opened;

/// The store that a call is about. A handle that is not open would stop the guest.
const std::string& store(std::uint32_t handle) {
  static const std::string kNone = "none";
  if (handle < opened.size() && opened[handle])
    return *opened[handle];
  ADD_FAILURE() << "handle " << handle << " is not open";
  return kNone;
}

std::ptrdiff_t count_open() {
  return std::count_if(opened.begin(), opened.end(),
                       [](const auto& one) { return one.has_value(); });
}

extern "C" {
void spin_services_open(const char* label, std::size_t size, Answer* out) {
  std::uint32_t free = 0;
  while (free < opened.size() && opened[free])
    ++free;
  if (free == opened.size())
    opened.emplace_back();
  opened[free] = std::string(label, size);
  out->handle = free;
}
/// A store has its label under each key.
void spin_services_get(std::uint32_t handle, const char*, std::size_t, Answer* out) {
  const std::string& label = store(handle);
  auto* data = static_cast<std::uint8_t*>(std::malloc(label.size()));
  std::memcpy(data, label.data(), label.size());
  out->value.has = 1;
  out->value.value = {data, static_cast<std::uint32_t>(label.size())};
}
void spin_services_set(std::uint32_t handle, const char*, std::size_t, const char*, std::size_t,
                       Answer*) {
  store(handle);
}
void spin_services_delete(std::uint32_t handle, const char*, std::size_t, Answer*) {
  store(handle);
}
void spin_services_exists(std::uint32_t handle, const char*, std::size_t, Answer* out) {
  store(handle);
  out->flag = 1;
}
void spin_services_get_keys(std::uint32_t handle, Answer* out) {
  store(handle);
  out->slice = {};
}
void spin_services_drop(std::uint32_t handle) {
  store(handle);
  opened[handle].reset();
}
}

TEST(Store, HandsItsHandleOnAndGivesItBackOnce) {
  {
    auto first = Store::open("first");
    Store moved(std::move(*first));
    EXPECT_THAT(*moved.get("any"), Optional(std::string("first")));
    Store& same = moved;
    moved = std::move(same);
    EXPECT_THAT(*moved.get("any"), Optional(std::string("first")));
    EXPECT_EQ(count_open(), 1);
  }
  EXPECT_EQ(count_open(), 0);
}

TEST(Store, IsNoOtherStoreAfterItWasMovedFrom) {
  auto first = Store::open("first");
  auto second = Store::open("second");
  *first = std::move(*second);
  EXPECT_EQ(count_open(), 1) << "what was assigned to is given back at once";
  EXPECT_THAT(*first->get("any"), Optional(std::string("second")));

  const auto third = Store::open("third");
  EXPECT_EQ(second->get("any").error(), "no-such-store");
  EXPECT_EQ(second->exists("any").error(), "no-such-store");
  EXPECT_EQ(second->keys().error(), "no-such-store");
  EXPECT_THAT(second->set("any", "value"), Optional(std::string("no-such-store")));
  EXPECT_THAT(second->remove("any"), Optional(std::string("no-such-store")));

  second = Store::open("fourth");
  EXPECT_THAT(*second->get("any"), Optional(std::string("fourth")));
  EXPECT_EQ(count_open(), 3);
}

}  // namespace
