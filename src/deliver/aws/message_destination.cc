#include "deliver/aws/message_destination.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"
#include "deliver/invocation_record.h"

namespace kt::deliver {
namespace {

// What every queue and topic took before SQS raised its limit, and what SNS still takes.
constexpr std::size_t kBytesMax = 256 * 1024;
// SQS's own limit; a queue may be set lower.
constexpr std::size_t kQueueBytesMax = 1024 * 1024;

}  // namespace

/// A batch and how it is cut. Lives in deliver()'s frame.
struct MessageDestination::Plan {
  FailedBatch failed;
  std::size_t bytes_max = 0;
  std::vector<MessagePart> parts;
  std::vector<std::string> overflows;  ///< of each part; empty: its data is in the message

  /// The same for a repeat that would send the same messages.
  std::string key() const {
    return identity(failed) + "/" + failed.request_id + "/" + std::to_string(bytes_max);
  }
};

MessageDestination::MessageDestination(DestinationAddress address, WorkThread& work,
                                       DocumentStore* overflow)
    : address_(std::move(address)), work_(work), overflow_(overflow) {}

Task<Result<Unit>> MessageDestination::deliver(FailedBatch failed) {
  Plan plan;
  plan.failed = std::move(failed);
  CO_TRY(plan.bytes_max, message_bytes_max());
  auto cut = [failed = plan.failed, bytes_max = plan.bytes_max] {
    return cut_messages(failed, bytes_max);
  };
  CO_TRY(plan.parts, work_.run(std::move(cut)));
  // First what may fail without a message having been sent.
  CO_TRY(store_overflow(plan));
  const std::string key = plan.key();
  const auto before = taken_.find(key);
  for (std::size_t i = before == taken_.end() ? 0 : before->second; i < plan.parts.size(); ++i) {
    CO_TRY(send_part(plan, i));
    if (taken_.size() >= kUnfinishedMax)
      taken_.clear();  // of batches that nobody repeats: they went to another worker
    if (plan.parts.size() > 1)
      taken_[key] = i + 1;
  }
  taken_.erase(key);
  co_return Unit{};
}

Task<Result<Unit>> MessageDestination::store_overflow(Plan& plan) {
  plan.overflows.resize(plan.parts.size());
  for (std::size_t i = 0; i < plan.parts.size(); ++i) {
    if (!plan.parts[i].too_large)
      continue;
    FailedBatch one = slice(plan.failed, plan.parts[i]);
    if (overflow_ == nullptr) {
      const Record& record = one.batch->records.front();
      co_return fail(ErrorCode::LimitExceeded,
                     "record " + std::string(record.sequence_number) + " of " +
                         std::to_string(record.data.size()) +
                         " bytes is too large for a message of " + address_.text + " (at most " +
                         std::to_string(plan.bytes_max) +
                         " bytes, in base64): name a directory or bucket by on_failure_overflow");
    }
    auto stored = co_await overflow_->store(std::move(one));
    if (!stored)
      co_return fail(stored.error().within("overflow of " + address_.text));
    plan.overflows[i] = *std::move(stored);
  }
  co_return Unit{};
}

Task<Result<Unit>> MessageDestination::send_part(Plan& plan, std::size_t index) {
  FailedBatch part = slice(plan.failed, plan.parts[index]);
  aws::FifoPlace place;
  if (address_.is_fifo()) {
    place.group = part.shard.str();
    place.deduplication_id = identity(part);
  }
  PartNumber number;
  number.number = index + 1;
  number.count = plan.parts.size();
  auto render = [part = std::move(part), number, overflow = plan.overflows[index]] {
    return message(part, number, overflow);
  };
  std::string body = co_await work_.run(std::move(render));
  CHECK(body.size() <= plan.bytes_max, "a message was cut too large");
  CO_TRY(send(std::move(body), std::move(place)));
  co_return Unit{};
}

Task<Result<Unit>> MessageDestination::check() {
  CO_TRY(find());
  if (overflow_ != nullptr) {
    const auto checked = co_await overflow_->check();
    if (!checked)
      co_return fail(checked.error().within("on_failure_overflow"));
  }
  co_return Unit{};
}

QueueDestination::QueueDestination(DestinationAddress address,
                                   std::unique_ptr<aws::SqsClient> client, WorkThread& work,
                                   DocumentStore* overflow)
    : MessageDestination(std::move(address), work, overflow), client_(std::move(client)) {}

Task<Result<Unit>> QueueDestination::find() {
  CO_TRY(std::string url, client_->queue_url(address().name, address().account));
  auto bytes_max = co_await client_->message_bytes_max(url);
  // Who may only send still can: every queue takes that much unless it was set lower.
  if (!bytes_max && bytes_max.error().code != ErrorCode::AccessDenied)
    co_return fail(bytes_max.error());
  bytes_max_ = bytes_max ? std::min(*bytes_max, kQueueBytesMax) : kBytesMax;
  url_ = std::move(url);
  co_return Unit{};
}

Task<Result<std::size_t>> QueueDestination::message_bytes_max() {
  if (url_.empty()) {
    CO_TRY(find());
  }
  co_return bytes_max_;
}

Task<Result<Unit>> QueueDestination::send(std::string body, aws::FifoPlace place) {
  if (url_.empty()) {
    CO_TRY(find());  // another delivery met an error meanwhile
  }
  const std::string url = url_;
  auto sent = co_await client_->send(url, std::move(body), std::move(place));
  if (!sent && !is_transient(sent.error().code))
    url_.clear();  // made anew, or its limit was changed
  co_return sent;
}

TopicDestination::TopicDestination(DestinationAddress address,
                                   std::unique_ptr<aws::SnsClient> client, WorkThread& work,
                                   DocumentStore* overflow)
    : MessageDestination(std::move(address), work, overflow), client_(std::move(client)) {}

Task<Result<std::size_t>> TopicDestination::message_bytes_max() {
  co_return kBytesMax;
}

Task<Result<Unit>> TopicDestination::send(std::string body, aws::FifoPlace place) {
  co_return co_await client_->publish(address().text, std::move(body), std::move(place));
}

Task<Result<Unit>> TopicDestination::find() {
  co_return co_await client_->find_topic(address().text);
}

}  // namespace kt::deliver
