// cli/notices.h — What a start says on the terminal, in Spin's words and order.
#pragma once
#include <condition_variable>
#include <mutex>
#include <ostream>
#include <thread>

#include "cli/app_setup.h"

namespace kt::cli {

/// Before anything is opened: the runtime configuration and the folder of the output files.
void say_configuration(const AppSetup& setup, const TriggerFlags& flags, std::ostream& err);
/// Once statements and pairs of the flags are in: where the default stores are, if a component
/// uses them.
void say_stores(const AppSetup& setup, std::ostream& err);

/// Says that compiling takes long, once it has. Prints at most one line, and none after its
/// destructor.
class SlowCompileNotice {
 public:
  explicit SlowCompileNotice(std::ostream& err);
  SlowCompileNotice(const SlowCompileNotice&) = delete;
  SlowCompileNotice& operator=(const SlowCompileNotice&) = delete;
  ~SlowCompileNotice();

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool done_ = false;
  std::thread thread_;
};

}  // namespace kt::cli
