// stream_nothing.cc — Succeeds at once, in the second world: the benchmark's guest.
#include <stream_handler.hpp>

namespace {

stream_handler::Result handle(const stream_handler::Context&, stream_handler::Records) {
  return stream_handler::Result::done();
}

}  // namespace

STREAM_HANDLER(handle)
