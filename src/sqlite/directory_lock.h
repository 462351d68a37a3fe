// sqlite/directory_lock.h — One process a state directory.
//
// Why: with positions in a local file, the process that has the directory has every lease. The
// kernel drops the lock with the process, so that after a SIGKILL the next one may start at once.
#pragma once
#include <filesystem>
#include <string>

#include "base/result.h"

namespace kt::sqlite {

/// Holds `<directory>/lock` exclusively as long as it lives (flock; the file names the process).
/// On a network file system it guards only as far as that file system's locks do.
class DirectoryLock {
 public:
  /// Makes the directory when it is missing. InUse names the process that has it and `flag`, the
  /// option that chooses another; ReadOnly when the directory cannot be written; StorageFull.
  static Result<DirectoryLock> acquire(const std::filesystem::path& directory,
                                       const std::string& flag);
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&& other) noexcept;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  void close();
  int fd_;
};

}  // namespace kt::sqlite
