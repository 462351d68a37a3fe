// host/key_value/initial_values.h — `--key-value K=V`: values set before the app runs.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/key_value/key_value_store.h"

namespace kt::host {

/// Reads `K=V`: up to the first `=`. Invalid without one.
Result<std::pair<std::string, std::string>> parse_key_value(std::string_view argument);

/// Sets them in their order, so that the last of a key stays. `store` and `values` outlive the
/// task.
Task<Result<Unit>> set_initial_values(
    KeyValueStore& store, const std::vector<std::pair<std::string, std::string>>& values);

}  // namespace kt::host
