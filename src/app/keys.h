// app/keys.h — Every key that a manifest may set: its name, default, bounds and meaning.
//
// Why: reading, defaults, `--print-config`, spelling help and docs/reference/manifest.md all follow
// this one table.
#pragma once
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/options.h"
#include "app/template.h"
#include "app/value.h"
#include "filter/filter_set.h"

namespace kt::app {

enum class KeyKind { Text, Integer, Flag, Choice, TextList, Time };

/// What happens to a number outside its bounds.
enum class Bounds { Refuse, Clamp };

/// Whether this version acts on the key, or only knows it and refuses any value but the default.
enum class Stage { Now, Later };

/// A value as read, in the member that its kind says.
struct Parsed {
  std::int64_t integer = 0;
  bool flag = false;
  std::string text;  ///< Text, Choice
  std::vector<std::string> list;
  WallTime time;
};

template <class Options>
struct Key {
  std::string_view name;
  KeyKind kind = KeyKind::Text;
  std::string_view fallback;  ///< as shown; empty: none
  std::string_view meaning;
  /// Sets the option; a text is the fault: what the value must be.
  std::function<std::string(Options&, const Parsed&)> set;
  Stage stage = Stage::Now;
  std::int64_t least = 0;
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
  Bounds bounds = Bounds::Refuse;
  std::vector<std::string_view> choices = {};
};

/// Another spelling of a key: Lambda's own name in snake_case.
struct Alias {
  std::string_view alias;
  std::string_view name;
  std::int64_t factor = 1;                  ///< the value is multiplied: seconds into milliseconds
  std::vector<std::string_view> path = {};  ///< where in a table the value lies
};

const std::vector<Key<TriggerOptions>>& trigger_keys();
const std::vector<Key<ProcessOptions>>& process_keys();
const std::vector<Alias>& trigger_aliases();

/// What a table of keys was read into.
struct ReadKeys {
  std::vector<Setting> settings;  ///< every key, in the table's order
  std::vector<std::string> warnings;
};

/// What reading needs to know around a table.
struct KeyContext {
  const Document& document;
  const Variables& variables;
  std::string where;                      ///< "[[trigger.kinesis]]"
  std::vector<std::string_view> besides;  ///< members that are no keys: "component", "id"
};

/// Reads every member of `table` (may be null) into `options`. Invalid names line, key and what to
/// write instead.
Result<ReadKeys> read_keys(const Value* table, const std::vector<Key<TriggerOptions>>& keys,
                           const std::vector<Alias>& aliases, const KeyContext& context,
                           TriggerOptions& options);
Result<ReadKeys> read_keys(const Value* table, const std::vector<Key<ProcessOptions>>& keys,
                           const std::vector<Alias>& aliases, const KeyContext& context,
                           ProcessOptions& options);

/// The trigger's filters with its `on_non_json`. Those of an App compile: reading checked them.
Result<std::shared_ptr<const filter::FilterSet>> compile_filters(const TriggerOptions& options);
/// Joins the parts of the starting position; the fault as text, empty when all is well.
std::string join_starting_position(TriggerOptions& options);

/// Whether on_failure and on_failure_overflow go together; the fault as text.
std::string check_destinations(const TriggerOptions& options);
/// Whether on_poison goes with the rest; the fault as text.
std::string check_poison(const TriggerOptions& options);
/// Whether the windows go with the lanes; the fault as text.
std::string check_windows(const TriggerOptions& options);

/// The table as docs/reference/manifest.md shows it.
std::string trigger_keys_as_markdown();
std::string process_keys_as_markdown();

}  // namespace kt::app
