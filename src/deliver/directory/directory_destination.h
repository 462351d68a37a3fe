// deliver/directory/directory_destination.h — Failed batches as files: one JSON document each.
//
// Why: works everywhere, needs nothing, and people can read it.
#pragma once
#include <filesystem>
#include <memory>

#include "deliver/document_store.h"
#include "runtime/work_thread.h"

namespace kt::deliver {

/// A document is whole and synced, or not there; a repeat writes the same file again. Lives on: the
/// shard loop; all writing is done on `files`, which outlives this. A task cancelled while it waits
/// may have delivered. Errors: StorageFull, ReadOnly, Unavailable, each with the place.
class DirectoryDestination final : public DocumentStore {
 public:
  DirectoryDestination(std::filesystem::path directory, WorkThread& files);

  Task<Result<std::string>> store(FailedBatch failed) override;
  Task<Result<Unit>> check() override;
  std::string describe() const override { return "directory " + directory_.string(); }

 private:
  std::filesystem::path directory_;
  WorkThread& files_;
  bool swept_ = false;  // leftovers of an earlier process were removed
};

}  // namespace kt::deliver
