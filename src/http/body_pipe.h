// http/body_pipe.h — A body that grows while it is sent.
//
// Why: an event stream lives for minutes. Its writer and the connection meet here: the writer
// appends pieces, the connection takes them only as fast as its client reads, and each learns when
// the other has gone.
#pragma once
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "runtime/event.h"

namespace kt::http {

/// Lives on: one loop, which is its writer's and its connection's. Shared by both.
/// Limits: the writer asks has_room() before it makes the next piece; write() itself never refuses,
/// so that one large piece goes through.
class BodyPipe {
 public:
  explicit BodyPipe(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  BodyPipe(const BodyPipe&) = delete;
  BodyPipe& operator=(const BodyPipe&) = delete;

  // The writer's side.
  /// Sent at once if the client takes it. Dropped when the reader has gone.
  void write(std::string piece);
  /// Nothing follows.
  void end();
  /// The body breaks off: the client sees that it is not whole.
  void cut();
  bool has_room() const { return bytes_ < bytes_max_; }
  /// The client left, or its connection ended.
  bool abandoned() const { return abandoned_; }
  /// Bytes taken so far: what tells a slow reader from one that reads nothing.
  std::uint64_t bytes_taken() const { return bytes_taken_; }
  /// Grows when pieces were taken, when the reader left, and by poke().
  std::uint64_t news() const { return news_; }
  void poke();
  /// Until news() is no longer `seen`.
  Task<Result<Unit>> wait_for_news(std::uint64_t seen);

  // The connection's side.
  /// Calls `on_news` whenever there is something to take, or the end; until detach().
  void attach(std::function<void()> on_news) { on_news_ = std::move(on_news); }
  /// The next piece; null when there is none now.
  std::shared_ptr<const std::string> take();
  bool empty() const { return pieces_.empty(); }
  /// Ended, and everything was taken.
  bool finished() const { return ended_ && pieces_.empty(); }
  bool broken() const { return cut_; }
  void abandon();

 private:
  void tell();

  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::uint64_t bytes_taken_ = 0;
  std::deque<std::shared_ptr<const std::string>> pieces_;
  std::function<void()> on_news_;
  std::uint64_t news_ = 0;
  Event changed_;
  bool ended_ = false;
  bool cut_ = false;
  bool abandoned_ = false;
};

}  // namespace kt::http
