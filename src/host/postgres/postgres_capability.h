// host/postgres/postgres_capability.h — What components may do with PostgreSQL.
//
// Why: every version of the interface is the same four operations. A handle holds a connection
// from its opening to its closing, so that a transaction is possible; a component's handles share a
// pool for each address, so that an instance need not connect anew.
#pragma once
#include <memory>
#include <string>

#include "host/capability.h"
#include "host/connection_permits.h"
#include "host/outbound_policy.h"
#include "host/postgres/connector.h"
#include "runtime/clock.h"
#include "runtime/work_thread.h"

namespace kt::host {

/// Of one component: family Postgres. May be destroyed on any thread once no instance is left,
/// before the host loop and `work`.
class PostgresCapability final : public Capability {
 public:
  struct Deps {
    Executor executor;  ///< of the host loop
    Clock& clock;
    WorkThread& work;  ///< where a server is told to give up a statement
    std::shared_ptr<OutboundPolicy> policy;
    std::shared_ptr<ConnectionPermits> permits;  ///< of the app; use "postgres"
  };

  PostgresCapability(Deps deps, PostgresOptions options = {});
  ~PostgresCapability() override;
  std::unique_ptr<CapabilitySession> begin() override;

 private:
  class Shared;
  class Session;

  std::shared_ptr<Shared> shared_;
};

}  // namespace kt::host
