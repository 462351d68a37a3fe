// batch/batcher.h — Cuts what was read into what one guest call gets.
//
// Why: pages come as the service cuts them; handlers want at most `batch_size` records, at most
// `maximum_batch_bytes`, and may prefer to wait for more. De-aggregation, filters and lanes come
// between pages and batches: they hand their own page (with views into the original) to add().
#pragma once
#include <deque>
#include <memory>
#include <optional>

#include "model/record.h"

namespace kt::batch {

/// Pure and synchronous: time comes in as an argument. Serves one lane of one shard, so a batch
/// never mixes shards. No heap object per record; two per batch.
class Batcher {
 public:
  struct Options {
    std::size_t records_max = 100;
    std::size_t bytes_max = 6 * 1024 * 1024;  ///< a single larger record goes alone
    Duration window{0};                       ///< how long to wait for a full batch
  };

  explicit Batcher(Options options) : options_(options) {}

  /// Takes the records from index `first` on, which came at `now`. Keeps the page alive until the
  /// last batch cut from it is gone.
  void add(std::shared_ptr<const RecordPage> page, std::size_t first, MonotonicTime now);

  /// When the next batch may be cut: at once when one is full, else when its window has passed.
  /// None when nothing waits.
  std::optional<MonotonicTime> due_at() const;
  bool due(MonotonicTime now) const {
    const auto when = due_at();
    return when && *when <= now;
  }
  /// Whether a batch would be cut by size, so that waiting brings nothing.
  bool full() const {
    return record_count_ >= options_.records_max || bytes_ >= options_.bytes_max;
  }
  bool empty() const { return record_count_ == 0; }
  std::size_t record_count() const { return record_count_; }

  /// The next batch, full or not. Never empty: CHECKs that something waits.
  std::shared_ptr<const Batch> cut();

 private:
  struct Waiting {
    std::shared_ptr<const RecordPage> page;
    std::size_t next = 0;
    MonotonicTime since;
  };

  Options options_;
  std::deque<Waiting> waiting_;
  std::size_t record_count_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace kt::batch
