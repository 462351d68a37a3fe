// tests/support/leases.h — Builders of lease rows for tests.
#pragma once
#include <utility>
#include <vector>

#include "lease/lease_table.h"

namespace kt::lease::testing_support {

inline ConsumerKey consumer_of(const char* application, std::int64_t created = 1) {
  ConsumerKey key;
  key.application = ApplicationName(application);
  key.endpoint = EndpointName("https://kinesis.us-east-1.amazonaws.com");
  key.stream = *StreamArn::parse("arn:aws:kinesis:us-east-1:123456789012:stream/orders");
  key.stream_created = WallTime(std::chrono::milliseconds(created));
  return key;
}

inline Lease row_of(const ConsumerKey& consumer, const char* shard,
                    std::vector<ShardId> parents = {}) {
  Lease lease;
  lease.key.consumer = consumer;
  lease.key.shard = ShardId(shard);
  lease.checkpoint = TrimHorizon();
  lease.parents = std::move(parents);
  return lease;
}

inline Checkpoint after(const char* sequence, std::uint64_t sub = kWholeRecord) {
  return After{ExtendedSequenceNumber(SequenceNumber(sequence), sub)};
}

inline WorkerBeat beat_of(WorkerId worker, std::uint64_t news = 0, bool leaving = false) {
  WorkerBeat sign;
  sign.worker = std::move(worker);
  sign.news = news;
  sign.leaving = leaving;
  return sign;
}

inline CheckpointWrite write_of(const Lease& held, Checkpoint to) {
  CheckpointWrite write;
  write.key = held.key;
  write.owner = held.owner.value_or(WorkerId("nobody"));
  write.counter = held.counter;
  write.checkpoint = std::move(to);
  return write;
}

}  // namespace kt::lease::testing_support
