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

/// What reaches an app from outside its files.
struct Outside {
  Environment environment;
  std::map<std::string, std::string, std::less<>> variables;  ///< --variable; strongest
  Environment dotenv;                                         ///< ./.env; weakest
};

/// Whether it may name a variable: [a-z][a-z0-9_]*, no "__", no "_" at the end.
bool is_variable_name(std::string_view name);

/// One of `[variables]`.
struct Variable {
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
  };
  Result<Unit> resolve(const std::map<std::string, Variable, std::less<>>& declared,
                       const Document& document, const Outside& outside);
  std::map<std::string, Worth, std::less<>> values_;
};

}  // namespace kt::app
