// observability/process_figures.h — What the process uses of its machine, by Prometheus's own
// names.
#pragma once
#include <optional>
#include <vector>

namespace kt {

struct ProcessFigure {
  const char* name;
  const char* help;
  bool is_counter = false;
  std::optional<double> value;  ///< none where the system does not tell
};

/// Read from /proc; without values elsewhere.
std::vector<ProcessFigure> process_figures();

}  // namespace kt
