#include "watch/snapshot.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <string_view>

#include "app/assets.h"

namespace kt::watch {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kFilesMax = 20'000;
constexpr std::size_t kDirectoriesMax = 20'000;
constexpr std::uint64_t kReadMax = std::uint64_t{64} << 20;

bool has_wildcard(std::string_view text) {
  return text.find_first_of("*?[") != std::string_view::npos;
}

/// Folders of tools, large and never a source: left out unless a pattern names them.
bool is_left_out(const std::string& folder, const std::string& pattern) {
  for (const std::string_view name : {".git", ".spin", "node_modules", "target", "__pycache__"}) {
    if (folder == name)
      return pattern.find(name) == std::string::npos;
  }
  return false;
}

std::int64_t modified_nanos(const struct stat& found) {
#ifdef __APPLE__
  const timespec& time = found.st_mtimespec;
#else
  const timespec& time = found.st_mtim;
#endif
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// The beginning without wildcards, and the rest.
std::pair<fs::path, std::string> split_pattern(const fs::path& pattern) {
  fs::path start;
  fs::path rest;
  for (const fs::path& part : pattern) {
    if (rest.empty() && !has_wildcard(part.string()))
      start /= part;
    else
      rest /= part;
  }
  return {start, rest.generic_string()};
}

class Looker {
 public:
  Looker(const Snapshot& former, Snapshot& now) : former_(former), now_(now) {}

  Result<Unit> look(const FileGroup& group) {
    files_ = &now_.groups[group.name];
    const auto known = former_.groups.find(group.name);
    former_files_ = known == former_.groups.end() ? nullptr : &known->second;
    for (const std::string& written : group.patterns) {
      TRY(const auto patterns, expand_braces(written));
      for (const std::string& pattern : patterns) {
        auto seen = look((group.root / pattern).lexically_normal());
        if (!seen)
          return fail(seen.error().within("watching \"" + written + "\""));
      }
    }
    return Unit{};
  }

 private:
  Result<Unit> look(const fs::path& pattern) {
    const auto [start, rest] = split_pattern(pattern);
    std::error_code ignored;
    if (rest.empty() && !fs::is_directory(start, ignored)) {
      follow_existing(start.parent_path());
      return take(start);
    }
    if (!fs::is_directory(start, ignored)) {
      follow_existing(start);
      return Unit{};
    }
    return walk(start, rest.empty() ? "**" : rest);
  }

  Result<Unit> walk(const fs::path& start, const std::string& pattern) {
    TRY(follow(start));
    std::error_code problem;
    const auto options = fs::directory_options::skip_permission_denied;
    for (fs::recursive_directory_iterator it(start, options, problem), end; !problem && it != end;
         it.increment(problem)) {
      std::error_code ignored;
      if (it->is_directory(ignored) && !it->is_symlink(ignored)) {
        if (is_left_out(it->path().filename().string(), pattern)) {
          it.disable_recursion_pending();
          continue;
        }
        TRY(follow(it->path()));
        continue;
      }
      const std::string relative = it->path().lexically_relative(start).generic_string();
      if (app::glob_matches(pattern, relative)) {
        TRY(take(it->path()));
      }
    }
    return Unit{};  // a folder that goes while we look is looked at again
  }

  Result<Unit> follow(const fs::path& directory) {
    now_.directories.insert(directory.empty() ? fs::path(".") : directory);
    if (now_.directories.size() > kDirectoriesMax)
      return fail(ErrorCode::Invalid, "more than 20000 folders: name the files more closely");
    return Unit{};
  }

  /// Where the file or folder would appear.
  void follow_existing(fs::path directory) {
    std::error_code ignored;
    while (!directory.empty() && !fs::is_directory(directory, ignored) &&
           directory.has_parent_path() && directory != directory.parent_path())
      directory = directory.parent_path();
    now_.directories.insert(directory.empty() ? fs::path(".") : directory);
  }

  Result<Unit> take(const fs::path& file) {
    struct stat found{};
    if (::stat(file.c_str(), &found) != 0 || !S_ISREG(found.st_mode))
      return Unit{};
    FileState state;
    state.size = static_cast<std::uint64_t>(found.st_size);
    state.modified = modified_nanos(found);
    state.content = content_of(file, state);
    (*files_)[file.generic_string()] = state;
    if (files_->size() > kFilesMax)
      return fail(ErrorCode::Invalid, "more than 20000 files: name them more closely");
    return Unit{};
  }

  std::uint64_t content_of(const fs::path& file, const FileState& state) const {
    if (former_files_ != nullptr) {
      const auto known = former_files_->find(file.generic_string());
      if (known != former_files_->end() && known->second.size == state.size &&
          known->second.modified == state.modified)
        return known->second.content;
    }
    if (state.size > kReadMax)
      return state.size ^ static_cast<std::uint64_t>(state.modified);
    std::ifstream in(file, std::ios::binary);
    std::string bytes(static_cast<std::size_t>(state.size), '\0');
    in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(in.gcount()));
    return std::hash<std::string_view>()(bytes);
  }

  const Snapshot& former_;
  Snapshot& now_;
  std::map<std::string, FileState>* files_ = nullptr;
  const std::map<std::string, FileState>* former_files_ = nullptr;
};

std::vector<std::string> files_between(const std::map<std::string, FileState>& former,
                                       const std::map<std::string, FileState>& now) {
  std::vector<std::string> out;
  for (const auto& [file, state] : now) {
    const auto known = former.find(file);
    if (known == former.end() || known->second.content != state.content)
      out.push_back(file);
  }
  for (const auto& [file, state] : former) {
    if (!now.contains(file))
      out.push_back(file);
  }
  return out;
}

}  // namespace

Result<std::vector<std::string>> expand_braces(const std::string& pattern) {
  constexpr std::size_t kPatternsMax = 64;
  std::vector<std::string> out = {pattern};
  for (std::size_t i = 0; i < out.size();) {
    const std::string one = out[i];
    const auto open = one.rfind('{');
    const auto close = open == std::string::npos ? open : one.find('}', open);
    if (close == std::string::npos) {
      ++i;
      continue;
    }
    std::vector<std::string> written;
    for (std::size_t at = open + 1; at <= close;) {
      const std::size_t end = std::min(one.find(',', at), close);
      written.push_back(one.substr(0, open) + one.substr(at, end - at) + one.substr(close + 1));
      at = end + 1;
    }
    out.erase(out.begin() + static_cast<std::ptrdiff_t>(i));
    out.insert(out.end(), written.begin(), written.end());
    if (out.size() > kPatternsMax) {
      return fail(ErrorCode::Invalid,
                  "\"" + pattern.substr(0, 80) + "\" stands for more than 64 patterns");
    }
  }
  return out;
}

Result<Snapshot> look_at(const std::vector<FileGroup>& groups, const Snapshot& former) {
  Snapshot now;
  Looker looker(former, now);
  for (const FileGroup& group : groups) {
    TRY(looker.look(group));
  }
  return now;
}

std::vector<Change> changes_between(const Snapshot& former, const Snapshot& now) {
  std::vector<Change> out;
  for (const auto& [name, files] : now.groups) {
    const auto known = former.groups.find(name);
    Change change;
    change.group = name;
    change.files = files_between(
        known == former.groups.end() ? std::map<std::string, FileState>() : known->second, files);
    if (!change.files.empty())
      out.push_back(std::move(change));
  }
  return out;
}

}  // namespace kt::watch
