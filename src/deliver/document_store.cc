#include "deliver/document_store.h"

namespace kt::deliver {

Task<Result<Unit>> DocumentStore::deliver(FailedBatch failed) {
  CO_TRY(store(std::move(failed)));
  co_return Unit{};
}

}  // namespace kt::deliver
