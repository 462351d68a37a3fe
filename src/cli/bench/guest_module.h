// cli/bench/guest_module.h — The component that `bench` calls, carried in the program.
#pragma once
#include "base/bytes.h"

namespace kt::cli {

/// bench/guest.cc as a core module: looks at every record and prints a line a batch.
ByteView bench_guest_module();

}  // namespace kt::cli
