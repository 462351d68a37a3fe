#include "tests/sim/window_ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "tests/sim/history.h"

namespace kt::sim {
namespace {

std::set<int> read(const invoke::CallContext& context) {
  std::set<int> ids;
  if (context.window_state) {
    std::istringstream in(*context.window_state);
    for (int id = 0; in >> id;)
      ids.insert(id);
  }
  return ids;
}

std::string write(const std::set<int>& ids) {
  std::string out;
  for (const int id : ids)
    out += std::to_string(id) + " ";
  return out;
}

}  // namespace

std::string WindowLedger::handled(const invoke::CallContext& context, const Batch& batch,
                                  std::size_t count, std::string& state) {
  std::set<int> ids = read(context);
  for (std::size_t i = 0; i < count; ++i) {
    const Record& record = batch.records[i];
    const int id = History::id_of(record);
    if (record.approximate_arrival >= context.window->end)
      return fmt::format("record {} came after the end of the window it is called in", id);
    if (!ids.insert(id).second)
      return fmt::format("record {} is in the state of its window already", id);
    shard_of_.insert_or_assign(id, context.shard);
  }
  state = write(ids);
  return {};
}

std::string WindowLedger::ended(const invoke::CallContext& context, MonotonicTime now,
                                const TakenSince& taken_since) {
  auto call = std::make_shared<FinalCall>();
  call->shard = context.shard;
  call->start = context.window->start;
  call->ids = read(context);
  call->at = now;
  for (const int id : call->ids) {
    auto& last = final_of_[id];
    const auto before = std::exchange(last, call);
    const bool same = before && before->shard == call->shard && before->start == call->start &&
                      before->ids == call->ids;
    if (!before || same)
      continue;
    const bool goes_on = before->start == call->start && taken_since(before->shard, before->at) &&
                         std::ranges::includes(call->ids, before->ids);
    if (!goes_on)
      return fmt::format("record {} is in the window that ended as [{} {} {}], and in [{} {} {}]",
                         id, before->shard.str(), to_rfc3339(before->start), write(before->ids),
                         call->shard.str(), to_rfc3339(call->start), write(call->ids));
  }
  return {};
}

std::string WindowLedger::missing() const {
  for (const auto& [id, shard] : shard_of_) {
    if (!final_of_.contains(id) && !given_up_.contains(id))
      return fmt::format("record {} of {} was handled and is in no window that ended", id,
                         shard.str());
  }
  return {};
}

WindowLedger::Origin WindowLedger::origin(const invoke::CallContext& context) const {
  Origin origin = Origin::None;
  for (const int id : read(context)) {
    const auto shard = shard_of_.find(id);
    const bool same = shard != shard_of_.end() && shard->second == context.shard;
    if (!same)
      return Origin::OtherShard;
    origin = Origin::Same;
  }
  return origin;
}

}  // namespace kt::sim
