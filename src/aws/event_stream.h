// aws/event_stream.h — The frames of `application/vnd.amazon.eventstream`.
//
// Why: SubscribeToShard answers with a stream of framed messages, each with two checksums. Such an
// answer may end in the middle of a frame with everything else in order; only the frames tell.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace kt::aws {

inline constexpr std::string_view kEventStreamType = "application/vnd.amazon.eventstream";

/// One message. Of its headers those with a text value are kept; the others mean nothing to us.
struct EventMessage {
  EventMessage() = default;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string payload;

  EventMessage& with(std::string name, std::string value) {
    headers.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  /// ":message-type", ":event-type", ":exception-type"…; empty when it is missing.
  std::string_view header(std::string_view name) const;
};

/// The frame of a message whose names have at most 255 bytes and values 32767.
std::string encode(const EventMessage& message);

/// Puts frames together from bytes as they arrive, and checks both checksums. Untrusted input.
/// Limits: a message's bytes, 24 MiB of frame altogether.
class EventStreamDecoder {
 public:
  explicit EventStreamDecoder(std::size_t message_bytes_max = 16 * 1024 * 1024);
  EventStreamDecoder(const EventStreamDecoder&) = delete;
  EventStreamDecoder& operator=(const EventStreamDecoder&) = delete;
  ~EventStreamDecoder();

  /// Appends the messages that became whole. Corrupt ends the stream: nothing after it is read.
  Result<Unit> feed(std::string_view bytes, std::vector<EventMessage>& out);
  /// The bytes of the frame that has begun and is not whole; 0: none, or not known yet.
  std::size_t coming_bytes() const;
  /// Whether the bytes so far end with a whole frame. When the stream ends and this is false, its
  /// last frame was cut short.
  bool at_boundary() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kt::aws
