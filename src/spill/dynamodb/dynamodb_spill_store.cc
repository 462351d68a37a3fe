#include "spill/dynamodb/dynamodb_spill_store.h"

#include <algorithm>
#include <utility>

namespace kt::spill {
namespace {

constexpr std::size_t kTransactionItemsMax = 100;
/// The service takes 4 MB.
constexpr std::size_t kTransactionBytesMax = 3 * 1024 * 1024;

nlohmann::json text_value(std::string_view text) {
  nlohmann::json out = nlohmann::json::object();
  out["S"] = std::string(text);
  return out;
}

nlohmann::json owner_check(const SpillPlace& place, const WorkerId& owner) {
  nlohmann::json check = nlohmann::json::object();
  check["TableName"] = place.lease_table;
  check["Key"] = place.lease_key;
  check["ConditionExpression"] = "#owner = :owner";
  check["ExpressionAttributeNames"]["#owner"] = place.owner_attribute;
  check["ExpressionAttributeValues"][":owner"] = text_value(owner.view());
  nlohmann::json action = nlohmann::json::object();
  action["ConditionCheck"] = std::move(check);
  return action;
}

nlohmann::json query_of(const SpillPlace& place, const std::string& prefix) {
  nlohmann::json query = nlohmann::json::object();
  query["TableName"] = place.table;
  query["ConsistentRead"] = true;
  std::string condition = "#scope = :scope";
  query["ExpressionAttributeNames"]["#scope"] = "scope";
  query["ExpressionAttributeValues"][":scope"] = text_value(place.scope);
  if (!prefix.empty()) {
    condition += " AND begins_with(#name, :prefix)";
    query["ExpressionAttributeNames"]["#name"] = "name";
    query["ExpressionAttributeValues"][":prefix"] = text_value(prefix);
  }
  query["KeyConditionExpression"] = condition;
  return query;
}

/// Goes to the next page; false when that was the last.
bool turn_page(nlohmann::json& query, const nlohmann::json& page) {
  const auto last = page.find("LastEvaluatedKey");
  if (last == page.end() || last->empty())
    return false;
  query["ExclusiveStartKey"] = *last;
  return true;
}

/// Adds up what load() finds, item after item.
class Summary {
 public:
  explicit Summary(std::optional<ExtendedSequenceNumber> checkpoint)
      : checkpoint_(std::move(checkpoint)) {}

  void add(items::Read item) {
    if (item.chunk > 0) {
      if (item.record != record_)
        orphans.push_back(item.record + '/' + name_end(item.chunk));
      return;
    }
    record_ = item.record;
    WaitingKey& key = keys_[item.head.partition_key];
    if (key.records == 0) {
      key.partition_key = item.head.partition_key;
      key.first = item.head.position;
      key.oldest = item.head.approximate_arrival;
    }
    ++key.records;
    key.bytes += item.bytes;
    if (!checkpoint_ || item.head.position > *checkpoint_)
      ahead_.push_back(std::move(item.head.position));
  }
  SpillContent content() {
    SpillContent out;
    for (auto& [text, key] : keys_)
      out.keys.push_back(std::move(key));
    const auto earlier = [](const WaitingKey& a, const WaitingKey& b) { return a.first < b.first; };
    std::sort(out.keys.begin(), out.keys.end(), earlier);
    std::sort(ahead_.begin(), ahead_.end());
    out.ahead = std::move(ahead_);
    return out;
  }

  /// Rests of records whose head was never written, or is gone.
  std::vector<std::string> orphans;

 private:
  static std::string name_end(std::size_t chunk) {
    const std::string digits = std::to_string(chunk);
    return std::string(3 - std::min<std::size_t>(3, digits.size()), '0') + digits;
  }

  std::optional<ExtendedSequenceNumber> checkpoint_;
  std::string record_;  ///< whose head was read last
  std::map<std::string, WaitingKey> keys_;
  std::vector<ExtendedSequenceNumber> ahead_;
};

/// Puts the first records of a key together, item after item.
class Head {
 public:
  Head(std::string partition_key, HeadLimits limits)
      : key_(std::move(partition_key)), limits_(limits) {}

  /// False: that was all that is wanted.
  Result<bool> add(items::Read item) {
    if (item.chunk == 0) {
      if (missing_ > 0)
        return incomplete();
      if (item.head.partition_key != key_)
        return true;  // another key of the same digest
      bytes_ += item.bytes;
      const bool full = records.size() >= limits_.records_max || bytes_ > limits_.bytes_max;
      if (full && !records.empty())
        return false;
      records.push_back(std::move(item.head));
      names.push_back(item.record);
      chunks.push_back(item.chunks);
      missing_ = item.chunks;
      next_ = 0;
    } else if (names.empty() || item.record != names.back()) {
      return true;  // a rest without head
    }
    if (item.chunk != next_)
      return incomplete();
    records.back().data += item.data;
    ++next_;
    --missing_;
    return missing_ > 0 || records.size() < limits_.records_max;
  }
  Result<Unit> end() const {
    if (missing_ > 0)
      return incomplete();
    return Unit{};
  }
  /// How many more items are worth asking for.
  std::size_t wanted() const {
    const std::size_t left = limits_.records_max - std::min(limits_.records_max, records.size());
    return std::clamp<std::size_t>(missing_ + left, 1, 1000);
  }

  std::vector<SpilledRecord> records;
  std::vector<std::string> names;
  std::vector<std::size_t> chunks;

 private:
  tl::unexpected<Error> incomplete() const {
    return fail(ErrorCode::Corrupt,
                "a record that waits is incomplete: " + (names.empty() ? "" : names.back()));
  }

  std::string key_;
  HeadLimits limits_;
  std::size_t bytes_ = 0;
  std::size_t missing_ = 0;
  std::size_t next_ = 0;
};

}  // namespace

Task<Result<aws::DynamoDbAnswer>> DynamoDbSpillStore::call(const SpillPlace& place,
                                                           std::string operation,
                                                           nlohmann::json request) {
  auto answer = co_await api_.call(std::move(operation), std::move(request));
  if (!answer)
    co_return fail(answer.error().within("the DynamoDB table " + place.table));
  co_return answer;
}

Task<Result<SpillContent>> DynamoDbSpillStore::load(
    SpillScope scope, std::optional<ExtendedSequenceNumber> checkpoint) {
  CO_TRY(const SpillPlace place, places_.of(scope));
  nlohmann::json query = query_of(place, "");
  std::string projection;
  query["ExpressionAttributeNames"].update(items::summary_names(projection));
  query["ProjectionExpression"] = projection;
  Summary summary(std::move(checkpoint));
  for (bool more = true; more;) {
    CO_TRY(const aws::DynamoDbAnswer page, call(place, "Query", query));
    for (const nlohmann::json& item : page.body.value("Items", nlohmann::json::array())) {
      auto read = items::read(item);
      if (!read)
        co_return fail(read.error().within("the DynamoDB table " + place.table));
      summary.add(*std::move(read));
    }
    more = turn_page(query, page.body);
  }
  std::erase_if(long_, [&](const auto& known) { return known.first.starts_with(place.scope); });
  std::vector<Write> leftovers;
  for (const std::string& name : summary.orphans)
    leftovers.push_back(deletion(place, name));
  // Whoever lost the lease meanwhile leaves them to the next owner.
  CO_TRY(write(place, scope.owner, std::move(leftovers)));
  co_return summary.content();
}

Task<Result<std::vector<SpilledRecord>>> DynamoDbSpillStore::head(SpillScope scope,
                                                                  std::string partition_key,
                                                                  HeadLimits limits) {
  CO_TRY(const SpillPlace place, places_.of(std::move(scope)));
  nlohmann::json query = query_of(place, items::prefix_of(partition_key));
  Head head(std::move(partition_key), limits);
  for (bool more = true; more;) {
    query["Limit"] = head.wanted();
    CO_TRY(const aws::DynamoDbAnswer page, call(place, "Query", query));
    for (const nlohmann::json& item : page.body.value("Items", nlohmann::json::array())) {
      auto read = items::read(item);
      Result<bool> wants_more = true;
      if (read)
        wants_more = head.add(*std::move(read));
      if (!read || !wants_more) {
        const Error& error = read ? wants_more.error() : read.error();
        co_return fail(error.within("the DynamoDB table " + place.table));
      }
      more = *wants_more;
      if (!more)
        break;
    }
    more = more && turn_page(query, page.body);
  }
  const auto complete = head.end();
  if (!complete)
    co_return fail(complete.error().within("the DynamoDB table " + place.table));
  for (std::size_t i = 0; i < head.records.size(); ++i) {
    if (head.chunks[i] > 1)
      long_[place.scope + '\n' + head.names[i]] = head.chunks[i];
  }
  co_return std::move(head.records);
}

Task<Result<SpillOutcome>> DynamoDbSpillStore::append(SpillScope scope,
                                                      std::vector<SpilledRecord> records) {
  CO_TRY(SpillPlace place, places_.of(scope));
  std::vector<Write> writes;
  for (SpilledRecord& record : records) {
    for (items::Item& item : items::to_items(place.scope, record)) {
      Write write;
      write.json["Put"]["TableName"] = place.table;
      write.json["Put"]["Item"] = std::move(item.json);
      write.bytes = item.bytes;
      writes.push_back(std::move(write));
    }
    record = SpilledRecord();
  }
  co_return co_await write(std::move(place), std::move(scope.owner), std::move(writes));
}

DynamoDbSpillStore::Write DynamoDbSpillStore::deletion(const SpillPlace& place,
                                                       const std::string& name) {
  Write write;
  write.json["Delete"]["TableName"] = place.table;
  write.json["Delete"]["Key"] = items::key_of(place.scope, name);
  return write;
}

Task<Result<SpillOutcome>> DynamoDbSpillStore::remove(
    SpillScope scope, std::string partition_key, std::vector<ExtendedSequenceNumber> positions) {
  CO_TRY(SpillPlace place, places_.of(scope));
  // Heads first: what is left then is no record. A stop between leaves rests for load().
  std::vector<Write> writes;
  std::vector<Write> rests;
  std::vector<std::string> known;
  for (const ExtendedSequenceNumber& position : positions) {
    const std::string name = items::name_of(partition_key, position, 0);
    writes.push_back(deletion(place, name));
    const std::string record = place.scope + '\n' + name.substr(0, name.rfind('/'));
    const auto found = long_.find(record);
    if (found == long_.end())
      continue;
    for (std::size_t chunk = 1; chunk < found->second; ++chunk)
      rests.push_back(deletion(place, items::name_of(partition_key, position, chunk)));
    known.push_back(record);
  }
  std::move(rests.begin(), rests.end(), std::back_inserter(writes));
  CO_TRY(const SpillOutcome outcome,
         write(std::move(place), std::move(scope.owner), std::move(writes)));
  for (const std::string& record : known)
    long_.erase(record);
  co_return outcome;
}

Task<Result<SpillOutcome>> DynamoDbSpillStore::write(SpillPlace place, WorkerId owner,
                                                     std::vector<Write> writes) {
  for (std::size_t next = 0; next < writes.size();) {
    nlohmann::json request = nlohmann::json::object();
    nlohmann::json& actions = request["TransactItems"];
    actions.push_back(owner_check(place, owner));
    std::size_t bytes = 0;
    while (next < writes.size() && actions.size() < kTransactionItemsMax) {
      bytes += writes[next].bytes;
      if (bytes > kTransactionBytesMax && actions.size() > 1)
        break;
      actions.push_back(std::move(writes[next].json));
      ++next;
    }
    CO_TRY(const aws::DynamoDbAnswer answer, call(place, "TransactWriteItems", std::move(request)));
    if (answer.refused)
      co_return SpillOutcome::LeaseLost;
  }
  co_return SpillOutcome::Stored;
}

}  // namespace kt::spill
