// cli/dev_loop.h — `up --watch`: a component that changed takes over while the app runs.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "cli/building.h"
#include "cli/components.h"
#include "watch/file_watch.h"

namespace kt::cli {

/// What --watch and --build ask for; the functions are of who started the app.
struct DevOptions {
  bool build = false;
  std::filesystem::path manifest;           ///< a file
  std::filesystem::path runtime_config;     ///< empty: none
  std::function<Result<Unit>()> check_app;  ///< reads the app anew; its error is shown
};

/// The files of an app whose changes count.
std::vector<watch::FileGroup> watched_files(const app::App& app, const DevOptions& options);

/// Waits until one of the files changes. False: a signal came first.
bool wait_for_change(const app::App& app, const DevOptions& options, const Console& console);

/// Lives on: the shard loop. What Deps refer to outlives it.
class DevLoop {
 public:
  struct Deps {
    Loop& loop;
    Clock& clock;
    const Console& console;
    const AppSetup& setup;
    const DevOptions& options;
  };
  /// What the running app lets be done to it.
  struct Hooks {
    /// Loads a component anew; blocks, on the builder's thread.
    std::function<Result<Components::One>(const ComponentId&)> load;
    /// Lets calls that begin from now on be its; returns how many end on former versions.
    std::function<std::size_t(const ComponentId&, Components::One)> swap;
    std::function<void()> restart;
  };
  explicit DevLoop(Deps deps);

  /// Takes the files for unchanged. To be called before components are loaded.
  Task<Result<Unit>> begin() { return watch_.begin(); }
  /// Until cancelled, or until it asked for a restart.
  Task<Result<Unit>> run(Hooks hooks);

 private:
  using Changes = std::vector<watch::Change>;
  struct Due {
    bool manifest = false;
    std::set<ComponentId> builds;
    std::set<ComponentId> swaps;
  };

  Due sort_out(const Changes& changes);
  bool must_restart();
  Task<Result<Changes>> build(std::set<ComponentId> ids);
  Task<Result<Unit>> swap(ComponentId id, const Hooks& hooks);
  void say(const std::string& text);

  Deps deps_;
  Builder builder_;
  watch::FileWatch watch_;
  std::map<ComponentId, MonotonicTime> built_at_;
  std::map<ComponentId, std::uint64_t> versions_;  ///< none: still the first
};

}  // namespace kt::cli
