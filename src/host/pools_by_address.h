// host/pools_by_address.h — A component's connections: a pool for each address.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "host/connection_pool.h"

namespace kt::host {

/// Lives on: host loop; close() comes before the clock goes.
template <class Connection>
class PoolsByAddress {
 public:
  using Pool = ConnectionPool<Connection>;

  PoolsByAddress(Clock& clock, typename Pool::Options options) : clock_(clock), options_(options) {}

  /// The pool of whatever the key names. `connector` is used where there is none yet.
  std::shared_ptr<Pool> find_or_add(const std::string& key,
                                    std::unique_ptr<typename Pool::Connector> connector) {
    forget_unused();
    const auto known = pools_.find(key);
    if (known != pools_.end())
      return known->second;
    if (pools_.size() >= kPoolsMax) {
      // A component that opens ever new addresses keeps no idle connections.
      for (auto& [name, pool] : pools_)
        pool->close_idle();
      forget_unused();
    }
    auto pool = std::make_shared<Pool>(clock_, std::move(connector), options_);
    pools_.emplace(key, pool);
    return pool;
  }
  void close() {
    for (auto& [key, pool] : pools_)
      pool->close();
    pools_.clear();
  }

 private:
  static constexpr std::size_t kPoolsMax = 16;

  void forget_unused() {
    std::erase_if(pools_, [](const auto& entry) { return entry.second->unused(); });
  }

  Clock& clock_;
  typename Pool::Options options_;
  std::map<std::string, std::shared_ptr<Pool>> pools_;
};

}  // namespace kt::host
