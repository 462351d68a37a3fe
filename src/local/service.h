// local/service.h — From an HTTP request to the model and back, without sockets.
#pragma once
#include <string>
#include <string_view>

#include "http/server.h"
#include "local/operations.h"
#include "runtime/random.h"

namespace kt::local {

/// An answer, and whether it may be sent only when the model's changes are committed.
struct Reply {
  http::Response response;
  bool wait_for_commit = false;
  std::optional<PushCursor> subscription;  ///< the answer goes on with its events
  Format format = Format::Json;
};

/// Speaks the service's protocol: X-Amz-Target, JSON 1.1 or CBOR 1.1, exceptions with `__type`.
/// Signatures are not checked; the region is taken from the credential scope.
/// Lives on: the loop of its model.
class Service {
 public:
  Service(KinesisModel& model, Clock& clock, int shards_per_stream)
      : model_(model), clock_(clock), random_(seed()) {
    defaults_.shards_per_stream = shards_per_stream;
  }

  Reply answer(const http::ServerRequest& request);
  /// The answer instead of one whose changes could not be committed.
  http::Response failure(const http::ServerRequest& request, const Error& error);

 private:
  std::uint64_t seed() const {
    return static_cast<std::uint64_t>(clock_.wall_now().time_since_epoch().count());
  }
  Answer<Unit> run(const http::ServerRequest& request, const Operation& operation,
                   AnswerWriter& out, Reply& reply);
  http::Response respond(Format format, const Answer<Unit>& outcome, AnswerWriter& out);
  std::string request_id();

  KinesisModel& model_;
  Clock& clock_;
  Caller defaults_;
  Random random_;
};

}  // namespace kt::local
