#include "stream/kinesis/event_subscription.h"

#include <utility>

#include "aws/service_error.h"
#include "stream/kinesis/answers.h"

namespace kt::stream {
namespace {

constexpr const char* kOperation = "SubscribeToShard";

/// An exception carries its type in a header and its message in a body of its own; an error has
/// both in headers.
Error fault_of(const aws::EventMessage& message) {
  http::Response as_answer;
  as_answer.status = 400;
  std::string_view type = message.header(":exception-type");
  if (type.empty())
    type = message.header(":error-code");
  as_answer.headers.emplace_back("x-amzn-ErrorType", std::string(type));
  as_answer.body = message.payload;
  Error error = aws::to_error(as_answer, kOperation);
  if (const auto told = message.header(":error-message"); !told.empty())
    error.what += ": " + std::string(told.substr(0, 600));
  return error;
}

bool is_fault(const aws::EventMessage& message) {
  const std::string_view type = message.header(":message-type");
  return type == "exception" || type == "error";
}

/// initial-response, which some emulators lack, or news of a later day.
bool is_meaningless(const aws::EventMessage& message) {
  return !is_fault(message) && message.header(":event-type") != "SubscribeToShardEvent";
}

}  // namespace

Result<std::optional<PushedEvent>> EventSubscription::read(aws::EventMessage message) {
  if (is_fault(message))
    return fail(fault_of(message));
  std::optional<PushedEvent> event;
  auto answer = read_records(std::move(message.payload));
  if (!answer)
    return fail(answer.error().within(kOperation));
  event.emplace();
  event->page = std::move(answer->page);
  event->children = std::move(answer->children);
  event->behind_latest = answer->behind_latest;
  return event;
}

Task<Result<bool>> EventSubscription::read_more() {
  auto bytes = co_await body_->read();
  if (!bytes)
    co_return fail(bytes.error().within(kOperation));
  if (bytes->empty() && !decoder_.at_boundary())
    co_return fail(ErrorCode::Unavailable,
                   "SubscribeToShard: the event stream ended in the middle of an event");
  if (bytes->empty())
    co_return false;
  std::vector<aws::EventMessage> messages;
  const auto fed = decoder_.feed(*bytes, messages);
  for (aws::EventMessage& message : messages)
    waiting_.push_back(std::move(message));
  if (!fed && waiting_.empty())
    co_return fail(fed.error().within(kOperation));
  co_return true;
}

Task<Result<std::size_t>> EventSubscription::wait() {
  for (;;) {
    while (!waiting_.empty() && is_meaningless(waiting_.front()))
      waiting_.pop_front();
    if (!waiting_.empty())
      co_return waiting_.front().payload.size() + 1;
    if (decoder_.coming_bytes() > 0)
      co_return decoder_.coming_bytes();
    CO_TRY(const bool more, read_more());
    if (!more)
      co_return 0;
  }
}

Task<Result<std::optional<PushedEvent>>> EventSubscription::next() {
  for (;;) {
    while (!waiting_.empty()) {
      aws::EventMessage message = std::move(waiting_.front());
      waiting_.pop_front();
      if (is_meaningless(message))
        continue;
      co_return read(std::move(message));
    }
    CO_TRY(const bool more, read_more());
    if (!more)
      co_return std::nullopt;
  }
}

}  // namespace kt::stream
