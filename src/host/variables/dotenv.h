// host/variables/dotenv.h — Reads the syntax of .env files.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kt::host {

/// `KEY=value` lines as Spin's reader takes them: `export`, comments, 'literal' and "escaped $KEY"
/// quotes that may span lines, $KEY and ${KEY} of `environment` or of an earlier line. Later lines
/// win. Invalid names the line, never its value.
Result<std::map<std::string, std::string, std::less<>>> parse_dotenv(
    std::string_view text, const std::map<std::string, std::string, std::less<>>& environment);

/// The same of a file; one that does not exist is empty. Limit: 1 MiB.
Result<std::map<std::string, std::string, std::less<>>> read_dotenv(
    const std::string& path, const std::map<std::string, std::string, std::less<>>& environment);

}  // namespace kt::host
