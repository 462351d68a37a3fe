// deliver/document_store.h — A destination that takes documents of any size and can say where one
// lies.
//
// Why: what no message of a queue can hold goes to such a place, and the message names it.
#pragma once
#include "deliver/destination.h"

namespace kt::deliver {

/// As Destination.
class DocumentStore : public Destination {
 public:
  /// Delivers, and says where the document lies now: "/var/failed/x.json", "s3://bucket/key".
  virtual Task<Result<std::string>> store(FailedBatch failed) = 0;
  Task<Result<Unit>> deliver(FailedBatch failed) override;
};

}  // namespace kt::deliver
