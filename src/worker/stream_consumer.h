// worker/stream_consumer.h — Consumes the stream of one trigger, from its start to the drain.
//
//     prepare: describe ─► list ─► earlier streams of this name? ─► seed positions ─► rows
//        │ fails: back off and again (or, at the very start and for good: the process ends)
//        ▼
//     StreamSession ──► drained ──► done
//        └─ stream created anew, or the lease table failed: prepare again
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "worker/stream_session.h"

namespace kt::worker {

/// Lives on: the shard loop. Lifetime: outlives its tasks.
class StreamConsumer {
 public:
  StreamConsumer(WorkerContext& context, Trigger trigger);

  /// One attempt to get ready. Stores the first positions: after it nothing put is lost.
  Task<Result<Unit>> prepare();
  /// Whether repeating prepare() without anyone changing anything is of no use.
  static bool is_fatal(const Error& error);
  /// Consumes until drained; faults are waited out.
  Task<Result<Unit>> consume();
  void drain();

  std::vector<ShardStatus> status() const;
  TriggerStatus trigger_status() const;
  bool ready() const { return session_ && session_->healthy(); }
  const ConsumerProbe& probe() const { return probe_; }
  const TriggerOptions& options() const { return trigger_.options; }

 private:
  Task<Result<Unit>> run_preparation();
  Task<Result<Unit>> run_session();

  WorkerContext& context_;
  Trigger trigger_;
  Log log_;
  stream::ShardDirectory directory_;
  Positions positions_;
  ConsumerProbe probe_;
  Nap nap_;
  std::unique_ptr<StreamSession> session_;
  std::optional<TaskGroup> preparing_;  ///< cancelled by drain(): the service may be silent
  bool prepared_ = false;
  bool draining_ = false;
  bool stopped_ = false;  ///< data loss, and the user wants to be asked
  std::string trouble_;
  Reason reason_ = Reason::Starting;  ///< why no session runs
};

}  // namespace kt::worker
