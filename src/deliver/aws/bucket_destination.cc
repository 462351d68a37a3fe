#include "deliver/aws/bucket_destination.h"

#include <utility>

#include "deliver/invocation_record.h"

namespace kt::deliver {
namespace {

struct Rendered {
  std::string body;
  std::string sha256;
};

Rendered render(const FailedBatch& failed) {
  Rendered out;
  out.body = document_with_payload(failed);
  out.sha256 = sha256_of(out.body);
  return out;
}

/// 32 hexadecimal digits in the groups of a UUID.
std::string as_uuid(std::string_view digits) {
  std::string out;
  for (const std::size_t size : {8U, 4U, 4U, 4U, 12U}) {
    out += out.empty() ? "" : "-";
    out += digits.substr(0, size);
    digits.remove_prefix(size);
  }
  return out;
}

}  // namespace

std::string object_key(const std::string& prefix, const FailedBatch& failed) {
  // "2026-01-31T12:00:00.250Z"
  const std::string time = to_rfc3339(failed.batch->records.front().approximate_arrival);
  std::string key = prefix.empty() ? "" : prefix + "/";
  key += "aws/lambda/" + failed.application.str() + "/" + failed.shard.str() + "/";
  key += time.substr(0, 4) + "/" + time.substr(5, 2) + "/" + time.substr(8, 2) + "/";
  key += time.substr(0, 13) + "." + time.substr(14, 2) + "." + time.substr(17, 2) + "-";
  return key + as_uuid(identity(failed));
}

BucketDestination::BucketDestination(DestinationAddress address,
                                     std::unique_ptr<aws::S3Client> client, WorkThread& work)
    : address_(std::move(address)), client_(std::move(client)), work_(work) {}

Task<Result<std::string>> BucketDestination::store(FailedBatch failed) {
  std::string key = object_key(address_.prefix, failed);
  auto work = [failed = std::move(failed)] { return render(failed); };
  Rendered rendered = co_await work_.run(std::move(work));
  std::string type = "application/json";
  CO_TRY(client_->put(key, std::move(rendered.body), std::move(type), std::move(rendered.sha256)));
  co_return "s3://" + address_.bucket + "/" + key;
}

Task<Result<Unit>> BucketDestination::check() {
  co_return co_await client_->find_bucket();
}

}  // namespace kt::deliver
