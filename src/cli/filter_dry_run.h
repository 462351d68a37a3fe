// cli/filter_dry_run.h — Shows what a trigger's filters would do with a sample of its stream.
//
// Why: a filter that drops too much does it in silence. Here every filter is tried on real records
// before a position depends on it.
#pragma once
#include <ostream>

#include "app/app.h"
#include "runtime/clock.h"
#include "stream/kinesis_api.h"

namespace kt::cli {

/// The most records that a dry run reads of one stream.
inline constexpr std::size_t kSampleMax = 100'000;

/// Reads up to `sample` records, evenly from the open shards, and prints how many each filter
/// matched and what would become of the others, with examples. They are records of the last hour,
/// or the oldest kept where there are none. Moves no position. Ends after at most a few reads a
/// shard, paced as the service allows.
Task<Result<Unit>> dry_run_filters(stream::KinesisApi& api, Clock& clock,
                                   const app::Trigger& trigger, std::size_t sample,
                                   std::ostream& out);

}  // namespace kt::cli
