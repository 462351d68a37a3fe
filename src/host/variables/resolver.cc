#include "host/variables/resolver.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "host/variables/shown.h"
#include "model/template_text.h"

namespace kt::host {
namespace {

constexpr std::size_t kTextBytesMax = std::size_t{64} << 10;
constexpr std::size_t kExpandedBytesMax = std::size_t{1} << 20;

}  // namespace

bool VariableTemplate::is_literal() const {
  return std::none_of(parts_.begin(), parts_.end(), [](const Part& part) { return part.is_name; });
}

Result<std::shared_ptr<VariablesResolver>> VariablesResolver::make(Variables variables,
                                                                   Providers providers) {
  for (const auto& [name, variable] : variables) {
    const std::string fault = variable_name_fault(name);
    if (!fault.empty())
      return fail(ErrorCode::Invalid, "invalid variable name: " + shown(name) + ": " + fault);
  }
  return std::shared_ptr<VariablesResolver>(
      new VariablesResolver(std::move(variables), std::move(providers)));
}

Result<Unit> VariablesResolver::check_required() const {
  std::string missing;
  for (const auto& [name, variable] : variables_) {
    const std::string& wanted = name;
    const bool found = variable.fallback.has_value() ||
                       std::any_of(providers_.begin(), providers_.end(),
                                   [&](const auto& one) { return one->may_resolve(wanted); });
    if (!found)
      missing += (missing.empty() ? "" : ", ") + shown(name);
  }
  if (missing.empty())
    return Unit{};
  return fail(ErrorCode::Invalid,
              "no provider resolved required variable(s): [" + missing +
                  "]. Give them by --variable NAME=VALUE, by SPIN_VARIABLE_<NAME> in the "
                  "environment, or by a [[variables_provider]] in the runtime config");
}

Result<VariableTemplate> VariablesResolver::prepare(std::string_view text) const {
  if (text.size() > kTextBytesMax)
    return fail(ErrorCode::LimitExceeded, "invalid variable template: longer than 64 KiB");
  const SplitTemplate split = split_template(text);
  if (!split.closed)
    return fail(ErrorCode::Invalid, "invalid variable template: unmatched '{{' in template");
  VariableTemplate out;
  for (const TemplatePart& piece : split.parts) {
    VariableTemplate::Part part;
    part.is_name = piece.is_name();
    part.text = std::string(piece.is_name() ? piece.name : piece.raw);
    if (part.is_name) {
      const auto known = variables_.find(piece.name);
      if (known == variables_.end()) {
        return fail(ErrorCode::Invalid,
                    "invalid variable template: unknown variable " + shown(piece.name));
      }
      out.secret_ = out.secret_ || known->second.secret;
    }
    out.parts_.push_back(std::move(part));
  }
  return out;
}

Task<Result<std::string>> VariablesResolver::expand(VariableTemplate text) const {
  std::string out;
  for (const VariableTemplate::Part& part : text.parts_) {
    if (part.is_name) {
      CO_TRY(const std::string value, resolve(part.text));
      out += value;
    } else {
      out += part.text;
    }
    if (out.size() > kExpandedBytesMax)
      co_return fail(ErrorCode::LimitExceeded, "a variable's value grows over 1 MiB");
  }
  co_return out;
}

Task<Result<std::string>> VariablesResolver::expand_text(std::string text) const {
  auto prepared = prepare(text);
  if (!prepared)
    co_return fail(prepared.error());
  co_return co_await expand(*std::move(prepared));
}

Task<Result<std::string>> VariablesResolver::resolve(std::string name) const {
  const auto variable = variables_.find(name);
  if (variable == variables_.end())
    co_return fail(ErrorCode::Invalid, "invalid variable name: " + shown(name));
  for (const auto& provider : providers_) {
    CO_TRY(std::optional<std::string> value, provider->get(name));
    if (!value)
      continue;
    if (!is_utf8(*value))
      co_return fail(ErrorCode::Corrupt, "the value of variable " + shown(name) + " is not UTF-8");
    co_return *std::move(value);
  }
  if (variable->second.fallback)
    co_return *variable->second.fallback;
  co_return fail(ErrorCode::NotFound, "no provider resolved required variable " + shown(name));
}

}  // namespace kt::host
