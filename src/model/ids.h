// model/ids.h — Identifiers, each a type of its own.
#pragma once
#include "base/strong.h"

namespace kt {

using ShardId = StrongString<struct ShardIdTag>;          ///< "shardId-000000000007"
using StreamName = StrongString<struct StreamNameTag>;    ///< the part after "stream/" of the ARN
using WorkerId = StrongString<struct WorkerIdTag>;        ///< one process that takes leases
using ComponentId = StrongString<struct ComponentIdTag>;  ///< as the manifest names it
using ApplicationName = StrongString<struct ApplicationNameTag>;  ///< identity of a trigger's state
using ShardIterator = StrongString<struct ShardIteratorTag>;      ///< opaque, five minutes
using EndpointName = StrongString<struct EndpointNameTag>;        ///< service address of a position

}  // namespace kt
