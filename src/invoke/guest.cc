#include "invoke/guest.h"

namespace kt::invoke {

std::string_view name(InvokeOutcome outcome) {
  switch (outcome) {
    case InvokeOutcome::Done:
      return "done";
    case InvokeOutcome::Partial:
      return "partially done";
    case InvokeOutcome::Failed:
      return "failed";
    case InvokeOutcome::Trapped:
      return "trapped";
    case InvokeOutcome::TimedOut:
      return "timed out";
    case InvokeOutcome::OutOfMemory:
      return "out of memory";
    case InvokeOutcome::HostFault:
      return "host fault";
    case InvokeOutcome::Interrupted:
      return "interrupted";
  }
  return "unknown";
}

}  // namespace kt::invoke
