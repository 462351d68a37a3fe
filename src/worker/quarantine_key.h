// worker/quarantine_key.h — What a Quarantine remembers of a key, and of records on their way in.
//
// Why: private to quarantine.cc and quarantine_calls.cc. A key is a few words, whatever waits.
#pragma once
#include "worker/quarantine.h"

namespace kt::worker {

struct Quarantine::Key {
  /// Records of one park() that are not stored yet.
  struct Underway {
    std::uint64_t append;
    ExtendedSequenceNumber first;
  };

  explicit Key(std::string_view t) : text(t) {}
  std::string text;

  std::size_t records = 0;  ///< in the store
  std::size_t bytes = 0;
  std::vector<Underway> underway;
  std::optional<WallTime> oldest;

  // Of the record at the head.
  std::uint32_t spent = 0;     ///< failed calls that count against maximum_retry_attempts
  std::uint32_t failures = 0;  ///< for the back-off: every bad end raises it
  std::uint32_t calls = 0;     ///< of exactly these records
  bool handler_failed = true;
  bool tries_used_up = false;  ///< it goes to the destination
  std::uint32_t delivery_failures = 0;
  std::string message;

  /// How many records are called together: one while it fails, more while they succeed.
  std::size_t width = 1;
  // Finished, not yet forgotten by the store.
  std::vector<ExtendedSequenceNumber> finished;
  std::size_t finished_bytes = 0;
  std::uint32_t store_failures = 0;

  MonotonicTime due{};
  std::optional<Turn> turn;  ///< its place in due_
  bool serving = false;
  bool blocked = false;  ///< what is stored may not be called before what is still underway

  /// Nothing stored or called may lie behind what is still on its way into the store.
  bool may_call(const ExtendedSequenceNumber& position) const {
    for (const Underway& append : underway) {
      if (!(position < append.first))
        return false;
    }
    return true;
  }
  void begin_anew() {
    spent = failures = calls = delivery_failures = 0;
    handler_failed = true;
    tries_used_up = false;
    message.clear();
  }
};

/// One park() under way.
struct Quarantine::Append {
  std::uint64_t id = 0;
  std::vector<const Record*> records;  ///< the batch keeps them alive
  std::size_t next = 0;                ///< those before it are stored
};

}  // namespace kt::worker
