// app/app.h — One app: what `spin.toml` or a locked app says, validated.
//
// Why: both readers make this value, so nothing behind them knows which file an app came from.
// Immutable once read.
#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "app/options.h"
#include "app/template.h"
#include "model/ids.h"

namespace kt::app {

/// A directory that a component's guests see, read-only.
struct Mount {
  std::filesystem::path host;
  std::string guest;
};

/// One entry of a component's `files`: a glob under the app's folder, or (with `destination`) a
/// file or folder and where it goes.
struct Placement {
  std::string source;
  std::string destination;  ///< empty: the same relative path
  int line = 0;
};

/// A component that satisfies one import of another one.
struct Dependency {
  std::string name;                     ///< of the import: "acme:codec/avro@1.0.0" or a plain name
  std::filesystem::path source;         ///< file with its code
  std::vector<std::uint8_t> bytes;      ///< instead of `source`: given within the locked app
  std::string place;                    ///< file and line, for messages
  std::optional<std::string> exported;  ///< the export to take; none: the one named as the import
  bool inherits_all = false;            ///< it may do all that its parent may
  std::set<std::string> inherits;       ///< else the sets it shares: "key_value_stores", ...
};

/// `[component.x.build]`: what makes a component's code from its source.
struct Build {
  std::vector<std::string> commands;  ///< for the shell, one after the other; empty: none is said
  std::string workdir;                ///< below the app's folder; empty: that folder
  std::vector<std::string> watch;     ///< globs below `workdir`: a change means another build

  std::string text() const;  ///< the commands, for messages
};

/// Code and surroundings of a guest.
struct Component {
  ComponentId id;
  std::filesystem::path source;     ///< file with the component or core module
  std::vector<std::uint8_t> bytes;  ///< instead of `source`: given within the locked app
  std::string place;                ///< where the manifest names the source, for messages
  Build build;                      ///< of a manifest only
  std::map<std::string, std::string> environment;
  std::map<std::string, std::string> variables;  ///< as written: templates, for the host interface
  std::vector<Placement> files;                  ///< to be copied (app/assets.h)
  std::vector<std::string> exclude_files;        ///< globs that `files` leaves out
  std::vector<Mount> mounts;                     ///< ready directories
  /// As written, templates included; the older `allowed_http_hosts` are added in today's form.
  std::vector<std::string> allowed_outbound_hosts;
  std::vector<std::string> key_value_stores;  ///< labels, as are the next
  std::vector<std::string> sqlite_databases;
  std::vector<std::string> ai_models;
  std::vector<Dependency> dependencies;
};

/// One `[[trigger.kinesis]]`.
struct Trigger {
  std::string id;
  ComponentId component;
  TriggerOptions options;
  std::vector<Setting> settings;
  std::string place;  ///< file and line, for messages
};

struct App {
  std::string name;
  std::string version;
  std::string description;
  std::filesystem::path root;         ///< relative paths of the manifest start here
  std::string document;               ///< the file's name, for messages
  std::vector<Trigger> triggers;      ///< of type kinesis; at least one
  std::vector<Component> components;  ///< those the triggers name
  /// The rest, for what is checked of a whole app and for --follow: id, labels, hosts, variables.
  std::vector<Component> other_components;
  std::map<std::string, Variable, std::less<>> variables;  ///< `[variables]`
  ProcessOptions process;
  std::vector<Setting> settings;  ///< of `process`
  std::vector<std::string> warnings;

  const Component* find_component(const ComponentId& id) const;
};

/// Reads `spin.toml`. Invalid names file, line, key and what to do; NotFound when there is none.
Result<App> read_manifest(const std::filesystem::path& file, const Outside& outside);
/// The same from text; `root` is the folder of the manifest.
Result<App> parse_manifest(std::string_view text, const std::string& document,
                           const std::filesystem::path& root, const Outside& outside);

/// Reads the locked app of `SPIN_LOCKED_URL` (a file: URL) in `SPIN_WORKING_DIR`.
Result<App> read_locked_app(std::string_view url, const std::filesystem::path& working_dir,
                            const Outside& outside);
Result<App> parse_locked_app(std::string_view text, const std::string& document,
                             const std::filesystem::path& working_dir, const Outside& outside);
/// The path that a `file:` URL names, percent-decoded.
Result<std::filesystem::path> path_of_file_url(std::string_view url);

/// `allowed_http_hosts` in the form of `allowed_outbound_hosts`. Invalid names the entry.
Result<std::vector<std::string>> modern_allowed_hosts(const std::vector<std::string>& legacy);

/// Every component's code exists as a file. NotFound names the place and what builds it.
Result<Unit> check_sources(const App& app);

/// `--print-config`: every setting of the process and of each trigger, its value and origin.
std::string print_config(const App& app);

/// A `--variable` argument: K=V, K=@file, or @file.json / @file.toml with a flat table of strings.
Result<Unit> add_variables(std::string_view argument, Outside& outside);
/// The variables of a `.env` file's text: KEY=value lines, # comments, quotes.
Environment parse_dotenv(std::string_view text);

/// A file's whole content. NotFound or Invalid name it.
Result<std::string> read_file(const std::filesystem::path& file, std::size_t bytes_max);

}  // namespace kt::app
