// Feeds a connection's protocol code with bytes, cut into pieces and answered as the input says.
//
// Input: the first byte picks how pieces are cut, how answers come and whether the server stops
// half way; the rest is what a client sends. Checks that no request passes its bounds and that the
// conversation always makes progress; the sanitizers check the rest.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "http/server_dialog.h"

namespace kt::http {
namespace {

constexpr std::size_t kAnswerBytes = 70'000;

ServerOptions small_options() {
  ServerOptions options;
  options.body_bytes_max = 4096;
  options.header_bytes_max = 2048;
  options.streams_max = 8;
  return options;
}

void check_request(const ServerRequest& request, const ServerOptions& options) {
  CHECK(request.body.size() <= options.body_bytes_max, "a body past its bound");
  CHECK(!request.target.empty(), "a request without a target");
  std::size_t header_bytes = 0;
  for (const Header& header : request.headers) {
    CHECK(header.name.find_first_of("\r\n ") == std::string::npos, "a header name that is none");
    CHECK(header.value.find_first_of("\r\n") == std::string::npos, "a header value of two lines");
    header_bytes += header.name.size() + header.value.size();
  }
  CHECK(header_bytes <= 2 * options.header_bytes_max, "headers past their bound");
}

/// Takes everything that can be sent, in pieces of `piece` bytes.
void take_output(Dialog& dialog, std::size_t piece) {
  GatherBuffers buffers;
  for (;;) {
    const auto due = dialog.gather(buffers);
    if (due.empty())
      return;
    std::size_t size = 0;
    for (const auto& buffer : due)
      size += buffer.size();
    CHECK(size > 0, "an empty piece to send");
    dialog.sent(std::min(size, piece));
  }
}

void answer_one(Dialog& dialog, std::deque<Exchange>& open, std::size_t answer_bytes) {
  const Exchange exchange = std::move(open.front());
  open.pop_front();
  Response response;
  response.status = exchange.request.target.size() % 7 == 0 ? 204 : 200;
  response.headers.emplace_back("x-target", exchange.request.target);
  response.body.assign(answer_bytes, 'a');
  dialog.answer(exchange.id, std::move(response));
}

void converse(std::uint8_t choice, std::string_view bytes) {
  const ServerOptions options = small_options();
  Dialog dialog(options);
  std::deque<Exchange> open;
  const std::size_t piece = (choice & 1) != 0 ? 1 : ((choice & 2) != 0 ? 17 : 100'000);
  const bool answers_late = (choice & 4) != 0;
  const bool drains = (choice & 8) != 0;
  const std::size_t answer_bytes = (choice & 16) != 0 ? kAnswerBytes : 5;
  const std::size_t half = bytes.size() / 2;
  MonotonicTime now{};
  std::size_t at = 0;
  while (at < bytes.size() && dialog.wants_bytes()) {
    const std::string_view part = bytes.substr(at, piece);
    dialog.receive(part, now += std::chrono::milliseconds(1));
    if (drains && at <= half && at + part.size() > half)
      dialog.drain();
    at += part.size();
    for (auto exchange = dialog.next(); exchange; exchange = dialog.next()) {
      check_request(exchange->request, options);
      open.push_back(std::move(*exchange));
      // HTTP/1.1 gives no second request out before the first was answered.
      CHECK(!dialog.is_sequential() || open.size() == 1, "two requests of a sequential dialog");
      if (dialog.is_sequential() || !answers_late)
        answer_one(dialog, open, answer_bytes);
    }
    CHECK(open.size() <= 4 * options.streams_max, "more requests than the bound");
    take_output(dialog, 5000);
    static_cast<void>(dialog.reading_since());
  }
  while (!open.empty())
    answer_one(dialog, open, answer_bytes);
  take_output(dialog, 5000);
}

}  // namespace
}  // namespace kt::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 0)
    kt::http::converse(data[0],
                       std::string_view(reinterpret_cast<const char*>(data + 1), size - 1));
  return 0;
}
