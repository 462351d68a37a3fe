#include "cli/notices.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <variant>

namespace kt::cli {
namespace {

bool is_used(const app::App& app, std::vector<std::string> app::Component::* labels) {
  for (const auto* list : {&app.components, &app.other_components}) {
    for (const app::Component& component : *list) {
      const auto& used = component.*labels;
      if (std::find(used.begin(), used.end(), "default") != used.end())
        return true;
    }
  }
  return false;
}

std::string file_or(const std::filesystem::path& path, std::string_view memory) {
  return path.empty() ? std::string(memory) : "\"" + path.string() + "\"";
}

/// A URL without user and password.
std::string without_credentials(const std::string& url) {
  const auto scheme = url.find("://");
  const auto begin = scheme == std::string::npos ? 0 : scheme + 3;
  const auto end = url.find_first_of("/?#", begin);
  const std::string authority = url.substr(begin, end - begin);
  const auto at = authority.rfind('@');
  return at == std::string::npos ? authority : authority.substr(at + 1);
}

std::string describe(const app::KeyValueStore& store) {
  if (const auto* file = std::get_if<app::FileStore>(&store))
    return file_or(file->path, "a temporary in-memory store");
  if (const auto* redis = std::get_if<app::RedisStore>(&store))
    return "Redis at " + without_credentials(redis->url);
  if (const auto* cosmos = std::get_if<app::CosmosStore>(&store))
    return "Azure CosmosDB database: " + cosmos->database + ", collection: " + cosmos->container;
  const auto& dynamo = std::get<app::DynamoStore>(store);
  return "AWS DynamoDB region: " + dynamo.region + ", table: " + dynamo.table;
}

std::string describe(const app::SqliteDatabase& database) {
  if (const auto* file = std::get_if<app::FileStore>(&database))
    return file_or(file->path, "a temporary in-memory database");
  return "libSQL at " + std::get<app::LibsqlDatabase>(database).url;
}

template <class Backend>
std::string describe_default(const std::map<std::string, Backend>& configured,
                             app::FileStore otherwise) {
  if (const auto found = configured.find("default"); found != configured.end())
    return describe(found->second);
  return describe(Backend(std::move(otherwise)));
}

}  // namespace

void say_configuration(const AppSetup& setup, const TriggerFlags& flags, std::ostream& err) {
  if (!setup.runtime.summary.empty()) {
    err << "Using runtime config " << setup.runtime.summary << " from \""
        << flags.runtime_config_file << "\"\n";
  }
  if (!setup.log_dir.empty())
    err << "Logging component stdio to \"" << setup.log_dir.string() << "/\"\n";
}

void say_stores(const AppSetup& setup, std::ostream& err) {
  if (is_used(setup.app, &app::Component::sqlite_databases)) {
    err << "Storing default SQLite data to "
        << describe_default(setup.runtime.sqlite_databases, default_database(setup)) << ".\n";
  }
  if (is_used(setup.app, &app::Component::key_value_stores)) {
    err << "Storing default key-value data to "
        << describe_default(setup.runtime.key_value_stores, default_key_value_store(setup))
        << ".\n";
  }
}

SlowCompileNotice::SlowCompileNotice(std::ostream& err) : err_(err) {
  asio::post(thread_.executor(), [this] {
    constexpr Duration kLong = std::chrono::milliseconds(1250);
    alarm_ = thread_.clock().schedule(thread_.clock().now() + kLong, *this);
  });
}

SlowCompileNotice::~SlowCompileNotice() {
  thread_.stop();
  if (alarm_)
    thread_.clock().cancel(*alarm_);
}

void SlowCompileNotice::fire() {
  alarm_.reset();
  err_ << "Preparing Wasm modules is taking a few seconds...\n\n" << std::flush;
}

}  // namespace kt::cli
