#include "sqlite/directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace kt::sqlite {
namespace {

Error failure(int system_error, const std::string& doing, const std::string& flag) {
  const std::string what =
      doing + ": " + std::error_code(system_error, std::generic_category()).message();
  switch (system_error) {
    case ENOSPC:
    case EDQUOT:
      return Error(ErrorCode::StorageFull, what + "; free some disk space");
    case EACCES:
    case EPERM:
    case EROFS:
      return Error(ErrorCode::ReadOnly,
                   what + "; make it writable for this user, or give another " + flag);
    default:
      return Error(ErrorCode::Invalid, what + "; give another " + flag);
  }
}

std::string holder(int fd) {
  std::array<char, 32> text{};
  const auto count = ::pread(fd, text.data(), text.size() - 1, 0);
  std::string pid;
  for (ssize_t i = 0; i < count; ++i) {
    const char c = text[static_cast<std::size_t>(i)];
    if (c < '0' || c > '9')
      break;
    pid += c;
  }
  return pid.empty() ? "another process" : "process " + pid;
}

}  // namespace

Result<DirectoryLock> DirectoryLock::acquire(const std::filesystem::path& directory,
                                             const std::string& flag) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) {
    return fail(
        failure(error.value(), "cannot make the state directory " + directory.string(), flag));
  }
  const std::string path = (directory / "lock").string();
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0)
    return fail(failure(errno, "cannot open " + path, flag));
  DirectoryLock lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK)
      return fail(failure(errno, "cannot lock " + path, flag));
    return fail(ErrorCode::InUse, "the state directory " + directory.string() + " is in use by " +
                                      holder(fd) + "; stop it, or give another " + flag);
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, pid.data(), pid.size(), 0) < 0)
    return fail(failure(errno, "cannot write " + path, flag));
  return lock;
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

DirectoryLock& DirectoryLock::operator=(DirectoryLock&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

DirectoryLock::~DirectoryLock() {
  close();
}

void DirectoryLock::close() {
  if (fd_ >= 0)
    ::close(std::exchange(fd_, -1));
}

}  // namespace kt::sqlite
