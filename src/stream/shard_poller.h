// stream/shard_poller.h — A shard that is polled: GetRecords, up to five times a second.
#pragma once
#include <memory>

#include "stream/poll_loop.h"
#include "stream/shard_cursor.h"
#include "stream/shard_source.h"

namespace kt::stream {

/// The loop is PollLoop, the place ShardCursor. Limits: one answer beyond `queue_bytes_max`, and
/// the shared MemoryBudget.
class ShardPoller final : public ShardSource {
 public:
  using Deps = SourceDeps;
  using Options = SourceOptions;

  ShardPoller(Deps deps, std::shared_ptr<ReadBudget> budget, Options options, Log log)
      : cursor_(deps, std::move(budget), std::move(options), std::move(log)), loop_(cursor_) {}

  Task<Result<Unit>> run() override;
  BoundedQueue<Fetched>& out() override { return cursor_.out(); }
  const SourceProbe& probe() const override { return cursor_.probe(); }

 private:
  ShardCursor cursor_;
  PollLoop loop_;
};

}  // namespace kt::stream
