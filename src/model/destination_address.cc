#include "model/destination_address.h"

#include <algorithm>
#include <array>

namespace kt {
namespace {

constexpr std::string_view kForms =
    "\"directory:PATH\", \"arn:aws:sqs:REGION:ACCOUNT:QUEUE\", "
    "\"arn:aws:sns:REGION:ACCOUNT:TOPIC\" "
    "or \"s3://BUCKET/PREFIX\"";
constexpr std::size_t kPathBytesMax = 4000;
constexpr std::size_t kPrefixBytesMax = 512;

tl::unexpected<Error> bad(std::string_view text, std::string_view what) {
  return fail(ErrorCode::Invalid, "\"" + std::string(text.substr(0, 200)) + "\" " +
                                      std::string(what) + "; a destination is " +
                                      std::string(kForms));
}

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_name(std::string_view name, std::size_t size_max) {
  if (name.ends_with(".fifo"))
    name.remove_suffix(5);
  const auto fine = [](char c) {
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  };
  return !name.empty() && name.size() <= size_max && std::all_of(name.begin(), name.end(), fine);
}

bool is_bucket(std::string_view name) {
  const auto fine = [](char c) { return is_lower_or_digit(c) || c == '-' || c == '.'; };
  return name.size() >= 3 && name.size() <= 63 && std::all_of(name.begin(), name.end(), fine) &&
         is_lower_or_digit(name.front()) && is_lower_or_digit(name.back()) &&
         name.find("..") == std::string_view::npos;
}

bool is_region(std::string_view region) {
  const auto fine = [](char c) { return is_lower_or_digit(c) || c == '-'; };
  return !region.empty() && region.size() <= 63 && std::all_of(region.begin(), region.end(), fine);
}

bool is_account(std::string_view account) {
  const auto fine = [](char c) { return c >= '0' && c <= '9'; };
  return account.size() == 12 && std::all_of(account.begin(), account.end(), fine);
}

Result<DestinationAddress> parse_bucket(std::string_view text, std::string_view rest) {
  DestinationAddress address;
  address.kind = DestinationKind::Bucket;
  address.text = text;
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  address.bucket = rest.substr(0, slash);
  std::string_view prefix = rest.substr(std::min(slash + 1, rest.size()));
  while (prefix.ends_with('/'))
    prefix.remove_suffix(1);
  address.prefix = prefix;
  if (!is_bucket(address.bucket))
    return bad(text, "names no S3 bucket (3 to 63 lower-case letters, digits, dots and hyphens)");
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (prefix.starts_with('/') || prefix.find("//") != std::string_view::npos ||
      prefix.size() > kPrefixBytesMax || std::any_of(prefix.begin(), prefix.end(), control))
    return bad(text, "has a prefix that is too long, or has an empty part or control characters");
  return address;
}

Result<DestinationAddress> parse_arn(std::string_view text) {
  std::array<std::string_view, 6> parts;
  std::string_view rest = text;
  for (std::size_t i = 0; i < 5; ++i) {
    const std::size_t colon = rest.find(':');
    if (colon == std::string_view::npos)
      return bad(text, "is no ARN: it has fewer than six parts");
    parts[i] = rest.substr(0, colon);
    rest.remove_prefix(colon + 1);
  }
  parts[5] = rest;
  if (!parts[1].starts_with("aws"))
    return bad(text, "is no ARN: its second part is a partition, as \"aws\"");
  if (parts[2] == "s3")
    return parse_bucket(text, rest);
  DestinationAddress address;
  address.text = text;
  address.region = parts[3];
  address.account = parts[4];
  address.name = parts[5];
  if (parts[2] != "sqs" && parts[2] != "sns")
    return bad(text, "names a service that is no destination");
  const bool is_queue = parts[2] == "sqs";
  address.kind = is_queue ? DestinationKind::Queue : DestinationKind::Topic;
  if (!is_region(address.region) || !is_account(address.account))
    return bad(text, "has no region, or no account of 12 digits");
  if (!is_name(address.name, is_queue ? 80 : 256))
    return bad(text, "does not end in the name of a queue or topic");
  return address;
}

}  // namespace

Result<DestinationAddress> DestinationAddress::parse(std::string_view text) {
  constexpr std::string_view kDirectory = "directory:";
  constexpr std::string_view kBucket = "s3://";
  if (text.starts_with("arn:"))
    return parse_arn(text);
  if (text.starts_with(kBucket))
    return parse_bucket(text, text.substr(kBucket.size()));
  if (!text.starts_with(kDirectory))
    return bad(text, "is no destination");
  DestinationAddress address;
  address.text = text;
  address.path = text.substr(kDirectory.size());
  if (address.path.empty() || address.path.size() > kPathBytesMax ||
      address.path.find('\0') != std::string::npos)
    return bad(text, "names no directory");
  return address;
}

}  // namespace kt
