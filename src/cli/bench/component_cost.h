// cli/bench/component_cost.h — What one component costs: size, compilation, loading, a call.
#pragma once
#include <cstdint>
#include <string>

#include "base/result.h"

namespace kt::cli {

/// Of a handler that is called with 100 records of 1 KiB, in a fresh instance each time.
struct ComponentCost {
  std::uint64_t bytes = 0;         ///< of the file
  double compile_seconds = 0;      ///< wall time, nothing cached
  double compile_cpu_seconds = 0;  ///< of all threads
  double cached_millis = 0;        ///< from the cache, until it could be called
  double instance_micros = 0;      ///< making the instance, median
  double call_micros = 0;          ///< copying records in and running the handler, median
  std::uint64_t memory_bytes = 0;  ///< the most that an instance's memory had
  double micros() const { return instance_micros + call_micros; }
};

/// Compiles and calls the component in `file` for about three seconds beyond its compilation.
/// `cache` is an empty directory. Errors name the file; Invalid when it is no component, or its
/// handler fails on records of made-up text.
Result<ComponentCost> measure_component(const std::string& file, const std::string& cache);

}  // namespace kt::cli
