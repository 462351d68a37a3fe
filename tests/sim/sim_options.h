// tests/sim/sim_options.h — What one simulated schedule does, drawn from its seed.
//
// Why: swarm testing. Each seed switches some faults off and others up, so that rare combinations
// are not drowned by the common ones.
#pragma once
#include <cstdint>
#include <string>

#include "runtime/random.h"

namespace kt::sim {

struct SimOptions {
  std::uint64_t seed = 0;

  int workers = 1;
  int shards = 1;
  int keys = 8;
  bool exclusive = false;  ///< one worker, guarded by the directory lock
  bool sqlite = false;     ///< the SQLite table instead of the one in memory
  bool dynamodb = false;   ///< the DynamoDB table over a modelled service
  bool latest = false;     ///< start at LATEST instead of TRIM_HORIZON
  bool outage = false;     ///< all workers are down until retention ends part of the records
  int batch_max = 10;
  Duration window{0};
  Duration tumbling{0};  ///< length of windows; 0: none
  Duration chaos = std::chrono::seconds(20);
  Duration detector_poll = std::chrono::seconds(3);
  Duration handler_timeout = std::chrono::seconds(2);
  Duration checkpoint_interval{0};
  Duration transition{0};  ///< how long a reshard takes
  Duration put_pause_max{200'000};
  int put_batch_max = 6;
  int listing_page = 1000;

  unsigned reshard_per_mille = 0;  ///< chance a tick of 250 ms, as those below
  unsigned crash_per_mille = 0;
  unsigned stop_per_mille = 0;  ///< orderly stop
  unsigned stall_per_mille = 0;
  Duration stall_max{0};
  int drift_per_mille = 0;  ///< the workers' clocks run up to this much fast or slow

  Duration api_latency{0};
  unsigned api_fail_per_mille = 0;  ///< each of: not reached, throttled, reply lost
  unsigned expire_per_mille = 0;    ///< iterators and tokens
  unsigned stale_per_mille = 0;     ///< listings
  Duration table_latency{0};
  unsigned table_fail_per_mille = 0;
  unsigned table_lost_per_mille = 0;
  unsigned guest_fail_per_mille = 0;  ///< error, trap, memory, host
  unsigned guest_slow_per_mille = 0;  ///< longer than a failover, some longer than their deadline
  Duration guest_time{0};

  unsigned table_down_per_mille = 0;   ///< a tick: the table is away, or its disk full, for a while
  unsigned no_next_per_mille = 0;      ///< an answer without next iterator though there is more
  unsigned no_children_per_mille = 0;  ///< a last answer that does not name the children
  bool watched = true;                 ///< the workers watch over shards that stand still
  unsigned hang_per_mille = 0;         ///< a read that is never answered
  bool tight_memory = false;           ///< room for a few records only

  bool waiting_keys = false;  ///< on_poison = "key"
  int spill_keys_max = 0;
  int spill_records_max = 0;

  bool fan_out = false;                 ///< shards are pushed, not polled
  Duration push_life{0};                ///< of a subscription
  unsigned push_silence_per_mille = 0;  ///< a look: nothing comes any more, nor an end
  unsigned push_break_per_mille = 0;    ///< a look: the event stream breaks off
  unsigned push_refused_per_mille = 0;  ///< a call

  int lanes = 1;         ///< a shard
  int retries_max = -1;  ///< -1: a batch is called until it succeeds
  Duration age_max{0};   ///< 0: no record is too old
  bool bisect = false;
  unsigned poison_per_mille = 0;   ///< records that no call ever manages; only with retries_max
  unsigned partial_per_mille = 0;  ///< of the calls that fail: some records are handled
  unsigned swap_per_mille = 0;     ///< a tick: a handler built anew takes over
  unsigned destination_fail_per_mille = 0;  ///< not reached; half as often: reply lost

  /// Everything drawn from `seed`.
  static SimOptions draw(std::uint64_t seed);
  /// One line, for a failure's report.
  std::string describe() const;
};

}  // namespace kt::sim
