// aws/s3_client.h — The operations of S3 that writing objects needs.
#pragma once
#include <string>

#include "aws/rest_client.h"

namespace kt::aws {

/// Where a bucket is reached, and how its objects' paths begin.
struct BucketPlace {
  http::Endpoint endpoint;
  std::string path;  ///< "/" or "/bucket/"; of a custom endpoint with its own path in front
};
/// The bucket's own host on AWS; a path below the endpoint where somebody configured one, and for
/// names with dots, which no certificate covers.
BucketPlace place_of_bucket(http::Endpoint service, std::string_view bucket, bool configured);

/// One bucket. Lives on: the shard loop; as RestClient. One attempt a call.
class S3Client {
 public:
  struct Options {
    std::string region;
    std::string bucket;  ///< for messages
    BucketPlace place;
  };
  S3Client(http::Transport& transport, CredentialsSource& credentials, Clock& clock,
           Options options);

  /// Unit when the bucket holds the object, in place of one of that key. `sha256`: of the body, in
  /// hexadecimal; empty: computed here. NotFound when there is no such bucket.
  Task<Result<Unit>> put(std::string key, std::string body, std::string content_type,
                         std::string sha256);
  /// Whether the bucket exists and may be looked at.
  Task<Result<Unit>> find_bucket();

 private:
  Error explained(const http::Response& answer, const std::string& operation);

  Options options_;
  RestClient rest_;
};

}  // namespace kt::aws
