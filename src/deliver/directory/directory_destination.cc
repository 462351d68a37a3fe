#include "deliver/directory/directory_destination.h"

#include <utility>

#include "deliver/directory/durable_file.h"
#include "deliver/invocation_record.h"

namespace kt::deliver {
namespace {

Result<std::string> write(const std::filesystem::path& directory, const FailedBatch& failed,
                          bool sweep) {
  if (sweep)
    remove_leftovers(directory);
  const std::string name = document_name(failed);
  TRY(write_durably(directory, name, document(failed)));
  return (directory / name).string();
}

}  // namespace

DirectoryDestination::DirectoryDestination(std::filesystem::path directory, WorkThread& files)
    : directory_(std::move(directory)), files_(files) {}

Task<Result<std::string>> DirectoryDestination::store(FailedBatch failed) {
  const bool sweep = !std::exchange(swept_, true);
  // The work may outlive the wait: it owns all it touches.
  auto work = [directory = directory_, failed = std::move(failed), sweep] {
    return write(directory, failed, sweep);
  };
  Task<Result<std::string>> written = files_.run(std::move(work));
  co_return co_await std::move(written);
}

Task<Result<Unit>> DirectoryDestination::check() {
  auto work = [directory = directory_] { return try_to_write(directory); };
  Task<Result<Unit>> tried = files_.run(std::move(work));
  co_return co_await std::move(tried);
}

}  // namespace kt::deliver
