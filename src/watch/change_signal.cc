#include "watch/change_signal.h"

#ifdef __linux__
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstring>
#include <map>
#endif

namespace kt::watch {
namespace {

constexpr Duration kPace = std::chrono::milliseconds(500);

class PollingSignal final : public ChangeSignal {
 public:
  PollingSignal(Clock& clock, Duration pace) : clock_(clock), pace_(pace) {}
  bool follow(const std::set<std::filesystem::path>&) override { return false; }
  Task<void> wait() override { co_await clock_.sleep(pace_); }
  bool take() override { return false; }

 private:
  Clock& clock_;
  Duration pace_;
};

#ifdef __linux__

/// Where the kernel has no watch left for a directory, that one is looked at by time.
class InotifySignal final : public ChangeSignal {
 public:
  InotifySignal(Loop& loop, Clock& clock, int descriptor)
      : clock_(clock), notices_(loop.executor(), descriptor) {
    listen();
  }

  bool follow(const std::set<std::filesystem::path>& directories) override {
    bool is_new = false;
    incomplete_ = false;
    for (const auto& directory : directories) {
      if (watches_.contains(directory))
        continue;
      constexpr std::uint32_t kEvents = IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE |
                                        IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF |
                                        IN_MOVE_SELF | IN_ONLYDIR;
      const int watch = ::inotify_add_watch(notices_.native_handle(), directory.c_str(), kEvents);
      if (watch < 0) {
        incomplete_ = true;
        continue;
      }
      watches_[directory] = watch;
      is_new = true;
    }
    for (auto it = watches_.begin(); it != watches_.end();) {
      if (directories.contains(it->first)) {
        ++it;
        continue;
      }
      ::inotify_rm_watch(notices_.native_handle(), it->second);
      it = watches_.erase(it);
    }
    return is_new;
  }

  Task<void> wait() override {
    if (incomplete_) {
      co_await clock_.sleep(kPace);
      co_return;
    }
    while (!changed_)
      co_await came_.wait();
    changed_ = false;
  }

  bool take() override { return std::exchange(changed_, false); }

 private:
  void listen() {
    notices_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                        [this](const boost::system::error_code& problem) {
                          if (problem)
                            return;
                          read();
                          listen();
                        });
  }

  void read() {
    alignas(inotify_event) std::array<char, 16384> buffer{};
    for (;;) {
      const ssize_t count = ::read(notices_.native_handle(), buffer.data(), buffer.size());
      if (count <= 0)
        break;
      for (std::size_t at = 0; at < static_cast<std::size_t>(count);) {
        inotify_event event{};
        std::memcpy(&event, buffer.data() + at, sizeof event);
        at += sizeof event + event.len;
        if ((event.mask & IN_IGNORED) != 0)
          forget(event.wd);
        else
          changed_ = true;
      }
    }
    if (changed_)
      came_.notify_all();
  }

  /// The directory is gone; one that is made in its place is a new one.
  void forget(int watch) {
    for (auto it = watches_.begin(); it != watches_.end(); ++it) {
      if (it->second == watch) {
        watches_.erase(it);
        changed_ = true;
        return;
      }
    }
  }

  Clock& clock_;
  boost::asio::posix::basic_stream_descriptor<Executor> notices_;
  std::map<std::filesystem::path, int> watches_;
  Event came_;
  bool changed_ = false;
  bool incomplete_ = false;
};

#endif

}  // namespace

std::unique_ptr<ChangeSignal> make_polling_signal(Clock& clock, Duration pace) {
  return std::make_unique<PollingSignal>(clock, pace);
}

std::unique_ptr<ChangeSignal> make_change_signal([[maybe_unused]] Loop& loop, Clock& clock) {
#ifdef __linux__
  const int descriptor = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (descriptor >= 0)
    return std::make_unique<InotifySignal>(loop, clock, descriptor);
#endif
  return make_polling_signal(clock, kPace);
}

}  // namespace kt::watch
