#include "lease/lease_table.h"

namespace kt::lease {

Task<Result<std::vector<std::optional<Lease>>>> LeaseTable::take_all(std::vector<Lease> seen,
                                                                     WorkerId worker) {
  std::vector<std::optional<Lease>> taken;
  taken.reserve(seen.size());
  for (Lease& lease : seen) {
    CO_TRY(auto row, take(std::move(lease), worker));
    taken.push_back(std::move(row));
  }
  co_return taken;
}

Result<Unit> check_windows(const std::vector<CheckpointWrite>& writes) {
  for (const CheckpointWrite& write : writes) {
    if (!write.window || !*write.window || (*write.window)->state.size() <= kWindowStateBytesMax)
      continue;
    return fail(ErrorCode::Invalid, "the window state of " + write.key.shard.str() + " has " +
                                        std::to_string((*write.window)->state.size()) +
                                        " bytes; at most " + std::to_string(kWindowStateBytesMax) +
                                        " are kept");
  }
  return Unit{};
}

}  // namespace kt::lease
