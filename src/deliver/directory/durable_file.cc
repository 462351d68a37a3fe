#include "deliver/directory/durable_file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <string>
#include <system_error>
#include <utility>

namespace kt::deliver {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEnding = ".tmp";

tl::unexpected<Error> refused(int number, const fs::path& place) {
  const std::string reason = std::generic_category().message(number);
  const std::string what = "cannot write " + place.string() + ": " + reason;
  switch (number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return fail(ErrorCode::StorageFull, what + "; free some room");
    case EROFS:
    case EACCES:
    case EPERM:
      return fail(ErrorCode::ReadOnly, what + "; make it writable for this user");
    case ENOTDIR:
    case EEXIST:
      return fail(ErrorCode::ReadOnly, what + "; a file is in the way");
    default:
      return fail(ErrorCode::Unavailable, what);
  }
}

/// A file descriptor, closed at the end of its life.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }

  bool good() const { return fd_ >= 0; }
  int get() const { return fd_; }
  /// Some file systems report a failed write only here.
  bool close() {
    const int fd = std::exchange(fd_, -1);
    return fd < 0 || ::close(fd) == 0;
  }

 private:
  int fd_;
};

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

Result<Unit> sync_directory(const fs::path& directory) {
  const Descriptor opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.good())
    return refused(errno, directory);
  // EINVAL: a file system that needs none.
  if (::fsync(opened.get()) != 0 && errno != EINVAL)
    return refused(errno, directory);
  return Unit{};
}

/// ".name.1234.5.tmp": never the name of a document, and it tells whose it is.
std::string temporary_name(const std::string& name) {
  static std::atomic<std::uint64_t> count{0};
  return "." + name + "." + std::to_string(::getpid()) + "." + std::to_string(++count) +
         std::string(kEnding);
}

Result<Unit> write_synced(const fs::path& file, std::string_view content) {
  Descriptor opened(
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!opened.good())
    return refused(errno, file);
  const bool done =
      write_all(opened.get(), content) && ::fsync(opened.get()) == 0 && opened.close();
  if (done)
    return Unit{};
  const int number = errno;
  ::unlink(file.c_str());
  return refused(number, file);
}

/// Whether a temporary file's writer can not come back to it.
bool is_leftover(const std::string& name) {
  if (!name.starts_with('.') || !name.ends_with(kEnding))
    return false;
  const std::string body = name.substr(0, name.size() - kEnding.size());
  const std::size_t last = body.rfind('.');
  const std::size_t before =
      last == std::string::npos || last == 0 ? last : body.rfind('.', last - 1);
  if (last == std::string::npos || before == std::string::npos)
    return false;
  pid_t pid = 0;
  const auto read = std::from_chars(body.data() + before + 1, body.data() + last, pid);
  if (read.ec != std::errc() || read.ptr != body.data() + last || pid <= 0)
    return false;
  return ::kill(pid, 0) != 0 && errno == ESRCH;
}

}  // namespace

Result<Unit> make_durable_directory(const fs::path& directory) {
  std::error_code problem;
  if (directory.empty() || fs::is_directory(directory, problem))
    return Unit{};
  const fs::path parent =
      directory.has_filename() ? directory.parent_path() : directory.parent_path().parent_path();
  TRY(make_durable_directory(parent));
  if (::mkdir(directory.c_str(), 0700) != 0) {
    const int number = errno;
    if (number == EEXIST && fs::is_directory(directory, problem))
      return Unit{};
    return refused(number, directory);
  }
  return sync_directory(parent.empty() ? fs::path(".") : parent);
}

Result<Unit> write_durably(const fs::path& directory, const std::string& name,
                           std::string_view content) {
  TRY(make_durable_directory(directory));
  const fs::path temporary = directory / temporary_name(name);
  const fs::path target = directory / name;
  TRY(write_synced(temporary, content));
  if (::rename(temporary.c_str(), target.c_str()) != 0) {
    const int number = errno;
    ::unlink(temporary.c_str());
    return refused(number, target);
  }
  return sync_directory(directory);
}

void remove_leftovers(const fs::path& directory) {
  std::error_code problem;
  for (fs::directory_iterator at(directory, problem), end; !problem && at != end;
       at.increment(problem)) {
    if (is_leftover(at->path().filename().string()))
      ::unlink(at->path().c_str());
  }
}

Result<Unit> try_to_write(const fs::path& directory) {
  std::error_code problem;
  fs::path existing = fs::absolute(directory, problem);
  while (existing.has_relative_path() && !fs::exists(existing, problem))
    existing = existing.parent_path();
  const fs::path file = existing / temporary_name("check");
  TRY(write_synced(file, "check"));
  if (::unlink(file.c_str()) != 0)
    return refused(errno, file);
  return Unit{};
}

}  // namespace kt::deliver
