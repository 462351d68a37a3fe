// runtime/run_virtual.h — Drives a loop under virtual time.
#pragma once
#include "runtime/loop.h"
#include "runtime/virtual_clock.h"

namespace kt {

/// Runs everything that is ready, then one step of time, until `done()` or until nothing is left to
/// do. Returns whether `done()` holds at the end.
template <class Done>
bool run_virtual(Loop& loop, VirtualClock& clock, Done done) {
  for (;;) {
    if (loop.poll() > 0)
      continue;
    if (done())
      return true;
    if (!clock.advance_to_next())
      return done();
  }
}

/// Runs `task` to its end under virtual time and returns its value. For tests.
template <class T>
T run_sim(Loop& loop, VirtualClock& clock, Task<T> task);

}  // namespace kt

#include "runtime/run_virtual_inl.h"
