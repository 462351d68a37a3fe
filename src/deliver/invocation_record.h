// deliver/invocation_record.h — A failed batch as JSON: Lambda's invocation record, with the data.
//
// Why: what reads Lambda's failed batches today must read ours. So every member that Lambda writes
// is there, under its name; what Lambda leaves out (the records) stands beside it in members of our
// own, `triggerKinesis` and `records`. Pure functions; any thread.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "deliver/destination.h"

namespace kt::deliver {

/// The whole batch, each record's data in base64 and, where it is JSON or text, readable. Ends
/// with a newline.
std::string document(const FailedBatch& failed);
/// The same with `payload`: Lambda's event as a string, as Lambda writes it to S3.
std::string document_with_payload(const FailedBatch& failed);
/// The event that Lambda hands to a function for these records.
std::string event_json(const FailedBatch& failed);

/// Consecutive records that go in one message.
struct MessagePart {
  std::size_t first = 0;
  std::size_t count = 0;
  bool too_large = false;  ///< one record that no message holds
};
/// Which of the messages of a batch one is; counted from 1.
struct PartNumber {
  std::size_t number = 1;
  std::size_t count = 1;
};
/// Cuts a batch so that message() of every part has at most `bytes_max` bytes. LimitExceeded when
/// not even a message without data fits.
Result<std::vector<MessagePart>> cut_messages(const FailedBatch& failed, std::size_t bytes_max);
/// The records of a part as a failed batch of their own.
FailedBatch slice(const FailedBatch& failed, const MessagePart& part);
/// ASCII, data in base64 only. Of a record whose data is elsewhere, `overflow` says where.
std::string message(const FailedBatch& part, PartNumber number, std::string_view overflow = {});

/// 64 hexadecimal digits that are the same for the same records given up for the same reason.
std::string identity(const FailedBatch& failed);
/// SHA-256 in hexadecimal.
std::string sha256_of(std::string_view text);
/// A file name from shard, first record, count, condition and identity: the same at every repeat,
/// never that of other records. At most 200 bytes, nothing but letters, digits, "-", "_" and ".".
std::string document_name(const FailedBatch& failed);

}  // namespace kt::deliver
