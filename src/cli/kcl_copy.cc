#include "cli/kcl_copy.h"

#include <map>

#include "batch/aggregate.h"
#include "cli/serve.h"
#include "cli/stream_session.h"
#include "lease/dynamodb/rows.h"
#include "worker/spill_scope.h"

namespace kt::cli {
namespace {

/// Three renewals of a KCL with its default failover of ten seconds.
constexpr Duration kKclWatch = std::chrono::seconds(10);
constexpr Duration kTableWait = std::chrono::minutes(1);
constexpr std::size_t kShardsMax = 100'000;
constexpr int kLooks = 10;

}  // namespace

KclCopy::KclCopy(KclCopyOptions& options, const Console& console)
    : options_(options), console_(console), clock_(loop_), random_(fresh_seed()) {}

KclCopy::~KclCopy() = default;

Result<Unit> KclCopy::run_import() {
  TRY(open());
  return serve(loop_, import_rows());
}

Result<Unit> KclCopy::run_export() {
  TRY(open());
  return serve(loop_, export_rows());
}

Result<Unit> KclCopy::open() {
  TRY(setup_, set_up_app(Start::ByHand, options_.manifest, options_.flags, console_));
  TRY(choose_trigger());
  ServiceOptions service;
  service.endpoint_url = setup_.app.process.endpoint_url;
  TRY(service_, ServiceAccess::open(clock_, console_.environment, service));
  if (table_prefix(setup_.app).empty()) {
    TRY(make_private_directory(setup_.state_dir));
    TRY(auto lock, sqlite::DirectoryLock::acquire(setup_.state_dir, "--state-dir"));
    lock_.emplace(std::move(lock));
  }
  const LeaseStore::Deps deps{clock_, random_, *service_};
  TRY(store_, LeaseStore::open(deps, setup_, false));
  const std::string& region = trigger_->stream_arn.region();
  TRY(kinesis_, service_->client(region));
  TRY(dynamodb_, service_->dynamodb(region));
  return Unit{};
}

Result<Unit> KclCopy::choose_trigger() {
  std::string names;
  for (const app::Trigger& trigger : setup_.app.triggers) {
    const std::string& name = trigger.options.application_name.str();
    names += (names.empty() ? "" : ", ") + name;
    if (options_.application.empty() ? setup_.app.triggers.size() == 1
                                     : options_.application == name)
      trigger_ = &trigger.options;
  }
  if (trigger_ != nullptr)
    return Unit{};
  if (options_.application.empty()) {
    return fail(ErrorCode::Invalid,
                "the app has several triggers: choose one by --application (" + names + ")");
  }
  return fail(ErrorCode::Invalid, "no trigger has the application_name \"" + options_.application +
                                      "\"; the app has " + names);
}

Task<Result<Unit>> KclCopy::look_at_stream() {
  CO_TRY(const StreamDescription found, kinesis_->describe_stream(trigger_->stream_arn));
  auto endpoint = service_->endpoint_name(trigger_->stream_arn.region());
  if (!endpoint)
    co_return fail(endpoint.error());
  consumer_.application = trigger_->application_name;
  consumer_.endpoint = *std::move(endpoint);
  consumer_.stream = trigger_->stream_arn;
  consumer_.stream_created = found.created;
  std::string token;
  do {
    CO_TRY(stream::ShardListing page, kinesis_->list_shards(trigger_->stream_arn, token));
    listing_.insert(listing_.end(), page.shards.begin(), page.shards.end());
    token = page.next_token;
    service_now_ = page.service_time;
  } while (!token.empty() && listing_.size() < kShardsMax);
  co_return Unit{};
}

// Whether somebody is at work

Task<Result<std::vector<lease::KclRow>>> KclCopy::read_table() {
  nlohmann::json request;
  request["TableName"] = options_.table;
  request["ConsistentRead"] = true;
  std::vector<lease::KclRow> rows;
  for (;;) {
    auto page = co_await dynamodb_->call("Scan", request);
    if (!page)
      co_return fail(page.error().within("the DynamoDB table " + options_.table));
    for (const nlohmann::json& item : page->body["Items"]) {
      auto row = lease::read_kcl_row(item);
      if (!row)
        co_return fail(row.error().within("the DynamoDB table " + options_.table));
      if (*row)
        rows.push_back(**std::move(row));
    }
    const auto last = page->body.find("LastEvaluatedKey");
    if (last == page->body.end() || last->empty())
      co_return rows;
    request["ExclusiveStartKey"] = *last;
  }
}

/// A live worker renews its leases: their counters rise.
Task<Result<Unit>> KclCopy::refuse_live_kcl(std::vector<lease::KclRow> rows) {
  std::map<std::pair<std::string, ShardId>, std::uint64_t> counters;
  for (const lease::KclRow& row : rows) {
    if (!row.owner.empty())
      counters[{row.stream, row.shard}] = row.counter;
  }
  if (counters.empty() || options_.force)
    co_return Unit{};
  console_.out << "looking for " << kKclWatch / std::chrono::seconds(1)
               << " s whether a KCL worker renews its leases" << std::endl;
  co_await clock_.sleep(kKclWatch);
  CO_TRY(const auto later, read_table());
  for (const lease::KclRow& row : later) {
    const auto before = counters.find({row.stream, row.shard});
    if (before == counters.end() || before->second == row.counter)
      continue;
    co_return fail(ErrorCode::InUse, "the KCL worker \"" + row.owner + "\" is at work: its lease " +
                                         "of " + row.shard.str() +
                                         " was renewed. Stop the KCL application first, or copy "
                                         "what it has by --force");
  }
  co_return Unit{};
}

/// With SQLite the state directory's lock has said so already.
Task<Result<Unit>> KclCopy::refuse_our_workers() {
  if (store_->dynamodb() == nullptr || options_.force)
    co_return Unit{};
  std::map<WorkerId, std::uint64_t> before;
  CO_TRY(const auto first, store_->table().beats(consumer_));
  if (first.empty())
    co_return Unit{};
  for (const lease::WorkerBeat& beat : first)
    before[beat.worker] = beat.beat;
  co_await clock_.sleep(setup_.app.process.failover);
  CO_TRY(const auto second, store_->table().beats(consumer_));
  for (const lease::WorkerBeat& beat : second) {
    const auto known = before.find(beat.worker);
    if (known != before.end() && known->second == beat.beat)
      continue;
    co_return fail(ErrorCode::InUse, "the worker " + beat.worker.str() + " is at work on " +
                                         store_->place() + ": stop it first");
  }
  co_return Unit{};
}

/// The positions have passed what lies in the spill, and a KCL application would never see it.
Task<Result<Unit>> KclCopy::refuse_waiting_records(std::vector<lease::Lease> rows) {
  auto spill = store_->spill();
  if (!spill)
    co_return fail(spill.error());
  for (const lease::Lease& row : rows) {
    spill::SpillScope scope = worker::spill_scope_of(row.key);
    CO_TRY(const spill::SpillContent content, (*spill)->load(std::move(scope), std::nullopt));
    if (content.keys.empty())
      continue;
    co_return fail(ErrorCode::InUse,
                   "records that keep failing, and others of their partition keys, wait in the "
                   "spill of " +
                       row.key.shard.str() + " (" + std::to_string(content.keys.size()) +
                       " keys), and the positions have passed them: let the app run until `status` "
                       "shows none, or limit maximum_retry_attempts so that they go to on_failure");
  }
  co_return Unit{};
}

// Import

Task<Result<Unit>> KclCopy::import_rows() {
  lease::KclImportInput input;
  if (!options_.timestamp.empty()) {
    auto time = parse_rfc3339(options_.timestamp);
    if (!time)
      co_return fail(time.error().within("--timestamp"));
    input.timestamp = *time;
  } else {
    input.timestamp = trigger_->starting_position_timestamp;
  }
  CO_TRY(look_at_stream());
  CO_TRY(input.rows, read_table());
  CO_TRY(refuse_our_workers());
  CO_TRY(const bool seeded, store_->table().seeded(consumer_));
  if (seeded && !options_.overwrite) {
    co_return fail(ErrorCode::InUse, "positions of " + consumer_.application.str() +
                                         " are stored already in " + store_->place() +
                                         ": replace them by --overwrite");
  }
  CO_TRY(refuse_live_kcl(input.rows));
  // What was renewed or checkpointed meanwhile counts.
  CO_TRY(input.rows, read_table());
  input.consumer = consumer_;
  input.listing = listing_;
  input.now = service_now_;
  auto import = lease::import_kcl(input);
  if (!import)
    co_return fail(import.error().within("the DynamoDB table " + options_.table));
  CO_TRY(settle_plain_records(import->rows));
  if (seeded) {
    CO_TRY(replace_rows(import->rows));
  } else {
    CO_TRY(store_->table().seed(consumer_, import->rows));
  }
  console_.out << "imported " << import->rows.size() << " positions of " << consumer_.stream
               << "\n  from the KCL's table " << options_.table << "\n  to " << store_->place()
               << ", application " << consumer_.application << "\n";
  print_rows(import->rows);
  for (const std::string& note : import->notes)
    console_.out << "note: " << note << "\n";
  co_return Unit{};
}

/// The KCL counts a plain record as the first and only part of itself. Here a position inside of a
/// record means an aggregate, so the record itself has to be looked at.
Task<Result<Unit>> KclCopy::settle_plain_records(std::vector<lease::Lease>& rows) {
  for (lease::Lease& row : rows) {
    const auto* after = std::get_if<After>(&row.checkpoint);
    if (after == nullptr || after->position.sub != 0)
      continue;
    const SequenceNumber sequence = after->position.sequence;
    CO_TRY(const bool plain, is_plain(row.key.shard, sequence));
    if (plain)
      row.checkpoint = After{ExtendedSequenceNumber(sequence)};
  }
  co_return Unit{};
}

Task<Result<bool>> KclCopy::is_plain(ShardId shard, SequenceNumber sequence) {
  const StreamArn& stream = trigger_->stream_arn;
  const Checkpoint at = AtSequenceNumber{sequence};
  auto iterator = co_await kinesis_->get_shard_iterator(stream, shard, at);
  if (!iterator && iterator.error().code == ErrorCode::Invalid)
    co_return false;  // retention took the record
  if (!iterator)
    co_return fail(iterator.error());
  std::optional<ShardIterator> next = *iterator;
  // The service may answer with an empty page although there is more.
  for (int tries = 0; next && tries < kLooks; ++tries) {
    CO_TRY(const stream::RecordsAnswer answer, kinesis_->get_records(stream, *next, 1));
    if (!answer.page->records.empty()) {
      const Record& record = answer.page->records.front();
      const bool found = record.sequence_number == sequence.view();
      co_return found && !batch::looks_like_aggregate(record.data);
    }
    next = answer.next;
    co_await clock_.sleep(std::chrono::milliseconds(250));
  }
  co_return false;
}

Task<Result<Unit>> KclCopy::replace_rows(std::vector<lease::Lease> rows) {
  CO_TRY(const auto old, store_->table().list(consumer_));
  for (const lease::Lease& row : old) {
    CO_TRY(const auto removed, store_->table().remove(row, true));
    if (removed == lease::WriteOutcome::Lost) {
      co_return fail(ErrorCode::InUse, "the position of " + row.key.shard.str() +
                                           " was changed by somebody meanwhile: stop every worker "
                                           "and import again with --overwrite");
    }
  }
  co_return co_await store_->table().create(std::move(rows));
}

void KclCopy::print_rows(const std::vector<lease::Lease>& rows) const {
  for (const lease::Lease& row : rows)
    console_.out << "  " << row.key.shard << "  " << to_string(row.checkpoint) << "\n";
}

// Export

Task<Result<Unit>> KclCopy::export_rows() {
  CO_TRY(look_at_stream());
  CO_TRY(refuse_our_workers());
  CO_TRY(const auto rows, store_->table().list(consumer_));
  if (rows.empty()) {
    co_return fail(ErrorCode::NotFound, "no positions of " + consumer_.application.str() +
                                            " on the stream " + consumer_.stream.str() +
                                            " are stored in " + store_->place());
  }
  CO_TRY(refuse_waiting_records(rows));
  Items items;
  std::optional<WallTime> oldest;
  for (const lease::Lease& row : rows) {
    auto item = lease::to_kcl_item(row, listing_, options_.multi_stream);
    if (!item)
      co_return fail(item.error());
    items.push_back(*std::move(item));
    if (const auto* at = std::get_if<AtTimestamp>(&row.checkpoint))
      oldest = oldest ? std::min(*oldest, at->time) : at->time;
  }
  CO_TRY(make_table());
  CO_TRY(put_items(std::move(items)));
  console_.out << "exported " << rows.size() << " positions of " << consumer_.stream << "\n  from "
               << store_->place() << ", application " << consumer_.application
               << "\n  to the new table " << options_.table
               << ": a KCL application of that name goes on from it\n";
  print_rows(rows);
  if (oldest) {
    console_.out << "note: give the KCL the initial position AT_TIMESTAMP " << to_rfc3339(*oldest)
                 << ": its table does not say when\n";
  }
  co_return Unit{};
}

Task<Result<Unit>> KclCopy::make_table() {
  nlohmann::json named;
  named["TableName"] = options_.table;
  auto there = co_await dynamodb_->call("DescribeTable", named);
  if (there) {
    co_return fail(ErrorCode::InUse, "the DynamoDB table " + options_.table +
                                         " exists: positions are exported to a new table only");
  }
  if (there.error().code != ErrorCode::NotFound)
    co_return fail(there.error());
  CO_TRY(dynamodb_->call("CreateTable", lease::kcl_table_request(options_.table)));
  const MonotonicTime end = clock_.now() + kTableWait;
  const nlohmann::json::json_pointer place("/Table/TableStatus");
  for (;;) {
    auto made = co_await dynamodb_->call("DescribeTable", named);
    if (made && made->body.value(place, "") == "ACTIVE")
      co_return Unit{};
    if (clock_.now() >= end)
      co_return fail(ErrorCode::Unavailable, "the new table " + options_.table + " is not ready");
    co_await clock_.sleep(std::chrono::milliseconds(500));
  }
}

Task<Result<Unit>> KclCopy::put_items(Items items) {
  for (nlohmann::json& item : items) {
    nlohmann::json request;
    request["TableName"] = options_.table;
    request["Item"] = std::move(item);
    // A put of the same item changes nothing: repeating it is always right.
    for (int tries = 1;; ++tries) {
      auto put = co_await dynamodb_->call("PutItem", request);
      if (put)
        break;
      if (!is_transient(put.error().code) || tries == 5) {
        co_return fail(
            put.error().within("the new table " + options_.table + " is incomplete, delete it"));
      }
      co_await clock_.sleep(std::chrono::seconds(1));
    }
  }
  co_return Unit{};
}

}  // namespace kt::cli
