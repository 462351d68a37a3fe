// cli/putter.h — Puts records into a stream at a pace.
#pragma once
#include <set>

#include "cli/put_source.h"
#include "runtime/backoff.h"
#include "runtime/clock.h"

namespace kt::cli {

struct PutterOptions {
  double rate = 0;  ///< records a second; 0: as fast as possible
  std::optional<Duration> duration;
  bool in_order = false;  ///< no key twice in a request: a refused record cannot be overtaken
};

/// In requests of up to 500 records and 5 MiB; refused ones are put again before any later one. It
/// gives up when no record was taken for a minute. Lives on: one loop.
class Putter {
 public:
  struct Deps {
    Clock& clock;
    Random& random;
    stream::KinesisClient& client;
    PutSource& source;
  };
  Putter(Deps deps, StreamArn stream, PutterOptions options)
      : deps_(deps), stream_(std::move(stream)), options_(options) {}

  Task<Result<Unit>> run();
  std::uint64_t done() const { return done_; }

 private:
  Result<Unit> fill();
  Result<bool> look_ahead();
  bool fits(const PutRecord& record, std::size_t most, std::size_t bytes) const;
  MonotonicTime due_time() const;
  Task<Result<Unit>> send();
  Result<std::string> sort_out(const stream::PutRecordsAnswer& answer);

  Deps deps_;
  StreamArn stream_;
  PutterOptions options_;
  std::vector<stream::PutEntry> waiting_;
  std::set<std::string> keys_;      ///< of what waits
  std::optional<PutRecord> ahead_;  ///< read, not yet waiting
  std::optional<Duration> due_;     ///< of the first that waits
  std::uint64_t done_ = 0;
  std::uint32_t failures_ = 0;
  Backoff backoff_{std::chrono::milliseconds(50), std::chrono::seconds(2)};
  MonotonicTime begun_;
  MonotonicTime progress_at_;
};

}  // namespace kt::cli
