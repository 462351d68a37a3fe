#include "observability/process_figures.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace kt {
namespace {

std::optional<double> resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  long pages_all = 0;
  long pages_resident = 0;
  if (!(statm >> pages_all >> pages_resident))
    return std::nullopt;
  return static_cast<double>(pages_resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

std::optional<double> cpu_seconds() {
  rusage used{};
  if (::getrusage(RUSAGE_SELF, &used) != 0)
    return std::nullopt;
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

std::optional<double> open_files() {
  std::error_code problem;
  double count = 0;
  for (std::filesystem::directory_iterator it("/proc/self/fd", problem), end; !problem && it != end;
       it.increment(problem))
    count += 1;
  if (problem)
    return std::nullopt;
  return count - 1;  // the one that reads the folder
}

}  // namespace

std::vector<ProcessFigure> process_figures() {
  return {
      {"process_resident_memory_bytes", "Resident memory.", false, resident_bytes()},
      {"process_cpu_seconds_total", "Processor time used, by user and system.", true,
       cpu_seconds()},
      {"process_open_fds", "Open file descriptors.", false, open_files()},
  };
}

}  // namespace kt
