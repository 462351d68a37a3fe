// nothing.cc — Succeeds at once: what a call costs without the handler's own work.
#include <spin_kinesis.hpp>

namespace {

spin_kinesis::Result handle(spin_kinesis::Records) {
  return spin_kinesis::Result::ok();
}

}  // namespace

SPIN_KINESIS_HANDLER(handle)
