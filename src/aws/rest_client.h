// aws/rest_client.h — One signed call of an AWS service whose operations are methods, paths and
// forms.
//
// Why: SNS and S3 are older than the header that names an operation.
#pragma once
#include <string>

#include "aws/credentials.h"
#include "aws/service_date.h"
#include "aws/signing.h"
#include "http/endpoint.h"
#include "http/transport.h"

namespace kt::aws {

struct RestClientOptions {
  std::string service;  ///< as it is signed: "sns", "s3"
  std::string region;
  http::Endpoint endpoint;
};

/// A request that lacks its Host, its date and its signature.
struct RestCall {
  std::string operation;  ///< for messages
  http::Request request;
  std::string body_sha256;  ///< hexadecimal; empty: computed when it is signed
  Duration timeout = std::chrono::seconds(10);
};

/// Signs and sends. One attempt a call. Lives on: the shard loop; outlives its calls, as do the
/// transport, the credentials and the clock. When the service says that our date is wrong, the next
/// requests carry the service's own.
class RestClient {
 public:
  RestClient(http::Transport& transport, CredentialsSource& credentials, Clock& clock,
             RestClientOptions options);

  /// The answer whatever its status.
  Task<Result<http::Response>> exchange(RestCall call);
  /// The answer with status 2xx; every other one as Error of service_error.h.
  Task<Result<http::Response>> call(RestCall call);
  /// The Error for an answer of exchange() that is no success.
  Error error_of(const http::Response& answer, const std::string& operation) {
    return date_.error_of(answer, operation);
  }
  const RestClientOptions& options() const { return options_; }

 private:
  http::Transport& transport_;
  CredentialsSource& credentials_;
  ServiceDate date_;
  RestClientOptions options_;
  SigningScope scope_;
  std::string authority_;
};

}  // namespace kt::aws
