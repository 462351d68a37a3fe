// deliver/directory/durable_file.h — Files that are whole and on the disk, or not there.
#pragma once
#include <filesystem>
#include <string_view>

#include "base/result.h"

namespace kt::deliver {

/// Makes `directory` and what is missing above it with mode 0700, each entry synced.
Result<Unit> make_durable_directory(const std::filesystem::path& directory);

/// Writes `name` in `directory` with mode 0600, in place of a file of that name. When it returns
/// Unit, the whole content survives a power cut; otherwise what was there before is there still.
/// StorageFull, ReadOnly or Unavailable name the place. Blocks.
Result<Unit> write_durably(const std::filesystem::path& directory, const std::string& name,
                           std::string_view content);

/// Removes what writers that were killed left behind. Never a file of a name that was written.
void remove_leftovers(const std::filesystem::path& directory);

/// Whether a file could be written there now: writes one and removes it. Where the directory is
/// missing, in the place where it would be made.
Result<Unit> try_to_write(const std::filesystem::path& directory);

}  // namespace kt::deliver
