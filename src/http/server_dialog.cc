#include "http/server_dialog.h"

#include <utility>

#include "http/h2_session.h"

namespace kt::http {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

}  // namespace

void Dialog::receive(std::string_view bytes, MonotonicTime now) {
  now_ = now;
  if (session_)
    session_->receive(bytes, now);
  else
    begin(bytes);
  follow_upgrade();
}

void Dialog::begin(std::string_view bytes) {
  if (opening_.empty())
    opened_ = now_;
  opening_.append(bytes);
  const std::string_view start = std::string_view(opening_).substr(0, kPreface.size());
  if (start == kPreface) {
    session_ = std::make_unique<H2Session>(options_, outbox_);
  } else if (kPreface.starts_with(start)) {
    return;
  } else {
    auto h1 = std::make_unique<H1Session>(options_, outbox_);
    h1_ = h1.get();
    session_ = std::move(h1);
  }
  const std::string all = std::move(opening_);
  opening_.clear();
  session_->receive(all, now_);
}

void Dialog::follow_upgrade() {
  if (h1_ == nullptr)
    return;
  std::optional<Upgrade> upgrade = h1_->take_upgrade();
  if (!upgrade)
    return;
  auto h2 = std::make_unique<H2Session>(options_, outbox_);
  if (!h2->upgrade(upgrade->settings, std::move(upgrade->request))) {
    h1_->drain();
    h1_->answer(0, plain_answer(400, "malformed HTTP2-Settings"));
    return;
  }
  outbox_.copy("HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: h2c\r\n\r\n");
  h1_ = nullptr;
  session_ = std::move(h2);
  if (!upgrade->rest.empty())
    session_->receive(upgrade->rest, now_);
}

void Dialog::answer(std::uint32_t id, Response response) {
  session_->answer(id, std::move(response));
  follow_upgrade();  // a request that was sent ahead may ask for it
}

std::span<const boost::asio::const_buffer> Dialog::gather(GatherBuffers& out) {
  if (session_)
    session_->fill();
  return outbox_.gather(out);
}

void Dialog::drain() {
  if (session_)
    session_->drain();
  else
    refused_ = true;
}

std::optional<MonotonicTime> Dialog::reading_since() const {
  if (session_)
    return session_->reading_since();
  return opening_.empty() ? std::nullopt : std::optional(opened_);
}

}  // namespace kt::http
