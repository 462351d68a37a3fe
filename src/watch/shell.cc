#include "watch/shell.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

extern char** environ;

namespace kt::watch {
namespace {

/// How to start the command: its own group, no input, in `folder`, with signals as they were before
/// this process chose its own.
class Spawning {
 public:
  explicit Spawning(const std::filesystem::path& folder) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addchdir_np(&actions_, folder.c_str());
    sigset_t defaults;
    sigset_t none;
    ::sigemptyset(&defaults);
    ::sigemptyset(&none);
    for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP})
      ::sigaddset(&defaults, number);
    ::posix_spawnattr_setsigdefault(&attributes_, &defaults);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  }
  Spawning(const Spawning&) = delete;
  Spawning& operator=(const Spawning&) = delete;
  ~Spawning() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  int start(const std::string& command, pid_t& child) {
    std::string shell = "/bin/sh";
    std::string flag = "-c";
    std::string text = command;
    char* const arguments[] = {shell.data(), flag.data(), text.data(), nullptr};
    return ::posix_spawn(&child, shell.c_str(), &actions_, &attributes_, arguments, environ);
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

Result<Unit> Shell::run(const std::string& command, const std::filesystem::path& folder) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored))
    return fail(ErrorCode::Invalid, "no folder " + folder.string());
  pid_t child = 0;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_)
      return fail(ErrorCode::Closed, "stopped");
    Spawning spawning(folder);
    const int problem = spawning.start(command, child);
    if (problem != 0)
      return fail(ErrorCode::Invalid,
                  std::string("/bin/sh does not start: ") + std::strerror(problem));
    child_ = child;
  }
  return wait_for(child);
}

Result<Unit> Shell::wait_for(pid_t child) {
  siginfo_t ended{};
  while (::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT) != 0 &&
         errno == EINTR) {
  }
  int status = 0;
  const std::lock_guard lock(
      mutex_);  // stop() must not meet a number that is no longer its child's
  child_ = 0;
  ::waitpid(child, &status, 0);
  if (stopped_)
    return fail(ErrorCode::Closed, "stopped");
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
    return Unit{};
  if (WIFEXITED(status))
    return fail(ErrorCode::Invalid, "exit code " + std::to_string(WEXITSTATUS(status)));
  return fail(ErrorCode::Invalid, "signal " + std::to_string(WTERMSIG(status)));
}

void Shell::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  if (child_ > 0)
    ::kill(-child_, SIGTERM);
}

}  // namespace kt::watch
