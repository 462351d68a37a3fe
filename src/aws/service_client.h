// aws/service_client.h — One signed call of an AWS service whose operations are named by a header.
//
// Why: Kinesis and DynamoDB share the frame of a request (X-Amz-Target, signature, error answer)
// and differ in their bodies only.
#pragma once
#include <string>

#include "aws/credentials.h"
#include "aws/service_date.h"
#include "aws/signing.h"
#include "http/endpoint.h"
#include "http/streaming_transport.h"
#include "http/transport.h"

namespace kt::aws {

struct ServiceClientOptions {
  std::string service;        ///< as it is signed: "kinesis"
  std::string target_prefix;  ///< "Kinesis_20131202."
  std::string region;
  http::Endpoint endpoint;
};

/// One operation, ready to be signed.
struct ServiceCall {
  ServiceCall() = default;
  ServiceCall(std::string o, std::string_view type, std::string b)
      : operation(std::move(o)), content_type(type), body(std::move(b)) {}
  std::string operation;
  std::string content_type;  ///< "application/x-amz-json-1.1"
  std::string body;
  Duration timeout = std::chrono::seconds(10);
  std::size_t answer_bytes_max = 4 * 1024 * 1024;
};

/// Signs, sends and classifies. One attempt a call. Lives on: the shard loop; outlives its calls,
/// as do the transport, the credentials and the clock. When the service says that our date is
/// wrong, the next requests carry the service's own.
class ServiceClient {
 public:
  ServiceClient(http::Transport& transport, CredentialsSource& credentials, Clock& clock,
                ServiceClientOptions options);

  /// The answer with status 200; every other one as Error of service_error.h.
  Task<Result<http::Response>> call(ServiceCall what);
  /// The same for an answer that is read as it arrives: its head has status 200.
  Task<Result<http::OpenResponse>> open(http::StreamingTransport& streams, ServiceCall what);
  /// The answer whatever its status, for services whose error answers hold more than a message.
  Task<Result<http::Response>> exchange(ServiceCall what);
  /// The Error for an answer of exchange() that is no success.
  Error error_of(const http::Response& answer, const std::string& operation) {
    return date_.error_of(answer, operation);
  }
  const ServiceClientOptions& options() const { return options_; }

 private:
  http::Request make_request(ServiceCall& what) const;
  Task<Result<http::Request>> signed_request(ServiceCall& what);

  http::Transport& transport_;
  CredentialsSource& credentials_;
  Clock& clock_;
  ServiceDate date_;
  ServiceClientOptions options_;
  SigningScope scope_;
  std::string authority_;
};

}  // namespace kt::aws
