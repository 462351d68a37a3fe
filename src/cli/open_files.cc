#include "cli/open_files.h"

#include <sys/resource.h>

#include <algorithm>

namespace kt::cli {
namespace {

constexpr rlim_t kMost = 1024;
constexpr rlim_t kLeast = 16;

}  // namespace

std::uint32_t open_files_of_instance(unsigned calls) {
  rlimit limit = {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return kLeast;
  if (limit.rlim_cur < limit.rlim_max) {
    const rlimit raised = {limit.rlim_max, limit.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0)
      limit = raised;
  }
  const rlim_t share = limit.rlim_cur / 2 / std::max(calls, 1u);
  return static_cast<std::uint32_t>(std::clamp(share, kLeast, kMost));
}

}  // namespace kt::cli
