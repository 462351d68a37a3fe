// runtime/random.h — Randomness, given by constructor.
#pragma once
#include <cstdint>

#include "base/time.h"

namespace kt {

/// A seeded generator (SplitMix64): equal seeds, equal draws. main seeds the one of a real process
/// from the system and logs the seed; the simulator derives all of its own from the run's seed.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  /// Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  bool chance(unsigned per_mille) { return below(1000) < per_mille; }
  /// Uniform in [low, high].
  Duration between(Duration low, Duration high) {
    return low + Duration(below(static_cast<std::uint64_t>((high - low).count()) + 1));
  }
  /// A generator of its own, for a part whose draws must not disturb the others'.
  Random fork() { return Random(next()); }

 private:
  std::uint64_t state_;
};

}  // namespace kt
