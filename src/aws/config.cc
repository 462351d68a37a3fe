#include "aws/config.h"

#include <algorithm>
#include <array>

namespace kt::aws {
namespace {

struct Partition {
  std::string_view region_prefix;
  std::string_view suffix;
  std::string_view dual_stack_suffix;
  bool hosts_are_fips = false;  // the plain host already is the FIPS one
};

// The first whose prefix fits; the last fits all. From the public partitions file of the AWS SDKs.
constexpr std::array<Partition, 8> kPartitions{{
    {"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    {"us-gov-", "amazonaws.com", "api.aws", true},
    {"us-isob-", "sc2s.sgov.gov", "api.aws.scloud"},
    {"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
    {"us-iso-", "c2s.ic.gov", "api.aws.ic.gov"},
    {"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
    {"eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
    {"", "amazonaws.com", "api.aws"},
}};

const Partition& partition_of(std::string_view region) {
  return *std::find_if(kPartitions.begin(), kPartitions.end(), [&](const Partition& partition) {
    return region.starts_with(partition.region_prefix);
  });
}

bool is_region(std::string_view region) {
  const auto fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !region.empty() && region.size() <= 63 && std::all_of(region.begin(), region.end(), fine);
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : (c == ' ' || c == '-' ? '_' : c);
  return out;
}

bool says_true(std::string_view text) {
  return upper(text) == "TRUE";
}

}  // namespace

std::string default_host(std::string_view service, std::string_view region,
                         EndpointVariant variant) {
  const Partition& partition = partition_of(region);
  std::string host(service);
  // S3 has its own form of it, from the time before the others.
  if (service == "s3" && variant.dual_stack) {
    host += variant.fips ? "-fips.dualstack." : ".dualstack.";
    return host.append(region).append(".").append(partition.suffix);
  }
  if (variant.fips && !partition.hosts_are_fips)
    host += "-fips";
  host += '.';
  host += region;
  host += '.';
  host += variant.dual_stack ? partition.dual_stack_suffix : partition.suffix;
  return host;
}

Result<Config> Config::load(Environment environment, ConfigOverrides overrides) {
  Config config;
  TRY(config.profiles_, Profiles::load(environment, overrides.profile));
  config.environment_ = std::move(environment);
  config.overrides_ = std::move(overrides);
  if (!config.overrides_.region.empty()) {
    config.region_ = Setting(config.overrides_.region, "command line");
    return config;
  }
  config.region_ = config.first_of("AWS_REGION", "");
  if (config.region_.value.empty())
    config.region_ = config.first_of("AWS_DEFAULT_REGION", "region");
  return config;
}

std::string Config::profile_origin() const {
  return "profile " + profiles_.name() + " in " + profiles_.config_path();
}

Setting Config::first_of(std::string_view variable, std::string_view property) const {
  if (const auto value = environment_.get(variable))
    return Setting(*value, std::string(variable));
  if (property.empty())
    return Setting();
  if (const auto value = profiles_.get(property))
    return Setting(*value, profile_origin());
  return Setting();
}

bool Config::flag(std::string_view variable, std::string_view property) const {
  return says_true(first_of(variable, property).value);
}

Setting Config::configured_url(std::string_view service) const {
  if (!overrides_.endpoint_url.empty())
    return Setting(overrides_.endpoint_url, "endpoint_url of the application");
  if (flag("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls"))
    return Setting();
  const std::string variable = "AWS_ENDPOINT_URL_" + upper(service);
  for (const std::string& name : {variable, std::string("AWS_ENDPOINT_URL")}) {
    if (const auto url = environment_.get(name))
      return Setting(*url, name);
  }
  if (const auto url = profiles_.of_service(service, "endpoint_url"))
    return Setting(*url, "services section of " + profile_origin());
  if (const auto url = profiles_.get("endpoint_url"))
    return Setting(*url, profile_origin());
  return Setting();
}

Result<ServiceEndpoint> Config::endpoint(std::string_view service, std::string_view region) const {
  if (!is_region(region)) {
    return fail(ErrorCode::Invalid,
                "not an AWS region: \"" + std::string(region.substr(0, 64)) +
                    "\"; expected one such as us-east-1 (AWS_REGION, or `region` in the profile)");
  }
  ServiceEndpoint found;
  const Setting url = configured_url(service);
  if (!url.value.empty()) {
    auto parsed = http::Endpoint::parse(url.value);
    if (!parsed)
      return fail(parsed.error().within(url.origin));
    found.endpoint = std::move(*parsed);
    found.origin = url.origin;
    found.configured = true;
    return found;
  }
  EndpointVariant variant;
  variant.fips = flag("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
  variant.dual_stack = flag("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
  found.endpoint.host = default_host(service, region, variant);
  found.origin = "default of region " + std::string(region);
  return found;
}

std::string Config::ca_file() const {
  return first_of("AWS_CA_BUNDLE", "ca_bundle").value;
}

}  // namespace kt::aws
