// tests/sim/window_ledger.h — What handlers carried through tumbling windows, and the checker of
// it.
//
// Why: a window's state is right when it holds each record that was handled in it exactly once. So
// the simulated handler carries the records' numbers themselves, and this stands outside and reads
// what it got: no number twice, each of them in one final call, none beyond its window's end.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "invoke/guest.h"

namespace kt::sim {

/// Lives on: the simulation's loop.
class WindowLedger {
 public:
  /// A call handled the first `count` records. `state`: what it returns. The value is the fault.
  std::string handled(const invoke::CallContext& context, const Batch& batch, std::size_t count,
                      std::string& state);
  /// Whether a shard's lease was taken after that time.
  using TakenSince = std::function<bool(const ShardId&, MonotonicTime)>;
  /// A final call was done. The value is the fault. When the lease was lost before that was stored,
  /// the window goes on with the next owner, or with the shard's heir, and ends once more: with all
  /// that it held, and maybe with records that came since.
  std::string ended(const invoke::CallContext& context, MonotonicTime now,
                    const TakenSince& taken_since);
  /// A destination took a record: no window has to hold it.
  void given_up(int id) { given_up_.insert(id); }

  /// A record that was handled and is in no window that ended; empty: there is none.
  std::string missing() const;
  /// How many records a final call held.
  std::size_t ended_count() const { return final_of_.size(); }

  /// Of the state that a call got.
  enum class Origin { None, Same, OtherShard };
  Origin origin(const invoke::CallContext& context) const;

 private:
  struct FinalCall {
    ShardId shard;
    WallTime start;
    std::set<int> ids;
    MonotonicTime at;
  };

  std::map<int, ShardId> shard_of_;  ///< of every record that a call handled
  std::map<int, std::shared_ptr<const FinalCall>> final_of_;  ///< the latest that held it
  std::set<int> given_up_;
};

}  // namespace kt::sim
