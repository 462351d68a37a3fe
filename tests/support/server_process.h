// tests/support/server_process.h — A real server, started on a free port by the test that needs it.
//
// Why: what our clients of Redis, MQTT and SQL servers say is only right when the servers say so.
// The process dies with the test, also when the test crashes; a server that does not come up fails
// the test with what it wrote.
#pragma once
#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace kt::test {

/// A port of 127.0.0.1 that nobody listened on a moment ago.
inline std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  const bool known = ::bind(fd, raw, size) == 0 && ::getsockname(fd, raw, &size) == 0;
  ::close(fd);
  EXPECT_TRUE(known) << "no free port";
  return ntohs(address.sin_port);
}

/// Whether somebody accepts connections there.
inline bool accepts(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool connected =
      ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return connected;
}

/// Where a program of Debian's server packages lies; empty when it is not installed.
inline std::filesystem::path find_program(const std::string& name) {
  for (const char* folder :
       {"/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/lib/postgresql/15/bin",
        "/opt/homebrew/bin", "/opt/homebrew/sbin"}) {
    const std::filesystem::path program = std::filesystem::path(folder) / name;
    if (std::filesystem::exists(program))
      return program;
  }
  return {};
}

/// How to run a server. In the arguments {port} and {directory} stand for its port and a directory
/// of its own, which is removed with it.
struct ServerCommand {
  std::vector<std::string> arguments;  ///< the first is the program, found by find_program
  /// Who it runs as where the tests are root and the server refuses that; empty: unchanged.
  std::string user;
  /// Whether it answers on its port; `accepts` unless a test knows better.
  std::function<bool(std::uint16_t)> answers = accepts;
  std::chrono::milliseconds patience{30'000};
};

/// A server process: killed by the destructor.
class ServerProcess {
 public:
  explicit ServerProcess(ServerCommand command) : command_(std::move(command)), port_(free_port()) {
    std::string name = (std::filesystem::temp_directory_path() / "kt-server-XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
    if (const passwd* const user = run_as(); user != nullptr) {
      EXPECT_EQ(::chown(directory_.c_str(), user->pw_uid, user->pw_gid), 0);
    }
  }
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  ~ServerProcess() {
    kill();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  std::uint16_t port() const { return port_; }
  const std::filesystem::path& directory() const { return directory_; }

  /// Starts it, again after kill(), and waits until it answers. On the same port each time.
  /// ASSERT_TRUE(server.start()): false when it did not come up, and the test has failed.
  bool start() {
    spawn(command_.arguments);
    for (auto left = command_.patience; pid_ > 0 && !command_.answers(port_); left -= kStep) {
      int status = 0;
      const bool over = ::waitpid(pid_, &status, WNOHANG) == pid_;
      if (over)
        pid_ = -1;
      if (left < kStep)
        kill();
      else
        ::poll(nullptr, 0, kStep.count());
      // What a killed server left running may keep the next one from starting, for a moment.
      if (over && was_killed_ && left >= kStep)
        spawn(command_.arguments);
    }
    if (pid_ <= 0)
      ADD_FAILURE() << command_.arguments.front() << " did not come up on port " << port_
                    << " (tools/setup/system installs it):\n"
                    << output();
    return pid_ > 0;
  }
  /// Runs another program to its end, as the server would be run: to prepare its directory.
  bool run_first(const std::vector<std::string>& arguments) {
    spawn(arguments);
    int status = -1;
    const bool ended = pid_ > 0 && ::waitpid(pid_, &status, 0) == pid_;
    pid_ = -1;
    const bool well = ended && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    EXPECT_TRUE(well) << arguments.front() << " failed:\n" << output();
    return well;
  }
  /// A certificate for TLS that vouches for itself: {directory}/tls.pem, its key in tls.key.
  bool make_certificate(const std::string& host) {
    return run_first({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                      "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                      "/CN=" + host, "-addext", "subjectAltName=DNS:" + host, "-keyout",
                      "{directory}/tls.key", "-out", "{directory}/tls.pem"});
  }
  /// At once, as a crash.
  void kill() {
    if (pid_ <= 0)
      return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
    was_killed_ = true;
  }
  /// It keeps its connections and accepts new ones, but says nothing until resume().
  void pause() { ::kill(pid_, SIGSTOP); }
  void resume() { ::kill(pid_, SIGCONT); }
  /// What it wrote to its streams.
  std::string output() const {
    std::ifstream file(directory_ / "output");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  /// A file in its directory, for a configuration.
  void write_file(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ / name) << text;
    if (const passwd* const user = run_as(); user != nullptr) {
      EXPECT_EQ(::chown((directory_ / name).c_str(), user->pw_uid, user->pw_gid), 0);
    }
  }

 private:
  static constexpr std::chrono::duration<int, std::milli> kStep{10};

  const passwd* run_as() const {
    if (command_.user.empty() || ::geteuid() != 0)
      return nullptr;
    const passwd* const user = ::getpwnam(command_.user.c_str());
    EXPECT_NE(user, nullptr) << "no user " << command_.user;
    return user;
  }

  std::string filled_in(std::string argument) const {
    const std::array<std::pair<std::string, std::string>, 2> values = {
        {{"{port}", std::to_string(port_)}, {"{directory}", directory_.string()}}};
    for (const auto& [name, value] : values) {
      for (std::size_t at; (at = argument.find(name)) != std::string::npos;)
        argument.replace(at, name.size(), value);
    }
    return argument;
  }

  void spawn(const std::vector<std::string>& arguments) {
    std::vector<std::string> filled;
    for (const std::string& argument : arguments)
      filled.push_back(filled_in(argument));
    const std::filesystem::path program = find_program(filled.front());
    std::vector<char*> raw;
    for (std::string& argument : filled)
      raw.push_back(argument.data());
    raw.push_back(nullptr);
    const std::string log = (directory_ / "output").string();
    const passwd* const user = run_as();
    const uid_t uid = user == nullptr ? 0 : user->pw_uid;
    const gid_t gid = user == nullptr ? 0 : user->pw_gid;
    pid_ = program.empty() ? -1 : ::fork();
    if (pid_ == 0) {
      // Only what is safe between fork and exec in a program of many threads.
      const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
      ::dup2(out, STDOUT_FILENO);
      ::dup2(out, STDERR_FILENO);
      const bool changed = user == nullptr || (::setgroups(0, nullptr) == 0 && ::setgid(gid) == 0 &&
                                               ::setuid(uid) == 0);
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (changed && ::chdir(directory_.c_str()) == 0)
        ::execv(program.c_str(), raw.data());
      ::_exit(127);
    }
  }

  ServerCommand command_;
  std::uint16_t port_;
  std::filesystem::path directory_;
  pid_t pid_ = -1;
  bool was_killed_ = false;
};

}  // namespace kt::test
