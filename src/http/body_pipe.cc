#include "http/body_pipe.h"

namespace kt::http {

void BodyPipe::write(std::string piece) {
  if (piece.empty() || ended_ || abandoned_)
    return;
  bytes_ += piece.size();
  pieces_.push_back(std::make_shared<const std::string>(std::move(piece)));
  tell();
}

void BodyPipe::end() {
  if (std::exchange(ended_, true))
    return;
  tell();
}

void BodyPipe::cut() {
  cut_ = true;
  end();
}

void BodyPipe::poke() {
  ++news_;
  changed_.notify_all();
}

Task<Result<Unit>> BodyPipe::wait_for_news(std::uint64_t seen) {
  while (news_ == seen)
    co_await changed_.wait();
  co_return Unit{};
}

std::shared_ptr<const std::string> BodyPipe::take() {
  if (pieces_.empty())
    return nullptr;
  auto piece = std::move(pieces_.front());
  pieces_.pop_front();
  bytes_ -= piece->size();
  bytes_taken_ += piece->size();
  poke();
  return piece;
}

void BodyPipe::abandon() {
  on_news_ = nullptr;
  if (std::exchange(abandoned_, true))
    return;
  pieces_.clear();
  bytes_ = 0;
  poke();
}

void BodyPipe::tell() {
  // A copy: the callee may detach itself.
  const auto on_news = on_news_;
  if (on_news)
    on_news();
}

}  // namespace kt::http
