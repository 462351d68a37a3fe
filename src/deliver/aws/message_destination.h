// deliver/aws/message_destination.h — Failed batches as messages of a queue or a topic.
//
// Why: both limit a message's size. A batch over the limit goes in several messages, each an
// invocation record of its part; a record over it goes to a store of documents, and the message
// says where it lies.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "aws/sns_client.h"
#include "aws/sqs_client.h"
#include "deliver/document_store.h"
#include "model/destination_address.h"
#include "runtime/work_thread.h"

namespace kt::deliver {

/// What the two have in common. Lives on: the shard loop; rendering is done on `work`. Work,
/// overflow and client outlive it. A delivery that failed on its way goes on, when it is repeated,
/// with the first message that was not taken; otherwise a batch that is delivered twice is sent
/// twice, and a FIFO queue or topic drops the second. `overflow` may be null: then a record over
/// the limit is an error (LimitExceeded), and nothing of its batch is sent.
class MessageDestination : public Destination {
 public:
  Task<Result<Unit>> deliver(FailedBatch failed) final;
  Task<Result<Unit>> check() final;
  std::string describe() const final { return address_.text; }

 protected:
  MessageDestination(DestinationAddress address, WorkThread& work, DocumentStore* overflow);
  const DestinationAddress& address() const { return address_; }

  virtual Task<Result<std::size_t>> message_bytes_max() = 0;
  virtual Task<Result<Unit>> send(std::string body, aws::FifoPlace place) = 0;
  /// Asks the service itself, whatever is known already.
  virtual Task<Result<Unit>> find() = 0;

 private:
  /// Of how many batches it is remembered that some messages were taken.
  static constexpr std::size_t kUnfinishedMax = 1000;

  struct Plan;
  Task<Result<Unit>> store_overflow(Plan& plan);
  Task<Result<Unit>> send_part(Plan& plan, std::size_t index);

  DestinationAddress address_;
  WorkThread& work_;
  DocumentStore* overflow_;
  std::map<std::string, std::size_t> taken_;  // messages of unfinished batches, by what they are
};

/// An SQS queue. Its URL and its limit are asked for once, and again after an error.
class QueueDestination final : public MessageDestination {
 public:
  QueueDestination(DestinationAddress address, std::unique_ptr<aws::SqsClient> client,
                   WorkThread& work, DocumentStore* overflow);

 private:
  Task<Result<std::size_t>> message_bytes_max() override;
  Task<Result<Unit>> send(std::string body, aws::FifoPlace place) override;
  Task<Result<Unit>> find() override;

  std::unique_ptr<aws::SqsClient> client_;
  std::string url_;  // empty: not known
  std::size_t bytes_max_ = 0;
};

/// An SNS topic.
class TopicDestination final : public MessageDestination {
 public:
  TopicDestination(DestinationAddress address, std::unique_ptr<aws::SnsClient> client,
                   WorkThread& work, DocumentStore* overflow);

 private:
  Task<Result<std::size_t>> message_bytes_max() override;
  Task<Result<Unit>> send(std::string body, aws::FifoPlace place) override;
  Task<Result<Unit>> find() override;

  std::unique_ptr<aws::SnsClient> client_;
};

}  // namespace kt::deliver
