#include <CLI/CLI.hpp>
#include <fstream>
#include <iterator>

#include "cli/failed_documents.h"
#include "cli/parse.h"
#include "cli/stream_commands.h"
#include "cli/stream_session.h"
#include "model/limits.h"
#include "runtime/backoff.h"

namespace kt::cli {
namespace {

struct PutOptions {
  StreamOptions stream;
  std::string file;
  std::string data;
  std::string key;
  std::vector<std::string> failed;
  std::uint64_t count = 1;
  double rate = 0;
  std::size_t size = 0;
};

/// Yields the records to put, one after the other.
class Source {
 public:
  /// `given` are put as they are; without them records are generated, or read from `lines`.
  Source(const PutOptions& options, std::vector<stream::PutEntry> given, bool generated,
         std::istream& lines)
      : options_(options), given_(std::move(given)), generated_(generated), lines_(lines) {}

  /// False: there are no more.
  bool next(stream::PutEntry& entry) {
    if (!options_.failed.empty()) {
      if (made_ == given_.size())
        return false;
      entry = std::move(given_[made_++]);
      return true;
    }
    if (generated_) {
      if (made_ == options_.count)
        return false;
      entry.data = options_.data.empty() ? "record " + std::to_string(made_) : options_.data;
      if (entry.data.size() < options_.size)
        entry.data.resize(options_.size, '.');
    } else if (!std::getline(lines_, entry.data)) {
      return false;
    }
    entry.partition_key = options_.key.empty() ? "key-" + std::to_string(made_) : options_.key;
    ++made_;
    return true;
  }

 private:
  const PutOptions& options_;
  std::vector<stream::PutEntry> given_;
  bool generated_;
  std::istream& lines_;
  std::uint64_t made_ = 0;
};

/// Puts in requests of up to 500 records; refused ones are put again before any later one.
class Putter {
 public:
  Putter(StreamSession& session, stream::KinesisClient& client, StreamArn stream, Source& source,
         const PutOptions& options)
      : session_(session),
        client_(client),
        stream_(std::move(stream)),
        source_(source),
        options_(options) {}

  Task<Result<Unit>> run() {
    begun_ = session_.clock().now();
    progress_at_ = begun_;
    for (;;) {
      fill();
      if (waiting_.empty())
        co_return Unit{};
      const MonotonicTime due = due_time();
      if (due > session_.clock().now())
        co_await session_.clock().sleep_until(due);
      CO_TRY(send());
    }
  }
  std::uint64_t done() const { return done_; }

 private:
  /// As many records as one request takes, and no more than a tenth of a second's worth.
  void fill() {
    std::size_t most = limits::kRecordsPerPut;
    if (options_.rate > 0)
      most = std::clamp<std::size_t>(static_cast<std::size_t>(options_.rate / 10), 1, most);
    std::size_t bytes = 0;
    for (const stream::PutEntry& entry : waiting_)
      bytes += entry.data.size() + entry.partition_key.size();
    constexpr std::size_t kBytesMax = limits::kBytesPerPut / 2;
    stream::PutEntry entry;
    while (waiting_.size() < most && bytes < kBytesMax && source_.next(entry)) {
      bytes += entry.data.size() + entry.partition_key.size();
      waiting_.push_back(std::move(entry));
      entry = {};
    }
  }

  MonotonicTime due_time() const {
    if (options_.rate <= 0)
      return begun_;
    const double seconds = static_cast<double>(done_) / options_.rate;
    return begun_ + Duration(static_cast<std::int64_t>(seconds * 1e6));
  }

  Task<Result<Unit>> send() {
    auto answer = co_await client_.put_records(stream_, waiting_);
    std::string refusal;
    if (answer) {
      std::vector<stream::PutEntry> refused;
      for (std::size_t i = 0; i < waiting_.size() && i < answer->outcomes.size(); ++i) {
        if (!answer->outcomes[i].error)
          continue;
        if (!is_transient(answer->outcomes[i].error->code))
          co_return fail(*answer->outcomes[i].error);
        refusal = answer->outcomes[i].error->what;
        refused.push_back(std::move(waiting_[i]));
      }
      done_ += waiting_.size() - refused.size();
      if (refused.size() < waiting_.size())
        progress_at_ = session_.clock().now();
      waiting_ = std::move(refused);
    } else if (is_transient(answer.error().code)) {
      refusal = answer.error().what;
    } else {
      co_return fail(answer.error());
    }
    if (refusal.empty()) {
      failures_ = 0;
      co_return Unit{};
    }
    constexpr Duration kPatience = std::chrono::seconds(60);
    if (session_.clock().now() - progress_at_ > kPatience)
      co_return fail(ErrorCode::Unavailable, "no record was taken for a minute: " + refusal);
    const Duration delay = backoff_.delay(++failures_, session_.random());
    co_await session_.clock().sleep(delay);
    co_return Unit{};
  }

  StreamSession& session_;
  stream::KinesisClient& client_;
  StreamArn stream_;
  Source& source_;
  const PutOptions& options_;
  std::vector<stream::PutEntry> waiting_;
  std::uint64_t done_ = 0;
  std::uint32_t failures_ = 0;
  Backoff backoff_{std::chrono::milliseconds(50), std::chrono::seconds(2)};
  MonotonicTime begun_;
  MonotonicTime progress_at_;
};

Result<std::vector<stream::PutEntry>> read_all(const std::vector<std::string>& files) {
  std::vector<stream::PutEntry> all;
  for (const std::string& file : files) {
    TRY(auto entries, read_failed_document(file));
    std::move(entries.begin(), entries.end(), std::back_inserter(all));
  }
  return all;
}

}  // namespace

int put_command(const Arguments& arguments, const Console& console) {
  PutOptions options;
  CLI::App command(
      "Puts records into a stream: lines of a file or of standard input, or made-up "
      "ones.",
      "put");
  declare_stream_options(command, options.stream);
  command.add_option("--file", options.file, "A record from each line of this file; -: of stdin");
  CLI::Option* data = command.add_option("--data", options.data, "The record's data");
  CLI::Option* count = command.add_option("--count", options.count, "How many records to make up");
  command.add_option("--rate", options.rate, "Records a second; 0: as fast as possible")
      ->check(CLI::NonNegativeNumber);
  CLI::Option* size = command.add_option("--size", options.size, "Bytes of a made-up record")
                          ->check(CLI::Range(std::size_t{0}, limits::kRecordBytesMax));
  command.add_option("--key", options.key, "The partition key; else one for each record");
  CLI::Option* failed =
      command.add_option("--failed", options.failed, "The records of these failed batches")
          ->type_name("DOCUMENT");
  data->excludes("--file");
  count->excludes("--file");
  for (const char* other : {"--file", "--data", "--count", "--size", "--key"})
    failed->excludes(other);
  if (const auto end = parse_arguments(command, arguments, console))
    return *end;
  const bool generated = data->count() + count->count() + size->count() > 0;

  std::ifstream file;
  const bool from_file = !options.file.empty() && options.file != "-";
  if (from_file) {
    file.open(options.file, std::ios::binary);
    if (!file)
      return console.error(kUsage, "cannot read " + options.file);
  }
  auto given = read_all(options.failed);
  if (!given)
    return console.error(kUsage, given.error().what);
  Source source(options, *std::move(given), generated, from_file ? file : console.in);
  StreamSession session(options.stream, console);
  std::unique_ptr<Putter> putter;
  const int code = session.run([&](StreamSession& s, stream::KinesisClient& client, StreamArn arn) {
    putter = std::make_unique<Putter>(s, client, std::move(arn), source, options);
    return putter->run();
  });
  if (putter)
    console.out << "put " << putter->done() << " records\n";
  return code;
}

}  // namespace kt::cli
