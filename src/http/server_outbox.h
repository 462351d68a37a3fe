// http/server_outbox.h — Bytes on their way to one client.
//
// Why: an answer of many megabytes is written straight from the string its handler made, between
// the few bytes of framing around it; nothing is copied together first.
#pragma once
#include <array>
#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace kt::http {

/// What one gathered write takes: a view of at most this many pieces.
inline constexpr std::size_t kGatherMax = 64;
using GatherBuffers = std::array<boost::asio::const_buffer, kGatherMax>;

/// A queue of byte pieces. Lives on: the loop of its connection.
class Outbox {
 public:
  /// Appends a copy: for framing, heads and short texts.
  void copy(std::string_view bytes);
  /// Appends `bytes` as it is.
  void move(std::string bytes);
  /// Appends [offset, offset + size) of a body that several pieces share.
  void share(std::shared_ptr<const std::string> body, std::size_t offset, std::size_t size);

  /// Fills `out` from the front and returns the part in use. Valid until sent(): what is added
  /// meanwhile does not move it.
  std::span<const boost::asio::const_buffer> gather(GatherBuffers& out);
  /// Drops the first `size` bytes: they were written.
  void sent(std::size_t size);

  bool empty() const { return pieces_.empty(); }
  std::size_t bytes() const { return bytes_; }
  /// Bytes of shared bodies written so far: what tells progress from mere acknowledgements.
  std::uint64_t body_bytes_sent() const { return body_bytes_sent_; }

 private:
  struct Piece {
    std::string own;
    std::shared_ptr<const std::string> body;
    std::size_t begin = 0;
    std::size_t size = 0;
    const char* data() const { return (body ? body->data() : own.data()) + begin; }
  };
  std::deque<Piece> pieces_;
  std::size_t gathered_ = 0;  // pieces at the front that a write may be using
  std::size_t bytes_ = 0;
  std::uint64_t body_bytes_sent_ = 0;
};

}  // namespace kt::http
