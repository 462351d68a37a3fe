// cli/status_screen.h — A status document as one screen of text.
#pragma once
#include <cstddef>
#include <string>

#include "base/result.h"

namespace kt::cli {

struct ScreenSize {
  std::size_t columns = 120;
  std::size_t rows = 0;  ///< 0: as many as there are
  bool color = false;
};

struct StatusScreen {
  std::string text;
  bool healthy = false;
};

/// Reads what `/api/status` answered. Corrupt: it is no such document, or of another version. What
/// is shown has no control characters, whoever wrote it.
Result<StatusScreen> draw_status(const std::string& document, const ScreenSize& size);

/// The document on one line, for a stream of them. Corrupt as above.
Result<std::string> on_one_line(const std::string& document);

}  // namespace kt::cli
