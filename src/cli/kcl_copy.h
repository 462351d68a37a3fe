// cli/kcl_copy.h — Copies positions between the app's lease store and a KCL's table.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/app_setup.h"
#include "cli/console.h"
#include "cli/lease_store.h"
#include "cli/service_access.h"
#include "lease/dynamodb/kcl_rows.h"
#include "runtime/system_clock.h"
#include "sqlite/directory_lock.h"

namespace kt::cli {

struct KclCopyOptions {
  std::string manifest = "spin.toml";
  std::string table;
  std::string application;  ///< which trigger, where the app has several
  std::string timestamp;
  bool overwrite = false;
  bool force = false;
  bool multi_stream = false;
  TriggerFlags flags;
};

/// One command's worth of everything it needs. Lives on: its own loop.
class KclCopy {
 public:
  KclCopy(KclCopyOptions& options, const Console& console);
  KclCopy(const KclCopy&) = delete;
  KclCopy& operator=(const KclCopy&) = delete;
  ~KclCopy();

  Result<Unit> run_import();
  Result<Unit> run_export();

 private:
  using Items = std::vector<nlohmann::json>;

  Result<Unit> open();
  Result<Unit> choose_trigger();
  Task<Result<Unit>> look_at_stream();
  Task<Result<Unit>> import_rows();
  Task<Result<Unit>> settle_plain_records(std::vector<lease::Lease>& rows);
  Task<Result<bool>> is_plain(ShardId shard, SequenceNumber sequence);
  Task<Result<Unit>> replace_rows(std::vector<lease::Lease> rows);
  Task<Result<Unit>> export_rows();
  Task<Result<Unit>> make_table();
  Task<Result<Unit>> put_items(Items items);
  Task<Result<std::vector<lease::KclRow>>> read_table();
  Task<Result<Unit>> refuse_live_kcl(std::vector<lease::KclRow> rows);
  Task<Result<Unit>> refuse_our_workers();
  Task<Result<Unit>> refuse_waiting_records(std::vector<lease::Lease> rows);
  void print_rows(const std::vector<lease::Lease>& rows) const;

  KclCopyOptions& options_;
  const Console& console_;
  Loop loop_;
  SystemClock clock_;
  Random random_;
  AppSetup setup_;
  const app::TriggerOptions* trigger_ = nullptr;
  std::optional<sqlite::DirectoryLock> lock_;
  std::unique_ptr<ServiceAccess> service_;
  std::unique_ptr<LeaseStore> store_;
  stream::KinesisClient* kinesis_ = nullptr;
  aws::DynamoDbApi* dynamodb_ = nullptr;
  lease::ConsumerKey consumer_;
  std::vector<Shard> listing_;
  WallTime service_now_;
};

}  // namespace kt::cli
