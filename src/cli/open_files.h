// cli/open_files.h — How many files and sockets the process may have open, and of these one guest.
//
// Guests of all components share the process's with everything else in it.
#pragma once
#include <cstdint>

namespace kt::cli {

/// Raises the process's limit as far as it may be raised, and leaves half of it to everything but
/// guests. `calls` is how many guests run at a time.
std::uint32_t open_files_of_instance(unsigned calls);

}  // namespace kt::cli
