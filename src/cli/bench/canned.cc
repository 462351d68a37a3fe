#include "cli/bench/canned.h"

#include <unistd.h>

#include <charconv>
#include <map>
#include <utility>

#include "aws/cbor.h"
#include "http/server.h"
#include "runtime/system_clock.h"

namespace kt::cli {
namespace {

constexpr std::string_view kIterator = "canned/";

/// How many records of how many bytes each an answer has.
using Shape = std::pair<std::size_t, std::size_t>;

std::string answer_of(Shape shape) {
  const auto [count, bytes] = shape;
  const std::string payload(bytes, 'x');
  const std::string iterator =
      std::string(kIterator) + std::to_string(count) + "/" + std::to_string(bytes);
  aws::CborWriter out(count * (bytes + 200) + 200);
  out.map(3).text("MillisBehindLatest").integer(0).text("NextShardIterator").text(iterator);
  out.text("Records").array(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string number = std::to_string(100'000'000 + i);
    out.map(4).text("SequenceNumber").text("49590338271490256608559692538361571095921575" + number);
    out.text("ApproximateArrivalTimestamp").millis(1'700'000'000'000);
    out.text("Data").bytes(as_bytes(payload));
    out.text("PartitionKey").text("key-" + number);
  }
  return out.take();
}

Shape shape_in(std::string_view body) {
  Shape shape{0, 0};
  const auto at = body.find(kIterator);
  if (at == std::string_view::npos)
    return shape;
  const char* end = body.data() + body.size();
  const auto first = std::from_chars(body.data() + at + kIterator.size(), end, shape.first);
  if (first.ptr < end)
    std::from_chars(first.ptr + 1, end, shape.second);
  return shape;
}

class Canned {
 public:
  Task<http::Response> handle(http::ServerRequest request) {
    const Shape shape = shape_in(request.body);
    auto found = answers_.find(shape);
    if (found == answers_.end())
      found = answers_.emplace(shape, answer_of(shape)).first;
    http::Response response;
    response.status = 200;
    response.headers.emplace_back("Content-Type", "application/x-amz-cbor-1.1");
    response.body = found->second;
    co_return response;
  }

 private:
  std::map<Shape, std::string> answers_;
};

}  // namespace

int serve_canned(int port_to) {
  Loop loop;
  SystemClock clock(loop);
  Canned canned;
  const http::ServerHandler handler = [&canned](http::ServerRequest request) {
    return canned.handle(std::move(request));
  };
  auto server = http::Server::listen(loop, clock, http::ServerOptions{}, handler, Log());
  if (!server)
    return 1;
  const std::uint16_t port = (*server)->port();
  if (::write(port_to, &port, sizeof port) != static_cast<ssize_t>(sizeof port))
    return 1;
  ::close(port_to);
  loop.run();
  return 0;
}

}  // namespace kt::cli
