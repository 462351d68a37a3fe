#include <CLI/CLI.hpp>

#include "cli/parse.h"
#include "cli/putter.h"
#include "cli/stream_commands.h"
#include "cli/stream_session.h"
#include "model/limits.h"

namespace kt::cli {
namespace {

struct PutOptions {
  StreamOptions stream;
  std::vector<std::string> files;
  std::vector<std::string> failed;
  std::string replay;
  double speed = 1;
  std::string format = "auto";
  std::string key_field;
  bool generate = false;
  std::string data;
  std::uint64_t count = 1;
  bool counted = false;
  bool made_up = false;  ///< a flag says what to make up
  double seconds = 0;
  std::size_t size = 0;
  std::uint64_t seed = 0;
  KeyRule keys;
  PutterOptions putter;
};

void declare_file_options(CLI::App& command, PutOptions& options) {
  command
      .add_option("--file", options.files,
                  "The records of this file (repeatable); -: of stdin, as without --file")
      ->allow_extra_args(false);
  command
      .add_option("--format", options.format,
                  "How files are read; else their ending says: .json, .jsonl, .csv, or lines")
      ->check(CLI::IsMember(records::format_names()))
      ->type_name("FORMAT");
  command.add_option("--key-field", options.key_field,
                     "The field of JSON or CSV that is the partition key, as order.id");
  command.add_option("--failed", options.failed, "The records of these failed batches")
      ->type_name("DOCUMENT")
      ->excludes("--file");
  command
      .add_option("--replay", options.replay,
                  "The records that `tail --format json` wrote to this file, at their pace")
      ->type_name("FILE")
      ->excludes("--file");
  command.add_option("--speed", options.speed, "How much faster to replay than it was")
      ->check(CLI::PositiveNumber)
      ->needs("--replay");
}

void declare_made_up_options(CLI::App& command, PutOptions& options) {
  CLI::Option* generate = command.add_flag("--generate", options.generate,
                                           "Make up JSON records, with a random value in each");
  CLI::Option* data = command.add_option("--data", options.data, "The record's data");
  CLI::Option* count = command.add_option("--count", options.count, "How many records to make up");
  command.add_option("--duration", options.seconds, "For so many seconds, and no longer")
      ->check(CLI::PositiveNumber);
  CLI::Option* size = command.add_option("--size", options.size, "Bytes of a made-up record")
                          ->check(CLI::Range(std::size_t{0}, limits::kRecordBytesMax));
  command.add_option("--seed", options.seed, "Equal seeds, equal records")->needs(generate);
  for (CLI::Option* one : {generate, data, count, size}) {
    for (const char* other : {"--file", "--failed", "--replay"})
      one->excludes(other);
  }
}

void declare_put_options(CLI::App& command, PutOptions& options) {
  declare_stream_options(command, options.stream);
  declare_file_options(command, options);
  declare_made_up_options(command, options);
  CLI::Option* key = command.add_option("--key", options.keys.fixed,
                                        "The partition key of records that have none of their own");
  command.add_option("--keys", options.keys.count, "That many keys in turn; else one for each")
      ->excludes(key);
  command.add_option("--rate", options.putter.rate, "Records a second; 0: as fast as possible")
      ->check(CLI::NonNegativeNumber);
  command.add_flag("--in-order", options.putter.in_order,
                   "Keep each key's order even where the stream refuses some records");
}

std::unique_ptr<PutSource> source_of(const PutOptions& options, const Console& console) {
  if (options.made_up) {
    GeneratedOptions made;
    if (options.counted || !options.putter.duration)
      made.count = options.count;
    made.data = options.data;
    made.size = options.size;
    made.json = options.generate && options.data.empty();
    made.seed = options.seed;
    made.keys = options.keys;
    return generated_records(std::move(made));
  }
  FileOptions files;
  files.files = options.files;
  files.format = *records::format_named(options.format);
  files.key_field = options.key_field;
  files.keys = options.keys;
  if (!options.failed.empty()) {
    files.files = options.failed;
    files.format = records::Format::Failed;
  } else if (!options.replay.empty()) {
    files.files = {options.replay};
    files.replay = true;
    files.speed = options.speed;
    if (files.format == records::Format::Auto && !options.replay.ends_with(".json"))
      files.format = records::Format::Recorded;
  }
  return records_of_files(std::move(files), console.in);
}

}  // namespace

int put_command(const Arguments& arguments, const Console& console) {
  PutOptions options;
  CLI::App command("Puts records into a stream: of files, of standard input, or made-up ones.",
                   "put");
  declare_put_options(command, options);
  if (const auto end = parse_arguments(command, arguments, console))
    return *end;
  for (const char* flag : {"--generate", "--data", "--count", "--size"})
    options.made_up = options.made_up || command.get_option(flag)->count() > 0;
  options.counted = command.get_option("--count")->count() > 0;
  if (options.seconds > 0)
    options.putter.duration = Duration(static_cast<std::int64_t>(options.seconds * 1e6));
  if (options.generate && command.get_option("--seed")->count() == 0)
    options.seed = fresh_seed();

  const auto source = source_of(options, console);
  StreamSession session(options.stream, console);
  std::unique_ptr<Putter> putter;
  const int code = session.run([&](StreamSession& s, stream::KinesisClient& client, StreamArn arn) {
    const Putter::Deps deps{s.clock(), s.random(), client, *source};
    putter = std::make_unique<Putter>(deps, std::move(arn), options.putter);
    return putter->run();
  });
  if (putter)
    console.out << "put " << putter->done() << " records\n";
  return code;
}

}  // namespace kt::cli
