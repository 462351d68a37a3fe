// cli/handler_call.h — One call of a component by hand: for `--test` and `test`.
#pragma once
#include <span>

#include "cli/components.h"
#include "invoke/guest.h"
#include "records/record_reader.h"

namespace kt::cli {

/// Records as a stream would have them: what they do not say (key, sequence number, arrival) is
/// made up, from `first` on.
std::shared_ptr<const Batch> batch_of(std::span<const records::InputRecord> from, std::size_t first,
                                      WallTime now);

/// Of the trigger's stream, at its first shard; in a window where the trigger has windows.
invoke::CallContext made_up_context(const app::Trigger& trigger, WallTime now);

struct HandlerAnswer {
  invoke::Invocation ended;
  std::string output;  ///< what it printed, at most 1 MiB
};

/// Calls it on a loop of its own and waits, at most for the trigger's handler_timeout.
HandlerAnswer call_handler(const app::Trigger& trigger, const Components::One& component,
                           std::shared_ptr<const Batch> batch, invoke::CallContext context);

}  // namespace kt::cli
