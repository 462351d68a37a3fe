// watch/snapshot.h — What the watched files are like at one moment.
//
// Why: events of a file system come doubled, late, or not at all (a full queue, a network folder).
// So they only say when to look; what changed is the difference of two looks.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"

namespace kt::watch {

/// Files whose changes mean the same to who watches.
struct FileGroup {
  std::string name;
  std::filesystem::path root;         ///< where relative patterns start
  std::vector<std::string> patterns;  ///< `*`, `**`, `?`, `[…]`, `{a,b}`; a folder means all in it
};

struct FileState {
  std::uint64_t size = 0;
  std::int64_t modified = 0;  ///< nanoseconds; with the size it says whether to read again
  std::uint64_t content = 0;  ///< of the bytes; of a very large file, of size and time
};

struct Snapshot {
  std::map<std::string, std::map<std::string, FileState>> groups;  ///< by name, then path
  std::set<std::filesystem::path> directories;  ///< in which a change would be seen
};

/// One group that is not as it was.
struct Change {
  std::string group;
  std::vector<std::string> files;  ///< made, removed, or with other content
};

/// Looks at every file. Only those that `former` has not in the same size and age are read.
/// Invalid: a group has more than 20,000 files. Blocks.
Result<Snapshot> look_at(const std::vector<FileGroup>& groups, const Snapshot& former);

/// The groups that differ.
std::vector<Change> changes_between(const Snapshot& former, const Snapshot& now);

/// `{a,b}` written out; at most 64 patterns.
Result<std::vector<std::string>> expand_braces(const std::string& pattern);

}  // namespace kt::watch
