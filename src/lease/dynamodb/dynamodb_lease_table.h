// lease/dynamodb/dynamodb_lease_table.h — Leases and checkpoints in DynamoDB, for many workers.
//
// Why: workers on several machines share one store. Each row is written on condition of its owner
// and counter; every reading is strongly consistent, because a stale one could show a beat that is
// already over. Cost: two writes and about four small reads a second and worker, one write a
// checkpoint (docs/reference/dynamodb.md).
//
//     <prefix>-<application>            one item a shard: owner, counter, position
//     <prefix>-<application>-workers    heartbeats, long window states, first positions
#pragma once
#include <set>
#include <string>
#include <vector>

#include "aws/dynamodb.h"
#include "lease/dynamodb/tables.h"
#include "lease/lease_table.h"
#include "runtime/clock.h"
#include "runtime/random.h"

namespace kt::lease {

/// Lives on: the shard loop; outlives its calls, as does what Deps refers to. Serves all
/// applications of a process; their tables are made at first use.
/// Errors: as LeaseTable; those of the service name the table. Nothing is repeated here: the
/// coordinator and the checkpointer do. Unavailable and TimedOut leave open what was done.
class DynamoDbLeaseTable final : public LeaseTable {
 public:
  struct Deps {
    Clock& clock;
    Random& random;
    aws::DynamoDbApi& api;
  };
  struct Options {
    std::string prefix;
    std::size_t requests_max = 16;  ///< in flight for one call
  };

  DynamoDbLeaseTable(Deps deps, Options options);

  Task<Result<SeedOutcome>> seed(ConsumerKey consumer, std::vector<Lease> leases) override;
  Task<Result<bool>> seeded(ConsumerKey consumer) override;
  Task<Result<Unit>> create(std::vector<Lease> leases) override;
  Task<Result<std::vector<Lease>>> list(ConsumerKey consumer) override;
  Task<Result<std::vector<ConsumerKey>>> incarnations(ApplicationName application,
                                                      EndpointName endpoint,
                                                      StreamArn stream) override;
  Task<Result<std::optional<Lease>>> take(Lease seen, WorkerId worker) override;
  Task<Result<std::vector<std::optional<Lease>>>> take_all(std::vector<Lease> seen,
                                                           WorkerId worker) override;
  Task<Result<std::vector<WriteOutcome>>> checkpoint(std::vector<CheckpointWrite> writes) override;
  Task<Result<std::optional<WindowState>>> load_window(LeaseKey key) override;
  Task<Result<WriteOutcome>> release(Lease held) override;
  Task<Result<WriteOutcome>> remove(Lease seen, bool even_unfinished) override;
  Task<Result<std::uint64_t>> beat(ConsumerKey consumer, WorkerBeat sign) override;
  Task<Result<std::vector<WorkerBeat>>> beats(ConsumerKey consumer) override;
  Task<Result<Unit>> forget(ConsumerKey consumer, WorkerId worker) override;

  /// Makes or checks the tables of an application: for `check`.
  Task<Result<Unit>> prepare(ApplicationName application);
  Tables& tables() { return tables_; }

 private:
  using Items = std::vector<nlohmann::json>;

  Task<Result<aws::DynamoDbAnswer>> call(std::string operation, nlohmann::json request);
  Task<Result<Items>> read_all(std::string operation, nlohmann::json request);
  Task<Result<std::optional<nlohmann::json>>> get(std::string table, nlohmann::json key);
  Task<Result<Unit>> put_new(Lease lease);
  Task<Result<std::vector<Lease>>> with_parents(TableNames names, std::vector<Lease> rows);
  Task<Result<std::optional<Lease>>> look_at(TableNames names, LeaseKey key);
  Task<Result<WriteOutcome>> store(CheckpointWrite write);
  Task<Result<WriteOutcome>> transact(nlohmann::json items);
  Task<Result<std::string>> read_chunks(std::string table, LeaseKey key, std::uint64_t count,
                                        std::uint64_t counter);
  Task<Result<SeedOutcome>> begin_seed(TableNames names, std::string suffix,
                                       std::vector<Lease> leases);
  Task<Result<Unit>> finish_seed(TableNames names, std::string suffix, std::uint64_t parts);
  Task<Result<Unit>> put_seeded(TableNames names, std::string suffix, Items rows);

  Deps deps_;
  Options options_;
  Tables tables_;
  std::set<LeaseKey> never_there_;  ///< parents of rows, looked for and not found
};

}  // namespace kt::lease
