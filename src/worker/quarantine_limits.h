// worker/quarantine_limits.h — How much of a shard may wait.
#pragma once
#include <cstddef>

namespace kt::worker {

/// `on_poison_max_keys`, `on_poison_max_records`, `on_poison_max_bytes`: of one shard.
struct QuarantineLimits {
  std::size_t keys_max = 1'000;  ///< 0: no key begins to wait (`on_poison = "shard"`)
  std::size_t records_max = 100'000;
  std::size_t bytes_max = std::size_t{64} * 1024 * 1024;  ///< payloads, in the store
};

}  // namespace kt::worker
