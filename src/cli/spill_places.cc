#include "cli/spill_places.h"

#include <utility>

#include "lease/dynamodb/rows.h"

namespace kt::cli {

Task<Result<spill::SpillPlace>> SpillPlaces::of(spill::SpillScope scope) {
  CO_TRY(const lease::TableNames names, tables_.ready(scope.application));
  lease::LeaseKey key;
  key.consumer.application = std::move(scope.application);
  key.consumer.endpoint = std::move(scope.endpoint);
  key.consumer.stream = std::move(scope.stream);
  key.consumer.stream_created = scope.stream_created;
  key.shard = std::move(scope.shard);
  spill::SpillPlace place;
  place.table = names.workers;
  place.scope = "spill@" + lease::lease_key(key.shard, lease::suffix_of(key.consumer));
  place.lease_table = names.leases;
  place.lease_key = lease::lease_key_value(key);
  place.owner_attribute = lease::attribute::kOwner;
  co_return place;
}

}  // namespace kt::cli
