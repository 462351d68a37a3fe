// records/record_reader.h — Records from files that people have.
//
// Why: `put` and `test` take the same files: what was tried on a handler is what a stream gets.
#pragma once
#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace kt::records {

struct InputRecord {
  std::string data;
  std::string partition_key;      ///< empty: the file says none
  std::string explicit_hash_key;  ///< empty: none
  std::string sequence_number;    ///< empty: the file says none
  std::optional<WallTime> arrival;
};

enum class Format {
  Auto,   ///< by the file's ending: .json, .jsonl, .ndjson, .csv, else lines
  Lines,  ///< each line a record
  Json,   ///< each value of an array, or of values one after the other; a text without its quotes
  Csv,    ///< a head line, then each line a record: a JSON object of texts
  Event,  ///< Lambda's event: {"Records":[{"kinesis":{…}}]}; also recognized as Json
  Recorded,  ///< what `tail --format json` wrote, a line a record
  Failed,    ///< a document of a failed batch; also recognized as Json
  Raw,       ///< the whole file is one record
};

/// None: no such name. "auto", "lines", "json", "csv", "event", "recorded", "failed", "raw".
std::optional<Format> format_named(std::string_view name);
/// Those names.
std::vector<std::string> format_names();

struct ReaderOptions {
  Format format = Format::Auto;
  std::string name;       ///< of the file, for messages and its ending
  std::string key_field;  ///< of JSON and CSV: "order.id" is the partition key; empty: none
};

/// Yields one record after the other. Not thread-safe.
class RecordReader {
 public:
  virtual ~RecordReader() = default;
  /// None: there are no more. Invalid names the file, the record and the fault.
  virtual Result<std::optional<InputRecord>> next() = 0;
};

/// `in` must outlive the reader. Lines, CSV and recorded files are read as they are asked for,
/// others at once: at most 256 MiB.
Result<std::unique_ptr<RecordReader>> make_reader(std::istream& in, ReaderOptions options);
/// The reader of a file, or of `in` where the file is "-"; `options.name` is not looked at.
/// NotFound: it cannot be opened.
Result<std::unique_ptr<RecordReader>> open_records(const std::string& file, std::istream& in,
                                                   ReaderOptions options);

}  // namespace kt::records
