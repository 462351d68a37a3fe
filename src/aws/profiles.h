// aws/profiles.h — The AWS config and credentials files, and the chosen profile in them.
//
// Why: region, endpoint and credentials all come from these files; they are read once and parsed by
// the C runtime's own parser, so that they mean what they mean to the AWS CLI.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "aws/environment.h"
#include "base/result.h"

struct aws_profile_collection;

namespace kt::aws {

/// Parsed files and one profile's name. A value; cheap to copy. A missing file is an empty one.
class Profiles {
 public:
  Profiles() = default;
  /// Reads AWS_CONFIG_FILE (or ~/.aws/config) and AWS_SHARED_CREDENTIALS_FILE (or
  /// ~/.aws/credentials). The profile: `override_name`, else AWS_PROFILE, else "default". Invalid:
  /// a file that can not be parsed, or a profile that was asked for and is in neither.
  static Result<Profiles> load(const Environment& environment, const std::string& override_name);

  const std::string& name() const { return name_; }
  const std::string& config_path() const { return config_path_; }
  const std::string& credentials_path() const { return credentials_path_; }
  /// A property of the chosen profile.
  std::optional<std::string> get(std::string_view property) const;
  /// A property of `service` in the `[services ...]` section that the profile names.
  std::optional<std::string> of_service(std::string_view service, std::string_view property) const;
  /// For the C runtime's credential providers; null when neither file exists.
  aws_profile_collection* collection() const { return collection_.get(); }

 private:
  std::string name_ = "default";
  std::string config_path_;
  std::string credentials_path_;
  std::shared_ptr<aws_profile_collection> collection_;
};

}  // namespace kt::aws
