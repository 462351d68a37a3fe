// cli/notices.h — What a start says on the terminal, in Spin's words and order.
#pragma once
#include <optional>
#include <ostream>

#include "cli/app_setup.h"
#include "runtime/loop_thread.h"

namespace kt::cli {

/// Before anything is opened: the runtime configuration and the folder of the output files.
void say_configuration(const AppSetup& setup, const TriggerFlags& flags, std::ostream& err);
/// Once statements and pairs of the flags are in: where the default stores are, if a component
/// uses them.
void say_stores(const AppSetup& setup, std::ostream& err);

/// Says that compiling takes long, once it has. Prints at most one line, and none after its
/// destructor.
class SlowCompileNotice final : private Alarm {
 public:
  explicit SlowCompileNotice(std::ostream& err);
  SlowCompileNotice(const SlowCompileNotice&) = delete;
  SlowCompileNotice& operator=(const SlowCompileNotice&) = delete;
  ~SlowCompileNotice();

 private:
  void fire() override;

  std::ostream& err_;
  std::optional<Clock::AlarmId> alarm_;  ///< of the thread's loop
  LoopThread thread_;
};

}  // namespace kt::cli
