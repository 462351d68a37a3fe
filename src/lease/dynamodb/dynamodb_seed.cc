// The first positions of a consumer: all or none, once for ever, though a transaction takes 100
// items only. One transaction stores them, as data, beside the mark "pending"; who finds the mark
// makes the rows from that data and then sets it to "done". So whoever comes after a crash goes on
// with the same positions.
#include <algorithm>
#include <utility>

#include "lease/dynamodb/dynamodb_lease_table.h"
#include "lease/dynamodb/rows.h"
#include "lease/dynamodb/write_request.h"

namespace kt::lease {
namespace {

constexpr const char* kPending = "pending";
constexpr const char* kDone = "done";
constexpr const char* kMark = "seed";
/// A transaction takes 100 items and 4 MB.
constexpr std::size_t kRowsAtOnce = 90;
constexpr std::size_t kPartBytes = 300 * 1024;
constexpr std::size_t kPartsMax = 12;

std::string scope_of(const std::string& suffix) {
  return "seed@" + suffix;
}

nlohmann::json mark_key(const std::string& suffix) {
  return worker_key_value(scope_of(suffix), kMark);
}

nlohmann::json part_key(const std::string& suffix, std::size_t index) {
  return worker_key_value(scope_of(suffix), "rows-" + std::to_string(index));
}

nlohmann::json action(const char* kind, const WriteRequest& request) {
  nlohmann::json out = nlohmann::json::object();
  out[kind] = request.json();
  return out;
}

/// The rows as lists that each fit into an item.
std::vector<nlohmann::json> parts_of(const std::vector<Lease>& leases) {
  std::vector<nlohmann::json> parts;
  std::size_t bytes = kPartBytes;
  for (const Lease& lease : leases) {
    nlohmann::json row = nlohmann::json::object();
    row["M"] = to_item(lease);
    const std::size_t size = row.dump().size();
    if (bytes + size > kPartBytes) {
      parts.push_back(nlohmann::json::array());
      bytes = 0;
    }
    bytes += size;
    parts.back().push_back(std::move(row));
  }
  return parts;
}

}  // namespace

Task<Result<SeedOutcome>> DynamoDbLeaseTable::seed(ConsumerKey consumer,
                                                   std::vector<Lease> leases) {
  CO_TRY(const bool before, seeded(consumer));
  if (before)
    co_return SeedOutcome::SeededBefore;
  CO_TRY(const TableNames names, tables_.ready(consumer.application));
  co_return co_await begin_seed(names, suffix_of(consumer), std::move(leases));
}

Task<Result<bool>> DynamoDbLeaseTable::seeded(ConsumerKey consumer) {
  CO_TRY(const TableNames names, tables_.ready(consumer.application));
  const std::string suffix = suffix_of(consumer);
  CO_TRY(const auto mark, get(names.workers, mark_key(suffix)));
  if (!mark)
    co_return false;
  if (text_at(*mark, attribute::kSeed) != kDone) {
    const std::uint64_t parts = number_at(*mark, attribute::kParts).value_or(0);
    CO_TRY(finish_seed(names, suffix, parts));
  }
  co_return true;
}

Task<Result<SeedOutcome>> DynamoDbLeaseTable::begin_seed(TableNames names, std::string suffix,
                                                         std::vector<Lease> leases) {
  std::vector<nlohmann::json> parts = parts_of(leases);
  if (parts.size() > kPartsMax) {
    co_return fail(ErrorCode::Invalid, "the first positions of " + std::to_string(leases.size()) +
                                           " shards are more than one transaction can hold");
  }
  nlohmann::json mark = mark_key(suffix);
  mark[std::string(attribute::kSeed)] = text_value(kPending);
  mark[std::string(attribute::kParts)] = number_value(std::uint64_t{parts.size()});
  WriteRequest put_mark = WriteRequest::put(names.workers, std::move(mark));
  put_mark.only_if_absent(attribute::kScope);
  nlohmann::json items = nlohmann::json::array();
  items.push_back(action("Put", put_mark));
  for (std::size_t i = 0; i < parts.size(); ++i) {
    nlohmann::json part = part_key(suffix, i);
    part[std::string(attribute::kRows)]["L"] = std::move(parts[i]);
    items.push_back(action("Put", WriteRequest::put(names.workers, std::move(part))));
  }
  CO_TRY(const WriteOutcome outcome, transact(std::move(items)));
  // Another worker was first: then its positions are stored now, or it is still about it.
  CO_TRY(finish_seed(names, suffix, parts.size()));
  co_return outcome == WriteOutcome::Written ? SeedOutcome::Seeded : SeedOutcome::SeededBefore;
}

Task<Result<Unit>> DynamoDbLeaseTable::finish_seed(TableNames names, std::string suffix,
                                                   std::uint64_t parts) {
  // Another seed than ours may have another number of parts.
  CO_TRY(const auto stored, get(names.workers, mark_key(suffix)));
  if (!stored || text_at(*stored, attribute::kSeed) == kDone)
    co_return Unit{};
  parts = std::min<std::uint64_t>(number_at(*stored, attribute::kParts).value_or(parts), kPartsMax);
  WriteRequest done(names.workers, mark_key(suffix));
  done.only_if(attribute::kSeed, text_value(kPending));
  done.set(attribute::kSeed, text_value(kDone));
  done.remove(attribute::kParts);
  nlohmann::json items = nlohmann::json::array();
  items.push_back(action("Update", done));
  for (std::size_t i = 0; i < parts; ++i) {
    CO_TRY(const auto part, get(names.workers, part_key(suffix, i)));
    if (!part)
      co_return Unit{};  // another worker has finished it meanwhile
    Items rows;
    const nlohmann::json::json_pointer place("/rows/L");
    if (part->contains(place) && part->at(place).is_array()) {
      for (const nlohmann::json& row : part->at(place))
        rows.push_back(row.value("M", nlohmann::json::object()));
    }
    CO_TRY(put_seeded(names, suffix, std::move(rows)));
    const WriteRequest part_done(names.workers, part_key(suffix, i));
    items.push_back(action("Delete", part_done));
  }
  CO_TRY(transact(std::move(items)));
  co_return Unit{};
}

/// Makes the rows that are missing, as long as the seed is pending: a worker that slept over the
/// end of the seed must not bring back a row that was removed since.
Task<Result<Unit>> DynamoDbLeaseTable::put_seeded(TableNames names, std::string suffix,
                                                  Items rows) {
  WriteRequest pending(names.workers, mark_key(suffix));
  pending.only_if(attribute::kSeed, text_value(kPending));
  while (!rows.empty()) {
    const std::size_t count = std::min(rows.size(), kRowsAtOnce);
    nlohmann::json items = nlohmann::json::array();
    items.push_back(action("ConditionCheck", pending));
    for (std::size_t i = 0; i < count; ++i) {
      WriteRequest put = WriteRequest::put(names.leases, rows[i]);
      put.only_if_absent(attribute::kLeaseKey);
      items.push_back(action("Put", put));
    }
    nlohmann::json request;
    request["TransactItems"] = std::move(items);
    CO_TRY(const aws::DynamoDbAnswer answer, call("TransactWriteItems", std::move(request)));
    if (!answer.refused) {
      rows.erase(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(count));
      continue;
    }
    if (answer.refused_items.size() != count + 1 || answer.refused_items[0])
      co_return Unit{};
    // Rows that are there already: an attempt before this one made them.
    for (std::size_t i = count; i > 0; --i) {
      if (answer.refused_items[i])
        rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(i - 1));
    }
  }
  co_return Unit{};
}

}  // namespace kt::lease
