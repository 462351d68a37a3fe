#include "http/h1_session.h"

#include <algorithm>
#include <array>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/rfc7230.hpp>

#include <charconv>

#include "base/check.h"
#include "http/body_pipe.h"

namespace kt::http {
namespace {

namespace beast_http = boost::beast::http;
using boost::system::error_code;

constexpr std::size_t kHeadersMax = 256;
/// A body is allocated at once up to its announced length, but no further than this.
constexpr std::size_t kReserveBytesMax = 16 * 1024 * 1024;
/// Boost 1.81 asserts that a last chunk which was not whole comes back with at least this much.
/// Nothing is lost by waiting: every chunked body ends with five bytes, "0\r\n\r\n".
constexpr std::size_t kChunkLineRetryBytes = 5;
/// What of a growing body lies in the outbox before the socket has to take some.
constexpr std::size_t kOutboxBytesMax = 256 * 1024;
/// A larger buffer is given back once it is empty.
constexpr std::size_t kPendingKept = 64 * 1024;

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return out;
}

void append_chunk(Outbox& outbox, std::shared_ptr<const std::string> piece) {
  std::array<char, 20> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), piece->size(), 16).ptr;
  outbox.copy(std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
  outbox.copy("\r\n");
  const std::size_t size = piece->size();
  outbox.share(std::move(piece), 0, size);
  outbox.copy("\r\n");
}

/// Decodes unpadded base64url; none when it is not that.
std::optional<std::string> decode_base64url(std::string_view text) {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  unsigned bits = 0;
  unsigned held = 0;
  while (!text.empty() && text.back() == '=')
    text.remove_suffix(1);
  for (char c : text) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos)
      return std::nullopt;
    held = (held << 6 | static_cast<unsigned>(digit)) & 0xfffU;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out.push_back(static_cast<char>((held >> bits) & 0xffU));
    }
  }
  return out;
}

}  // namespace

/// Beast's grammar, filling a ServerRequest without a container between.
class H1Session::Parser final : public beast_http::basic_parser<true> {
 public:
  explicit Parser(const ServerOptions& options) : options_(options) {
    eager(true);
    header_limit(static_cast<std::uint32_t>(options.header_bytes_max));
    body_limit(options.body_bytes_max);
  }

  ServerRequest request;
  int http_version = 11;
  bool header_seen = false;
  bool too_many_headers = false;

 private:
  using View = boost::beast::string_view;

  void on_request_impl(beast_http::verb, View method, View target, int version,
                       error_code& ec) override {
    http_version = version;
    request.method.assign(method);
    request.target.assign(target);
    ec = {};
  }
  void on_response_impl(int, View, int, error_code& ec) override { ec = {}; }
  void on_field_impl(beast_http::field, View name, View value, error_code& ec) override {
    ec = {};
    if (header_seen)
      return;  // a trailer: nobody here needs one
    if (request.headers.size() >= kHeadersMax) {
      too_many_headers = true;
      ec = beast_http::error::header_limit;
      return;
    }
    request.headers.emplace_back(to_lower(name), std::string(value));
  }
  void on_header_impl(error_code& ec) override {
    header_seen = true;
    ec = {};
    if (!request.header("transfer-encoding").empty() && !chunked())
      ec = beast_http::error::bad_transfer_encoding;
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code& ec) override {
    ec = {};
    if (length)
      request.body.reserve(std::min<std::size_t>(*length, kReserveBytesMax));
  }
  std::size_t on_body_impl(View body, error_code& ec) override {
    ec = {};
    if (body.size() > options_.body_bytes_max - request.body.size())
      ec = beast_http::error::body_limit;
    else
      request.body.append(body);
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, View, error_code& ec) override { ec = {}; }
  std::size_t on_chunk_body_impl(std::uint64_t, View body, error_code& ec) override {
    return on_body_impl(body, ec);
  }
  void on_finish_impl(error_code& ec) override { ec = {}; }

  const ServerOptions& options_;
};

H1Session::H1Session(const ServerOptions& options, Outbox& outbox)
    : options_(options), outbox_(outbox), parser_(std::make_unique<Parser>(options)) {}

H1Session::~H1Session() {
  abandon_bodies();
}

void H1Session::abandon_bodies() {
  if (growing_)
    growing_->abandon();
}

void H1Session::receive(std::string_view bytes, MonotonicTime now) {
  now_ = now;
  if (!started_)
    started_ = now;
  if (state_ == State::Ended)
    return;
  if (state_ == State::Growing)
    return;  // such an answer is the connection's last
  if (state_ == State::Busy) {
    pending_.append(bytes);
  } else if (pending_.empty()) {
    pending_.assign(bytes.substr(parse(bytes)));
  } else {
    pending_.append(bytes);
    parse_pending();
  }
  if (state_ == State::Ended)
    std::string().swap(pending_);
}

void H1Session::parse_pending() {
  pending_.erase(0, parse(pending_));
  if (pending_.empty() && pending_.capacity() > kPendingKept)
    std::string().swap(pending_);
}

std::size_t H1Session::parse(std::string_view input) {
  std::size_t parsed = 0;
  while (state_ == State::Head || state_ == State::Body) {
    if (!parser_->got_some()) {
      // A client may end a request with one line break too many (RFC 9112 section 2.2).
      while (parsed < input.size() && (input[parsed] == '\r' || input[parsed] == '\n'))
        ++parsed;
      started_ = now_;
    }
    const std::string_view left = input.substr(parsed);
    if (left.empty() || (awaits_chunk_line_ && left.size() < kChunkLineRetryBytes))
      break;
    error_code ec;
    const boost::asio::const_buffer buffer(left.data(), left.size());
    const std::size_t used = parser_->put(buffer, ec);
    parsed += used;
    if (state_ == State::Head)
      head_bytes_ += used;
    const bool needs_more = ec == beast_http::error::need_more;
    awaits_chunk_line_ = needs_more && parser_->header_seen;
    if (ec && !needs_more) {
      reject_parse_error(ec);
      break;
    }
    if (state_ == State::Head && parser_->header_seen)
      header_done();
    if (state_ == State::Ended)
      break;
    if (parser_->is_done()) {
      request_done();
      break;
    }
    // Body bytes are used up at once: what is left belongs to a line that is not whole.
    const std::size_t line = input.size() - parsed + (state_ == State::Head ? head_bytes_ : 0);
    if (needs_more && line > options_.header_bytes_max) {
      reject(431, "headers too long");
      break;
    }
    if (needs_more || used == 0)
      break;
  }
  return parsed;
}

void H1Session::reject_parse_error(const error_code& ec) {
  if (ec == beast_http::error::header_limit)
    return reject(431, parser_->too_many_headers ? "too many headers" : "headers too long");
  if (ec == beast_http::error::body_limit)
    return reject(413, "the body may have " + std::to_string(options_.body_bytes_max) + " bytes");
  reject(ec == beast_http::error::bad_version ? 505 : 400, ec.message());
}

void H1Session::header_done() {
  state_ = State::Body;
  is_http10_ = parser_->http_version < 11;
  ServerRequest& request = parser_->request;
  if (!normalize_target(request.target))
    return reject(400, "the target is not a path");
  if (!is_http10_ && request.header("host").empty() &&
      std::ranges::none_of(request.headers, [](const Header& h) { return h.name == "host"; }))
    return reject(400, "no host header");
  const std::string_view expect = request.header("expect");
  if (expect.empty() || is_http10_)
    return;
  if (!equals_ignoring_case(expect, "100-continue"))
    return reject(417, "only 100-continue can be expected");
  if (!parser_->is_done() && request.body.empty())
    outbox_.copy("HTTP/1.1 100 Continue\r\n\r\n");
}

void H1Session::request_done() {
  state_ = State::Busy;
  keep_alive_ = parser_->keep_alive();
  is_head_ = parser_->request.method == "HEAD";
  ServerRequest request = std::move(parser_->request);
  const std::string_view settings = request.header("http2-settings");
  const bool asks_h2c =
      !is_http10_ && parser_->upgrade() && !settings.empty() &&
      beast_http::token_list(request.header("upgrade")).exists("h2c") &&
      beast_http::token_list(request.header("connection")).exists("http2-settings");
  std::optional<std::string> decoded;
  if (asks_h2c && !draining_)
    decoded = decode_base64url(settings);
  if (!decoded) {
    ready_.emplace(std::move(request));
    return;
  }
  upgrade_.emplace();
  upgrade_->settings = std::move(*decoded);
  upgrade_->request = std::move(request);
}

std::optional<Upgrade> H1Session::take_upgrade() {
  if (upgrade_)
    upgrade_->rest = std::move(pending_);
  return std::exchange(upgrade_, std::nullopt);
}

std::optional<Exchange> H1Session::next() {
  if (!ready_)
    return std::nullopt;
  std::optional<Exchange> exchange(std::in_place, 0U, std::move(*ready_));
  ready_.reset();
  return exchange;
}

void H1Session::reject(int status, std::string_view detail) {
  keep_alive_ = false;
  is_head_ = false;
  answer(0, plain_answer(status, detail));
}

void H1Session::begin_growing(std::shared_ptr<BodyPipe> pipe, std::string first) {
  growing_ = std::move(pipe);
  std::string().swap(pending_);
  state_ = State::Growing;
  if (is_head_ || is_http10_) {
    // A body without end needs chunks, which this client can not read.
    abandon_bodies();
    state_ = State::Ended;
    return;
  }
  if (!first.empty())
    append_chunk(outbox_, std::make_shared<const std::string>(std::move(first)));
  fill();
}

void H1Session::fill() {
  if (state_ != State::Growing)
    return;
  while (outbox_.bytes() < kOutboxBytesMax) {
    auto piece = growing_->take();
    if (!piece)
      break;
    append_chunk(outbox_, std::move(piece));
  }
  if (!growing_->finished())
    return;
  if (!growing_->broken())
    outbox_.copy("0\r\n\r\n");
  state_ = State::Ended;
}

void H1Session::answer(std::uint32_t, Response response) {
  if (state_ == State::Ended) {
    if (response.growing)
      response.growing->abandon();
    return;
  }
  const bool grows = response.growing != nullptr;
  const bool keep = keep_alive_ && !draining_ && !grows;
  const bool bodiless = is_bodiless(response.status);
  std::string head;
  head.reserve(256);
  head.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  head.append(reason_phrase(response.status)).append("\r\n");
  for (const Header& header : response.headers)
    if (is_sendable(header))
      head.append(header.name).append(": ").append(header.value).append("\r\n");
  if (grows)
    head.append("transfer-encoding: chunked\r\n");
  else if (!bodiless)
    head.append("content-length: ").append(std::to_string(response.body.size())).append("\r\n");
  if (!keep)
    head.append("connection: close\r\n");
  else if (is_http10_)
    head.append("connection: keep-alive\r\n");
  head.append("\r\n");
  outbox_.copy(head);
  if (grows)
    return begin_growing(std::move(response.growing), std::move(response.body));
  if (!bodiless && !is_head_)
    outbox_.move(std::move(response.body));
  if (!keep) {
    state_ = State::Ended;
    return;
  }
  parser_ = std::make_unique<Parser>(options_);
  awaits_chunk_line_ = false;
  head_bytes_ = 0;
  state_ = State::Head;
  now_.reset();
  started_.reset();  // what was sent ahead is timed from the next bytes on
  if (!pending_.empty())
    parse_pending();
}

void H1Session::drain() {
  draining_ = true;
  if (state_ == State::Growing)
    return;
  if (state_ == State::Head && !parser_->got_some() && pending_.empty())
    state_ = State::Ended;
}

std::optional<MonotonicTime> H1Session::reading_since() const {
  if (state_ == State::Body ||
      (state_ == State::Head && (parser_->got_some() || !pending_.empty())))
    return started_;
  return std::nullopt;
}

}  // namespace kt::http
