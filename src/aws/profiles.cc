#include "aws/profiles.h"

#include <aws/common/byte_buf.h>
#include <aws/common/string.h>
#include <aws/sdkutils/aws_profile.h>

#include <fstream>
#include <sstream>

#include "http/crt_runtime.h"

namespace kt::aws {
namespace {

constexpr std::size_t kFileBytesMax = 1024 * 1024;

using Collection = std::shared_ptr<aws_profile_collection>;

struct StringDeleter {
  void operator()(aws_string* string) const { aws_string_destroy(string); }
};
using CrtString = std::unique_ptr<aws_string, StringDeleter>;

CrtString crt_string(std::string_view text) {
  return CrtString(aws_string_new_from_array(
      aws_default_allocator(), reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

std::string to_std(const aws_string* string) {
  return std::string(aws_string_c_str(string), string->len);
}

Collection owned(aws_profile_collection* collection) {
  return Collection(collection, [](aws_profile_collection* c) {
    if (c != nullptr)
      aws_profile_collection_release(c);
  });
}

/// Parses one file; null when there is none.
Result<Collection> parse_file(const std::string& path, aws_profile_source_type type) {
  std::ifstream file(path, std::ios::binary);
  if (path.empty() || !file)
    return Collection();
  std::string text(kFileBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kFileBytesMax)
    return fail(ErrorCode::Invalid, path + ": longer than 1 MiB: this is no AWS settings file");
  const aws_byte_buf buffer = aws_byte_buf_from_array(text.data(), text.size());
  Collection parsed =
      owned(aws_profile_collection_new_from_buffer(aws_default_allocator(), &buffer, type));
  if (parsed == nullptr) {
    return fail(ErrorCode::Invalid,
                path + ": not an AWS settings file: " + http::crt_error_text(aws_last_error()) +
                    " Expected sections such as [default] with lines name = value");
  }
  return parsed;
}

Collection merge(const Collection& config, const Collection& credentials) {
  if (config == nullptr || credentials == nullptr)
    return config == nullptr ? credentials : config;
  return owned(aws_profile_collection_new_from_merge(aws_default_allocator(), config.get(),
                                                     credentials.get()));
}

std::string settings_path(const Environment& environment, const char* variable,
                          const char* file_name) {
  if (const auto path = environment.get(variable))
    return *path;
  const auto home = environment.get("HOME");
  return home ? *home + "/.aws/" + file_name : "";
}

}  // namespace

Result<Profiles> Profiles::load(const Environment& environment, const std::string& override_name) {
  http::ensure_crt_libraries();
  Profiles profiles;
  const auto from_environment = environment.get("AWS_PROFILE");
  const bool asked_for = !override_name.empty() || from_environment.has_value();
  profiles.name_ = !override_name.empty() ? override_name : from_environment.value_or("default");
  profiles.config_path_ = settings_path(environment, "AWS_CONFIG_FILE", "config");
  profiles.credentials_path_ =
      settings_path(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
  TRY(const Collection config, parse_file(profiles.config_path_, AWS_PST_CONFIG));
  TRY(const Collection credentials, parse_file(profiles.credentials_path_, AWS_PST_CREDENTIALS));
  profiles.collection_ = merge(config, credentials);
  const CrtString name = crt_string(profiles.name_);
  const bool found =
      profiles.collection_ != nullptr &&
      aws_profile_collection_get_profile(profiles.collection_.get(), name.get()) != nullptr;
  if (asked_for && !found) {
    return fail(ErrorCode::Invalid, "AWS profile \"" + profiles.name_ + "\" is neither in " +
                                        profiles.config_path_ + " nor in " +
                                        profiles.credentials_path_ +
                                        ": correct AWS_PROFILE or add the profile");
  }
  return profiles;
}

std::optional<std::string> Profiles::get(std::string_view property) const {
  if (collection_ == nullptr)
    return std::nullopt;
  const CrtString name = crt_string(name_);
  const aws_profile* const profile =
      aws_profile_collection_get_profile(collection_.get(), name.get());
  if (profile == nullptr)
    return std::nullopt;
  const aws_profile_property* const found =
      aws_profile_get_property(profile, crt_string(property).get());
  if (found == nullptr)
    return std::nullopt;
  std::string value = to_std(aws_profile_property_get_value(found));
  return value.empty() ? std::nullopt : std::make_optional(std::move(value));
}

std::optional<std::string> Profiles::of_service(std::string_view service,
                                                std::string_view property) const {
  const auto section_name = get("services");
  if (!section_name)
    return std::nullopt;
  const aws_profile* const section = aws_profile_collection_get_section(
      collection_.get(), AWS_PROFILE_SECTION_TYPE_SERVICES, crt_string(*section_name).get());
  if (section == nullptr)
    return std::nullopt;
  const aws_profile_property* const entry =
      aws_profile_get_property(section, crt_string(service).get());
  if (entry == nullptr)
    return std::nullopt;
  const aws_string* const value =
      aws_profile_property_get_sub_property(entry, crt_string(property).get());
  return value == nullptr ? std::nullopt : std::make_optional(to_std(value));
}

}  // namespace kt::aws
