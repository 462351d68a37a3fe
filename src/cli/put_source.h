// cli/put_source.h — The records that `put` puts.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "records/record_reader.h"
#include "runtime/random.h"
#include "stream/kinesis/kinesis_client.h"

namespace kt::cli {

struct PutRecord {
  stream::PutEntry entry;
  std::optional<Duration> due;  ///< after the first one; none: as the rate says
};

/// Yields one record after the other.
class PutSource {
 public:
  virtual ~PutSource() = default;
  /// None: there are no more. Invalid names the file and the record.
  virtual Result<std::optional<PutRecord>> next() = 0;
};

/// Which partition key a record gets that has none of its own.
struct KeyRule {
  std::string fixed;        ///< empty: see `count`
  std::uint64_t count = 0;  ///< that many keys in turn; 0: one for each record

  std::string key(std::uint64_t number) const;
};

struct GeneratedOptions {
  std::optional<std::uint64_t> count;  ///< none: without end
  std::string data;                    ///< empty: made up
  std::size_t size = 0;                ///< at least so many bytes
  bool json = false;                   ///< objects with number, key and a random value
  std::uint64_t seed = 0;
  KeyRule keys;
};

/// Made-up records: equal options, equal records.
std::unique_ptr<PutSource> generated_records(GeneratedOptions options);

struct FileOptions {
  std::vector<std::string> files;  ///< "-": `in`; empty: `in` alone
  records::Format format = records::Format::Auto;
  std::string key_field;
  KeyRule keys;
  bool replay = false;  ///< at the pace of their arrival
  double speed = 1;     ///< of the replay: 2 is twice as fast
};

/// The files' records, one file after the other. `in` must outlive the source.
std::unique_ptr<PutSource> records_of_files(FileOptions options, std::istream& in);

}  // namespace kt::cli
