#include "cli/stop_signals.h"

#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <unistd.h>

#include <csignal>

namespace kt::cli {
namespace {

bool is_ignored(int number) {
  struct sigaction current{};
  return ::sigaction(number, nullptr, &current) == 0 && current.sa_handler == SIG_IGN;
}

}  // namespace

void outlive_broken_pipes() {
  std::signal(SIGPIPE, SIG_IGN);
}

StopSignals::StopSignals(Loop& loop, Clock& clock, std::function<void()> drain,
                         std::function<void()> stop_now)
    : signals_(loop.executor()),
      clock_(clock),
      drain_(std::move(drain)),
      stop_now_(std::move(stop_now)) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    if (number != SIGHUP || !is_ignored(number))
      signals_.add(number);
  }
  wait();
}

void StopSignals::wait() {
  signals_.async_wait([this](const boost::system::error_code& problem, int) {
    if (problem)
      return;
    on_signal();
    wait();
  });
}

void StopSignals::on_signal() {
  constexpr Duration kEcho = std::chrono::seconds(1);
  if (count_ == 0) {
    count_ = 1;
    first_ = clock_.now();
    drain_();
  } else if (count_ == 1 && clock_.now() - first_ > kEcho) {
    count_ = 2;
    stop_now_();
  }
}

void StopSignals::close() {
  boost::system::error_code ignored;
  signals_.cancel(ignored);
}

bool end_with_parent() {
  const pid_t parent = getppid();
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
  return getppid() == parent;  // it may have died before the request
}

}  // namespace kt::cli
