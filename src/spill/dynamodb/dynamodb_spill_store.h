// spill/dynamodb/dynamodb_spill_store.h — The spill in DynamoDB, for many workers.
//
// Why: the checkpoint passes records that wait only where every possible owner of the shard finds
// them. Each write is a transaction with a check that the writer still owns the lease's row: a
// worker that was paused and comes back can write nothing.
#pragma once
#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "aws/dynamodb.h"
#include "spill/dynamodb/spill_items.h"

namespace kt::spill {

/// Where a shard's records are, and the row that must be the writer's.
struct SpillPlace {
  std::string table;  ///< with hash key `scope` and range key `name`
  std::string scope;
  std::string lease_table;
  nlohmann::json lease_key;
  std::string owner_attribute;  ///< of that row
};

/// Knows the tables. Lives on: the shard loop; outlives its calls.
class SpillPlaces {
 public:
  virtual ~SpillPlaces() = default;
  /// Errors: as those of the lease table.
  virtual Task<Result<SpillPlace>> of(SpillScope scope) = 0;
};

/// Lives on: the shard loop; outlives its calls, as do api and places. Nothing is repeated here:
/// the quarantine does. Cost: a transaction's write costs twice a plain one's; a call reads what it
/// needs of a key, load() reads all that waits (docs/reference/poison.md).
class DynamoDbSpillStore final : public SpillStore {
 public:
  DynamoDbSpillStore(aws::DynamoDbApi& api, SpillPlaces& places) : api_(api), places_(places) {}

  Task<Result<SpillContent>> load(SpillScope scope,
                                  std::optional<ExtendedSequenceNumber> checkpoint) override;
  Task<Result<std::vector<SpilledRecord>>> head(SpillScope scope, std::string partition_key,
                                                HeadLimits limits) override;
  Task<Result<SpillOutcome>> append(SpillScope scope, std::vector<SpilledRecord> records) override;
  Task<Result<SpillOutcome>> remove(SpillScope scope, std::string partition_key,
                                    std::vector<ExtendedSequenceNumber> positions) override;

 private:
  /// A Put or a Delete, and about what it counts.
  struct Write {
    nlohmann::json json;
    std::size_t bytes = 0;
  };

  Task<Result<aws::DynamoDbAnswer>> call(const SpillPlace& place, std::string operation,
                                         nlohmann::json request);
  Task<Result<SpillOutcome>> write(SpillPlace place, WorkerId owner, std::vector<Write> writes);
  static Write deletion(const SpillPlace& place, const std::string& name);

  aws::DynamoDbApi& api_;
  SpillPlaces& places_;
  /// Records read by head() that are more than one item, by scope and name: how many items.
  std::map<std::string, std::size_t> long_;
};

}  // namespace kt::spill
