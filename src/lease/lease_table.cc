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

}  // namespace kt::lease
