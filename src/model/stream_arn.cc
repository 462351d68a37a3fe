#include "model/stream_arn.h"

#include <algorithm>
#include <array>

namespace kt {
namespace {

constexpr std::string_view kForm = "arn:aws:kinesis:<region>:<12-digit account>:stream/<name>";

tl::unexpected<Error> bad(std::string_view text, std::string_view why) {
  std::string what = "not a Kinesis stream ARN: \"";
  what += text.substr(0, 200);
  what += "\" (";
  what += why;
  what += "); expected ";
  what += kForm;
  return fail(ErrorCode::Invalid, std::move(what));
}

bool all_of_set(std::string_view text, std::string_view extra) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           extra.find(c) != std::string_view::npos;
  });
}

bool is_account(std::string_view text) {
  return text.size() == 12 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Result<StreamArn> StreamArn::parse(std::string_view text) {
  std::array<std::string_view, 6> part;
  std::string_view rest = text;
  for (std::size_t i = 0; i < 5; ++i) {
    const auto colon = rest.find(':');
    if (colon == std::string_view::npos)
      return bad(text, "too few parts");
    part[i] = rest.substr(0, colon);
    rest.remove_prefix(colon + 1);
  }
  part[5] = rest;
  if (part[0] != "arn" || !part[1].starts_with("aws") || !all_of_set(part[1], "-"))
    return bad(text, "it does not start with arn:aws");
  if (part[2] != "kinesis")
    return bad(text, "its service is not kinesis");
  if (part[3].empty() || !all_of_set(part[3], "-"))
    return bad(text, "it has no region");
  if (!is_account(part[4]))
    return bad(text, "its account is not 12 digits");
  constexpr std::string_view kKind = "stream/";
  if (!part[5].starts_with(kKind))
    return bad(text, "its resource is not stream/<name>");
  const std::string_view name = part[5].substr(kKind.size());
  if (name.empty() || name.size() > 128 || !all_of_set(name, "_.-"))
    return bad(text, "a stream's name has 1 to 128 of a-z A-Z 0-9 _ . -");
  return of(part[1], part[3], part[4], StreamName(name));
}

StreamArn StreamArn::of(std::string_view partition, std::string_view region,
                        std::string_view account, const StreamName& stream) {
  StreamArn arn;
  arn.partition_ = partition;
  arn.region_ = region;
  arn.account_ = account;
  arn.stream_ = stream;
  arn.text_ = "arn:" + arn.partition_ + ":kinesis:" + arn.region_ + ":" + arn.account_ +
              ":stream/" + stream.str();
  return arn;
}

}  // namespace kt
