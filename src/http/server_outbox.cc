#include "http/server_outbox.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace kt::http {
namespace {

/// Short pieces are joined up to this size, so that a gathered write holds more of them.
constexpr std::size_t kJoinBytesMax = 4096;

}  // namespace

void Outbox::copy(std::string_view bytes) {
  if (bytes.empty())
    return;
  bytes_ += bytes.size();
  if (pieces_.size() > gathered_) {
    Piece& last = pieces_.back();
    if (!last.body && last.own.size() + bytes.size() <= kJoinBytesMax) {
      last.own.append(bytes);
      last.size += bytes.size();
      return;
    }
  }
  Piece piece;
  piece.own.assign(bytes);
  piece.size = bytes.size();
  pieces_.push_back(std::move(piece));
}

void Outbox::move(std::string bytes) {
  if (bytes.size() <= kJoinBytesMax / 4)
    return copy(bytes);
  Piece piece;
  piece.size = bytes.size();
  piece.own = std::move(bytes);
  bytes_ += piece.size;
  pieces_.push_back(std::move(piece));
}

void Outbox::share(std::shared_ptr<const std::string> body, std::size_t offset, std::size_t size) {
  CHECK(offset <= body->size() && size <= body->size() - offset, "a piece outside of its body");
  if (size == 0)
    return;
  Piece piece;
  piece.body = std::move(body);
  piece.begin = offset;
  piece.size = size;
  bytes_ += size;
  pieces_.push_back(std::move(piece));
}

std::span<const boost::asio::const_buffer> Outbox::gather(GatherBuffers& out) {
  const std::size_t count = std::min(out.size(), pieces_.size());
  for (std::size_t i = 0; i < count; ++i)
    out[i] = boost::asio::const_buffer(pieces_[i].data(), pieces_[i].size);
  gathered_ = count;
  return std::span<const boost::asio::const_buffer>(out.data(), count);
}

void Outbox::sent(std::size_t size) {
  CHECK(size <= bytes_, "more was sent than there was");
  bytes_ -= size;
  gathered_ = 0;
  while (size > 0) {
    Piece& first = pieces_.front();
    const std::size_t part = std::min(size, first.size);
    if (first.body)
      body_bytes_sent_ += part;
    first.begin += part;
    first.size -= part;
    size -= part;
    if (first.size == 0)
      pieces_.pop_front();
  }
}

}  // namespace kt::http
