#include "host/key_value/initial_values.h"

namespace kt::host {

Result<std::pair<std::string, std::string>> parse_key_value(std::string_view argument) {
  const std::size_t equals = argument.find('=');
  if (equals == std::string_view::npos)
    return fail(ErrorCode::Invalid, "--key-value " + std::string(argument) +
                                        ": Key/Values must be of the form `key=value`");
  return std::pair(std::string(argument.substr(0, equals)),
                   std::string(argument.substr(equals + 1)));
}

Task<Result<Unit>> set_initial_values(
    KeyValueStore& store, const std::vector<std::pair<std::string, std::string>>& values) {
  for (const auto& [key, value] : values) {
    const Result<Unit> done = co_await store.set(key, as_bytes(value));
    if (!done)
      co_return fail(done.error().within("failed to set key-value pair " + key));
  }
  co_return Unit{};
}

}  // namespace kt::host
