// http/server_session.h — One protocol on one connection, without sockets.
//
// Why: bytes in, requests out, answers in, bytes out. Keeping sockets, time and tasks outside lets
// the same code run under a fuzzer and in tests that play the client byte by byte.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.h"
#include "http/server.h"

namespace kt::http {

/// A whole request and the name under which its answer is given back.
struct Exchange {
  Exchange() = default;
  Exchange(std::uint32_t i, ServerRequest r) : id(i), request(std::move(r)) {}
  std::uint32_t id = 0;  ///< HTTP/2: the stream; HTTP/1.1: always 0
  ServerRequest request;
};

/// HTTP/1.1 or HTTP/2 as the server speaks it; writes into an Outbox it was given. Lives on: the
/// loop of its connection. Never throws and never waits; whatever the peer sends ends in requests,
/// in an error answer, or in wants_bytes() == false.
class Session {
 public:
  virtual ~Session() = default;
  virtual void receive(std::string_view bytes, MonotonicTime now) = 0;
  /// The next request that is whole. Each must be answered once.
  virtual std::optional<Exchange> next() = 0;
  virtual void answer(std::uint32_t id, Response response) = 0;
  /// Moves what may be sent now into the outbox, up to a bound.
  virtual void fill() = 0;
  /// No new requests: ends when those it has are answered.
  virtual void drain() = 0;
  /// False: nothing that the peer may still send matters; close once the outbox is empty.
  virtual bool wants_bytes() const = 0;
  /// When the oldest request that is not whole yet began.
  virtual std::optional<MonotonicTime> reading_since() const = 0;
  /// Whether parts of answers still wait for the peer, apart from the outbox. A growing body that
  /// waits for its writer, or for its reader's window, does not count: its writer watches over it.
  virtual bool has_unsent() const = 0;
  /// There may be more of the growing body of that answer.
  virtual void body_grew(std::uint32_t id) = 0;
  /// Whether an answer's body may still grow.
  virtual bool is_growing() const = 0;
  /// The connection ended: tells the writers of growing bodies.
  virtual void abandon_bodies() = 0;
};

/// A short answer of the server itself: "status reason: detail".
Response plain_answer(int status, std::string_view detail);
std::string_view reason_phrase(int status);
/// Whether an answer of that status carries no body, whatever its handler gave.
bool is_bodiless(int status);
/// Headers that the server writes itself, or that could not be sent as they are.
bool is_sendable(const Header& header);
bool equals_ignoring_case(std::string_view a, std::string_view b);
/// Brings "http://host/path" to "/path". False when it is neither that nor a path nor "*".
bool normalize_target(std::string& target);

}  // namespace kt::http
