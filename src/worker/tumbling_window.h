// worker/tumbling_window.h — Which window a shard is in, and what its handler carries through it.
//
// Why: windows end by records, by time, by room and by reshards, and none may be ended twice or
// lose what was carried. All of it is decided here, without effects.
//
//     none ──a call is done──► Open ──┬─ a record of a later window waits ─┐
//      ▲                        ▲ │   ├─ all before its end is finished ───┼─► final call ──► none
//      │                        │ │   └─ its shard was merged away ────────┘
//      │                 a call is done
//      │                        └─┤
//      └── final call, early ◄────┴─ the state is too long; its records may go on in the same
//      window
//
// The state is stored in one transaction with the position that it belongs to: unsaved() goes with
// the next commit. A window that is over stays known by its end, so that it is not opened again.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "invoke/guest.h"
#include "lease/lease_table.h"

namespace kt::worker {

/// The longest state a handler may carry. The store keeps one byte of our own with it.
inline constexpr std::size_t kWindowStateMax = lease::kWindowStateBytesMax - 1;

/// Of one shard. Lives on: the shard loop. Pure: no time but what it is told.
class TumblingWindow {
 public:
  explicit TumblingWindow(std::chrono::milliseconds length) : length_(length) {}

  /// What this shard stored before.
  void restore(const lease::WindowState& stored);
  /// What a parent left: this shard's own with the next commit.
  void inherit(const lease::WindowState& left);

  bool open() const { return state_ != nullptr; }
  /// No record belongs to an earlier window. None: nothing is known.
  std::optional<WallTime> earliest() const { return start_; }

  /// All that arrived before `time` is finished.
  void note_time(WallTime time);
  /// Whether the open window has to be ended now. `next`: the window of the record that waits.
  bool over(std::optional<WallTime> next) const;

  /// Tells a call with records of the window that begins at `start` where it is.
  void describe(WallTime start, invoke::CallContext& context) const;
  /// The same for the final call of the open window.
  void describe_final(invoke::CallContext& context) const;
  /// For the final call that gets a state which is too long to be kept, or whose shard is merged.
  static void mark_early(invoke::CallContext& context);

  /// A call was done and returned this state. At most kWindowStateMax long.
  void take(WallTime start, std::string state);
  /// The final call was done.
  void end();
  /// The final call was done early for want of room: the window of `start` goes on without state.
  void start_afresh(WallTime start);

  /// What the next commit has to store with the position; none when that is stored.
  std::optional<lease::WindowState> unsaved() const;
  /// Counts what there was to store.
  std::uint64_t version() const { return version_; }
  /// What unsaved() said at `version` is durable.
  void saved(std::uint64_t version);

 private:
  invoke::WindowContext window(WallTime start) const;
  void read(const lease::WindowState& stored);

  std::chrono::milliseconds length_;
  std::optional<WallTime> start_;             ///< of the open window, or the least of the next
  std::shared_ptr<const std::string> state_;  ///< null: no window is open
  std::optional<WallTime> done_until_;
  std::uint64_t version_ = 0;
  std::uint64_t saved_version_ = 0;
};

}  // namespace kt::worker
