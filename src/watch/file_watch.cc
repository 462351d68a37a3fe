#include "watch/file_watch.h"

#include <utility>

namespace kt::watch {
namespace {

constexpr Duration kQuiet = std::chrono::milliseconds(100);
constexpr int kQuietTriesMax = 10;

}  // namespace

FileWatch::FileWatch(Deps deps, std::vector<FileGroup> groups)
    : deps_(std::move(deps)),
      groups_(std::make_shared<const std::vector<FileGroup>>(std::move(groups))),
      known_(std::make_shared<const Snapshot>()) {}

Task<Result<Unit>> FileWatch::begin() {
  CO_TRY([[maybe_unused]] const std::vector<Change> all, look());
  co_return Unit{};
}

Task<Result<std::vector<Change>>> FileWatch::look() {
  std::shared_ptr<const Snapshot> now = known_;
  for (bool again = true; again;) {
    const auto job = [groups = groups_, former = now] { return look_at(*groups, *former); };
    CO_TRY(Snapshot seen, deps_.work.run(job));
    again = deps_.signal->follow(seen.directories);
    now = std::make_shared<const Snapshot>(std::move(seen));
  }
  std::vector<Change> changes = changes_between(*known_, *now);
  known_ = std::move(now);
  co_return changes;
}

Task<Result<std::vector<Change>>> FileWatch::next() {
  for (;;) {
    CO_TRY(std::vector<Change> changes, look());
    if (!changes.empty())
      co_return changes;
    co_await deps_.signal->wait();
    co_await settle();
  }
}

/// An editor writes in several steps, and a tool many files.
Task<void> FileWatch::settle() {
  for (int i = 0; i < kQuietTriesMax; ++i) {
    co_await deps_.clock.sleep(kQuiet);
    if (!deps_.signal->take())
      break;
  }
}

}  // namespace kt::watch
