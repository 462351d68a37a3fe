// tests/sim/sim_run.cc — Runs many seeds and says what was seen.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <string>

#include "runtime/system_clock.h"
#include "tests/sim/world.h"

namespace kt::sim {
namespace {

/// Paths that 1,000 schedules or more must have taken; else the simulator has gone blind.
constexpr const char* kRarePaths[] = {
    "a kill",
    "a kill with a call in flight",
    "a stall with a call in flight",
    "an orderly stop",
    "an outage",
    "a split",
    "a merge",
    "a shard finished",
    "a lease taken from a silent owner",
    "a take that came too late",
    "a checkpoint refused",
    "a lost answer of the service",
    "a throttled request",
    "an expired iterator",
    "an expired listing token",
    "a listing without the newest shards",
    "a call that failed",
    "a table that is away",
    "an answer without next iterator",
    "a last answer without children",
    "a call interrupted or timed out",
    "a call beyond its deadline",
    "a record spilled",
    "a call for a key that waits",
    "a spill loaded by the shard's next owner",
    "a read that is never answered",
    "a shard begun again by the watch",
    "a handler built anew",
    "a handler built anew with a call in flight",
};

struct Totals {
  std::uint64_t schedules = 0, records = 0, calls = 0, repeated = 0;
  double virtual_seconds = 0;
  std::map<std::string, std::uint64_t> reached;

  void add(const Report& report) {
    ++schedules;
    records += report.records;
    calls += report.calls;
    repeated += report.repeated;
    virtual_seconds += std::chrono::duration<double>(report.virtual_time).count();
    for (const auto& [path, count] : report.reached)
      reached[path] += count;
  }
};

/// One process's share: every `step`th seed. Lines to `out`, for the parent to add up.
int run_share(std::uint64_t first, std::uint64_t seeds, std::uint64_t at, std::uint64_t step,
              std::uint64_t& current, const Log& log, std::FILE* out) {
  Totals totals;
  int failed = 0;
  for (std::uint64_t i = at; i < seeds && failed == 0; i += step) {
    current = first + i;
    const Report report = run_seed(first + i, log);
    totals.add(report);
    if (!report.violation)
      continue;
    failed = 1;
    std::fprintf(stderr, "FAILED SEED=%llu %s\n  %s\n  rerun: sim_run --first %llu --seeds 1\n",
                 static_cast<unsigned long long>(first + i), report.message.c_str(),
                 report.options.c_str(), static_cast<unsigned long long>(first + i));
  }
  std::fprintf(out, "%llu %llu %llu %llu %f\n", static_cast<unsigned long long>(totals.schedules),
               static_cast<unsigned long long>(totals.records),
               static_cast<unsigned long long>(totals.calls),
               static_cast<unsigned long long>(totals.repeated), totals.virtual_seconds);
  for (const auto& [path, count] : totals.reached)
    std::fprintf(out, "%llu %s\n", static_cast<unsigned long long>(count), path.c_str());
  std::fclose(out);
  return failed;
}

void add_share(std::FILE* in, Totals& totals) {
  unsigned long long schedules = 0, records = 0, calls = 0, repeated = 0, count = 0;
  double seconds = 0;
  if (std::fscanf(in, "%llu %llu %llu %llu %lf\n", &schedules, &records, &calls, &repeated,
                  &seconds) != 5)
    return;
  totals.schedules += schedules;
  totals.records += records;
  totals.calls += calls;
  totals.repeated += repeated;
  totals.virtual_seconds += seconds;
  char path[200];
  while (std::fscanf(in, "%llu %199[^\n]\n", &count, path) == 2)
    totals.reached[path] += count;
}

bool run_all(std::uint64_t first, std::uint64_t seeds, std::uint64_t jobs, const Log& log,
             Totals& totals) {
  std::vector<std::pair<pid_t, std::FILE*>> shares;
  // Shared with the children: which seed each one runs, should it die.
  void* memory = ::mmap(nullptr, jobs * sizeof(std::uint64_t), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return false;
  auto* current = static_cast<std::uint64_t*>(memory);
  for (std::uint64_t at = 0; at < jobs; ++at) {
    int ends[2];
    if (::pipe(ends) != 0)
      return false;
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      ::_exit(run_share(first, seeds, at, jobs, current[at], log, ::fdopen(ends[1], "w")));
    }
    ::close(ends[1]);
    shares.emplace_back(child, ::fdopen(ends[0], "r"));
  }
  bool good = true;
  for (std::size_t at = 0; at < shares.size(); ++at) {
    const auto& [child, in] = shares[at];
    add_share(in, totals);
    std::fclose(in);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFSIGNALED(status))
      std::fprintf(stderr, "DIED SEED=%llu of signal %d\n  rerun: sim_run --first %llu --seeds 1\n",
                   static_cast<unsigned long long>(current[at]), WTERMSIG(status),
                   static_cast<unsigned long long>(current[at]));
    good = good && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  return good;
}

}  // namespace
}  // namespace kt::sim

int main(int argc, char** argv) {
  using namespace kt::sim;
  std::uint64_t first = 1, seeds = 1000, jobs = 1;
  CLI::App app("Runs simulated schedules and checks both invariants");
  app.add_option("--first", first, "the first seed");
  app.add_option("--seeds", seeds, "how many");
  app.add_option("--jobs", jobs, "processes at once")->check(CLI::Range(1, 256));
  bool chatty = false;
  app.add_flag("--log", chatty, "show what the workers log");
  CLI11_PARSE(app, argc, argv);
  kt::Loop loop;
  const kt::SystemClock clock(loop);
  const auto begin = clock.now();
  const kt::Log log = chatty ? kt::make_stderr_log(kt::LogLevel::Debug) : kt::Log();
  Totals totals;
  bool good = run_all(first, seeds, jobs, log, totals);
  const double took = std::chrono::duration<double>(clock.now() - begin).count();
  std::printf(
      "%llu schedules in %.1f s: %.0f a second, %.0f a second and job; %llu records, %llu "
      "calls, %llu records repeated, %.0f virtual hours\n",
      static_cast<unsigned long long>(totals.schedules), took,
      static_cast<double>(totals.schedules) / took,
      static_cast<double>(totals.schedules) / took / static_cast<double>(jobs),
      static_cast<unsigned long long>(totals.records),
      static_cast<unsigned long long>(totals.calls),
      static_cast<unsigned long long>(totals.repeated), totals.virtual_seconds / 3600);
  for (const auto& [path, count] : totals.reached)
    std::printf("  %9llu  %s\n", static_cast<unsigned long long>(count), path.c_str());
  for (const char* path : kRarePaths) {
    if (seeds < 1000 || totals.reached.contains(path))
      continue;
    std::printf("NOT REACHED: %s\n", path);
    good = false;
  }
  return good ? 0 : 1;
}
