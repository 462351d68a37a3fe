// spill/spilled_record.h — A record between the stream's pages and the spill.
#pragma once
#include <memory>
#include <vector>

#include "spill/spill_store.h"

namespace kt::spill {

/// A copy with memory of its own.
SpilledRecord copy_of(const Record& record);
/// A batch that owns the records' memory. `records` is not empty.
std::shared_ptr<const Batch> batch_of(std::vector<SpilledRecord> records);

}  // namespace kt::spill
