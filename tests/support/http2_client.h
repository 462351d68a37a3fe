// tests/support/http2_client.h — A blocking HTTP/2 client over nghttp2.
//
// Why: streams in parallel, windows and resets are tested against the protocol's own library on the
// client's side, over a real socket.
#pragma once
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/http_server_under_test.h"

namespace kt::http {

/// What came back on one stream.
struct Http2Answer {
  int status = 0;
  std::map<std::string, std::string> headers;
  std::string body;
  bool ended = false;   // END_STREAM was received
  bool closed = false;  // or it was reset
  std::uint32_t error = 0;
};

/// Speaks with prior knowledge. Every wait ends when the connection does.
class Http2Client {
 public:
  explicit Http2Client(std::uint16_t port, std::uint32_t window = 65535) : raw(port) {
    open();
    const nghttp2_settings_entry settings{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &settings, 1);
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                          static_cast<std::int32_t>(window));
  }
  ~Http2Client() { nghttp2_session_del(session_); }
  Http2Client(const Http2Client&) = delete;
  Http2Client& operator=(const Http2Client&) = delete;

  /// Goes on over a connection whose 101 was read: stream 1 is the upgraded request. `settings`
  /// are the bytes that its HTTP2-Settings carried.
  bool continue_upgrade(std::string_view settings) {
    nghttp2_session_del(session_);
    open();
    const auto* payload = reinterpret_cast<const std::uint8_t*>(settings.data());
    const int failed = nghttp2_session_upgrade2(session_, payload, settings.size(), 0, nullptr);
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
    return failed == 0;
  }

  using Headers = std::vector<std::pair<std::string, std::string>>;
  /// Begins a request; it is sent by the next exchange of bytes.
  std::int32_t submit(std::string method, std::string path, std::string body = {},
                      const Headers& more = {}) {
    Headers all = {{":method", std::move(method)},
                   {":path", std::move(path)},
                   {":scheme", "http"},
                   {":authority", "localhost"}};
    all.insert(all.end(), more.begin(), more.end());
    std::vector<nghttp2_nv> fields;
    for (auto& [name, value] : all) {
      nghttp2_nv field{};
      field.name = reinterpret_cast<std::uint8_t*>(name.data());
      field.namelen = name.size();
      field.value = reinterpret_cast<std::uint8_t*>(value.data());
      field.valuelen = value.size();
      fields.push_back(field);
    }
    nghttp2_data_provider provider{};
    provider.read_callback = read_body;
    const std::int32_t id = nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(),
                                                   body.empty() ? nullptr : &provider, nullptr);
    bodies_[id] = {std::move(body), 0};
    return id;
  }
  void reset(std::int32_t id) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
  }
  void ping() { nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr); }

  /// Sends what is due. False when the connection has ended.
  bool send() {
    const std::uint8_t* bytes = nullptr;
    for (;;) {
      const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
      if (size <= 0)
        return size == 0;
      const std::string_view due(reinterpret_cast<const char*>(bytes),
                                 static_cast<std::size_t>(size));
      if (!raw.send(due))
        return false;
    }
  }
  bool receive() {
    const std::string bytes = raw.read_some();
    const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    return !bytes.empty() && nghttp2_session_mem_recv(session_, data, bytes.size()) >= 0;
  }
  /// Exchanges bytes until the stream was closed.
  const Http2Answer& wait(std::int32_t id) {
    while (!answers[id].closed && send() && receive()) {
    }
    return answers[id];
  }
  /// Exchanges bytes until `done()`; false when the connection ended before.
  template <class Done>
  bool run_until(Done done) {
    while (!done()) {
      if (!send() || !receive())
        return done();
    }
    return true;
  }
  /// Exchanges bytes until the server closed the connection.
  void wait_end() {
    while (send() && receive()) {
    }
  }

  RawClient raw;
  std::map<std::int32_t, Http2Answer> answers;
  bool got_goaway = false;
  std::uint32_t goaway_error = 0;
  int pongs = 0;

 private:
  static Http2Client& self(void* user) { return *static_cast<Http2Client*>(user); }

  void open() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_client_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
  }
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       size_t name_size, const std::uint8_t* value, size_t value_size, std::uint8_t,
                       void* user) {
    const std::string key(reinterpret_cast<const char*>(name), name_size);
    const std::string text(reinterpret_cast<const char*>(value), value_size);
    Http2Answer& answer = self(user).answers[frame->hd.stream_id];
    if (key == ":status")
      answer.status = std::stoi(text);
    else
      answer.headers[key] = text;
    return 0;
  }
  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                     size_t size, void* user) {
    self(user).answers[id].body.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_GOAWAY) {
      self(user).got_goaway = true;
      self(user).goaway_error = frame->goaway.error_code;
    } else if (frame->hd.type == NGHTTP2_PING) {
      ++self(user).pongs;
    } else if (frame->hd.type <= NGHTTP2_HEADERS &&
               (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      self(user).answers[frame->hd.stream_id].ended = true;
    }
    return 0;
  }
  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t error, void* user) {
    self(user).answers[id].closed = true;
    self(user).answers[id].error = error;
    return 0;
  }
  static ssize_t read_body(nghttp2_session*, std::int32_t id, std::uint8_t* out, size_t size,
                           std::uint32_t* flags, nghttp2_data_source*, void* user) {
    auto& [body, at] = self(user).bodies_[id];
    const std::size_t part = std::min(size, body.size() - at);
    std::memcpy(out, body.data() + at, part);
    at += part;
    if (at == body.size())
      *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(part);
  }

  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, std::pair<std::string, std::size_t>> bodies_;
};

}  // namespace kt::http
