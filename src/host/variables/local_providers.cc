#include "host/variables/local_providers.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "host/variables/dotenv.h"

namespace kt::host {
namespace {

std::optional<std::string> value_of(const VariableValues& values, std::string_view name) {
  const auto found = values.find(name);
  if (found == values.end())
    return std::nullopt;
  return found->second;
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return text;
}

}  // namespace

Task<Result<std::optional<std::string>>> StaticVariables::get(std::string name) {
  co_return value_of(values_, name);
}

EnvironmentVariables::EnvironmentVariables(Options options)
    : environment_(std::move(options.environment)),
      prefix_(std::move(options.prefix)),
      dotenv_(options.dotenv_path.empty() ? Result<VariableValues>(VariableValues{})
                                          : read_dotenv(options.dotenv_path, environment_)) {}

Result<std::optional<std::string>> EnvironmentVariables::find(const std::string& name) const {
  const std::string key = prefix_ + "_" + upper(name);
  auto value = value_of(environment_, key);
  if (!value) {
    if (!dotenv_)
      return fail(dotenv_.error());
    value = value_of(*dotenv_, key);
  }
  if (value && !is_utf8(*value))
    return fail(ErrorCode::Invalid, "failed to resolve env var " + key + ": it is not UTF-8");
  return value;
}

Task<Result<std::optional<std::string>>> EnvironmentVariables::get(std::string name) {
  co_return find(name);
}

bool EnvironmentVariables::may_resolve(const std::string& name) const {
  const auto value = find(name);
  return value && value->has_value();
}

}  // namespace kt::host
