// records/csv.h — Rows of comma-separated values (RFC 4180).
#pragma once
#include <istream>
#include <string>
#include <vector>

#include "base/result.h"

namespace kt::records {

/// Fields may be quoted and hold commas, line ends and doubled quotes. A row of at most 10 MiB and
/// 1000 fields.
class CsvReader {
 public:
  explicit CsvReader(std::istream& in) : in_(in) {}
  /// False: there are no more rows. Invalid says what is wrong.
  Result<bool> next(std::vector<std::string>& row);

 private:
  std::istream& in_;
};

}  // namespace kt::records
