// stream/poll_loop.h — Reads one shard by GetRecords, from its cursor's position on.
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
#include <optional>
#include <vector>

#include "stream/poll_pace.h"
#include "stream/shard_cursor.h"

namespace kt::stream {

/// Lives on: the shard loop; the cursor outlives it. Limits: the largest answer is reserved in the
/// shared MemoryBudget while a read is under way.
class PollLoop {
 public:
  explicit PollLoop(ShardCursor& cursor)
      : cursor_(cursor), deps_(cursor.deps()), pace_(cursor.options().idle_wait) {}

  /// To the end of the shard (a value or a final error), or until `until` has passed (none).
  Task<Result<std::optional<Fetched>>> read(std::optional<MonotonicTime> until);

 private:
  /// One round of the diagram; a value when it was the last.
  Task<Result<std::optional<Fetched>>> read_once();
  Task<Result<std::optional<Fetched>>> confirm_end(std::vector<Shard> children, ReadResult read);
  bool believe_end(const ReadResult& read);
  Task<void> back_off(const Error& error);

  ShardCursor& cursor_;
  const SourceDeps& deps_;
  PollPace pace_;
  std::optional<ShardIterator> iterator_;
  std::uint64_t moves_ = 0;    ///< of the cursor, when the iterator was made
  bool known_closed_ = false;  ///< by a listing; matters where answers do not name the children
  int empty_ends_ = 0;         ///< reads in a row of a closed shard that found nothing
  std::uint32_t failures_ = 0;
};

}  // namespace kt::stream
