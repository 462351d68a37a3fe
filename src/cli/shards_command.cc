#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/parse.h"
#include "cli/stored_positions.h"
#include "cli/stream_commands.h"
#include "cli/stream_session.h"

namespace kt::cli {
namespace {

struct ShardsOptions {
  StreamOptions stream;
  std::string state_dir;
  bool json = false;
};

Task<Result<std::vector<Shard>>> list_all(stream::KinesisClient& client, StreamArn stream) {
  constexpr std::size_t kShardsMax = 100'000;
  std::vector<Shard> all;
  std::string token;
  do {
    CO_TRY(stream::ShardListing page, client.list_shards(stream, token));
    all.insert(all.end(), page.shards.begin(), page.shards.end());
    token = page.next_token;
  } while (!token.empty() && all.size() < kShardsMax);
  co_return all;
}

nlohmann::ordered_json to_json(const Shard& shard, const std::vector<StoredPosition>& positions) {
  nlohmann::ordered_json out;
  out["shard"] = shard.id.str();
  out["open"] = shard.open();
  out["parents"] = nlohmann::ordered_json::array();
  for (const ShardId& parent : shard.parents())
    out["parents"].push_back(parent.str());
  out["starting_hash_key"] = to_decimal(shard.hash_keys.starting);
  out["ending_hash_key"] = to_decimal(shard.hash_keys.ending);
  out["starting_sequence_number"] = shard.starting_sequence.str();
  if (shard.ending_sequence)
    out["ending_sequence_number"] = shard.ending_sequence->str();
  out["positions"] = nlohmann::ordered_json::array();
  for (const StoredPosition& position : positions) {
    if (position.shard != shard.id)
      continue;
    nlohmann::ordered_json one;
    one["application"] = position.application.str();
    one["endpoint"] = position.endpoint;
    one["stream_created"] = to_rfc3339(position.stream_created);
    one["owner"] = position.owner;
    one["checkpoint"] = encode(position.checkpoint);
    out["positions"].push_back(std::move(one));
  }
  return out;
}

/// shardId-000000000000  open    after 4959…/0 (shop/ingest)  child of shardId-…
void print_line(const Shard& shard, const std::vector<StoredPosition>& positions,
                std::ostream& out) {
  out << shard.id << "  " << (shard.open() ? "open  " : "closed");
  const bool several =
      std::any_of(positions.begin(), positions.end(), [&](const StoredPosition& position) {
        return position.application != positions.front().application;
      });
  for (const StoredPosition& position : positions) {
    if (position.shard != shard.id)
      continue;
    out << "  " << to_string(position.checkpoint);
    if (several)
      out << " (" << position.application << ")";
  }
  const std::vector<ShardId> parents = shard.parents();
  for (std::size_t i = 0; i < parents.size(); ++i)
    out << (i == 0 ? "  child of " : ", ") << parents[i];
  out << "\n";
}

Task<Result<Unit>> show_shards(StreamSession& session, stream::KinesisClient& client,
                               StreamArn stream, const ShardsOptions& options) {
  CO_TRY(std::vector<Shard> shards, list_all(client, stream));
  std::vector<StoredPosition> positions;
  if (!options.state_dir.empty()) {
    auto stored = read_positions(options.state_dir, stream);
    if (!stored)
      co_return fail(stored.error());
    positions = *std::move(stored);
    // Those of an earlier stream of this name say nothing about this one, whose shards have the
    // same names.
    CO_TRY(const StreamDescription now, client.describe_stream(stream));
    std::erase_if(positions, [&](const StoredPosition& position) {
      return position.stream_created != now.created;
    });
  }
  std::ostream& out = session.console().out;
  if (options.json) {
    nlohmann::ordered_json all;
    all["stream"] = stream.str();
    all["shards"] = nlohmann::ordered_json::array();
    for (const Shard& shard : shards)
      all["shards"].push_back(to_json(shard, positions));
    out << all.dump(2) << "\n";
    co_return Unit{};
  }
  for (const Shard& shard : shards)
    print_line(shard, positions, out);
  co_return Unit{};
}

}  // namespace

int shards_command(const Arguments& arguments, const Console& console) {
  ShardsOptions options;
  CLI::App command("Lists a stream's shards, their lineage, and how far each is done.", "shards");
  declare_stream_options(command, options.stream);
  command.add_option("--state-dir", options.state_dir, "Also show the positions stored here")
      ->type_name("DIR");
  command.add_flag("--json", options.json, "Print JSON");
  if (const auto end = parse_arguments(command, arguments, console))
    return *end;
  StreamSession session(options.stream, console);
  return session.run([&](StreamSession& s, stream::KinesisClient& client, StreamArn arn) {
    return show_shards(s, client, std::move(arn), options);
  });
}

}  // namespace kt::cli
