// cli/destinations.h — The places that failed batches go to, made from the manifest.
#pragma once
#include <filesystem>
#include <memory>
#include <vector>

#include "app/app.h"
#include "deliver/document_store.h"
#include "runtime/work_thread.h"

namespace kt::cli {

/// Owns the destinations of every trigger, and the thread that renders and writes documents. Lives
/// on: the shard loop; outlives the worker.
class Destinations {
 public:
  /// `root`: where relative paths of the manifest start.
  Destinations(std::filesystem::path root, std::filesystem::path state_dir);

  /// The destination of a trigger; lives as long as this. Invalid: it can not be reached as
  /// configured.
  Result<deliver::Destination*> of(const app::TriggerOptions& trigger);

 private:
  Result<std::unique_ptr<deliver::DocumentStore>> open_store(
      const std::optional<DestinationAddress>& address, const ApplicationName& application);

  std::filesystem::path root_;
  std::filesystem::path state_dir_;
  DedicatedThread work_{"deliver"};
  std::vector<std::unique_ptr<deliver::Destination>> made_;
};

}  // namespace kt::cli
