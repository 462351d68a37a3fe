// host/capability.h — One thing that components may use beside WASI: variables, a store, a server.
//
// Why: the bridge brings every version of an interface down to operations with values; a capability
// answers those of one family, and decides what a component may do with it.
#pragma once
#include <memory>
#include <tl/expected.hpp>

#include "host/instance_trace.h"
#include "runtime/task.h"
#include "wasm/host_call.h"

namespace kt::host {

using wasm::HostArguments;
using wasm::HostFault;
using wasm::HostOperation;
using wasm::HostRefusal;
using wasm::HostResult;

/// What an operation came to.
using Answer = tl::expected<HostResult, HostRefusal>;

/// The refusal of an operation. The message is shown to the guest: no secrets.
inline tl::unexpected<HostRefusal> refuse(HostFault fault, std::string message) {
  HostRefusal refusal;
  refusal.fault = fault;
  refusal.message = std::move(message);
  return tl::unexpected<HostRefusal>(std::move(refusal));
}

/// One instance's use of a capability: its open handles. Lives on the host loop, from the
/// instance's first operation of this family until the instance is gone and every call has ended.
class CapabilitySession {
 public:
  virtual ~CapabilitySession() = default;
  /// The operation is one of the family. The arguments' views live until the task ends; the task is
  /// cancelled when the instance is gone. Several calls of one session may be under way at a time.
  virtual Task<Answer> call(HostOperation operation, HostArguments arguments) = 0;
};

/// What one component may do with one family of operations. Lives on the host loop.
class Capability {
 public:
  virtual ~Capability() = default;
  virtual std::unique_ptr<CapabilitySession> begin() = 0;
  /// The same for an instance whose call belongs to a trace; for capabilities that pass it on.
  virtual std::unique_ptr<CapabilitySession> begin_traced(std::shared_ptr<InstanceTrace>) {
    return begin();
  }
};

/// The families: the second byte of an operation.
enum class CapabilityFamily : std::uint8_t {
  Variables = 1,
  KeyValue = 2,
  Sqlite = 3,
  Redis = 4,
  Postgres = 5,
  Mysql = 6,
  Mqtt = 7,
  Llm = 8,
  Network = 9,
  Otel = 10,
};

inline CapabilityFamily family_of(HostOperation operation) {
  return static_cast<CapabilityFamily>(static_cast<unsigned>(operation) >> 8);
}

}  // namespace kt::host
