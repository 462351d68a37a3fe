// http/streaming_transport.h — Opens a request whose answer is read as it arrives.
//
// Why: an event stream has no end to wait for. Its reader takes bytes at its own pace, and what it
// does not take stays at the sender: flow control is the back-pressure.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "http/transport.h"

namespace kt::http {

/// The rest of an open answer. Destroying it gives the answer up: the stream is reset.
/// Lives on: the shard loop.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  /// The next bytes as they came; empty: the body ended in order. Unavailable: it broke off. May be
  /// cancelled and called again: nothing is lost.
  virtual Task<Result<std::string>> read() = 0;
};

/// An answer of which the head is there.
struct OpenResponse {
  int status = 0;
  std::vector<Header> headers;
  std::unique_ptr<BodyReader> body;  ///< never null
};

/// Lives on: the shard loop; outlives its calls and its readers. Errors: as Transport.
class StreamingTransport {
 public:
  virtual ~StreamingTransport() = default;
  /// Waits for the head until `timeout`. The body has no deadline: its reader watches over it.
  virtual Task<Result<OpenResponse>> open(Request request, Duration timeout) = 0;
};

}  // namespace kt::http
