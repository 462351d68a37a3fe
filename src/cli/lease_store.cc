#include "cli/lease_store.h"

#include "spill/sqlite/sqlite_spill_store.h"

namespace kt::cli {
namespace {

constexpr std::string_view kDynamoDb = "dynamodb:";

}  // namespace

std::string table_prefix(const app::App& app) {
  const std::string& store = app.process.lease_store;
  return store.starts_with(kDynamoDb) ? store.substr(kDynamoDb.size()) : std::string();
}

std::string table_region(const app::App& app) {
  return app.triggers.front().options.stream_arn.region();
}

Result<std::unique_ptr<LeaseStore>> LeaseStore::open(Deps deps, const AppSetup& setup,
                                                     bool embedded) {
  std::unique_ptr<LeaseStore> store(new LeaseStore());
  const std::string prefix = table_prefix(setup.app);
  if (prefix.empty() || embedded) {
    if (!prefix.empty())
      store->warning_ = "with --local the leases are kept in the state directory, not in DynamoDB";
    const std::string file = (setup.state_dir / "kinesis.db").string();
    store->place_ = file;
    store->thread_ = std::make_unique<DedicatedThread>("store");
    TRY(store->sqlite_, lease::SqliteLeaseTable::open(file, *store->thread_));
    return store;
  }
  TRY(lease::check_table_prefix(prefix));
  const std::string region = table_region(setup.app);
  TRY(store->api_, deps.service.dynamodb(region));
  lease::DynamoDbLeaseTable::Options options;
  options.prefix = prefix;
  const lease::DynamoDbLeaseTable::Deps table{deps.clock, deps.random, *store->api_};
  store->dynamodb_ = std::make_unique<lease::DynamoDbLeaseTable>(table, options);
  store->place_ =
      "the DynamoDB tables " + prefix + "-… at " + deps.service.describe_dynamodb(region);
  return store;
}

lease::LeaseTable& LeaseStore::table() {
  if (dynamodb_)
    return *dynamodb_;
  return *sqlite_;
}

Result<spill::SpillStore*> LeaseStore::spill() {
  if (spill_ != nullptr)
    return spill_.get();
  if (dynamodb_) {
    spill_places_.emplace(dynamodb_->tables());
    spill_ = std::make_unique<spill::DynamoDbSpillStore>(*api_, *spill_places_);
  } else {
    TRY(spill_, spill::SqliteSpillStore::open(place_, *thread_));
  }
  return spill_.get();
}

}  // namespace kt::cli
