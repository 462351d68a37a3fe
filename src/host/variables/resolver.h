// host/variables/resolver.h — The app's variables, and what a text with `{{ variable }}` comes to.
//
// Why: variables are not settled when the program starts: a provider may give another value
// tomorrow. So texts are checked at the start and expanded each time they are used, as in Spin.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/variables/provider.h"

namespace kt::host {

/// One of the app's `[variables]`.
struct AppVariable {
  std::optional<std::string> fallback;  ///< none: required
  bool secret = false;
};

/// A text that was checked: its braces are closed and its names are variables of the app.
class VariableTemplate {
 public:
  VariableTemplate() = default;

  bool is_literal() const;
  /// Whether a secret variable goes into it: what it expands to must not be shown.
  bool is_secret() const { return secret_; }

 private:
  friend class VariablesResolver;
  struct Part {
    std::string text;  ///< literal, or the variable's name
    bool is_name = false;
  };
  std::vector<Part> parts_;
  bool secret_ = false;
};

/// Lives on: the host loop; outlives its calls. What has no task may be used before the loop runs.
/// Nothing is cached: each expansion asks the providers again.
class VariablesResolver {
 public:
  using Variables = std::map<std::string, AppVariable, std::less<>>;
  using Providers = std::vector<std::unique_ptr<VariablesProvider>>;

  /// `providers` are asked in their order, then the variable's default. Invalid names what cannot
  /// be a variable's name.
  static Result<std::shared_ptr<VariablesResolver>> make(Variables variables, Providers providers);

  /// Invalid lists the required variables that no provider can have.
  Result<Unit> check_required() const;

  /// Invalid: unclosed braces, or a name that is no variable of the app. Limit: 64 KiB.
  Result<VariableTemplate> prepare(std::string_view text) const;

  /// The text with its variables' values; the template is of this resolver. NotFound: a required
  /// variable that no provider has. Else the provider's error. Limit: 1 MiB (LimitExceeded).
  Task<Result<std::string>> expand(VariableTemplate text) const;
  /// prepare() and expand() in one: for texts that Spin checks only where they are used.
  Task<Result<std::string>> expand_text(std::string text) const;
  /// One variable's value. Errors as expand().
  Task<Result<std::string>> resolve(std::string name) const;

 private:
  VariablesResolver(Variables variables, Providers providers)
      : variables_(std::move(variables)), providers_(std::move(providers)) {}

  Variables variables_;
  Providers providers_;
};

}  // namespace kt::host
