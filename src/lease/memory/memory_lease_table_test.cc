#include "lease/memory/memory_lease_table.h"

#include "tests/contract/lease_table_contract.h"
#include "tests/contract/lease_window_contract.h"

namespace kt::lease {
namespace {

struct Memory {
  LeaseTable& table() { return leases; }
  MemoryLeaseTable leases;
};

}  // namespace

namespace contract {
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, LeaseTableContract, Memory);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, LeaseWindowContract, Memory);
}  // namespace contract
}  // namespace kt::lease
