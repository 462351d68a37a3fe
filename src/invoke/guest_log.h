// invoke/guest_log.h — Where a component's stdout and stderr go.
//
// Why: users look into <state dir>/logs/<component>_stdout.txt and _stderr.txt, as under Spin. What
// a call printed is in the file when the call has ended, before its checkpoint moves.
#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/ids.h"

namespace kt::invoke {

enum class GuestStream { Stdout, Stderr };
enum class Echo { Off, ToStderr };

/// The two log files of one component, appended to. Any thread: each append is one write. A full
/// disk drops output (counted), it never fails the guest.
class GuestLog {
 public:
  /// Makes the folder and opens the files; an empty name: no files, only the echo. ReadOnly or
  /// StorageFull name the path.
  static Result<std::unique_ptr<GuestLog>> open(const std::string& folder,
                                                const ComponentId& component, Echo echo);
  GuestLog(const GuestLog&) = delete;
  GuestLog& operator=(const GuestLog&) = delete;
  ~GuestLog();

  void append(GuestStream stream, std::string_view bytes) noexcept;
  std::uint64_t dropped_bytes() const { return dropped_bytes_; }

 private:
  GuestLog(int out, int err, Echo echo) : files_{out, err}, echo_(echo) {}

  int files_[2];
  Echo echo_;
  std::atomic<std::uint64_t> dropped_bytes_ = 0;
};

/// What one call prints: gathered, and appended in large pieces and at the call's end. One thread
/// at a time.
class CallLog {
 public:
  explicit CallLog(GuestLog* log) : log_(log) {}
  CallLog(const CallLog&) = delete;
  CallLog& operator=(const CallLog&) = delete;
  ~CallLog() { flush(); }

  void write(GuestStream stream, std::string_view bytes) noexcept;
  void flush() noexcept;

 private:
  static constexpr std::size_t kFlushBytes = 64 * 1024;

  GuestLog* log_;  ///< may be null: output is dropped
  std::string pending_[2];
};

}  // namespace kt::invoke
