#include "spill/memory/memory_spill_store.h"

#include "tests/contract/spill_store_contract.h"

namespace kt::spill::contract {

class InMemory {
 public:
  static constexpr bool kFences = true;
  SpillStore& store() { return store_; }
  void own(const SpillScope& scope) { store_.give_to(scope, scope.owner); }

 private:
  MemorySpillStore store_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, SpillStoreContract, InMemory);

}  // namespace kt::spill::contract
