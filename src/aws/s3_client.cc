#include "aws/s3_client.h"

#include <utility>

#include "base/percent.h"

namespace kt::aws {
namespace {

constexpr std::size_t kAnswerBytesMax = 64 * 1024;
// A slow line still gets a large document through: ten seconds, and one more a mebibyte.
constexpr std::chrono::seconds kTimeout{10};

RestClientOptions options_of(const S3Client::Options& from) {
  RestClientOptions options;
  options.service = "s3";
  options.region = from.region;
  options.endpoint = from.place.endpoint;
  return options;
}

}  // namespace

BucketPlace place_of_bucket(http::Endpoint service, std::string_view bucket, bool configured) {
  BucketPlace place;
  place.path = service.path;
  if (!place.path.ends_with('/'))
    place.path += '/';
  place.endpoint = std::move(service);
  if (configured || bucket.find('.') != std::string_view::npos)
    place.path += std::string(bucket) + "/";
  else
    place.endpoint.host = std::string(bucket) + "." + place.endpoint.host;
  return place;
}

S3Client::S3Client(http::Transport& transport, CredentialsSource& credentials, Clock& clock,
                   Options options)
    : options_(std::move(options)), rest_(transport, credentials, clock, options_of(options_)) {}

Task<Result<Unit>> S3Client::put(std::string key, std::string body, std::string content_type,
                                 std::string sha256) {
  RestCall call;
  call.operation = "PutObject";
  call.timeout = kTimeout + std::chrono::seconds(body.size() >> 20);
  call.body_sha256 = std::move(sha256);
  call.request.method = "PUT";
  call.request.path = options_.place.path + percent_encoded(key, Slash::Keep);
  call.request.headers.emplace_back("Content-Type", std::move(content_type));
  call.request.body = std::move(body);
  call.request.answer_bytes_max = kAnswerBytesMax;
  CO_TRY(const http::Response answer, rest_.exchange(std::move(call)));
  if (answer.status == 200)
    co_return Unit{};
  co_return fail(explained(answer, "PutObject"));
}

Task<Result<Unit>> S3Client::find_bucket() {
  RestCall call;
  call.operation = "HeadBucket";
  call.request.method = "HEAD";
  call.request.path = options_.place.path;
  call.request.answer_bytes_max = kAnswerBytesMax;
  CO_TRY(const http::Response answer, rest_.exchange(std::move(call)));
  if (answer.status == 200)
    co_return Unit{};
  co_return fail(explained(answer, "HeadBucket"));
}

Error S3Client::explained(const http::Response& answer, const std::string& operation) {
  const std::string_view region = answer.header("x-amz-bucket-region");
  if ((answer.status == 301 || answer.status == 400 || answer.status == 307) && !region.empty() &&
      region != options_.region) {
    return Error(ErrorCode::Invalid, operation + ": the bucket \"" + options_.bucket +
                                         "\" is in the region " + std::string(region) +
                                         ", not in " + options_.region + ": set AWS_REGION");
  }
  if (answer.status == 404)
    return Error(ErrorCode::NotFound,
                 operation + ": there is no bucket \"" + options_.bucket + "\"");
  return rest_.error_of(answer, operation);
}

}  // namespace kt::aws
