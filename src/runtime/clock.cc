#include "runtime/clock.h"

namespace kt {

Task<void> Clock::sleep_until(MonotonicTime when) {
  OneShot woken;
  struct Cancellation {
    Cancellation(Clock& c, AlarmId i) : clock(c), id(i) {}
    ~Cancellation() { clock.cancel(id); }
    Clock& clock;
    AlarmId id;
  } cancellation(*this, schedule(when, woken));
  co_await woken.wait();
}

}  // namespace kt
