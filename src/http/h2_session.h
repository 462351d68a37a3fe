// http/h2_session.h — HTTP/2 as the server speaks it, over nghttp2.
//
// Why: Java clients speak HTTP/2 to plain endpoints, with many streams at once and bodies larger
// than any window. nghttp2 keeps the protocol; this class keeps what it costs within bounds.
#pragma once
#include <nghttp2/nghttp2.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/server_outbox.h"
#include "http/server_session.h"

namespace kt::http {

/// Lives on: the loop of its connection; `options` and `outbox` outlive it.
/// Limits: concurrent streams (running handlers of reset streams count too), header bytes and
/// count, body bytes, bytes of unfinished bodies (beyond the bound only the oldest request gets
/// more window, so that one always goes on), resets a second, unsent acknowledgements.
class H2Session final : public Session {
 public:
  H2Session(const ServerOptions& options, Outbox& outbox);
  ~H2Session() override;
  H2Session(const H2Session&) = delete;
  H2Session& operator=(const H2Session&) = delete;

  /// After `Upgrade: h2c`: stream 1 carries `request`. False when the settings are malformed.
  bool upgrade(std::string_view settings, ServerRequest request);

  void receive(std::string_view bytes, MonotonicTime now) override;
  std::optional<Exchange> next() override;
  void answer(std::uint32_t id, Response response) override;
  void fill() override;
  void drain() override;
  bool wants_bytes() const override;
  std::optional<MonotonicTime> reading_since() const override;
  bool has_unsent() const override { return unsent_answers_ > growing_; }
  void body_grew(std::uint32_t id) override;
  bool is_growing() const override { return growing_ > 0; }
  void abandon_bodies() override;

 private:
  struct Stream;
  struct Callbacks;
  using StreamId = std::int32_t;

  Stream* find(StreamId id);
  int on_header(Stream& stream, std::string_view name, std::string_view value);
  void on_headers_end(StreamId id, Stream& stream);
  void on_data(StreamId id, std::string_view bytes);
  void on_request_end(StreamId id, Stream& stream);
  void on_frame_sent(const nghttp2_frame& frame);
  int on_body_piece(StreamId id, std::string_view frame_head, std::size_t size);
  void on_close(StreamId id);
  void grant_windows();
  void reject(StreamId id, Stream& stream, int status, std::string_view detail);
  void submit(StreamId id, Stream& stream, Response response);
  /// False when the peer has used up what it may reset.
  bool spend_reset();
  /// What nghttp2 may send now of an answer's body; 0: it waits for its writer.
  std::size_t body_left(Stream& stream);
  void stop_growing(Stream& stream);

  const ServerOptions& options_;
  Outbox& outbox_;
  nghttp2_session* session_ = nullptr;
  std::map<StreamId, std::unique_ptr<Stream>> streams_;  // in order of opening
  std::deque<Exchange> ready_;
  std::size_t running_ = 0;           // requests given out or ready, not answered
  std::size_t unsent_answers_ = 0;    // answered, END_STREAM not sent
  std::size_t growing_ = 0;           // of them, those whose body may grow
  std::size_t unfinished_bytes_ = 0;  // of bodies that are not whole
  bool dead_ = false;
  bool draining_ = false;
  double resets_left_;
  MonotonicTime resets_counted_at_{};
  MonotonicTime now_{};
};

}  // namespace kt::http
