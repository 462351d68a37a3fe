// aws/config.h — Region and endpoints from the standard AWS environment and files.
//
// Why: a user's AWS tools are set up already; this program must find the same region, the same
// emulator and the same account as they do. The order of the sources is documented in
// docs/reference/aws-configuration.md.
#pragma once
#include <string>
#include <string_view>

#include "aws/profiles.h"
#include "http/endpoint.h"

namespace kt::aws {

/// A setting and where it was found ("AWS_REGION", "profile dev in /home/u/.aws/config",
/// "default"), for --print-config and for messages. An empty value: not set anywhere.
struct Setting {
  Setting() = default;
  Setting(std::string v, std::string o) : value(std::move(v)), origin(std::move(o)) {}
  std::string value;
  std::string origin;
};

/// What the command line or the manifest says; it wins over everything else. Empty: says nothing.
struct ConfigOverrides {
  std::string region;
  std::string profile;
  std::string endpoint_url;
};

/// A service's address and where it was found.
struct ServiceEndpoint {
  http::Endpoint endpoint;
  std::string origin;
  bool configured = false;  ///< somebody named the address; else it is the service's own
};

/// Settings as found once, at the start. A value.
class Config {
 public:
  Config() = default;
  /// Invalid: files or profile as Profiles::load.
  static Result<Config> load(Environment environment, ConfigOverrides overrides = {});

  const Setting& region() const { return region_; }
  /// The address of `service` ("kinesis", "dynamodb") in `region`; Invalid when a configured URL
  /// can not be read or `region` can not be a region.
  Result<ServiceEndpoint> endpoint(std::string_view service, std::string_view region) const;
  /// AWS_CA_BUNDLE or the profile's ca_bundle; empty: the system's certificates.
  std::string ca_file() const;
  /// AWS_CBOR_DISABLE=true, as the SDK for Java reads it: speak JSON instead of CBOR.
  bool cbor_disabled() const { return environment_.is_true("AWS_CBOR_DISABLE"); }
  const Environment& environment() const { return environment_; }
  const Profiles& profiles() const { return profiles_; }
  /// Whether the profile was named on the command line: then its credentials win.
  bool profile_is_explicit() const { return !overrides_.profile.empty(); }

 private:
  Setting configured_url(std::string_view service) const;
  Setting first_of(std::string_view variable, std::string_view property) const;
  bool flag(std::string_view variable, std::string_view property) const;
  std::string profile_origin() const;

  Environment environment_;
  ConfigOverrides overrides_;
  Profiles profiles_;
  Setting region_;
};

/// Which of the two special kinds of address the user wants.
struct EndpointVariant {
  bool fips = false;
  bool dual_stack = false;
};

/// The service's own host name: "kinesis.us-east-1.amazonaws.com".
std::string default_host(std::string_view service, std::string_view region,
                         EndpointVariant variant);

}  // namespace kt::aws
