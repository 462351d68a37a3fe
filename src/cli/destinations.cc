#include "cli/destinations.h"

#include <utility>

#include "deliver/directory/directory_destination.h"

namespace kt::cli {

Destinations::Destinations(std::filesystem::path root, std::filesystem::path state_dir)
    : root_(std::move(root)), state_dir_(std::move(state_dir)) {}

Result<deliver::Destination*> Destinations::of(const app::TriggerOptions& trigger) {
  TRY(auto made, open_store(trigger.on_failure, trigger.application_name));
  made_.push_back(std::move(made));
  return made_.back().get();
}

Result<std::unique_ptr<deliver::DocumentStore>> Destinations::open_store(
    const std::optional<DestinationAddress>& address, const ApplicationName& application) {
  std::filesystem::path directory = state_dir_ / "failed" / application.str();
  if (address) {
    if (address->kind != DestinationKind::Directory)
      return fail(ErrorCode::Invalid, "on_failure: not a directory");
    directory = root_ / address->path;
  }
  return std::make_unique<deliver::DirectoryDestination>(directory, work_);
}

}  // namespace kt::cli
