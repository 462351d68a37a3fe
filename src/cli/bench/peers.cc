#include "cli/bench/peers.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "cli/bench/canned.h"

namespace kt::cli {
namespace {

Error system_error(const char* doing) {
  return Error(ErrorCode::Internal, std::string(doing) + " failed");
}

/// A port that nobody listens on now; 0 when the machine has none.
std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  const bool bound = ::bind(fd, generic, size) == 0 && ::getsockname(fd, generic, &size) == 0;
  ::close(fd);
  return bound ? ntohs(address.sin_port) : std::uint16_t{0};
}

/// Waits for the first line; false when none comes within `millis`, or the writer is gone.
bool wait_for_line(int fd, int millis) {
  pollfd waiting{fd, POLLIN, 0};
  char line[256];
  return ::poll(&waiting, 1, millis) == 1 && ::read(fd, line, sizeof line) > 0;
}

}  // namespace

Pipe::Pipe() {
  if (::pipe2(ends_, O_CLOEXEC) != 0)
    ends_[0] = ends_[1] = -1;
}

Pipe::Pipe(Pipe&& other) noexcept : ends_{other.ends_[0], other.ends_[1]} {
  other.ends_[0] = other.ends_[1] = -1;
}

Pipe& Pipe::operator=(Pipe&& other) noexcept {
  std::swap(ends_, other.ends_);
  return *this;
}

Pipe::~Pipe() {
  for (const int end : ends_) {
    if (end >= 0)
      ::close(end);
  }
}

void Pipe::close_write_end() {
  if (ends_[1] >= 0)
    ::close(std::exchange(ends_[1], -1));
}

Peer::Peer(Peer&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}

Peer& Peer::operator=(Peer&& other) noexcept {
  std::swap(pid_, other.pid_);
  return *this;
}

Peer::~Peer() {
  if (pid_ <= 0)
    return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

int Peer::stop() {
  if (pid_ <= 0)
    return 0;
  ::kill(pid_, SIGTERM);
  int status = 0;
  ::waitpid(std::exchange(pid_, 0), &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Result<Peer> start_self(const std::vector<std::string>& arguments,
                        const std::vector<std::string>& environment, const std::string& log_file,
                        int out) {
  std::vector<char*> argv{const_cast<char*>("trigger-kinesis")};
  for (const std::string& argument : arguments)
    argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::vector<char*> envp;
  for (const std::string& entry : environment)
    envp.push_back(const_cast<char*>(entry.c_str()));
  envp.push_back(nullptr);
  const int log = ::open(log_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (log < 0)
    return fail(ErrorCode::ReadOnly, "cannot write " + log_file);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(out >= 0 ? out : log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    ::execve("/proc/self/exe", argv.data(), envp.data());
    ::_exit(127);
  }
  ::close(log);
  if (pid < 0)
    return fail(system_error("fork"));
  return Peer(pid);
}

Result<ServicePeer> start_service(const std::string& dir, bool service_limits) {
  ServicePeer service;
  service.port = free_port();
  const std::vector<std::string> arguments{
      "local", "--listen", "127.0.0.1:" + std::to_string(service.port), "--state-dir",
      dir,     "--limits", service_limits ? "service" : "none"};
  TRY(service.process, start_self(arguments, {}, dir + "/local.log", service.output.write_end()));
  service.output.close_write_end();
  if (!wait_for_line(service.output.read_end(), 10'000)) {
    return fail(ErrorCode::Unavailable,
                "the embedded Kinesis does not answer; see " + dir + "/local.log");
  }
  return service;
}

Result<ServicePeer> start_canned_service() {
  ServicePeer service;
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::_exit(serve_canned(service.output.write_end()));
  }
  service.output.close_write_end();
  service.process = Peer(pid);
  const bool told =
      pid > 0 && ::read(service.output.read_end(), &service.port, sizeof service.port) ==
                     static_cast<ssize_t>(sizeof service.port);
  if (!told)
    return fail(ErrorCode::Unavailable, "the canned service did not start");
  return service;
}

}  // namespace kt::cli
