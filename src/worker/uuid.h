// worker/uuid.h — Random UUIDs, from the given randomness.
#pragma once
#include <fmt/format.h>

#include <string>

#include "runtime/random.h"

namespace kt::worker {

inline std::string fresh_uuid(Random& random) {
  const std::uint64_t high = (random.next() & ~0xf000ULL) | 0x4000ULL;
  const std::uint64_t low = (random.next() & ~(3ULL << 62)) | (2ULL << 62);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xffff,
                     high & 0xffff, low >> 48, low & 0xffffffffffffULL);
}

}  // namespace kt::worker
