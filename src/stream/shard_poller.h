// stream/shard_poller.h — Reads one shard by GetRecords, from a position to its end.
//
// Why: the loop that must never skip: whatever goes wrong with an iterator, reading goes on after
// the last record that was handed on. It runs ahead of the handler within byte limits.
//
//             ┌──────────── failed: back off ◄───────────┐
//             ▼                                          │
//     make iterator ──► wait for memory and budget ──► read ──► hand on ──► pace ─┐
//             ▲                    ▲                     │        │               │
//             │ expired, invalid   └─────────────────────┼────────┼───────────────┘
//             └──────────────────────────────────────────┘        ▼ no next iterator
//                                                            confirm ──► ShardClosed
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "observability/log.h"
#include "runtime/backoff.h"
#include "runtime/memory_budget.h"
#include "stream/poll_pace.h"
#include "stream/shard_directory.h"
#include "stream/shard_source.h"

namespace kt::stream {

/// From where an iterator is made anew, given the start and the last record handed on.
using RebuildRule =
    std::function<Checkpoint(const Checkpoint&, const std::optional<ExtendedSequenceNumber>&)>;
/// After the last record handed on; the start when there was none.
Checkpoint rebuild_position(const Checkpoint& start,
                            const std::optional<ExtendedSequenceNumber>& last);

/// Lives on: the shard loop. Lifetime: outlives run(). Cancellation: run() unwinds at its next
/// wait. Errors: none leave run(); what can not be repeated arrives as the last thing handed on.
/// Limits: one answer beyond `queue_bytes_max`, and the shared MemoryBudget, in which the largest
/// answer is reserved while a read is under way.
class ShardPoller final : public ShardSource {
 public:
  struct Deps {
    Clock& clock;
    Random& random;
    KinesisApi& api;
    ShardDirectory& directory;
    MemoryBudget& memory;
  };
  struct Options {
    ShardId shard;
    Checkpoint start;
    std::optional<WallTime> start_arrival;  ///< as stored with `start`
    Duration idle_wait = std::chrono::seconds(1);
    std::size_t queue_bytes_max = 4 * 1024 * 1024;
    OnDataLoss on_data_loss = OnDataLoss::Fail;
    Backoff backoff;
    RebuildRule rebuild = rebuild_position;
  };

  ShardPoller(Deps deps, std::shared_ptr<ReadBudget> budget, Options options, Log log);

  Task<Result<Unit>> run() override;
  BoundedQueue<Fetched>& out() override { return out_; }
  const SourceProbe& probe() const override { return probe_; }

 private:
  Task<Result<Fetched>> read_to_end();
  /// One round of the diagram; a value when it was the last.
  Task<Result<std::optional<Fetched>>> read_once();
  Task<Result<std::optional<Fetched>>> check_data_loss();
  Task<Result<std::optional<Fetched>>> confirm_end(std::vector<Shard> children, ReadResult read);
  bool believe_end(const ReadResult& read);
  Task<MemoryBudget::Share> reserve_memory();
  Task<void> hand_on(RecordsAnswer answer, MemoryBudget::Share share, WallTime asked_at);
  Task<void> tell_tip(WallTime asked_at);
  Task<void> back_off(const Error& error);
  bool loss_possible() const;
  bool loss_check_due() const;
  bool is_final(const Error& error) const;
  /// Index of the first record of a page that was not handed on before.
  std::size_t first_new(const RecordPage& page) const;
  Checkpoint position() const { return options_.rebuild(start_, last_); }

  Deps deps_;
  std::shared_ptr<ReadBudget> budget_;
  Options options_;
  Log log_;
  PollPace pace_;
  BoundedQueue<Fetched> out_;
  SourceProbe probe_;

  Checkpoint start_;
  std::optional<ExtendedSequenceNumber> last_;  ///< the last record handed on
  std::optional<WallTime> known_until_;
  std::optional<WallTime> tip_told_;
  std::optional<MonotonicTime> loss_checked_;
  std::optional<ShardIterator> iterator_;
  bool known_closed_ = false;  ///< by a listing; matters where answers do not name the children
  int empty_ends_ = 0;         ///< reads in a row of a closed shard that found nothing
  std::uint32_t failures_ = 0;
  std::shared_ptr<Unit> token_ = std::make_shared<Unit>();  ///< shared by every page still alive
};

}  // namespace kt::stream
