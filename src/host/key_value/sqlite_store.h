// host/key_value/sqlite_store.h — Key-value stores in an SQLite file, or in memory.
//
// Why: this is Spin's default store, in Spin's own table, so that a trigger of another kind in the
// same app shares it. Only the work thread touches the file. Writes that came while it was busy are
// committed together: the disk is waited for once. A commit is on the disk before it is answered: a
// position in the stream may be stored as soon as the guest returns, and must not outlive what the
// guest wrote.
#pragma once
#include <memory>
#include <string>

#include "host/key_value/key_value_store.h"
#include "runtime/work_thread.h"

namespace kt::host {

struct KeyValueFileOptions {
  std::string path;                              ///< empty: in memory
  std::chrono::milliseconds busy_timeout{5000};  ///< for other processes' writes
  std::int64_t page_count_max = 0;               ///< 0: none. For tests of a full disk
};

/// One file, opened (and made, with its directory) at the first use; may hold several stores.
/// `work` outlives it. Calls are on the host loop.
class KeyValueFile {
 public:
  KeyValueFile(WorkThread& work, KeyValueFileOptions options);
  KeyValueFile(const KeyValueFile&) = delete;
  KeyValueFile& operator=(const KeyValueFile&) = delete;
  ~KeyValueFile();

  std::string summary() const;

 private:
  friend class SqliteKeyValueStore;
  class Core;
  std::shared_ptr<Core> core_;
};

/// The store of one name in a file.
class SqliteKeyValueStore final : public KeyValueStore {
 public:
  SqliteKeyValueStore(std::shared_ptr<KeyValueFile> file, std::string name);

  std::string summary() const override { return file_->summary(); }
  Task<Result<Unit>> open() override;
  Task<Result<StoredValue>> get(std::string_view key) override;
  Task<Result<Unit>> set(std::string_view key, ByteView value) override;
  Task<Result<Unit>> remove(std::string_view key) override;
  Task<Result<bool>> exists(std::string_view key) override;
  Task<Result<std::vector<std::string>>> keys() override;
  Task<Result<std::vector<StoredValue>>> get_many(std::span<const std::string_view> keys) override;
  Task<Result<Unit>> set_many(std::span<const KeyAndValue> entries) override;
  Task<Result<Unit>> remove_many(std::span<const std::string_view> keys) override;
  Task<Result<std::int64_t>> increment(std::string_view key, std::int64_t delta) override;
  Task<Result<SwapOutcome>> swap(std::string_view key, std::optional<ByteView> expected,
                                 ByteView value) override;

 private:
  std::shared_ptr<KeyValueFile> file_;
  std::string name_;
};

}  // namespace kt::host
