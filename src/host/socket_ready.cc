#include "host/socket_ready.h"

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <memory>

#include "runtime/event.h"

namespace kt::host {

namespace {

using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

/// Shared with the handlers, which come once more after the waiter has left.
struct Wait {
  explicit Wait(Executor executor) : descriptor(executor) {}

  Descriptor descriptor;
  SocketInterest can{false, false};
  OneShot ready;
};

/// Takes the socket out of the loop again without closing it.
class Borrowed {
 public:
  explicit Borrowed(std::shared_ptr<Wait> wait) : wait_(std::move(wait)) {}
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  ~Borrowed() { wait_->descriptor.release(); }

 private:
  std::shared_ptr<Wait> wait_;
};

void watch(const std::shared_ptr<Wait>& wait, Descriptor::wait_type what,
           bool SocketInterest::* which) {
  wait->descriptor.async_wait(what, [wait, which](boost::system::error_code error) {
    if (error == asio::error::operation_aborted)
      return;
    wait->can.*which = true;
    wait->ready.fire();
  });
}

}  // namespace

Task<SocketInterest> socket_ready(int socket, SocketInterest interest) {
  const Executor executor = co_await asio::this_coro::executor;
  const auto wait = std::make_shared<Wait>(executor);
  boost::system::error_code error;
  wait->descriptor.assign(socket, error);
  if (error)
    co_return interest;  // the library finds out what is wrong with it
  const Borrowed borrowed(wait);
  if (interest.readable)
    watch(wait, Descriptor::wait_read, &SocketInterest::readable);
  if (interest.writable)
    watch(wait, Descriptor::wait_write, &SocketInterest::writable);
  co_await wait->ready.wait();
  co_return wait->can;
}

}  // namespace kt::host
