// cli/spill_places.h — Where the records that wait lie in an app's DynamoDB tables.
//
// Why: the spill must be found by every owner of a lease, and is written under the check of that
// lease; only here do rooms that know the one meet rooms that know the other.
#pragma once
#include "lease/dynamodb/tables.h"
#include "spill/dynamodb/dynamodb_spill_store.h"

namespace kt::cli {

/// Lives on: the shard loop. `tables` outlives it.
class SpillPlaces final : public spill::SpillPlaces {
 public:
  explicit SpillPlaces(lease::Tables& tables) : tables_(tables) {}
  Task<Result<spill::SpillPlace>> of(spill::SpillScope scope) override;

 private:
  lease::Tables& tables_;
};

}  // namespace kt::cli
