#include "spill/spilled_record.h"

#include <utility>

#include "base/check.h"

namespace kt::spill {

SpilledRecord copy_of(const Record& record) {
  SpilledRecord copy;
  copy.position = record.position();
  copy.partition_key = record.partition_key;
  copy.explicit_hash_key = record.explicit_hash_key;
  copy.data = as_text(record.data);
  copy.approximate_arrival = record.approximate_arrival;
  copy.encryption = record.encryption;
  copy.in_aggregate = record.in_aggregate;
  copy.sub_sequence = record.sub_sequence;
  return copy;
}

std::shared_ptr<const Batch> batch_of(std::vector<SpilledRecord> records) {
  CHECK(!records.empty(), "a batch without records");
  auto page = std::make_shared<RecordPage>();
  page->side.reserve(records.size() * 4);  // views into its strings: it must not grow later
  const auto keep = [&page](std::string text) -> std::string_view {
    page->side.push_back(std::move(text));
    return page->side.back();
  };
  for (SpilledRecord& spilled : records) {
    Record record;
    record.ends_record = spilled.position.whole();
    record.sequence_number = keep(spilled.position.sequence.str());
    record.partition_key = keep(std::move(spilled.partition_key));
    record.explicit_hash_key = keep(std::move(spilled.explicit_hash_key));
    record.data = as_bytes(keep(std::move(spilled.data)));
    record.approximate_arrival = spilled.approximate_arrival;
    record.encryption = spilled.encryption;
    record.in_aggregate = spilled.in_aggregate;
    record.sub_sequence = spilled.sub_sequence;
    page->payload_bytes += record.payload_bytes();
    page->records.push_back(record);
  }
  auto batch = std::make_shared<Batch>();
  batch->records = page->records;
  batch->payload_bytes = page->payload_bytes;
  batch->pages.push_back(std::move(page));
  return batch;
}

}  // namespace kt::spill
