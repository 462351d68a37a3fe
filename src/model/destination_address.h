// model/destination_address.h — The name of a place that takes what a handler never managed.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kt {

enum class DestinationKind : std::uint8_t { Directory, Queue, Topic, Bucket };

/// A parsed `directory:PATH`, `arn:aws:sqs:…`, `arn:aws:sns:…` or `s3://bucket/prefix`. A value.
struct DestinationAddress {
  /// Invalid with what is wrong and what the forms are. `arn:aws:s3:::bucket` is read, too.
  static Result<DestinationAddress> parse(std::string_view text);

  DestinationKind kind = DestinationKind::Directory;
  std::string text;    ///< as it was written
  std::string path;    ///< Directory: as written, maybe relative
  std::string region;  ///< Queue, Topic
  std::string account;
  std::string name;    ///< Queue, Topic
  std::string bucket;  ///< Bucket
  std::string prefix;  ///< Bucket: without slash at either end; may be empty

  /// A queue or topic that keeps order and drops repeats.
  bool is_fifo() const { return name.ends_with(".fifo"); }
  /// Takes documents of any size; queues and topics do not.
  bool holds_documents() const {
    return kind == DestinationKind::Directory || kind == DestinationKind::Bucket;
  }
};

}  // namespace kt
