// watch/file_watch.h — Waits for changes of files.
#pragma once
#include <memory>
#include <vector>

#include "runtime/work_thread.h"
#include "watch/change_signal.h"
#include "watch/snapshot.h"

namespace kt::watch {

/// Lives on: one loop. What Deps refer to outlives it.
class FileWatch {
 public:
  struct Deps {
    Clock& clock;
    WorkThread& work;  ///< where files are read
    std::unique_ptr<ChangeSignal> signal;
  };
  FileWatch(Deps deps, std::vector<FileGroup> groups);

  /// Takes the files as they are now for unchanged.
  Task<Result<Unit>> begin();
  /// What changed since the last answer; nothing: an empty list. Does not wait for changes.
  Task<Result<std::vector<Change>>> look();
  /// The same, but waits for a change, and then until nothing more comes for 100 ms (at most 1 s).
  Task<Result<std::vector<Change>>> next();

 private:
  Task<void> settle();

  Deps deps_;
  std::shared_ptr<const std::vector<FileGroup>> groups_;
  std::shared_ptr<const Snapshot> known_;
};

}  // namespace kt::watch
