#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "aws/base64.h"
#include "cli/parse.h"
#include "cli/stream_commands.h"
#include "cli/stream_session.h"
#include "model/limits.h"
#include "runtime/task_group.h"

namespace kt::cli {
namespace {

struct TailOptions {
  StreamOptions stream;
  bool from_start = false;
  std::uint64_t count = 0;
  std::string format = "text";
};

/// Reads every open shard, and the children of those that end.
class Tail {
 public:
  Tail(StreamSession& session, stream::KinesisClient& client, StreamArn stream,
       const TailOptions& options)
      : session_(session),
        client_(client),
        stream_(std::move(stream)),
        options_(options),
        readers_(session.loop()) {}

  Task<Result<Unit>> run() {
    std::string token;
    std::vector<ShardId> begin;
    do {
      CO_TRY(stream::ShardListing page, client_.list_shards(stream_, token));
      for (const Shard& shard : page.shards) {
        if (shard.open() || options_.from_start)
          begin.push_back(shard.id);
      }
      token = page.next_token;
    } while (!token.empty());
    for (const ShardId& shard : begin)
      start(shard, !options_.from_start);
    const auto ended = co_await readers_.join();
    if (!enough_ && !ended)
      co_return ended;
    co_return Unit{};
  }

 private:
  void start(const ShardId& shard, bool at_latest) {
    if (seen_.insert(shard).second)
      readers_.spawn(read(shard, at_latest));
  }

  Task<Result<ShardIterator>> iterator(ShardId shard, bool at_latest, SequenceNumber after) {
    if (!after.empty()) {
      const Checkpoint position = After{ExtendedSequenceNumber(after)};
      co_return co_await client_.get_shard_iterator(stream_, shard, position);
    }
    if (at_latest)
      co_return co_await client_.get_latest_iterator(stream_, shard);
    const Checkpoint position = TrimHorizon{};
    co_return co_await client_.get_shard_iterator(stream_, shard, position);
  }

  Task<Result<Unit>> read(ShardId shard, bool at_latest) {
    std::optional<ShardIterator> next;
    SequenceNumber last;
    for (;;) {
      if (!next) {
        auto made = co_await iterator(shard, at_latest, last);
        if (!made && !is_transient(made.error().code))
          co_return fail(made.error());
        if (made)
          next = *std::move(made);
      }
      if (next) {
        auto answer = co_await client_.get_records(stream_, *next, limits::kRecordsPerGet);
        if (answer) {
          show(shard, *answer, last);
          if (!answer->next) {
            for (const Shard& child : answer->children)
              start(child.id, false);
            co_return Unit{};
          }
          next = answer->next;
        } else if (answer.error().code == ErrorCode::ExpiredIterator) {
          next.reset();
        } else if (!is_transient(answer.error().code)) {
          co_return fail(answer.error());
        }
      }
      constexpr Duration kPause = std::chrono::milliseconds(250);
      co_await session_.clock().sleep(kPause);
    }
  }

  void show(const ShardId& shard, const stream::RecordsAnswer& answer, SequenceNumber& last) {
    for (const Record& record : answer.page->records) {
      last = SequenceNumber(record.sequence_number);
      if (options_.count != 0 && shown_ == options_.count)
        break;
      ++shown_;
      session_.console().out << (options_.format == "json" ? recorded(shard, record)
                                                           : readable(shard, record))
                             << "\n";
    }
    session_.console().out.flush();
    if (options_.count != 0 && shown_ == options_.count) {
      enough_ = true;
      readers_.cancel();
    }
  }

  static std::string readable(const ShardId& shard, const Record& record) {
    return shard.str() + " " + std::string(record.sequence_number) + " " +
           printable(record.partition_key) + " " + printable(as_text(record.data));
  }

  /// As `put --replay` and `test` read it.
  static std::string recorded(const ShardId& shard, const Record& record) {
    nlohmann::ordered_json out;
    out["shardId"] = shard.str();
    out["sequenceNumber"] = record.sequence_number;
    out["partitionKey"] = record.partition_key;
    const auto arrival = std::chrono::duration_cast<std::chrono::milliseconds>(
        record.approximate_arrival.time_since_epoch());
    out["approximateArrivalTimestamp"] = static_cast<double>(arrival.count()) / 1000;
    std::string data;
    aws::append_base64(data, record.data);
    out["data"] = std::move(data);
    return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  }

  StreamSession& session_;
  stream::KinesisClient& client_;
  StreamArn stream_;
  const TailOptions& options_;
  TaskGroup readers_;
  std::set<ShardId> seen_;
  std::uint64_t shown_ = 0;
  bool enough_ = false;
};

}  // namespace

int tail_command(const Arguments& arguments, const Console& console) {
  TailOptions options;
  CLI::App command("Prints a stream's new records: shard, sequence number, partition key, data.",
                   "tail");
  declare_stream_options(command, options.stream);
  command.add_flag("--from-start", options.from_start, "Begin with the oldest record kept");
  command
      .add_option("--format", options.format,
                  "text, or json: a line a record with its data in base64, for put --replay")
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("text|json");
  command.add_option("--count", options.count, "End after that many records; 0: at a signal");
  if (const auto end = parse_arguments(command, arguments, console))
    return *end;
  StreamSession session(options.stream, console);
  std::unique_ptr<Tail> tail;
  return session.run([&](StreamSession& s, stream::KinesisClient& client, StreamArn arn) {
    tail = std::make_unique<Tail>(s, client, std::move(arn), options);
    return tail->run();
  });
}

}  // namespace kt::cli
