#include "local/subscriptions.h"

#include <algorithm>

#include "aws/event_stream.h"
#include "local/operations.h"
#include "runtime/with_deadline.h"

namespace kt::local {
namespace {

/// How often a subscription over its throughput looks whether it may go on.
constexpr Duration kThrottledWait = std::chrono::milliseconds(20);

std::string content_type(Format format) {
  return format == Format::Cbor ? "application/x-amz-cbor-1.1" : "application/x-amz-json-1.1";
}

std::string frame(Format format, std::string event_type, std::string payload) {
  aws::EventMessage message;
  message.with(":message-type", "event").with(":event-type", std::move(event_type));
  message.with(":content-type", content_type(format));
  message.payload = std::move(payload);
  return encode(message);
}

}  // namespace

std::shared_ptr<http::BodyPipe> Subscriptions::open(PushCursor cursor, Format format) {
  const Key key(cursor.stream_uid, cursor.shard);
  auto subscription = std::make_shared<Open>(std::move(cursor), format, options_.buffer_bytes_max);
  const MonotonicTime now = clock_.now();
  subscription->ends = now + options_.life;
  subscription->spoke = now - options_.heartbeat;  // the first event comes at once
  subscription->took = now;
  subscription->pipe.write(
      frame(format, "initial-response", format == Format::Cbor ? "\xa0" : "{}"));
  open_.emplace(key, subscription);
  tasks_.spawn(serve(subscription));
  return std::shared_ptr<http::BodyPipe>(subscription, &subscription->pipe);
}

Task<void> Subscriptions::stop() {
  stopping_ = true;
  structure_changed();
  const auto ended = co_await tasks_.join();
  if (!ended)
    log_.warn("a subscription did not end cleanly", {{"error", ended.error().what}});
}

void Subscriptions::shard_changed(std::uint64_t stream_uid, std::uint32_t shard) {
  const auto [first, last] = open_.equal_range(Key(stream_uid, shard));
  for (auto it = first; it != last; ++it)
    it->second->pipe.poke();
}

void Subscriptions::structure_changed() {
  for (const auto& [key, subscription] : open_)
    subscription->pipe.poke();
}

Task<Result<Unit>> Subscriptions::serve(OpenPtr subscription) {
  struct Removal {
    Removal(std::multimap<Key, OpenPtr>& all, OpenPtr one) : open(all), mine(std::move(one)) {}
    ~Removal() {
      mine->pipe.end();
      std::erase_if(open, [this](const auto& entry) { return entry.second == mine; });
    }
    std::multimap<Key, OpenPtr>& open;
    OpenPtr mine;
  } removal(open_, subscription);
  for (;;) {
    const std::uint64_t seen = subscription->pipe.news();
    MonotonicTime wake_at = subscription->ends;
    if (!advance(*subscription, wake_at))
      co_return Unit{};
    if (wake_at <= clock_.now())
      continue;
    Task<Result<Unit>> news = subscription->pipe.wait_for_news(seen);
    co_await with_deadline(clock_, wake_at, std::move(news), "a push");
  }
}

bool Subscriptions::advance(Open& subscription, MonotonicTime& wake_at) {
  http::BodyPipe& pipe = subscription.pipe;
  while (pipe.has_room()) {
    const MonotonicTime now = clock_.now();
    if (pipe.abandoned() || stopping_ || now >= subscription.ends)
      return false;
    auto event = model_.push(subscription.cursor);
    if (!event) {
      say(subscription, event.error());
      return false;
    }
    const MonotonicTime beat = subscription.spoke + options_.heartbeat;
    const bool empty = event->records.empty() && !event->last;
    if (empty && now < beat) {
      wake_at = std::min(wake_at, event->throttled ? now + kThrottledWait : beat);
      return true;
    }
    say(subscription, *event);
    subscription.spoke = now;
    if (event->last)
      return false;
  }
  if (is_stalled(subscription)) {
    pipe.cut();
    return false;
  }
  wake_at = std::min(wake_at, subscription.took + options_.stall);
  return !pipe.abandoned() && !stopping_ && clock_.now() < subscription.ends;
}

bool Subscriptions::is_stalled(Open& subscription) const {
  const MonotonicTime now = clock_.now();
  if (std::exchange(subscription.taken, subscription.pipe.bytes_taken()) !=
      subscription.pipe.bytes_taken())
    subscription.took = now;
  return now >= subscription.took + options_.stall;
}

void Subscriptions::say(Open& subscription, const PushedEvent& event) {
  AnswerWriter out(subscription.format);
  write_event(out, event);
  subscription.pipe.write(frame(subscription.format, "SubscribeToShardEvent", out.take()));
}

void Subscriptions::say(Open& subscription, const ServiceError& refusal) {
  AnswerWriter out(subscription.format);
  out.map(1).key("message").text(refusal.message).end_map();
  aws::EventMessage message;
  message.with(":message-type", "exception");
  message.with(":exception-type", std::string(exception_name(refusal.fault)));
  message.with(":content-type", content_type(subscription.format));
  message.payload = out.take();
  subscription.pipe.write(encode(message));
}

}  // namespace kt::local
