// tests/sim/dynamodb_tap.h — What the modelled DynamoDB stored, told to the checkers.
//
// Why: a write whose reply was lost, or whose worker was killed meanwhile, was done all the same.
// Only the service knows.
#pragma once
#include <string>

#include "base/check.h"
#include "lease/dynamodb/rows.h"
#include "spill/dynamodb/spill_items.h"
#include "tests/sim/history.h"
#include "tests/support/dynamodb/modelled_dynamodb.h"

namespace kt::sim {

/// Lives on: the simulation's loop; history and service outlive it.
class DynamoDbTap {
 public:
  DynamoDbTap(History& history, test::ModelledDynamoDb& service) : history_(history) {
    service.on_write = [this](const std::string& table, const nlohmann::json& before,
                              const nlohmann::json& after, const nlohmann::json& request) {
      if (table.ends_with("-workers")) {
        note_seed(before, after);
        note_spill(before, after);
      } else {
        note_row(before, after, request);
      }
    };
  }
  DynamoDbTap(const DynamoDbTap&) = delete;
  DynamoDbTap& operator=(const DynamoDbTap&) = delete;

  /// Whose request arrives now.
  void arrives(const LifeView& life) { caller_ = &life; }

 private:
  static lease::Lease to_row(const nlohmann::json& item) {
    const auto key = lease::text_at(item, lease::attribute::kLeaseKey);
    CHECK(key.has_value(), "a row without key");
    auto row = lease::to_lease(item, lease::ConsumerKey(), ShardId(key->substr(0, key->find('@'))));
    CHECK(row.has_value(), row ? "" : row.error().what);
    return *std::move(row);
  }

  void note_seed(const nlohmann::json& before, const nlohmann::json& after) {
    const std::string rows(lease::attribute::kRows);
    if (!before.is_null() || !after.is_object() || !after.contains(rows))
      return;
    std::vector<lease::Lease> seeded;
    for (const nlohmann::json& row : after[rows]["L"])
      seeded.push_back(to_row(row["M"]));
    history_.seeded(seeded);
  }

  void note_spill(const nlohmann::json& before, const nlohmann::json& after) {
    const nlohmann::json& item = after.is_object() ? after : before;
    const auto scope = lease::text_at(item, lease::attribute::kScope);
    if (!scope || !scope->starts_with("spill@"))
      return;
    const auto read = spill::items::read(item);
    CHECK(read.has_value(), read ? "" : read.error().what);
    if (after.is_object())
      history_.spilled(read->data);
    else
      history_.forgotten(read->data);
  }

  void note_row(const nlohmann::json& before, const nlohmann::json& after,
                const nlohmann::json& request) {
    if (after.is_null()) {
      history_.removed(to_row(before));
      return;
    }
    const lease::Lease now = to_row(after);
    if (before.is_null()) {
      history_.created(std::vector<lease::Lease>(1, now));
      return;
    }
    const lease::Lease old = to_row(before);
    if (old.owner && !now.owner) {
      history_.released(old);
    } else if (request.contains("ReturnValues")) {
      history_.taken(*caller_, now);
    } else {
      lease::CheckpointWrite write;
      write.key = now.key;
      write.owner = now.owner.value_or(WorkerId("nobody"));
      write.counter = old.counter;
      write.checkpoint = now.checkpoint;
      write.checkpoint_arrival = now.checkpoint_arrival;
      history_.checkpoint_written(*caller_, write);
    }
  }

  History& history_;
  const LifeView* caller_ = nullptr;
};

}  // namespace kt::sim
