// stream/kinesis/event_subscription.h — A subscription over an event stream.
#pragma once
#include <deque>
#include <memory>

#include "aws/event_stream.h"
#include "http/streaming_transport.h"
#include "stream/shard_subscription.h"

namespace kt::stream {

/// Frames in, events out: checks both checksums of each frame, tells a stream that ends inside of a
/// frame, and takes each message by what it says of itself, whatever protocol was asked for.
class EventSubscription final : public ShardSubscription {
 public:
  explicit EventSubscription(std::unique_ptr<http::BodyReader> body) : body_(std::move(body)) {}

  Task<Result<std::size_t>> wait() override;
  Task<Result<std::optional<PushedEvent>>> next() override;

 private:
  /// Reads on; false when the stream ended in order.
  Task<Result<bool>> read_more();
  static Result<std::optional<PushedEvent>> read(aws::EventMessage message);

  std::unique_ptr<http::BodyReader> body_;
  aws::EventStreamDecoder decoder_{24 * 1024 * 1024};
  std::deque<aws::EventMessage> waiting_;
};

}  // namespace kt::stream
