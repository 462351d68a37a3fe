// watch/shell.h — Runs a build command and can end it.
#pragma once
#include <filesystem>
#include <mutex>
#include <string>

#include "base/result.h"

namespace kt::watch {

/// One command at a time, in a process group of its own, without input; its output is this
/// process's. run() blocks; stop() may be called from another thread.
class Shell {
 public:
  Shell() = default;
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  /// Runs `command` by /bin/sh. Invalid says how it ended: "exit code 2", "signal 9"; Closed: it
  /// was stopped.
  Result<Unit> run(const std::string& command, const std::filesystem::path& folder);
  /// Ends the command that runs, with all its children; no other one is begun.
  void stop();

 private:
  Result<Unit> wait_for(pid_t child);

  std::mutex mutex_;
  pid_t child_ = 0;  // guarded by mutex_, as is the next
  bool stopped_ = false;
};

}  // namespace kt::watch
