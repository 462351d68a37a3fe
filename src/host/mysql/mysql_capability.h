// host/mysql/mysql_capability.h — What components may do with MySQL and MariaDB.
//
// Why: every version of the interface is the same three operations. A handle holds a connection
// from its opening to its closing, so that a transaction is possible; a component's handles share a
// pool for each address, so that an instance need not connect anew.
#pragma once
#include <memory>

#include "host/capability.h"
#include "host/connection_permits.h"
#include "host/mysql/connector.h"
#include "host/outbound_policy.h"
#include "runtime/clock.h"
#include "runtime/work_thread.h"

namespace kt::host {

/// Of one component: family Mysql. May be destroyed on any thread once no instance is left, before
/// the host loop and `work`.
class MysqlCapability final : public Capability {
 public:
  struct Deps {
    Executor executor;  ///< of the host loop
    Clock& clock;       ///< of the host loop
    WorkThread& work;   ///< where logging in waits; better several threads
    std::shared_ptr<OutboundPolicy> policy;
    std::shared_ptr<ConnectionPermits> permits;  ///< of the app; use "mysql"
  };

  MysqlCapability(Deps deps, MysqlOptions options = {});
  ~MysqlCapability() override;
  std::unique_ptr<CapabilitySession> begin() override;

 private:
  class Shared;
  class Session;

  std::shared_ptr<Shared> shared_;
};

}  // namespace kt::host
