// watch/change_signal.h — Says when it is worth looking at files again.
#pragma once
#include <filesystem>
#include <memory>
#include <set>

#include "runtime/clock.h"
#include "runtime/loop.h"

namespace kt::watch {

/// Lives on: one loop.
class ChangeSignal {
 public:
  virtual ~ChangeSignal() = default;
  /// From now on these directories count, and no others. True: one is new, so that what happened in
  /// it until now was not seen.
  virtual bool follow(const std::set<std::filesystem::path>& directories) = 0;
  /// Waits until something may have changed since it was last taken.
  virtual Task<void> wait() = 0;
  /// Whether something may have changed; forgets it.
  virtual bool take() = 0;
};

/// Wakes at a steady pace, whatever happened: for systems and folders without notices.
std::unique_ptr<ChangeSignal> make_polling_signal(Clock& clock, Duration pace);

/// The system's own notices (inotify) where there are such, else a polling one.
std::unique_ptr<ChangeSignal> make_change_signal(Loop& loop, Clock& clock);

}  // namespace kt::watch
