// host/key_value/key_value_capability.h — What a component may do with key-value stores.
#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>

#include "host/capability.h"
#include "host/key_value/key_value_store.h"
#include "observability/log.h"

namespace kt::host {

/// The stores of an app by label: those of the runtime configuration, and `default`.
using KeyValueStores = std::map<std::string, std::shared_ptr<KeyValueStore>, std::less<>>;

struct KeyValueOptions {
  /// Labels that the component names in key_value_stores.
  std::set<std::string, std::less<>> allowed;
  /// Open handles of one instance. A guest with a garbage collector closes late, so there is room
  /// for one a record of the largest batch; a handle is small.
  std::size_t handles_max = 65'536;
  std::size_t key_bytes_max = 64 * 1024;
  std::size_t value_bytes_max = kResultBytesMax;
};

/// One component's. Lives on: the host loop, as its sessions do.
class KeyValueCapability final : public Capability {
 public:
  KeyValueCapability(std::shared_ptr<const KeyValueStores> stores, KeyValueOptions options, Log log)
      : stores_(std::move(stores)),
        options_(std::make_shared<const KeyValueOptions>(std::move(options))),
        log_(std::move(log)) {}

  std::unique_ptr<CapabilitySession> begin() override;

 private:
  std::shared_ptr<const KeyValueStores> stores_;
  std::shared_ptr<const KeyValueOptions> options_;
  Log log_;
};

/// Invalid where a component names a label that no store has: checked at the start.
Result<Unit> check_key_value_labels(const KeyValueStores& stores, std::string_view component,
                                    const std::set<std::string, std::less<>>& labels);

}  // namespace kt::host
