// http/transport.h — Sends one HTTP request and assembles the whole answer.
//
// Why: the seam between the service clients and the network: the C runtime in production, a
// scripted one in tests. Retry, pacing and deadlines are the caller's.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text_pool.h"
#include "base/time.h"
#include "runtime/task.h"

namespace kt::http {

struct Header {
  Header() = default;
  Header(std::string n, std::string v) : name(std::move(n)), value(std::move(v)) {}
  std::string name;
  std::string value;
};

struct Request {
  std::string method = "POST";
  std::string path = "/";
  std::vector<Header> headers;
  std::string body;
  std::size_t answer_bytes_max = 32 * 1024 * 1024;  ///< a longer answer is an error
};

class BodyPipe;

struct Response {
  int status = 0;
  std::vector<Header> headers;  ///< of a client's answer: its trailers too, at the end
  std::string body;
  std::shared_ptr<BodyPipe> growing;  ///< a server's answer: what follows `body`; null: nothing
  TextPoolPtr pool;  ///< may be null; where a body that was used up may be given back
  /// The first header of that name, compared without case; empty when there is none.
  std::string_view header(std::string_view name) const;
};

/// Lives on: the shard loop; must outlive its calls. Errors: Unavailable (connect, reset,
/// protocol), TimedOut (the deadline passed: the request may have been served).
class Transport {
 public:
  virtual ~Transport() = default;
  virtual Task<Result<Response>> send(Request request, Duration timeout) = 0;
};

}  // namespace kt::http
