// batch/batcher.h — Cuts what one lane got into what one guest call gets.
//
// Why: pages come as the service cuts them; handlers want at most `batch_size` records, at most
// `maximum_batch_bytes`, and may prefer to wait for more. De-aggregation, filters and lanes come
// between pages and batches: see batch/intake.h.
#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "model/record.h"

namespace kt::batch {

/// Records of one page that go to one lane, in their order.
struct Slice {
  /// Where an index in `picked` marks its record as rejected.
  static constexpr std::uint32_t kRejected = std::uint32_t{1} << 31;

  std::shared_ptr<const RecordPage> page;
  std::size_t first = 0;              ///< index of the first record that is new
  std::uint64_t first_ordinal = 0;    ///< the number of the record at `first`
  bool all = true;                    ///< every record from `first` on; else those in `picked`
  std::vector<std::uint32_t> picked;  ///< indexes into the page's records, ascending
};

/// Pure and synchronous: time comes in as an argument. Serves one lane of one shard, so a batch
/// never mixes shards. No heap object per record; two per batch.
class Batcher {
 public:
  struct Options {
    std::size_t records_max = 100;
    std::size_t bytes_max = 6 * 1024 * 1024;  ///< a single larger record goes alone
    Duration window{0};                       ///< how long to wait for a full batch
    /// Length of the tumbling windows that no batch may straddle; 0: there are none.
    std::chrono::milliseconds tumbling{0};
  };

  explicit Batcher(Options options) : options_(options) {}

  /// Takes a slice that came at `now`. Keeps the page alive until the last batch cut from it is
  /// gone.
  void add(Slice slice, MonotonicTime now);
  /// Takes all records from index `first` on.
  void add(std::shared_ptr<const RecordPage> page, std::size_t first, MonotonicTime now);

  /// When the next batch may be cut: at once when one is full, else when its window has passed.
  /// None when nothing waits.
  std::optional<MonotonicTime> due_at() const;
  bool due(MonotonicTime now) const {
    const auto when = due_at();
    return when && *when <= now;
  }
  /// Whether a batch would be cut by size or by the end of a tumbling window, so that waiting
  /// brings nothing.
  bool full() const;
  bool empty() const { return record_count_ == 0; }
  std::size_t record_count() const { return record_count_; }
  std::size_t byte_count() const { return bytes_; }
  /// The ordinal of the first record that waits.
  std::optional<std::uint64_t> front_ordinal() const;
  /// The start of the tumbling window that the next batch belongs to.
  std::optional<WallTime> front_window() const;

  /// A record that comes late belongs to the window that is open: windows never go back. Says which
  /// window is open at the start (a position's stored window); later ones follow from the records.
  void open_window(WallTime start) { open_window_ = start; }

  /// The next batch, full or not. Never empty: CHECKs that something waits.
  std::shared_ptr<const Batch> cut();

 private:
  struct Waiting {
    Slice slice;
    std::size_t next = 0;  ///< into `picked`, or into the page's records
    MonotonicTime since;

    std::size_t end() const { return slice.all ? slice.page->records.size() : slice.picked.size(); }
    std::size_t index(std::size_t at) const;
    std::uint64_t ordinal(std::size_t at) const;
    bool rejected(std::size_t at) const;
  };

  bool straddles() const;
  bool fits(const Batch& batch, const Record& record) const;
  WallTime window_of(const Record& record) const;

  Options options_;
  std::deque<Waiting> waiting_;
  std::size_t record_count_ = 0;
  std::size_t bytes_ = 0;
  std::optional<WallTime> open_window_;  ///< of the batch cut last
  std::optional<WallTime> last_window_;  ///< the latest that waits
};

}  // namespace kt::batch
