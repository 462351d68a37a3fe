#include "http/h2_session.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/check.h"
#include "http/body_pipe.h"

namespace kt::http {
namespace {

constexpr std::size_t kHeadersMax = 256;
constexpr std::uint32_t kStreamWindow = 1024 * 1024;
constexpr std::int32_t kConnectionWindow = 16 * 1024 * 1024;
constexpr std::uint32_t kFrameBytesMax = 64 * 1024;
/// Bodies that are not whole may hold this much before only the oldest is let on.
constexpr std::size_t kUnfinishedBytesMax = 64 * 1024 * 1024;
/// What one fill() puts into the outbox before the socket has to take some.
constexpr std::size_t kOutboxBytesMax = 1024 * 1024;
constexpr double kResetsBurst = 1000;
constexpr double kResetsPerSecond = 100;
constexpr std::size_t kUnsentAcksMax = 1000;
constexpr std::size_t kReserveBytesMax = 16 * 1024 * 1024;

template <class Text>
nghttp2_nv make_field(const Text& name, const Text& value) {
  nghttp2_nv field{};
  field.name = reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data()));
  field.namelen = name.size();
  field.value = reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data()));
  field.valuelen = value.size();
  return field;
}

std::string to_lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return text;
}

std::string_view view(const std::uint8_t* data, std::size_t size) {
  return std::string_view(reinterpret_cast<const char*>(data), size);
}

}  // namespace

struct H2Session::Stream {
  ServerRequest request;
  std::string authority;
  std::size_t header_bytes = 0;
  int header_error = 0;       // status to answer with once the headers ended
  std::size_t ungranted = 0;  // received bytes whose window was not given back
  MonotonicTime started{};
  bool whole = false;
  bool rejected = false;  // answered before it was whole: the rest is dropped
  bool answered = false;
  bool ended = false;  // END_STREAM was sent
  bool is_head = false;
  std::shared_ptr<const std::string> body;  // whole, or the current piece of a growing one
  std::size_t body_sent = 0;                // of it
  std::shared_ptr<BodyPipe> growing;
  bool deferred = false;  // nghttp2 waits for body_grew()
};

/// nghttp2 calls these; each finds its session behind `user`.
struct H2Session::Callbacks {
  static H2Session& self(void* user) { return *static_cast<H2Session*>(user); }

  static ssize_t send(nghttp2_session*, const std::uint8_t* data, size_t size, int, void* user) {
    Outbox& outbox = self(user).outbox_;
    if (outbox.bytes() >= kOutboxBytesMax)
      return NGHTTP2_ERR_WOULDBLOCK;
    outbox.copy(view(data, size));
    return static_cast<ssize_t>(size);
  }
  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
      return 0;
    H2Session& session = self(user);
    // A reset stream is gone for the peer while its handler still runs: it must not buy more.
    if (session.running_ >= 2 * session.options_.streams_max)
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    auto stream = std::make_unique<Stream>();
    stream->started = session.now_;
    session.streams_[frame->hd.stream_id] = std::move(stream);
    return 0;
  }
  static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                    size_t name_size, const std::uint8_t* value, size_t value_size, std::uint8_t,
                    void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
      return 0;  // trailers: nobody here needs one
    Stream* stream = self(user).find(frame->hd.stream_id);
    return stream == nullptr
               ? 0
               : self(user).on_header(*stream, view(name, name_size), view(value, value_size));
  }
  static int frame_received(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    H2Session& session = self(user);
    if (frame->hd.type == NGHTTP2_RST_STREAM)
      return session.spend_reset() ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
      return 0;
    const StreamId id = frame->hd.stream_id;
    Stream* stream = session.find(id);
    if (stream == nullptr)
      return 0;
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
      session.on_headers_end(id, *stream);
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
      session.on_request_end(id, *stream);
    return 0;
  }
  static int data_chunk(nghttp2_session*, std::uint8_t, StreamId id, const std::uint8_t* data,
                        size_t size, void* user) {
    self(user).on_data(id, view(data, size));
    return 0;
  }
  static int stream_close(nghttp2_session*, StreamId id, std::uint32_t, void* user) {
    self(user).on_close(id);
    return 0;
  }
  static int frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    self(user).on_frame_sent(*frame);
    return 0;
  }
  static ssize_t body_size(nghttp2_session*, StreamId id, std::uint8_t*, size_t length,
                           std::uint32_t* flags, nghttp2_data_source*, void* user) {
    Stream* stream = self(user).find(id);
    if (stream == nullptr || (!stream->body && !stream->growing))
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    const std::size_t left = self(user).body_left(*stream);
    const bool grows = stream->growing && !stream->growing->finished();
    if (left == 0 && grows) {
      stream->deferred = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    if (left == 0 && stream->growing && stream->growing->broken())
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    const bool last = !grows && (!stream->growing || !stream->growing->broken());
    if (left <= length && last)
      *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(std::min(left, length));
  }
  static int send_body(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* head,
                       size_t size, nghttp2_data_source*, void* user) {
    return self(user).on_body_piece(frame->hd.stream_id, view(head, 9), size);
  }
  static ssize_t piece_size(nghttp2_session*, std::uint8_t, StreamId, std::int32_t session_window,
                            std::int32_t stream_window, std::uint32_t frame_max, void*) {
    const auto window = static_cast<std::uint32_t>(std::min(session_window, stream_window));
    return static_cast<ssize_t>(std::min({window, frame_max, kFrameBytesMax}));
  }
};

H2Session::H2Session(const ServerOptions& options, Outbox& outbox)
    : options_(options), outbox_(outbox), resets_left_(kResetsBurst) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* option = nullptr;
  CHECK(nghttp2_session_callbacks_new(&callbacks) == 0 && nghttp2_option_new(&option) == 0);
  nghttp2_session_callbacks_set_send_callback(callbacks, Callbacks::send);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, Callbacks::begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::frame_received);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::data_chunk);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::stream_close);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, Callbacks::frame_sent);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, Callbacks::send_body);
  nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks, Callbacks::piece_size);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_max_outbound_ack(option, kUnsentAcksMax);
  nghttp2_option_set_max_settings(option, 32);
  nghttp2_option_set_max_reserved_remote_streams(option, 0);
  CHECK(nghttp2_session_server_new2(&session_, callbacks, this, option) == 0, "out of memory");
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);

  const std::array<nghttp2_settings_entry, 4> settings = {{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, static_cast<std::uint32_t>(options.streams_max)},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
      {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, kFrameBytesMax},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(options.header_bytes_max)},
  }};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
}

H2Session::~H2Session() {
  abandon_bodies();
  nghttp2_session_del(session_);
}

H2Session::Stream* H2Session::find(StreamId id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

bool H2Session::upgrade(std::string_view settings, ServerRequest request) {
  const bool is_head = request.method == "HEAD";
  const auto* payload = reinterpret_cast<const std::uint8_t*>(settings.data());
  if (nghttp2_session_upgrade2(session_, payload, settings.size(), is_head ? 1 : 0, nullptr) != 0)
    return false;
  auto stream = std::make_unique<Stream>();
  stream->whole = true;
  stream->is_head = is_head;
  streams_[1] = std::move(stream);
  ++running_;
  ready_.emplace_back(1U, std::move(request));
  return true;
}

void H2Session::receive(std::string_view bytes, MonotonicTime now) {
  now_ = now;
  if (dead_)
    return;
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const ssize_t used = nghttp2_session_mem_recv(session_, data, bytes.size());
  if (used >= 0)
    return;
  // Protocol errors queue a GOAWAY of their own; what comes here is a flood, no preface, no memory.
  dead_ = true;
  nghttp2_session_terminate_session(
      session_, used == NGHTTP2_ERR_FLOODED || used == NGHTTP2_ERR_CALLBACK_FAILURE
                    ? NGHTTP2_ENHANCE_YOUR_CALM
                    : NGHTTP2_PROTOCOL_ERROR);
}

std::optional<Exchange> H2Session::next() {
  if (ready_.empty())
    return std::nullopt;
  std::optional<Exchange> exchange(std::move(ready_.front()));
  ready_.pop_front();
  return exchange;
}

int H2Session::on_header(Stream& stream, std::string_view name, std::string_view value) {
  stream.header_bytes += name.size() + value.size() + 32;
  ServerRequest& request = stream.request;
  if (stream.header_bytes > options_.header_bytes_max || request.headers.size() >= kHeadersMax) {
    stream.header_error = 431;
    return 0;
  }
  if (name == ":method")
    request.method.assign(value);
  else if (name == ":path")
    request.target.assign(value);
  else if (name == ":authority")
    stream.authority.assign(value);
  else if (name.front() != ':')
    request.headers.emplace_back(std::string(name), std::string(value));
  return 0;
}

void H2Session::on_headers_end(StreamId id, Stream& stream) {
  ServerRequest& request = stream.request;
  stream.is_head = request.method == "HEAD";
  if (stream.header_error != 0)
    return reject(id, stream, stream.header_error, "headers too long");
  if (!normalize_target(request.target))
    return reject(id, stream, 400, "the target is not a path");
  if (!stream.authority.empty() && request.header("host").empty())
    request.headers.emplace_back("host", std::move(stream.authority));
  const std::string_view length = request.header("content-length");
  if (length.empty())
    return;
  std::size_t bytes = 0;  // nghttp2 has checked that these are digits
  for (char c : length)
    bytes =
        bytes > options_.body_bytes_max ? bytes : bytes * 10 + static_cast<std::size_t>(c - '0');
  if (bytes > options_.body_bytes_max)
    return reject(id, stream, 413, "the body is too long");
  request.body.reserve(std::min(bytes, kReserveBytesMax));
}

void H2Session::on_data(StreamId id, std::string_view bytes) {
  // The connection's window is given back at once: the streams' windows are what holds memory.
  nghttp2_session_consume_connection(session_, bytes.size());
  Stream* stream = find(id);
  if (stream == nullptr || stream->rejected)
    return;
  std::string& body = stream->request.body;
  if (bytes.size() > options_.body_bytes_max - body.size())
    return reject(id, *stream, 413, "the body is too long");
  body.append(bytes);
  unfinished_bytes_ += bytes.size();
  stream->ungranted += bytes.size();
  grant_windows();
}

void H2Session::grant_windows() {
  bool is_oldest = true;
  for (auto& [id, stream] : streams_) {
    if (stream->whole || stream->rejected)
      continue;
    if (!is_oldest && unfinished_bytes_ >= kUnfinishedBytesMax)
      return;
    is_oldest = false;
    if (stream->ungranted > 0)
      nghttp2_session_consume_stream(session_, id, std::exchange(stream->ungranted, 0));
  }
}

void H2Session::on_request_end(StreamId id, Stream& stream) {
  if (stream.whole || stream.rejected)
    return;
  stream.whole = true;
  unfinished_bytes_ -= stream.request.body.size();
  ++running_;
  ready_.emplace_back(static_cast<std::uint32_t>(id), std::move(stream.request));
  grant_windows();
}

void H2Session::reject(StreamId id, Stream& stream, int status, std::string_view detail) {
  if (!stream.rejected && !stream.whole)
    unfinished_bytes_ -= stream.request.body.size();
  stream.rejected = true;
  stream.request = ServerRequest();
  submit(id, stream, plain_answer(status, detail));
}

void H2Session::answer(std::uint32_t id, Response response) {
  CHECK(running_ > 0, "an answer to a request that was not given out");
  --running_;
  Stream* stream = find(static_cast<StreamId>(id));
  if (stream == nullptr || stream->answered || dead_) {
    if (response.growing)  // reset by the peer meanwhile
      response.growing->abandon();
    return;
  }
  submit(static_cast<StreamId>(id), *stream, std::move(response));
}

void H2Session::submit(StreamId id, Stream& stream, Response response) {
  const bool bodiless = is_bodiless(response.status);
  const std::string status = std::to_string(response.status);
  const std::string length = std::to_string(response.body.size());
  for (Header& header : response.headers)
    header.name = to_lower(std::move(header.name));
  std::vector<nghttp2_nv> fields;
  fields.reserve(response.headers.size() + 2);
  fields.push_back(make_field<std::string_view>(":status", status));
  for (const Header& header : response.headers)
    if (is_sendable(header))
      fields.push_back(make_field(header.name, header.value));
  const bool grows = response.growing != nullptr && !bodiless && !stream.is_head;
  if (!bodiless && !grows)
    fields.push_back(make_field<std::string_view>("content-length", length));
  const bool has_body = grows || (!bodiless && !stream.is_head && !response.body.empty());
  if (has_body)
    stream.body = std::make_shared<const std::string>(std::move(response.body));
  if (grows) {
    stream.growing = std::move(response.growing);
    ++growing_;
  } else if (response.growing) {
    response.growing->abandon();
  }
  nghttp2_data_provider provider{};
  provider.read_callback = Callbacks::body_size;
  const int failed = nghttp2_submit_response(session_, id, fields.data(), fields.size(),
                                             has_body ? &provider : nullptr);
  if (failed != 0) {
    stop_growing(stream);
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_INTERNAL_ERROR);
    return;
  }
  stream.answered = true;
  ++unsent_answers_;
}

std::size_t H2Session::body_left(Stream& stream) {
  const auto left = [&] { return stream.body ? stream.body->size() - stream.body_sent : 0; };
  while (left() == 0 && stream.growing && !stream.growing->empty()) {
    stream.body = stream.growing->take();
    stream.body_sent = 0;
  }
  return left();
}

void H2Session::body_grew(std::uint32_t id) {
  Stream* stream = find(static_cast<StreamId>(id));
  if (stream == nullptr || dead_ || !std::exchange(stream->deferred, false))
    return;
  nghttp2_session_resume_data(session_, static_cast<StreamId>(id));
}

void H2Session::stop_growing(Stream& stream) {
  if (!stream.growing)
    return;
  --growing_;
  std::exchange(stream.growing, nullptr)->abandon();
}

void H2Session::abandon_bodies() {
  for (auto& [id, stream] : streams_)
    stop_growing(*stream);
}

int H2Session::on_body_piece(StreamId id, std::string_view frame_head, std::size_t size) {
  if (outbox_.bytes() >= kOutboxBytesMax)
    return NGHTTP2_ERR_WOULDBLOCK;
  Stream* stream = find(id);
  if (stream == nullptr || (!stream->body && size > 0))
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  outbox_.copy(frame_head);
  if (size == 0)
    return 0;
  outbox_.share(stream->body, stream->body_sent, size);
  stream->body_sent += size;
  return 0;
}

void H2Session::on_frame_sent(const nghttp2_frame& frame) {
  const bool carries_end = frame.hd.type == NGHTTP2_HEADERS || frame.hd.type == NGHTTP2_DATA;
  if (!carries_end || (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0)
    return;
  Stream* stream = find(frame.hd.stream_id);
  if (stream == nullptr || stream->ended)
    return;
  stream->ended = true;
  --unsent_answers_;
  stop_growing(*stream);
  // The answer is complete and the request is not: ask the peer to stop sending it.
  if (!stream->whole)
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, frame.hd.stream_id, NGHTTP2_NO_ERROR);
}

void H2Session::on_close(StreamId id) {
  Stream* stream = find(id);
  if (stream == nullptr)
    return;
  if (stream->answered && !stream->ended)
    --unsent_answers_;
  stop_growing(*stream);
  if (!stream->whole && !stream->rejected)
    unfinished_bytes_ -= stream->request.body.size();
  streams_.erase(id);
  grant_windows();
}

bool H2Session::spend_reset() {
  const std::chrono::duration<double> passed = now_ - resets_counted_at_;
  resets_counted_at_ = now_;
  resets_left_ = std::min(kResetsBurst, resets_left_ + passed.count() * kResetsPerSecond);
  if (resets_left_ < 1)
    return false;
  resets_left_ -= 1;
  return true;
}

void H2Session::fill() {
  if (outbox_.bytes() < kOutboxBytesMax && nghttp2_session_send(session_) != 0)
    dead_ = true;
}

void H2Session::drain() {
  if (std::exchange(draining_, true) || dead_)
    return;
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR,
                        nullptr, 0);
}

bool H2Session::wants_bytes() const {
  return !dead_ &&
         (nghttp2_session_want_read(session_) != 0 || nghttp2_session_want_write(session_) != 0);
}

std::optional<MonotonicTime> H2Session::reading_since() const {
  for (const auto& [id, stream] : streams_)
    if (!stream->whole && !stream->rejected)
      return stream->started;
  return std::nullopt;
}

}  // namespace kt::http
