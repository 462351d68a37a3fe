#include "stream/retention.h"

namespace kt::stream {
namespace {

constexpr int kEmptyAnswersMax = 200;

bool covers(const OldestRecord& oldest, const Checkpoint& position,
            const std::optional<WallTime>& known) {
  if (const auto* after = std::get_if<After>(&position))
    return oldest.sequence <= after->position.sequence;
  if (const auto* at = std::get_if<AtSequenceNumber>(&position))
    return oldest.sequence <= at->sequence;
  return known && oldest.arrival <= *known;
}

}  // namespace

std::string to_string(const LostRange& range) {
  return range.shard.str() + ": records past the stored position (" + range.after +
         ") and before " + range.until + " are gone (" + range.reason + ")";
}

std::optional<WallTime> known_until(const Checkpoint& position,
                                    const std::optional<WallTime>& arrival) {
  if (arrival)
    return arrival;
  if (const auto* at = std::get_if<AtTimestamp>(&position))
    return at->time;
  return std::nullopt;
}

bool may_be_overtaken(const Checkpoint& position, const std::optional<WallTime>& known,
                      WallTime retention_horizon) {
  if (is_shard_end(position))
    return false;
  if (known)
    return *known < retention_horizon;
  return !std::holds_alternative<TrimHorizon>(position);
}

int retention_used_percent(const std::optional<WallTime>& known, WallTime service_now,
                           std::chrono::hours retention) {
  if (!known || service_now <= *known || retention.count() <= 0)
    return 0;
  const std::chrono::milliseconds whole = retention;
  return static_cast<int>((service_now - *known) * 100 / whole);
}

std::optional<LostRange> lost_range(const ShardId& shard, const Checkpoint& position,
                                    const std::optional<WallTime>& known,
                                    const std::optional<OldestRecord>& oldest) {
  if (oldest && covers(*oldest, position, known))
    return std::nullopt;
  if (!oldest && !known)
    return std::nullopt;  // nothing is stored and nothing says that anything ever was
  LostRange range;
  range.shard = shard;
  range.after = to_string(position);
  if (known)
    range.after += " (complete up to " + to_rfc3339(*known) + ")";
  range.until = oldest ? oldest->sequence.str() + " (" + to_rfc3339(oldest->arrival) + ")"
                       : "now: the shard holds no record";
  range.reason = "the stream's retention is shorter than the time since they were put";
  return range;
}

Task<Result<std::optional<OldestRecord>>> read_oldest(KinesisApi& api, ReadBudget& budget,
                                                      StreamArn stream, ShardId shard) {
  const Checkpoint start = TrimHorizon();
  CO_TRY(ShardIterator iterator, api.get_shard_iterator(stream, shard, start));
  std::optional<OldestRecord> none;
  for (int i = 0; i < kEmptyAnswersMax; ++i) {
    co_await budget.acquire();
    CO_TRY(RecordsAnswer answer, api.get_records(stream, iterator, 1));
    budget.spend(answer.page->payload_bytes);
    if (!answer.page->records.empty()) {
      const Record& first = answer.page->records.front();
      OldestRecord oldest;
      oldest.sequence = SequenceNumber(first.sequence_number);
      oldest.arrival = first.approximate_arrival;
      co_return oldest;
    }
    if (!answer.next || answer.behind_latest.count() == 0)
      co_return none;
    iterator = *answer.next;
  }
  co_return fail(ErrorCode::Unavailable,
                 "shard " + shard.str() + ": 200 reads from its start brought no record");
}

}  // namespace kt::stream
