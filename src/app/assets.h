// app/assets.h — A component's `files`, copied to a folder of their own.
//
// Why: guests see a read-only root that holds exactly what the manifest names, and not the app's
// folder. `spin up` does the same before it starts a trigger.
#pragma once
#include <filesystem>
#include <string_view>

#include "app/app.h"

namespace kt::app {

/// Copies `component.files` below `root` into `target`, which is emptied first, and returns the
/// mount of it at "/". No mount (and no folder) when the component names no files. Invalid names
/// the entry; StorageFull and ReadOnly name the folder. At most 100,000 files.
Result<std::vector<Mount>> copy_assets(const Component& component,
                                       const std::filesystem::path& root,
                                       const std::string& document,
                                       const std::filesystem::path& target);

/// Whether a relative path fits a pattern: `*` and `?` within one name, `**` over any number.
bool glob_matches(std::string_view pattern, std::string_view path);

/// The error for a failed write below `place`: StorageFull, ReadOnly or Invalid.
Error storage_error(const std::error_code& problem, const std::filesystem::path& place);

}  // namespace kt::app
