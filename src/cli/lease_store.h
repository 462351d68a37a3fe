// cli/lease_store.h — Opens the table of leases that an app names.
//
// Why: `lease_store` decides more than a class: where the positions are, whether several workers
// share them, and what must be reached for it.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "cli/app_setup.h"
#include "cli/service_access.h"
#include "cli/spill_places.h"
#include "lease/dynamodb/dynamodb_lease_table.h"
#include "lease/lease_coordinator.h"
#include "lease/sqlite/sqlite_lease_table.h"
#include "runtime/work_thread.h"

namespace kt::cli {

/// Owns the table. Lives on: the loop of the clock; what Deps refers to outlives it.
class LeaseStore {
 public:
  struct Deps {
    Clock& clock;
    Random& random;
    ServiceAccess& service;
  };

  /// `embedded`: the app runs against the embedded Kinesis, whose streams are in the state
  /// directory; so are its leases then. Errors: as sqlite::Database; Invalid for a region.
  static Result<std::unique_ptr<LeaseStore>> open(Deps deps, const AppSetup& setup, bool embedded);

  lease::LeaseTable& table();
  /// Null unless the app keeps its leases there.
  lease::DynamoDbLeaseTable* dynamodb() { return dynamodb_.get(); }
  lease::LeaseMode mode() const {
    return dynamodb_ ? lease::LeaseMode::Shared : lease::LeaseMode::Exclusive;
  }
  /// Room beside it for records that wait (`on_poison = "key"`); opened when first asked for.
  Result<spill::SpillStore*> spill();
  /// What the user should know; empty: nothing.
  const std::string& warning() const { return warning_; }
  /// "the DynamoDB tables kt-…" or the file, for messages.
  const std::string& place() const { return place_; }

 private:
  LeaseStore() = default;

  std::string warning_;
  std::string place_;
  std::unique_ptr<DedicatedThread> thread_;
  std::unique_ptr<lease::SqliteLeaseTable> sqlite_;
  std::unique_ptr<lease::DynamoDbLeaseTable> dynamodb_;
  aws::DynamoDbApi* api_ = nullptr;
  std::optional<SpillPlaces> spill_places_;
  std::unique_ptr<spill::SpillStore> spill_;
};

/// What the names of the app's tables begin with; empty: its leases are not in DynamoDB.
std::string table_prefix(const app::App& app);
/// The region of the app's tables: that of its first trigger's stream.
std::string table_region(const app::App& app);

}  // namespace kt::cli
