// http/server_dialog.h — A connection's protocol: tells HTTP/2 from HTTP/1.1, and switches.
//
// Why: one port serves both. A client with prior knowledge starts with HTTP/2's fixed preface, one
// that asks `Upgrade: h2c` starts with HTTP/1.1; everything else is HTTP/1.1.
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/h1_session.h"
#include "http/server_outbox.h"
#include "http/server_session.h"

namespace kt::http {

/// Everything of a connection but its socket. Lives on: the loop of its connection; `options`
/// outlives it.
class Dialog {
 public:
  explicit Dialog(const ServerOptions& options) : options_(options) {}
  Dialog(const Dialog&) = delete;
  Dialog& operator=(const Dialog&) = delete;

  void receive(std::string_view bytes, MonotonicTime now);
  std::optional<Exchange> next() { return session_ ? session_->next() : std::nullopt; }
  void answer(std::uint32_t id, Response response);
  /// Whether the answer to one request must be sent before the next is given out.
  bool is_sequential() const { return h1_ != nullptr; }
  /// What to write now, in order; empty when there is nothing. Then sent() tells how much went.
  std::span<const boost::asio::const_buffer> gather(GatherBuffers& out);
  void sent(std::size_t size) { outbox_.sent(size); }
  void drain();
  void body_grew(std::uint32_t id) { session_->body_grew(id); }
  bool is_growing() const { return session_ && session_->is_growing(); }
  void abandon_bodies() {
    if (session_)
      session_->abandon_bodies();
  }
  bool wants_bytes() const { return !refused_ && (!session_ || session_->wants_bytes()); }
  std::optional<MonotonicTime> reading_since() const;
  bool has_unsent() const { return !outbox_.empty() || (session_ && session_->has_unsent()); }
  std::uint64_t body_bytes_sent() const { return outbox_.body_bytes_sent(); }

 private:
  void begin(std::string_view bytes);
  void follow_upgrade();

  const ServerOptions& options_;
  Outbox outbox_;
  std::string opening_;  // the first bytes, while they could still be HTTP/2's preface
  std::unique_ptr<Session> session_;
  H1Session* h1_ = nullptr;  // session_, while that is HTTP/1.1
  MonotonicTime now_{};
  MonotonicTime opened_{};
  bool refused_ = false;  // drained before the first byte
};

}  // namespace kt::http
