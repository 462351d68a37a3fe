#include "lease/dynamodb/dynamodb_lease_table.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/check.h"
#include "lease/dynamodb/concurrently.h"
#include "lease/dynamodb/rows.h"
#include "lease/dynamodb/write_request.h"

namespace kt::lease {
namespace {

/// A window state up to this lives in the row itself: one plain write.
constexpr std::size_t kInlineBytesMax = 2048;
/// An item may have 400 KB, names and keys included.
constexpr std::size_t kChunkBytes = 380 * 1024;
constexpr std::size_t kChunksMax = (kWindowStateBytesMax + kChunkBytes - 1) / kChunkBytes;

std::string workers_scope(const ConsumerKey& consumer) {
  return "workers@" + suffix_of(consumer);
}

std::string window_scope(const LeaseKey& key) {
  return "window@" + lease_key(key.shard, suffix_of(key.consumer));
}

nlohmann::json chunk_key(const LeaseKey& key, std::size_t index) {
  return worker_key_value(window_scope(key), std::to_string(index));
}

nlohmann::json millis(const std::optional<WallTime>& time) {
  return time ? number_value(std::int64_t{time->time_since_epoch().count()}) : nlohmann::json();
}

/// `{kind: request}` of a transaction.
nlohmann::json action(const char* kind, const WriteRequest& request) {
  nlohmann::json out = nlohmann::json::object();
  out[kind] = request.json();
  return out;
}

bool is_long(const CheckpointWrite& write) {
  return write.window && *write.window && (*write.window)->state.size() > kInlineBytesMax;
}

std::size_t chunk_count(const std::string& state) {
  return (state.size() + kChunkBytes - 1) / kChunkBytes;
}

void set_window(WriteRequest& request, const CheckpointWrite& write) {
  const std::optional<WindowState>& window = *write.window;
  const bool chunked = is_long(write);
  nlohmann::json start, state, chunks, counter;
  if (window)
    start = millis(window->start);
  if (window && !chunked)
    state = bytes_value(window->state);
  if (chunked) {
    chunks = number_value(std::uint64_t{chunk_count(window->state)});
    counter = number_value(write.counter + 1);
  }
  request.set_or_remove(attribute::kWindowStart, std::move(start));
  request.set_or_remove(attribute::kWindowState, std::move(state));
  request.set_or_remove(attribute::kWindowChunks, std::move(chunks));
  request.set_or_remove(attribute::kWindowCounter, std::move(counter));
}

WriteRequest checkpoint_request(const TableNames& names, const CheckpointWrite& write) {
  WriteRequest request(names.leases, lease_key_value(write.key));
  request.only_if(attribute::kOwner, text_value(write.owner.view()));
  request.only_if(attribute::kCounter, number_value(write.counter));
  CheckpointAttributes position = to_attributes(write.checkpoint);
  request.set(attribute::kCounter, number_value(write.counter + 1));
  request.set(attribute::kCheckpoint, std::move(position.checkpoint));
  request.set_or_remove(attribute::kSubSequence, std::move(position.sub_sequence));
  request.set_or_remove(attribute::kTimestamp, std::move(position.timestamp));
  request.set_or_remove(attribute::kArrival, millis(write.checkpoint_arrival));
  request.set(attribute::kOwnerSwitches, number_value(std::uint64_t{0}));
  if (write.window)
    set_window(request, write);
  return request;
}

void only_if_owned_by(WriteRequest& request, const std::optional<WorkerId>& owner) {
  if (owner)
    request.only_if(attribute::kOwner, text_value(owner->view()));
  else
    request.only_if_absent(attribute::kOwner);
}

}  // namespace

DynamoDbLeaseTable::DynamoDbLeaseTable(Deps deps, Options options)
    : deps_(deps),
      options_(std::move(options)),
      tables_(deps_.clock, deps_.random, deps_.api, Tables::Options{options_.prefix}) {}

Task<Result<Unit>> DynamoDbLeaseTable::prepare(ApplicationName application) {
  CO_TRY(tables_.ready(std::move(application)));
  co_return Unit{};
}

// Requests

Task<Result<aws::DynamoDbAnswer>> DynamoDbLeaseTable::call(std::string operation,
                                                           nlohmann::json request) {
  const auto named = request.find("TableName");
  const std::string table = named == request.end() ? std::string() : named->get<std::string>();
  auto answer = co_await deps_.api.call(std::move(operation), std::move(request));
  if (answer)
    co_return answer;
  if (answer.error().code == ErrorCode::NotFound)
    tables_.look_again();
  const std::string place = table.empty() ? "DynamoDB" : "the DynamoDB table " + table;
  co_return fail(answer.error().within(place));
}

Task<Result<DynamoDbLeaseTable::Items>> DynamoDbLeaseTable::read_all(std::string operation,
                                                                     nlohmann::json request) {
  request["ConsistentRead"] = true;
  Items items;
  for (;;) {
    CO_TRY(aws::DynamoDbAnswer page, call(operation, request));
    for (nlohmann::json& item : page.body["Items"])
      items.push_back(std::move(item));
    const auto last = page.body.find("LastEvaluatedKey");
    if (last == page.body.end() || last->empty())
      co_return items;
    request["ExclusiveStartKey"] = *last;
  }
}

Task<Result<std::optional<nlohmann::json>>> DynamoDbLeaseTable::get(std::string table,
                                                                    nlohmann::json key) {
  nlohmann::json request;
  request["TableName"] = std::move(table);
  request["Key"] = std::move(key);
  request["ConsistentRead"] = true;
  CO_TRY(aws::DynamoDbAnswer answer, call("GetItem", std::move(request)));
  std::optional<nlohmann::json> item;
  const auto found = answer.body.find("Item");
  if (found != answer.body.end() && found->is_object())
    item = std::move(*found);
  co_return item;
}

/// Lost: a condition of the first item did not hold.
Task<Result<WriteOutcome>> DynamoDbLeaseTable::transact(nlohmann::json items) {
  nlohmann::json request;
  request["TransactItems"] = std::move(items);
  CO_TRY(const aws::DynamoDbAnswer answer, call("TransactWriteItems", std::move(request)));
  co_return answer.refused ? WriteOutcome::Lost : WriteOutcome::Written;
}

// Rows

Task<Result<Unit>> DynamoDbLeaseTable::put_new(Lease lease) {
  CO_TRY(const TableNames names, tables_.ready(lease.key.consumer.application));
  WriteRequest request = WriteRequest::put(names.leases, to_item(lease));
  request.only_if_absent(attribute::kLeaseKey);
  CO_TRY(call("PutItem", request.json()));
  co_return Unit{};
}

Task<Result<Unit>> DynamoDbLeaseTable::create(std::vector<Lease> leases) {
  // Parents before children: whoever sees a child's row must find its parents' (see list()).
  while (!leases.empty()) {
    std::set<ShardId> waiting;
    for (const Lease& lease : leases)
      waiting.insert(lease.key.shard);
    std::vector<Lease> later;
    std::vector<Task<Result<Unit>>> puts;
    for (Lease& lease : leases) {
      const auto waits = [&waiting](const ShardId& parent) { return waiting.contains(parent); };
      if (std::ranges::any_of(lease.parents, waits))
        later.push_back(std::move(lease));
      else
        puts.push_back(put_new(std::move(lease)));
    }
    CHECK(!puts.empty(), "shards that are each other's parents");
    leases = std::move(later);
    CO_TRY(concurrently(std::move(puts), options_.requests_max));
  }
  co_return Unit{};
}

Task<Result<std::vector<Lease>>> DynamoDbLeaseTable::list(ConsumerKey consumer) {
  CO_TRY(const TableNames names, tables_.ready(consumer.application));
  nlohmann::json request;
  request["TableName"] = names.leases;
  CO_TRY(const Items items, read_all("Scan", std::move(request)));
  const std::string suffix = suffix_of(consumer);
  std::vector<Lease> rows;
  for (const nlohmann::json& item : items) {
    const auto key = text_at(item, attribute::kLeaseKey);
    auto shard = key ? shard_of(*key, suffix) : std::nullopt;
    if (!shard)
      continue;
    auto row = to_lease(item, consumer, *std::move(shard));
    if (!row)
      co_return fail(row.error().within("the DynamoDB table " + names.leases));
    rows.push_back(*std::move(row));
  }
  CO_TRY(rows, with_parents(names, std::move(rows)));
  std::ranges::sort(rows, {}, [](const Lease& row) { return row.key.shard; });
  co_return rows;
}

/// A scan is no snapshot: it can bring a child whose parent's row was stored behind its back, and a
/// parent without a row holds no child back. Parents are stored first, so that a look after the
/// child was seen tells; one that is not there then never will be.
Task<Result<std::vector<Lease>>> DynamoDbLeaseTable::with_parents(TableNames names,
                                                                  std::vector<Lease> rows) {
  std::set<ShardId> present;
  for (const Lease& row : rows)
    present.insert(row.key.shard);
  std::set<LeaseKey> absent;
  for (const Lease& row : rows) {
    for (const ShardId& parent : row.parents) {
      LeaseKey key = row.key;
      key.shard = parent;
      if (!is_shard_end(row.checkpoint) && !present.contains(parent) && !never_there_.contains(key))
        absent.insert(std::move(key));
    }
  }
  std::vector<Task<Result<std::optional<Lease>>>> looks;
  for (const LeaseKey& key : absent)
    looks.push_back(look_at(names, key));
  CO_TRY(auto found, concurrently(std::move(looks), options_.requests_max));
  for (std::optional<Lease>& row : found) {
    if (row)
      rows.push_back(*std::move(row));
  }
  co_return rows;
}

Task<Result<std::optional<Lease>>> DynamoDbLeaseTable::look_at(TableNames names, LeaseKey key) {
  CO_TRY(const auto item, get(names.leases, lease_key_value(key)));
  std::optional<Lease> lease;
  if (!item) {
    never_there_.insert(std::move(key));
    co_return lease;
  }
  auto row = to_lease(*item, key.consumer, key.shard);
  if (!row)
    co_return fail(row.error().within("the DynamoDB table " + names.leases));
  lease = *std::move(row);
  co_return lease;
}

Task<Result<std::vector<ConsumerKey>>> DynamoDbLeaseTable::incarnations(ApplicationName application,
                                                                        EndpointName endpoint,
                                                                        StreamArn stream) {
  CO_TRY(const TableNames names, tables_.ready(application));
  nlohmann::json request;
  request["TableName"] = names.leases;
  CO_TRY(const Items items, read_all("Scan", std::move(request)));
  std::set<WallTime> created;
  for (const nlohmann::json& item : items) {
    const auto key = text_at(item, attribute::kLeaseKey);
    if (const auto when = key ? created_of(*key, application, endpoint, stream) : std::nullopt)
      created.insert(*when);
  }
  std::vector<ConsumerKey> out;
  for (const WallTime when : created) {
    ConsumerKey consumer;
    consumer.application = application;
    consumer.endpoint = endpoint;
    consumer.stream = stream;
    consumer.stream_created = when;
    out.push_back(std::move(consumer));
  }
  co_return out;
}

Task<Result<std::optional<Lease>>> DynamoDbLeaseTable::take(Lease seen, WorkerId worker) {
  CO_TRY(const TableNames names, tables_.ready(seen.key.consumer.application));
  WriteRequest request(names.leases, lease_key_value(seen.key));
  only_if_owned_by(request, seen.owner);
  request.only_if(attribute::kCounter, number_value(seen.counter));
  request.set(attribute::kOwner, text_value(worker.view()));
  request.set(attribute::kCounter, number_value(seen.counter + 1));
  if (seen.owner != worker)
    request.add(attribute::kOwnerSwitches, 1);
  request.returning("ALL_NEW");
  CO_TRY(const aws::DynamoDbAnswer answer, call("UpdateItem", request.json()));
  std::optional<Lease> taken;
  if (answer.refused)
    co_return taken;
  const auto written = answer.body.find("Attributes");
  if (written == answer.body.end() || !written->is_object())
    co_return fail(ErrorCode::Unavailable, "UpdateItem did not say what it wrote");
  auto row = to_lease(*written, seen.key.consumer, seen.key.shard);
  if (!row)
    co_return fail(row.error().within("the DynamoDB table " + names.leases));
  taken = *std::move(row);
  co_return taken;
}

Task<Result<std::vector<std::optional<Lease>>>> DynamoDbLeaseTable::take_all(
    std::vector<Lease> seen, WorkerId worker) {
  std::vector<Task<Result<std::optional<Lease>>>> takes;
  for (Lease& lease : seen)
    takes.push_back(take(std::move(lease), worker));
  return concurrently(std::move(takes), options_.requests_max);
}

Task<Result<WriteOutcome>> DynamoDbLeaseTable::release(Lease held) {
  CO_TRY(const TableNames names, tables_.ready(held.key.consumer.application));
  WriteRequest request(names.leases, lease_key_value(held.key));
  only_if_owned_by(request, held.owner);
  request.only_if(attribute::kCounter, number_value(held.counter));
  request.set(attribute::kCounter, number_value(held.counter + 1));
  request.remove(attribute::kOwner);
  CO_TRY(const aws::DynamoDbAnswer answer, call("UpdateItem", request.json()));
  co_return answer.refused ? WriteOutcome::Lost : WriteOutcome::Written;
}

Task<Result<WriteOutcome>> DynamoDbLeaseTable::remove(Lease seen, bool even_unfinished) {
  CO_TRY(const TableNames names, tables_.ready(seen.key.consumer.application));
  WriteRequest row(names.leases, lease_key_value(seen.key));
  row.only_if(attribute::kCounter, number_value(seen.counter));
  if (!even_unfinished)
    row.only_if(attribute::kCheckpoint, to_attributes(ShardEnd()).checkpoint);
  nlohmann::json items = nlohmann::json::array();
  items.push_back(action("Delete", row));
  for (std::size_t i = 0; i < kChunksMax; ++i) {
    const WriteRequest chunk(names.workers, chunk_key(seen.key, i));
    items.push_back(action("Delete", chunk));
  }
  co_return co_await transact(std::move(items));
}

// Checkpoints

Task<Result<std::vector<WriteOutcome>>> DynamoDbLeaseTable::checkpoint(
    std::vector<CheckpointWrite> writes) {
  const auto fits = check_windows(writes);
  if (!fits)
    co_return fail(fits.error());
  std::vector<Task<Result<WriteOutcome>>> stores;
  for (CheckpointWrite& write : writes)
    stores.push_back(store(std::move(write)));
  co_return co_await concurrently(std::move(stores), options_.requests_max);
}

Task<Result<WriteOutcome>> DynamoDbLeaseTable::store(CheckpointWrite write) {
  CO_TRY(const TableNames names, tables_.ready(write.key.consumer.application));
  const WriteRequest row = checkpoint_request(names, write);
  if (!is_long(write)) {
    CO_TRY(const aws::DynamoDbAnswer answer, call("UpdateItem", row.json()));
    co_return answer.refused ? WriteOutcome::Lost : WriteOutcome::Written;
  }
  nlohmann::json items = nlohmann::json::array();
  items.push_back(action("Update", row));
  const std::string& state = (*write.window)->state;
  for (std::size_t i = 0; i < chunk_count(state); ++i) {
    nlohmann::json item = chunk_key(write.key, i);
    item[std::string(attribute::kState)] = bytes_value(state.substr(i * kChunkBytes, kChunkBytes));
    item[std::string(attribute::kCounter)] = number_value(write.counter + 1);
    items.push_back(action("Put", WriteRequest::put(names.workers, std::move(item))));
  }
  co_return co_await transact(std::move(items));
}

Task<Result<std::optional<WindowState>>> DynamoDbLeaseTable::load_window(LeaseKey key) {
  CO_TRY(const TableNames names, tables_.ready(key.consumer.application));
  CO_TRY(const auto row, get(names.leases, lease_key_value(key)));
  std::optional<WindowState> window;
  const auto start = row ? signed_at(*row, attribute::kWindowStart) : std::nullopt;
  if (!start)
    co_return window;
  window.emplace();
  window->start = WallTime(std::chrono::milliseconds(*start));
  if (auto state = bytes_at(*row, attribute::kWindowState)) {
    window->state = *std::move(state);
    co_return window;
  }
  const auto chunks = number_at(*row, attribute::kWindowChunks);
  const auto counter = number_at(*row, attribute::kWindowCounter);
  if (!chunks || !counter || *chunks > kChunksMax) {
    co_return fail(ErrorCode::Corrupt, "the window of " + key.shard.str() +
                                           " in the DynamoDB table " + names.leases +
                                           " names no state");
  }
  CO_TRY(window->state, read_chunks(names.workers, std::move(key), *chunks, *counter));
  co_return window;
}

Task<Result<std::string>> DynamoDbLeaseTable::read_chunks(std::string table, LeaseKey key,
                                                          std::uint64_t count,
                                                          std::uint64_t counter) {
  std::string state;
  for (std::size_t i = 0; i < count; ++i) {
    CO_TRY(const auto item, get(table, chunk_key(key, i)));
    auto bytes = item ? bytes_at(*item, attribute::kState) : std::nullopt;
    // Somebody writes the next state while this one is read.
    if (!bytes || number_at(*item, attribute::kCounter) != counter) {
      co_return fail(ErrorCode::Unavailable, "the window of " + key.shard.str() +
                                                 " in the DynamoDB table " + table +
                                                 " is being written");
    }
    state += *bytes;
  }
  co_return state;
}

// Workers

Task<Result<std::uint64_t>> DynamoDbLeaseTable::beat(ConsumerKey consumer, WorkerBeat sign) {
  CO_TRY(const TableNames names, tables_.ready(consumer.application));
  WriteRequest request(names.workers,
                       worker_key_value(workers_scope(consumer), sign.worker.view()));
  request.add(attribute::kBeat, 1);
  request.set(attribute::kNews, number_value(sign.news));
  request.set(attribute::kLeaving, bool_value(sign.leaving));
  request.returning("UPDATED_NEW");
  CO_TRY(const aws::DynamoDbAnswer answer, call("UpdateItem", request.json()));
  const auto written = answer.body.find("Attributes");
  const auto beat = written != answer.body.end() ? number_at(*written, attribute::kBeat)
                                                 : std::optional<std::uint64_t>();
  if (!beat)
    co_return fail(ErrorCode::Unavailable, "UpdateItem did not say which heartbeat it wrote");
  co_return *beat;
}

Task<Result<std::vector<WorkerBeat>>> DynamoDbLeaseTable::beats(ConsumerKey consumer) {
  CO_TRY(const TableNames names, tables_.ready(consumer.application));
  nlohmann::json request;
  request["TableName"] = names.workers;
  request["KeyConditionExpression"] = "#scope = :scope";
  request["ExpressionAttributeNames"]["#scope"] = std::string(attribute::kScope);
  request["ExpressionAttributeValues"][":scope"] = text_value(workers_scope(consumer));
  CO_TRY(const Items items, read_all("Query", std::move(request)));
  std::vector<WorkerBeat> out;
  for (const nlohmann::json& item : items) {
    auto beat = to_beat(item);
    if (!beat)
      co_return fail(beat.error().within("the DynamoDB table " + names.workers));
    out.push_back(*std::move(beat));
  }
  co_return out;
}

Task<Result<Unit>> DynamoDbLeaseTable::forget(ConsumerKey consumer, WorkerId worker) {
  CO_TRY(const TableNames names, tables_.ready(consumer.application));
  const WriteRequest request(names.workers,
                             worker_key_value(workers_scope(consumer), worker.view()));
  CO_TRY(call("DeleteItem", request.json()));
  co_return Unit{};
}

}  // namespace kt::lease
