// local/committer.h — Makes the model's changes durable, many requests in one commit.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>

#include "local/kinesis_model.h"
#include "observability/log.h"
#include "runtime/event.h"
#include "runtime/work_thread.h"

namespace kt::local {

/// One commit is in flight at a time; what changes meanwhile goes into the next one. So a lone
/// request waits for one commit, and a thousand at once wait for two.
/// Lives on: the model's loop. Must outlive run() and every durable().
class Committer {
 public:
  Committer(KinesisModel& model, StreamStore& store, WorkThread& work, Log log)
      : model_(model), store_(store), work_(work), log_(std::move(log)) {}

  /// Waits until everything the model was told so far is durable. When the disk refused: its error;
  /// the changes are tried again with the next commit.
  Task<Result<Unit>> durable();
  /// Asks for a commit without waiting for it.
  void nudge();
  /// Serves until finish() and the commits asked for before it.
  Task<Result<Unit>> run();
  void finish();

 private:
  Task<void> commit_once();

  KinesisModel& model_;
  StreamStore& store_;
  WorkThread& work_;
  Log log_;
  std::uint64_t wanted_ = 0;  ///< commits asked for
  std::uint64_t begun_ = 0;
  std::uint64_t done_ = 0;
  std::optional<Error> failure_;  ///< of the last commit
  bool finishing_ = false;
  Event work_to_do_;
  Event commit_done_;
};

}  // namespace kt::local
