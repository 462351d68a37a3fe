// http/h1_session.h — HTTP/1.1 (and 1.0) as the server speaks it.
//
// Why: requests of one connection are handled one after the other, in order; what a client sends
// ahead waits in the socket, not in memory.
//
//   Head ──headers whole──▶ Body ──body whole──▶ Busy ──answer()──▶ Head
//     │                      │                    ├── growing body ──▶ Growing
//     └──── 400 413 431 ─────┴──▶ Ended ◀─────────┴── "connection: close", drain()
//                                   ▲                                   │
//                                   └────────────── its end ────────────┘
#pragma once
#include <boost/system/error_code.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "http/server_outbox.h"
#include "http/server_session.h"

namespace kt::http {

/// Takes over when a client asks for `Upgrade: h2c`.
struct Upgrade {
  Upgrade() = default;
  std::string settings;  ///< the decoded HTTP2-Settings
  ServerRequest request;
  std::string rest;  ///< what the client sent behind the request
};

/// Lives on: the loop of its connection; `options` and `outbox` outlive it.
/// Limits: headers (bytes and count), body bytes; both also for chunked bodies.
class H1Session final : public Session {
 public:
  H1Session(const ServerOptions& options, Outbox& outbox);
  ~H1Session() override;

  void receive(std::string_view bytes, MonotonicTime now) override;
  std::optional<Exchange> next() override;
  void answer(std::uint32_t id, Response response) override;
  void fill() override;
  void drain() override;
  bool wants_bytes() const override { return state_ != State::Ended; }
  std::optional<MonotonicTime> reading_since() const override;
  bool has_unsent() const override { return false; }
  void body_grew(std::uint32_t) override {}
  bool is_growing() const override { return state_ == State::Growing; }
  void abandon_bodies() override;

  /// Set once a request asked for HTTP/2: its request is not given out by next().
  std::optional<Upgrade> take_upgrade();

 private:
  class Parser;
  enum class State { Head, Body, Busy, Growing, Ended };

  /// Returns how much of `input` was used up.
  std::size_t parse(std::string_view input);
  void parse_pending();
  void header_done();
  void request_done();
  void reject_parse_error(const boost::system::error_code& ec);
  void reject(int status, std::string_view detail);
  void begin_growing(std::shared_ptr<BodyPipe> pipe, std::string first);

  const ServerOptions& options_;
  Outbox& outbox_;
  State state_ = State::Head;
  bool draining_ = false;
  std::string pending_;  // received, not parsed
  std::size_t head_bytes_ = 0;
  bool awaits_chunk_line_ = false;
  std::unique_ptr<Parser> parser_;
  std::shared_ptr<BodyPipe> growing_;  // while Growing
  std::optional<ServerRequest> ready_;
  std::optional<Upgrade> upgrade_;
  std::optional<MonotonicTime> started_;  // of the request being read
  std::optional<MonotonicTime> now_;      // none outside of receive()
  bool keep_alive_ = true;                // of the request being answered
  bool is_head_ = false;                  // of the request being answered
  bool is_http10_ = false;                // of the request being answered
};

}  // namespace kt::http
