#include "cli/stored_positions.h"

#include "sqlite/database.h"

namespace kt::cli {

Result<std::vector<StoredPosition>> read_positions(const std::filesystem::path& state_dir,
                                                   const StreamArn& stream) {
  std::vector<StoredPosition> out;
  const std::filesystem::path file = state_dir / "kinesis.db";
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored))
    return out;
  sqlite::Options options;
  options.create = false;
  options.read_only = true;
  TRY(auto database, sqlite::Database::open(file.string(), options));
  auto query = database.prepare(
      "SELECT c.application, c.endpoint, c.created, l.shard, l.owner, l.checkpoint "
      "FROM lease l JOIN consumer c ON c.id = l.consumer WHERE c.stream = ?1 "
      "ORDER BY c.application, c.endpoint, c.created, l.shard");
  if (!query)
    return out;  // a worker has only just made the file
  query->bind(1, stream.str());
  for (;;) {
    TRY(const bool more, query->step());
    if (!more)
      return out;
    StoredPosition position;
    position.application = ApplicationName(query->text(0));
    position.endpoint = query->text(1);
    position.stream_created = WallTime(std::chrono::milliseconds(query->integer(2)));
    position.shard = ShardId(query->text(3));
    position.owner = query->text(4);
    TRY(position.checkpoint, decode_checkpoint(query->text(5)));
    out.push_back(std::move(position));
  }
}

}  // namespace kt::cli
