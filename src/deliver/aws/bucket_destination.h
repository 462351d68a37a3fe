// deliver/aws/bucket_destination.h — Failed batches as objects of an S3 bucket, as Lambda writes
// them.
#pragma once
#include <memory>
#include <string>

#include "aws/s3_client.h"
#include "deliver/document_store.h"
#include "model/destination_address.h"
#include "runtime/work_thread.h"

namespace kt::deliver {

/// The key of a batch's object: Lambda's form, with the application where Lambda has the mapping's
/// id, the first record's arrival where it has the time of writing, and an id that is made of the
/// batch: a repeat has the same key.
std::string object_key(const std::string& prefix, const FailedBatch& failed);

/// One object a batch. Lives on: the shard loop; rendering and hashing are done on `work`, which
/// outlives it, as does what the client needs.
class BucketDestination final : public DocumentStore {
 public:
  BucketDestination(DestinationAddress address, std::unique_ptr<aws::S3Client> client,
                    WorkThread& work);

  Task<Result<std::string>> store(FailedBatch failed) override;
  Task<Result<Unit>> check() override;
  std::string describe() const override { return address_.text; }

 private:
  DestinationAddress address_;
  std::unique_ptr<aws::S3Client> client_;
  WorkThread& work_;
};

}  // namespace kt::deliver
