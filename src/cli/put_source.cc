#include "cli/put_source.h"

#include <fmt/format.h>

#include "model/limits.h"

namespace kt::cli {
namespace {

class Generated final : public PutSource {
 public:
  explicit Generated(GeneratedOptions options)
      : options_(std::move(options)), random_(options_.seed) {}

  Result<std::optional<PutRecord>> next() override {
    if (options_.count && made_ == *options_.count)
      return std::optional<PutRecord>();
    PutRecord record;
    const std::uint64_t drawn = random_.next();
    const bool spread = options_.json && options_.keys.count > 0;
    record.entry.partition_key = options_.keys.key(spread ? drawn >> 20 : made_);
    record.entry.data =
        options_.data.empty() ? text(record.entry.partition_key, drawn) : options_.data;
    if (!options_.json && record.entry.data.size() < options_.size)
      record.entry.data.resize(options_.size, '.');
    ++made_;
    return record;
  }

 private:
  std::string text(const std::string& key, std::uint64_t drawn) const {
    if (!options_.json)
      return "record " + std::to_string(made_);
    const std::string plain =
        fmt::format(R"({{"number":{},"key":"{}","value":{}}})", made_, key, drawn % 1000);
    if (plain.size() >= options_.size)
      return plain;
    constexpr std::string_view kMember = R"(,"padding":""})";
    const std::size_t whole = plain.size() - 1 + kMember.size();
    const std::size_t padding = options_.size > whole ? options_.size - whole : 0;
    return plain.substr(0, plain.size() - 1) + R"(,"padding":")" + std::string(padding, '.') +
           "\"}";
  }

  GeneratedOptions options_;
  Random random_;
  std::uint64_t made_ = 0;
};

class OfFiles final : public PutSource {
 public:
  OfFiles(FileOptions options, std::istream& in) : options_(std::move(options)), in_(in) {
    if (options_.files.empty())
      options_.files.emplace_back("-");
  }

  Result<std::optional<PutRecord>> next() override {
    for (;;) {
      if (reader_ == nullptr) {
        if (at_ == options_.files.size())
          return std::optional<PutRecord>();
        TRY(open(options_.files[at_]));
      }
      TRY(auto read, reader_->next());
      if (read) {
        TRY(PutRecord record, to_put(*std::move(read)));
        return record;
      }
      reader_.reset();
      ++at_;
    }
  }

 private:
  Result<Unit> open(const std::string& file) {
    records::ReaderOptions reading;
    reading.format = options_.format;
    reading.key_field = options_.key_field;
    TRY(reader_, records::open_records(file, in_, std::move(reading)));
    return Unit{};
  }

  Result<PutRecord> to_put(records::InputRecord from) {
    const std::string place = options_.files[at_] + ": record " + std::to_string(made_ + 1);
    if (from.data.size() > limits::kRecordBytesMax) {
      return fail(ErrorCode::Invalid, place + " has " + std::to_string(from.data.size()) +
                                          " bytes: a stream takes at most 10 MiB");
    }
    PutRecord record;
    if (options_.replay) {
      if (!from.arrival)
        return fail(ErrorCode::Invalid, place + " has no approximateArrivalTimestamp to replay by");
      if (!first_)
        first_ = from.arrival;
      const auto since = std::chrono::duration<double>(*from.arrival - *first_) / options_.speed;
      record.due = std::chrono::duration_cast<Duration>(since);
    }
    record.entry.data = std::move(from.data);
    record.entry.partition_key =
        from.partition_key.empty() ? options_.keys.key(made_) : std::move(from.partition_key);
    record.entry.explicit_hash_key = std::move(from.explicit_hash_key);
    ++made_;
    return record;
  }

  FileOptions options_;
  std::istream& in_;
  std::unique_ptr<records::RecordReader> reader_;
  std::size_t at_ = 0;
  std::uint64_t made_ = 0;
  std::optional<WallTime> first_;
};

}  // namespace

std::string KeyRule::key(std::uint64_t number) const {
  if (!fixed.empty())
    return fixed;
  return "key-" + std::to_string(count == 0 ? number : number % count);
}

std::unique_ptr<PutSource> generated_records(GeneratedOptions options) {
  return std::make_unique<Generated>(std::move(options));
}

std::unique_ptr<PutSource> records_of_files(FileOptions options, std::istream& in) {
  return std::make_unique<OfFiles>(std::move(options), in);
}

}  // namespace kt::cli
