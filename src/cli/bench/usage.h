// cli/bench/usage.h — What a process has used, as the operating system accounts it.
#pragma once
#include <sys/types.h>

#include <cstddef>

namespace kt::cli {

/// User plus system time of this process, all threads.
double cpu_seconds();
/// The same of another process; 0 when it is gone.
double cpu_seconds_of(pid_t pid);
/// Resident set (VmRSS) of a process; 0 when it is gone.
std::size_t resident_bytes(pid_t pid);

}  // namespace kt::cli
