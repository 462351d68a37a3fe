#include "host/key_value/key_value_capability.h"

#include <gtest/gtest.h>

#include "host/key_value/sqlite_store.h"
#include "tests/contract/key_value_store_contract.h"
#include "wasm/host_testing.h"

namespace kt::host {
namespace {

using wasm::HostBuffer;
using wasm::list_of;
using wasm::TestArguments;

HostBuffer bytes(std::string_view text) {
  return HostBuffer::copy_of(as_bytes(text));
}

std::string text(const HostResult& value) {
  if (value.is_none())
    return "none";
  return std::string(as_text(value.bytes()->view()));
}

class AKeyValueCapability : public ::testing::Test {
 protected:
  AKeyValueCapability() {
    auto stores = std::make_shared<KeyValueStores>();
    const auto file = std::make_shared<KeyValueFile>(work_, KeyValueFileOptions{});
    stores->emplace("default", std::make_shared<SqliteKeyValueStore>(file, "default"));
    stores->emplace("secret", std::make_shared<SqliteKeyValueStore>(file, "secret"));
    stores_ = stores;
    begin({});
  }
  void begin(KeyValueOptions options) {
    options.allowed = {"default", "undefined"};
    capability_ = std::make_shared<KeyValueCapability>(stores_, std::move(options), Log{});
    session_ = capability_->begin();
  }
  template <class... Values>
  Answer call(HostOperation operation, Values&&... values) {
    const TestArguments arguments(list_of(std::forward<Values>(values)...));
    return runner_.run(session_->call(operation, arguments.view()));
  }
  std::int64_t open() { return *call(KT_KEY_VALUE_OPEN, std::string("default"))->integer(); }
  HostFault fault(const Answer& answer) {
    EXPECT_FALSE(answer);
    return answer ? HostFault{} : answer.error().fault;
  }

  TaskRunner runner_;
  DedicatedThread work_{"kv-test"};
  std::shared_ptr<const KeyValueStores> stores_;
  std::shared_ptr<KeyValueCapability> capability_;
  std::unique_ptr<CapabilitySession> session_;
};

TEST_F(AKeyValueCapability, OpensOnlyWhatTheComponentMayUse) {
  EXPECT_TRUE(call(KT_KEY_VALUE_OPEN, std::string("default")));
  EXPECT_EQ(fault(call(KT_KEY_VALUE_OPEN, std::string("secret"))), KT_FAULT_ACCESS_DENIED);
  EXPECT_EQ(fault(call(KT_KEY_VALUE_OPEN, std::string("unheard of"))), KT_FAULT_ACCESS_DENIED);
  EXPECT_EQ(fault(call(KT_KEY_VALUE_OPEN, std::string("undefined"))), KT_FAULT_NOT_FOUND);
}

TEST_F(AKeyValueCapability, ServesEveryOperation) {
  const std::int64_t store = open();
  EXPECT_TRUE(call(KT_KEY_VALUE_GET, store, std::string("k"))->is_none());
  EXPECT_TRUE(call(KT_KEY_VALUE_SET, store, std::string("k"), bytes("v"))->is_none());
  EXPECT_EQ(text(*call(KT_KEY_VALUE_GET, store, std::string("k"))), "v");
  EXPECT_TRUE(*call(KT_KEY_VALUE_EXISTS, store, std::string("k"))->boolean());

  HostResult::List pairs;
  pairs.push_back(HostResult(list_of(std::string("l"), bytes(""))));
  pairs.push_back(HostResult(list_of(std::string("m"), bytes("\1"))));
  EXPECT_TRUE(call(KT_KEY_VALUE_SET_MANY, store, std::move(pairs))->is_none());
  const Answer many = call(KT_KEY_VALUE_GET_MANY, store,
                           list_of(std::string("m"), std::string("x"), std::string("l")));
  ASSERT_EQ(many->list()->size(), 3u);
  EXPECT_EQ(*(*(*many->list())[1].list())[0].text(), "x");
  EXPECT_EQ(text((*(*many->list())[0].list())[1]), "\1");
  EXPECT_EQ(text((*(*many->list())[1].list())[1]), "none");
  EXPECT_EQ(text((*(*many->list())[2].list())[1]), "");

  EXPECT_TRUE(call(KT_KEY_VALUE_DELETE, store, std::string("k"))->is_none());
  EXPECT_TRUE(call(KT_KEY_VALUE_DELETE_MANY, store, list_of(std::string("m")))->is_none());
  const Answer keys = call(KT_KEY_VALUE_KEYS, store);
  ASSERT_EQ(keys->list()->size(), 1u);
  EXPECT_EQ(*(*keys->list())[0].text(), "l");
  EXPECT_EQ(*call(KT_KEY_VALUE_INCREMENT, store, std::string("n"), std::int64_t{3})->integer(), 3);
  EXPECT_EQ(fault(call(KT_KEY_VALUE_INCREMENT, store, std::string("l"), std::int64_t{3})),
            KT_FAULT_TYPE);
}

TEST_F(AKeyValueCapability, TellsOfAConflictWhatIsStored) {
  const std::int64_t store = open();
  EXPECT_TRUE(call(KT_KEY_VALUE_SWAP, store, std::string("k"), HostResult(), bytes("1")));
  const Answer refused = call(KT_KEY_VALUE_SWAP, store, std::string("k"), bytes("0"), bytes("2"));
  EXPECT_EQ(fault(refused), KT_FAULT_CONFLICT);
  EXPECT_EQ(text(refused.error().detail), "1");
  EXPECT_TRUE(call(KT_KEY_VALUE_SWAP, store, std::string("k"), bytes("1"), bytes("2")));
  EXPECT_TRUE(call(KT_KEY_VALUE_DELETE, store, std::string("k")));
  EXPECT_TRUE(call(KT_KEY_VALUE_SWAP, store, std::string("k"), bytes("2"), bytes("3"))
                  .error()
                  .detail.is_none());
}

TEST_F(AKeyValueCapability, BoundsHandlesKeysAndValues) {
  KeyValueOptions options;
  options.handles_max = 2;
  options.key_bytes_max = 3;
  options.value_bytes_max = 4;
  begin(options);
  const std::int64_t first = open();
  open();
  EXPECT_EQ(fault(call(KT_KEY_VALUE_OPEN, std::string("default"))), KT_FAULT_TOO_MANY);
  EXPECT_TRUE(call(KT_KEY_VALUE_CLOSE, first));
  EXPECT_EQ(fault(call(KT_KEY_VALUE_GET, first, std::string("k"))), KT_FAULT_NOT_FOUND);
  const std::int64_t store = open();
  EXPECT_NE(store, first) << "a number is given once";
  EXPECT_TRUE(call(KT_KEY_VALUE_SET, store, std::string("abc"), bytes("1234")));
  EXPECT_EQ(fault(call(KT_KEY_VALUE_SET, store, std::string("abcd"), bytes(""))), KT_FAULT_INVALID);
  EXPECT_EQ(fault(call(KT_KEY_VALUE_SET, store, std::string("a"), bytes("12345"))),
            KT_FAULT_INVALID);
  EXPECT_EQ(fault(call(KT_KEY_VALUE_SWAP, store, std::string("a"), HostResult(), bytes("12345"))),
            KT_FAULT_INVALID);
  EXPECT_EQ(fault(call(KT_KEY_VALUE_DELETE_MANY, store, list_of(std::string("abcd")))),
            KT_FAULT_INVALID);
  EXPECT_EQ(fault(call(KT_KEY_VALUE_GET, std::int64_t{999}, std::string("k"))), KT_FAULT_NOT_FOUND);
}

TEST_F(AKeyValueCapability, NamesALabelThatNoStoreHas) {
  EXPECT_TRUE(check_key_value_labels(*stores_, "ingest", {"default"}));
  const auto refused = check_key_value_labels(*stores_, "ingest", {"default", "orders"});
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().what.starts_with(
      "unknown key_value_stores label \"orders\" for component \"ingest\""));
}

}  // namespace
}  // namespace kt::host
