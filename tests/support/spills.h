// tests/support/spills.h — A little language for records that wait.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "spill/spill_store.h"

namespace kt::spill::testing_support {

inline SpillScope scope_of(const char* shard, const char* owner = "w1",
                           const char* application = "app/a") {
  SpillScope scope;
  scope.application = ApplicationName(application);
  scope.endpoint = EndpointName("here");
  scope.stream = *StreamArn::parse("arn:aws:kinesis:eu-west-1:123456789012:stream/s");
  scope.stream_created = WallTime(std::chrono::milliseconds(1'700'000'000'000));
  scope.shard = ShardId(shard);
  scope.owner = WorkerId(owner);
  return scope;
}

inline ExtendedSequenceNumber at(const char* sequence, std::uint64_t sub = kWholeRecord) {
  return ExtendedSequenceNumber(SequenceNumber(sequence), sub);
}

inline SpilledRecord spilled(const char* key, const char* sequence, std::string data = "data") {
  SpilledRecord record;
  record.position = at(sequence);
  record.partition_key = key;
  record.data = std::move(data);
  record.approximate_arrival = WallTime(std::chrono::milliseconds(1'700'000'000'123));
  return record;
}

/// "7 8 9/1": sequence numbers, and what is inside of an aggregate.
inline std::string text_of(const std::vector<ExtendedSequenceNumber>& positions) {
  std::string text;
  for (const ExtendedSequenceNumber& position : positions) {
    text += text.empty() ? "" : " ";
    text += position.sequence.str();
    text += position.whole() ? "" : "/" + std::to_string(position.sub);
  }
  return text;
}

inline std::string text_of(const std::vector<SpilledRecord>& records) {
  std::vector<ExtendedSequenceNumber> positions;
  for (const SpilledRecord& record : records)
    positions.push_back(record.position);
  return text_of(positions);
}

}  // namespace kt::spill::testing_support
