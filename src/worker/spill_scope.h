// worker/spill_scope.h — Where the records of a lease that wait lie.
#pragma once
#include "lease/lease.h"
#include "spill/spill_store.h"

namespace kt::worker {

/// Who writes there adds the owner; who only reads needs none.
inline spill::SpillScope spill_scope_of(const lease::LeaseKey& key) {
  spill::SpillScope scope;
  scope.application = key.consumer.application;
  scope.endpoint = key.consumer.endpoint;
  scope.stream = key.consumer.stream;
  scope.stream_created = key.consumer.stream_created;
  scope.shard = key.shard;
  return scope;
}

}  // namespace kt::worker
