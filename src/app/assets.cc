#include "app/assets.h"

#include <fnmatch.h>

#include <algorithm>

#include "app/value.h"

namespace kt::app {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kFilesMax = 100'000;

std::pair<std::string, std::string_view> split_name(std::string_view path) {
  const auto slash = path.find('/');
  if (slash == std::string_view::npos)
    return {std::string(path), {}};
  return {std::string(path.substr(0, slash)), path.substr(slash + 1)};
}

bool has_wildcard(std::string_view pattern) {
  return pattern.find_first_of("*?[") != std::string_view::npos;
}

/// A relative path that stays below its root.
bool stays_below(const fs::path& path) {
  if (path.is_absolute())
    return false;
  return std::none_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".."; });
}

class Copier {
 public:
  Copier(const Component& component, const fs::path& root, const std::string& document,
         const fs::path& target)
      : component_(component), root_(root), document_{document}, target_(target) {}

  Result<Unit> place(const Placement& placement) {
    const fs::path source = fs::path(placement.source).lexically_normal();
    fs::path destination = placement.destination;
    if (destination.is_absolute())
      destination = destination.relative_path();
    destination = destination.lexically_normal();
    if (!stays_below(destination) || (placement.destination.empty() && !stays_below(source))) {
      return error(placement,
                   "must stay within the app's folder: no \"..\", and a pattern is "
                   "relative");
    }
    const bool plain = !has_wildcard(placement.source);
    std::error_code ignored;
    const fs::path from = root_ / source;
    if (!placement.destination.empty() || plain) {
      const fs::path to = placement.destination.empty() ? source : destination;
      if (fs::is_directory(from, ignored))
        return copy_tree(placement, from, source, to);
      if (fs::is_regular_file(from, ignored))
        return copy_file(placement, from, source, to);
      return error(placement, "no such file or folder: " + from.string());
    }
    return copy_matches(placement, source.string());
  }

 private:
  Result<Unit> copy_tree(const Placement& placement, const fs::path& from, const fs::path& named,
                         const fs::path& to) {
    std::error_code problem;
    for (fs::recursive_directory_iterator it(from, problem), end; !problem && it != end;
         it.increment(problem)) {
      if (!it->is_regular_file(problem))
        continue;
      const fs::path relative = it->path().lexically_relative(from);
      TRY(copy_file(placement, it->path(), named / relative, to / relative));
    }
    if (problem)
      return error(placement, "cannot read " + from.string() + ": " + problem.message());
    return Unit{};
  }

  /// Walks only below the pattern's plain beginning.
  Result<Unit> copy_matches(const Placement& placement, const std::string& pattern) {
    fs::path start;
    for (const fs::path& part : fs::path(pattern)) {
      if (has_wildcard(part.string()))
        break;
      start /= part;
    }
    const fs::path from = root_ / start;
    std::error_code problem;
    if (!fs::is_directory(from, problem))
      return Unit{};
    problem.clear();
    for (fs::recursive_directory_iterator it(from, problem), end; !problem && it != end;
         it.increment(problem)) {
      const fs::path relative = it->path().lexically_relative(root_).lexically_normal();
      if (!it->is_regular_file(problem) || !glob_matches(pattern, relative.generic_string()))
        continue;
      TRY(copy_file(placement, it->path(), relative, relative));
    }
    if (problem)
      return error(placement, "cannot read " + from.string() + ": " + problem.message());
    return Unit{};
  }

  bool excluded(const fs::path& relative) const {
    return std::any_of(component_.exclude_files.begin(), component_.exclude_files.end(),
                       [&](const std::string& pattern) {
                         const std::string plain =
                             fs::path(pattern).lexically_normal().generic_string();
                         return glob_matches(plain, relative.lexically_normal().generic_string());
                       });
  }

  Result<Unit> copy_file(const Placement& placement, const fs::path& from, const fs::path& named,
                         const fs::path& to) {
    if (excluded(named))
      return Unit{};
    if (++count_ > kFilesMax)
      return error(placement, "more than 100000 files: name a smaller folder");
    std::error_code problem;
    const fs::path file = target_ / to;
    fs::create_directories(file.parent_path(), problem);
    if (!problem)
      fs::copy_file(from, file, fs::copy_options::overwrite_existing, problem);
    if (problem)
      return fail(storage_error(problem, file));
    return Unit{};
  }

  tl::unexpected<Error> error(const Placement& placement, const std::string& what) const {
    return document_.error(placement.line, "files of component \"" + component_.id.str() +
                                               "\": \"" + placement.source + "\": " + what);
  }

  const Component& component_;
  const fs::path& root_;
  Document document_;
  const fs::path& target_;
  std::size_t count_ = 0;
};

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view path) {
  constexpr std::size_t kPartsMax = 64;  // bounds the search for what "**" covers
  if (static_cast<std::size_t>(std::count(pattern.begin(), pattern.end(), '/')) > kPartsMax)
    return false;
  if (pattern.empty())
    return path.empty();
  const auto [part, rest] = split_name(pattern);
  const bool last_part = rest.empty();
  if (part == "**") {
    if (last_part)
      return true;
    for (std::string_view tail = path; !tail.empty(); tail = split_name(tail).second) {
      if (glob_matches(rest, tail))
        return true;
    }
    return false;
  }
  if (path.empty())
    return false;
  const auto [name, tail] = split_name(path);
  if (fnmatch(part.c_str(), name.c_str(), 0) != 0)
    return false;
  return last_part ? tail.empty() : glob_matches(rest, tail);
}

Error storage_error(const std::error_code& problem, const std::filesystem::path& place) {
  if (problem == std::errc::no_space_on_device) {
    return {ErrorCode::StorageFull, "the disk is full: cannot write " + place.string() +
                                        "; free some room, or choose another place by --state-dir"};
  }
  if (problem == std::errc::read_only_file_system || problem == std::errc::permission_denied ||
      problem == std::errc::operation_not_permitted) {
    return {ErrorCode::ReadOnly, "cannot write " + place.string() + ": " + problem.message() +
                                     "; make it writable, or choose another place by --state-dir"};
  }
  return {ErrorCode::Invalid, "cannot write " + place.string() + ": " + problem.message()};
}

Result<std::vector<Mount>> copy_assets(const Component& component,
                                       const std::filesystem::path& root,
                                       const std::string& document,
                                       const std::filesystem::path& target) {
  std::vector<Mount> mounts;
  if (component.files.empty())
    return mounts;
  std::error_code problem;
  fs::remove_all(target, problem);
  if (!problem)
    fs::create_directories(target, problem);
  if (problem)
    return fail(storage_error(problem, target));
  Copier copier(component, root, document, target);
  for (const Placement& placement : component.files) {
    TRY(copier.place(placement));
  }
  mounts.push_back({target, "/"});
  return mounts;
}

}  // namespace kt::app
