// aws/credentials.h — Who we are towards AWS.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "aws/config.h"
#include "base/time.h"
#include "runtime/clock.h"

namespace kt::http {
class CrtRuntime;
}

namespace kt::aws {

/// A key pair, perhaps temporary. Never logged.
struct Credentials {
  Credentials() = default;
  Credentials(std::string id, std::string secret, std::string token = {})
      : access_key_id(std::move(id)),
        secret_access_key(std::move(secret)),
        session_token(std::move(token)) {}
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;        ///< empty for a long-lived key
  std::optional<WallTime> expires;  ///< none: does not
};
using CredentialsPtr = std::shared_ptr<const Credentials>;

/// Gives the credentials of the moment. Lives on: the shard loop; outlives its calls. Returns at
/// once while what it has is fresh. NoCredentials: there are none, with where it looked.
/// Unavailable or TimedOut: their service did not answer.
class CredentialsSource {
 public:
  virtual ~CredentialsSource() = default;
  virtual Task<Result<CredentialsPtr>> get() = 0;
};

/// Always the same ones: for tests and for the embedded Kinesis.
class FixedCredentials final : public CredentialsSource {
 public:
  explicit FixedCredentials(Credentials credentials)
      : credentials_(std::make_shared<const Credentials>(std::move(credentials))) {}
  Task<Result<CredentialsPtr>> get() override { co_return credentials_; }

 private:
  CredentialsPtr credentials_;
};

/// The default chain of the AWS SDKs: environment, profile (keys, role, process, SSO), web
/// identity, container, instance metadata. Keys from the environment or a file need no network and
/// no TLS. A failed look-up is remembered for a few seconds, so that many callers do not repeat it;
/// each look-up is bounded. `runtime` and `clock` outlive it.
std::unique_ptr<CredentialsSource> make_default_credentials(http::CrtRuntime& runtime, Clock& clock,
                                                            const Config& config);

}  // namespace kt::aws
