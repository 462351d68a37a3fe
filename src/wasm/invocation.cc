#include "wasm/invocation.h"

#include <kt_bridge.h>

#include "wasm/batch_context.h"

namespace kt::wasm {

std::string_view name(InvocationKind kind) {
  switch (kind) {
    case InvocationKind::Ok:
      return "ok";
    case InvocationKind::GuestError:
      return "guest error";
    case InvocationKind::Trap:
      return "trap";
    case InvocationKind::TimedOut:
      return "timed out";
    case InvocationKind::OutOfMemory:
      return "out of memory";
    case InvocationKind::Exit:
      return "exit";
    case InvocationKind::Interrupted:
      return "interrupted";
    case InvocationKind::BadRecord:
      return "bad record";
    case InvocationKind::HostFailed:
      return "host failed";
    case InvocationKind::Panic:
      return "panic";
  }
  return "unknown";
}

std::string_view name(World world) {
  switch (world) {
    case World::Kinesis:
      return "fermyon:spin-kinesis@2.0.0";
    case World::Stream:
      return "trigger-kinesis:handler@0.1, stream-handler";
    case World::StreamAsync:
      return "trigger-kinesis:handler@0.1, stream-handler-async";
  }
  return "unknown";
}
static_assert(static_cast<int>(World::Kinesis) == KT_WORLD_KINESIS);
static_assert(static_cast<int>(World::Stream) == KT_WORLD_STREAM);
static_assert(static_cast<int>(World::StreamAsync) == KT_WORLD_STREAM_ASYNC);

}  // namespace kt::wasm
