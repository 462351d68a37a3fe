#include "host/key_value/key_value_capability.h"

#include <utility>

#include "base/check.h"
#include "host/handles.h"

namespace kt::host {

namespace {

using wasm::HostValue;

HostResult none() {
  return {};
}

HostResult to_result(StoredValue value) {
  return value ? HostResult(*std::move(value)) : HostResult();
}

HostFault fault_of(ErrorCode code) {
  if (is_transient(code))
    return KT_FAULT_UNAVAILABLE;
  if (code == ErrorCode::StorageFull)
    return KT_FAULT_FULL;
  if (code == ErrorCode::Invalid)
    return KT_FAULT_INVALID;
  return KT_FAULT_OTHER;
}

/// The keys of a list argument: views of it.
std::vector<std::string_view> keys_of(HostValue list) {
  std::vector<std::string_view> keys;
  keys.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i)
    keys.push_back(list[i].text());
  return keys;
}

std::vector<KeyAndValue> entries_of(HostValue list) {
  std::vector<KeyAndValue> entries;
  entries.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    const HostValue entry = list[i];
    entries.push_back(KeyAndValue{entry[0].text(), entry[1].bytes()});
  }
  return entries;
}

/// One instance's open stores.
class KeyValueSession final : public CapabilitySession {
 public:
  KeyValueSession(std::shared_ptr<const KeyValueStores> stores,
                  std::shared_ptr<const KeyValueOptions> options, Log log)
      : stores_(std::move(stores)),
        options_(std::move(options)),
        log_(std::move(log)),
        open_(options_->handles_max) {}

  Task<Answer> call(HostOperation operation, HostArguments arguments) override {
    if (operation == KT_KEY_VALUE_OPEN)
      co_return co_await open(arguments[0].text());
    const std::int64_t handle = arguments[0].integer();
    if (operation == KT_KEY_VALUE_CLOSE) {
      open_.close(handle);
      co_return none();
    }
    // Shared: the guest may close it while this call is under way.
    const std::shared_ptr<KeyValueStore> store = open_.find(handle);
    if (store == nullptr)
      co_return refuse(KT_FAULT_NOT_FOUND, "the store is not open");
    co_return co_await use(*store, operation, arguments);
  }

 private:
  Task<Answer> open(std::string_view label) {
    if (!options_->allowed.contains(label))
      co_return refuse(KT_FAULT_ACCESS_DENIED, "the component may not use this store: add \"" +
                                                   std::string(label) +
                                                   "\" to its key_value_stores");
    const auto found = stores_->find(label);
    if (found == stores_->end())
      co_return refuse(KT_FAULT_NOT_FOUND, "no such store");
    if (open_.full())
      co_return refuse(KT_FAULT_TOO_MANY, "too many stores are open");
    const Result<Unit> opened = co_await found->second->open();
    if (!opened)
      co_return refused(KT_KEY_VALUE_OPEN, opened.error());
    // Others may have been opened meanwhile.
    if (open_.full())
      co_return refuse(KT_FAULT_TOO_MANY, "too many stores are open");
    co_return HostResult(open_.add(found->second));
  }

  Task<Answer> use(KeyValueStore& store, HostOperation operation, HostArguments arguments) {
    switch (operation) {
      case KT_KEY_VALUE_KEYS:
        co_return co_await keys(store);
      case KT_KEY_VALUE_GET_MANY:
        co_return co_await get_many(store, arguments[1]);
      case KT_KEY_VALUE_SET_MANY:
        co_return co_await set_many(store, arguments[1]);
      case KT_KEY_VALUE_DELETE_MANY:
        co_return co_await remove_many(store, arguments[1]);
      default:
        co_return co_await use_key(store, operation, arguments);
    }
  }

  Task<Answer> use_key(KeyValueStore& store, HostOperation operation, HostArguments arguments) {
    const std::string_view key = arguments[1].text();
    auto fits = check_key(key);
    if (!fits)
      co_return tl::unexpected(std::move(fits).error());
    switch (operation) {
      case KT_KEY_VALUE_GET: {
        Result<StoredValue> value = co_await store.get(key);
        if (!value)
          co_return refused(operation, value.error());
        co_return to_result(*std::move(value));
      }
      case KT_KEY_VALUE_SET:
        co_return co_await set(store, key, arguments[2].bytes());
      case KT_KEY_VALUE_DELETE: {
        const Result<Unit> done = co_await store.remove(key);
        co_return done ? Answer(none()) : refused(operation, done.error());
      }
      case KT_KEY_VALUE_EXISTS: {
        const Result<bool> there = co_await store.exists(key);
        co_return there ? Answer(HostResult(*there)) : refused(operation, there.error());
      }
      case KT_KEY_VALUE_INCREMENT: {
        const Result<std::int64_t> sum = co_await store.increment(key, arguments[2].integer());
        co_return sum ? Answer(HostResult(*sum)) : refused(operation, sum.error());
      }
      case KT_KEY_VALUE_SWAP:
        co_return co_await swap(store, key, arguments[2], arguments[3].bytes());
      default:
        CHECK(false, "no operation of key-value stores");
    }
  }

  Task<Answer> set(KeyValueStore& store, std::string_view key, ByteView value) {
    auto fits = check_value(value);
    if (!fits)
      co_return tl::unexpected(std::move(fits).error());
    const Result<Unit> done = co_await store.set(key, value);
    co_return done ? Answer(none()) : refused(KT_KEY_VALUE_SET, done.error());
  }

  Task<Answer> swap(KeyValueStore& store, std::string_view key, HostValue expected,
                    ByteView value) {
    auto fits = check_value(value);
    if (!fits)
      co_return tl::unexpected(std::move(fits).error());
    std::optional<ByteView> old;
    if (!expected.is_none())
      old = expected.bytes();
    Result<SwapOutcome> outcome = co_await store.swap(key, old, value);
    if (!outcome)
      co_return refused(KT_KEY_VALUE_SWAP, outcome.error());
    if (outcome->swapped)
      co_return none();
    HostRefusal refusal;
    refusal.fault = KT_FAULT_CONFLICT;
    refusal.message = "another value is stored by now";
    refusal.detail = to_result(std::move(outcome->stored));
    co_return tl::unexpected<HostRefusal>(std::move(refusal));
  }

  Task<Answer> keys(KeyValueStore& store) {
    Result<std::vector<std::string>> found = co_await store.keys();
    if (!found)
      co_return refused(KT_KEY_VALUE_KEYS, found.error());
    HostResult::List list;
    list.reserve(found->size());
    for (std::string& key : *found)
      list.push_back(HostResult(std::move(key)));
    co_return HostResult(std::move(list));
  }

  Task<Answer> get_many(KeyValueStore& store, HostValue list) {
    const std::vector<std::string_view> wanted = keys_of(list);
    for (const std::string_view key : wanted) {
      auto fits = check_key(key);
      if (!fits)
        co_return tl::unexpected(std::move(fits).error());
    }
    HostResult::List found;
    if (wanted.empty())
      co_return HostResult(std::move(found));
    Result<std::vector<StoredValue>> values = co_await store.get_many(wanted);
    if (!values)
      co_return refused(KT_KEY_VALUE_GET_MANY, values.error());
    CHECK(values->size() == wanted.size());
    found.reserve(wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      HostResult::List pair;
      pair.push_back(HostResult(std::string(wanted[i])));
      pair.push_back(to_result(std::move((*values)[i])));
      found.push_back(HostResult(std::move(pair)));
    }
    co_return HostResult(std::move(found));
  }

  Task<Answer> set_many(KeyValueStore& store, HostValue list) {
    const std::vector<KeyAndValue> entries = entries_of(list);
    for (const KeyAndValue& entry : entries) {
      auto fits = check_key(entry.key).and_then([&] { return check_value(entry.value); });
      if (!fits)
        co_return tl::unexpected(std::move(fits).error());
    }
    if (entries.empty())
      co_return none();
    const Result<Unit> done = co_await store.set_many(entries);
    co_return done ? Answer(none()) : refused(KT_KEY_VALUE_SET_MANY, done.error());
  }

  Task<Answer> remove_many(KeyValueStore& store, HostValue list) {
    const std::vector<std::string_view> keys = keys_of(list);
    for (const std::string_view key : keys) {
      auto fits = check_key(key);
      if (!fits)
        co_return tl::unexpected(std::move(fits).error());
    }
    if (keys.empty())
      co_return none();
    const Result<Unit> done = co_await store.remove_many(keys);
    co_return done ? Answer(none()) : refused(KT_KEY_VALUE_DELETE_MANY, done.error());
  }

  using Fits = tl::expected<void, HostRefusal>;

  Fits check_key(std::string_view key) const {
    if (key.size() <= options_->key_bytes_max)
      return {};
    return refuse(KT_FAULT_INVALID, "the key has " + std::to_string(key.size()) +
                                        " bytes, at most " +
                                        std::to_string(options_->key_bytes_max) + " are allowed");
  }

  Fits check_value(ByteView value) const {
    if (value.size() <= options_->value_bytes_max)
      return {};
    return refuse(KT_FAULT_INVALID, "the value has " + std::to_string(value.size()) +
                                        " bytes, at most " +
                                        std::to_string(options_->value_bytes_max) + " are allowed");
  }

  /// What a guest can mend is told to the guest only, the rest to the operator as well.
  Answer refused(HostOperation operation, const Error& error) const {
    HostFault fault = fault_of(error.code);
    if (fault == KT_FAULT_INVALID && operation == KT_KEY_VALUE_INCREMENT)
      fault = KT_FAULT_TYPE;
    if (error.code != ErrorCode::Invalid && error.code != ErrorCode::LimitExceeded)
      log_.warn("a key-value store failed", {{"error", error.what}});
    return refuse(fault, error.what);
  }

  std::shared_ptr<const KeyValueStores> stores_;
  std::shared_ptr<const KeyValueOptions> options_;
  Log log_;
  Handles<KeyValueStore> open_;
};

}  // namespace

std::unique_ptr<CapabilitySession> KeyValueCapability::begin() {
  return std::make_unique<KeyValueSession>(stores_, options_, log_);
}

Result<Unit> check_key_value_labels(const KeyValueStores& stores, std::string_view component,
                                    const std::set<std::string, std::less<>>& labels) {
  for (const std::string& label : labels) {
    if (!stores.contains(label))
      return fail(ErrorCode::Invalid, "unknown key_value_stores label \"" + label +
                                          "\" for component \"" + std::string(component) +
                                          "\": define [key_value_store." + label +
                                          "] in the runtime configuration");
  }
  return Unit{};
}

}  // namespace kt::host
