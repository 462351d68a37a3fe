// app/template.h — `{{ variable }}` in the manifest's strings, and what the variables are worth.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/value.h"

namespace kt::app {

/// The process environment, as cli read it.
using Environment = std::map<std::string, std::string, std::less<>>;

/// A provider of variables that the runtime configuration names, as far as it can be asked before
/// anything runs.
struct VariableSource {
  enum class Kind { Static, OfEnvironment, Remote };
  Kind kind = Kind::Static;
  Environment values;  ///< Static: by variable; OfEnvironment: the dotenv file
  std::string prefix;  ///< OfEnvironment
};

/// What reaches an app from outside its files.
struct Outside {
  Environment environment;
  std::map<std::string, std::string, std::less<>> variables;  ///< --variable; strongest
  std::vector<VariableSource> sources;                        ///< then these, in their order
  Environment dotenv;                                         ///< ./.env; weakest
};

/// Whether it may name a variable: [a-z][a-z0-9_]*, no "__", no "_" at the end.
bool is_variable_name(std::string_view name);

/// One of `[variables]`.
struct Variable {
  std::string description;
  std::optional<std::string> fallback;  ///< none: required
  bool secret = false;
  int line = 0;
};

/// A string with its templates replaced.
struct Expanded {
  std::string text;
  bool secret = false;  ///< a secret variable went into it: never print it
};

/// The app's variables and their values.
class Variables {
 public:
  Variables() = default;
  /// Reads `[variables]` (or the locked app's member). `table` may be null.
  static Result<Variables> read(const Value* table, const Document& document,
                                const Outside& outside);

  /// As declared.
  const std::map<std::string, Variable, std::less<>>& declared() const { return declared_; }

  /// Replaces every `{{ name }}`. An unknown name is an error with the nearest known one.
  Result<Expanded> expand(std::string_view text, int line, const Document& document) const;
  /// Replaces those that name a variable of the app and leaves any other text as it is: for
  /// strings in which Spin itself would replace nothing.
  Expanded expand_known(std::string_view text) const;
  /// Only checks that every name is known.
  Result<Unit> check(std::string_view text, int line, const Document& document) const;

 private:
  struct Worth {
    std::string text;
    bool secret = false;
    bool known = true;  ///< false: only a provider elsewhere may have it
  };
  Result<Unit> resolve(const Document& document, const Outside& outside);
  /// `expand`, or where `values` is false only the check of names.
  Result<Expanded> walk(std::string_view text, int line, const Document& document,
                        bool values) const;

  std::map<std::string, Variable, std::less<>> declared_;
  std::map<std::string, Worth, std::less<>> values_;
};

}  // namespace kt::app
