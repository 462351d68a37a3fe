// Failed batches for the tests of destinations.
#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "deliver/destination.h"

namespace kt::test {

/// A page that owns what its records view, and a failed batch of all of them.
class FailedBatchBuilder {
 public:
  FailedBatchBuilder() {
    failed_.application = ApplicationName("shop/ingest");
    failed_.component = "ingest";
    failed_.stream = *StreamArn::parse("arn:aws:kinesis:us-east-1:123456789012:stream/orders");
    failed_.stream_created = WallTime(std::chrono::milliseconds(1'573'600'000'000));
    failed_.shard = ShardId("shardId-000000000001");
    failed_.request_id = "316aa6d0-8154-xmpl-9af7-85d5f4a6bc81";
    failed_.invoke_count = 3;
    failed_.function_error = "Unhandled";
    failed_.message = "no such customer";
    failed_.time = WallTime(std::chrono::milliseconds(1'573'691'886'021));
  }

  /// Record number n has sequence number 49590338271490256608559692538361571095921575989136588898 +
  /// n and arrived n seconds after the first.
  FailedBatchBuilder& add(std::string data, std::string key = "key") {
    const std::size_t n = records_.size();
    Record record;
    record.data = as_bytes(keep(std::move(data)));
    record.partition_key = keep(std::move(key));
    record.sequence_number =
        keep("495903382714902566085596925383615710959215759891365" + std::to_string(88898 + n));
    record.approximate_arrival =
        WallTime(std::chrono::milliseconds(1'573'691'884'835 + 1000 * static_cast<int>(n)));
    records_.push_back(record);
    return *this;
  }
  /// The record added last.
  Record& last() { return records_.back(); }
  deliver::FailedBatch& facts() { return failed_; }

  deliver::FailedBatch build() {
    auto batch = std::make_shared<Batch>();
    batch->pages.push_back(page_);
    batch->records = records_;
    for (const Record& record : records_)
      batch->payload_bytes += record.payload_bytes();
    deliver::FailedBatch out = failed_;
    out.batch = std::move(batch);
    return out;
  }

 private:
  std::string_view keep(std::string text) {
    // A list of heap texts: growing the list moves them, so short ones must not lie inside.
    text.reserve(64);
    page_->side.push_back(std::move(text));
    return page_->side.back();
  }

  std::shared_ptr<RecordPage> page_ = std::make_shared<RecordPage>();
  std::vector<Record> records_;
  deliver::FailedBatch failed_;
};

}  // namespace kt::test
