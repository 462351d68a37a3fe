#include "host/postgres/connector.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "host/reachable_addresses.h"
#include "runtime/with_deadline.h"

namespace kt::host {

namespace {

/// Names a file that cannot exist, for parameters whose absence would mean one in the home
/// directory of whoever runs the host.
constexpr const char* kNoFile = "/dev/null/none";

/// A file in memory: libpq reads certificates from files only.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view content) : file_(::memfd_create("root", MFD_CLOEXEC)) {
    while (file_ >= 0 && !content.empty()) {
      const ssize_t written = ::write(file_, content.data(), content.size());
      if (written <= 0)
        break;
      content.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() {
    if (file_ >= 0)
      ::close(file_);
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(file_); }

 private:
  int file_;
};

std::string system_roots() {
  constexpr const char* kBundles[] = {
      "/etc/ssl/certs/ca-certificates.crt",  // Debian, Ubuntu, Arch
      "/etc/pki/tls/certs/ca-bundle.crt",    // Fedora, RHEL
      "/etc/ssl/ca-bundle.pem",              // SUSE
      "/etc/ssl/cert.pem",                   // Alpine
  };
  for (const char* bundle : kBundles) {
    struct stat status{};
    if (::stat(bundle, &status) == 0)
      return bundle;
  }
  return kNoFile;
}

bool knows(const Libpq& library, std::string_view keyword) {
  const std::unique_ptr<PQconninfoOption, decltype(library.free_conninfo)> known(
      library.default_options(), library.free_conninfo);
  for (const PQconninfoOption* option = known.get(); option && option->keyword; ++option) {
    if (keyword == option->keyword)
      return true;
  }
  return false;
}

}  // namespace

PgConnector::PgConnector(Deps deps, PostgresAddress address, std::string root_pem,
                         PostgresOptions options)
    : deps_(std::move(deps)), address_(std::move(address)), options_(std::move(options)) {
  if (!root_pem.empty()) {
    const auto file = std::make_shared<MemoryFile>(root_pem);
    root_file_ = file->path();
    root_ = file;
  }
}

Task<PgPool::Opened> PgConnector::connect() {
  if (address_.session_attributes != "prefer-standby")
    co_return co_await connect_with(address_.session_attributes);
  // libpq would prefer among the hosts it is given, and it is given one at a time.
  auto standby = co_await connect_with("standby");
  if (standby)
    co_return standby;
  co_return co_await connect_with("any");
}

Task<PgPool::Opened> PgConnector::connect_with(std::string session_attributes) {
  std::string problems;
  ErrorCode code = ErrorCode::Unavailable;
  for (const auto& server : address_.servers) {
    auto addresses = co_await reachable_addresses(*deps_.policy, server.host, server.port);
    if (!addresses) {
      code = addresses.error().code;
      problems += (problems.empty() ? "" : "; ") + addresses.error().what;
      continue;
    }
    for (const auto& address : *addresses) {
      auto connection = co_await connect_to(server, address.to_string(), session_attributes);
      if (connection)
        co_return connection;
      code = connection.error().code;
      problems += (problems.empty() ? "" : "; ") + connection.error().what;
    }
  }
  co_return fail(code, std::move(problems));
}

Task<PgPool::Opened> PgConnector::connect_to(const PostgresAddress::Server& server, std::string ip,
                                             std::string session_attributes) {
  // A share of the time, so that a server that does not answer leaves some to the next.
  const bool alone = address_.servers.size() == 1;
  Duration timeout =
      alone ? options_.handles.connect_timeout : options_.handles.connect_timeout / 3;
  if (address_.connect_timeout_seconds > 0)
    timeout = std::min<Duration>(timeout, std::chrono::seconds(address_.connect_timeout_seconds));
  auto opening = PgConnection::open(deps_.library, deps_.clock, *deps_.canceller, options_.limits,
                                    parameters(server, ip, session_attributes));
  auto opened = co_await with_deadline(deps_.clock, deps_.clock.now() + timeout, std::move(opening),
                                       "connecting to PostgreSQL");
  if (!opened && opened.error().code == ErrorCode::TimedOut)
    co_return fail(opened.error().within(server.shown()));
  co_return opened;
}

PgConnection::Parameters PgConnector::parameters(const PostgresAddress::Server& server,
                                                 const std::string& ip,
                                                 const std::string& session_attributes) const {
  PgConnection::Parameters all = address_.options;
  all.emplace_back("host", server.name);
  all.emplace_back("hostaddr", ip);
  all.emplace_back("port", std::to_string(server.port));
  if (!session_attributes.empty())
    all.emplace_back("target_session_attrs", session_attributes);
  all.emplace_back("client_encoding", "UTF8");
  all.emplace_back("passfile", kNoFile);
  // The tickets of whoever runs the host are no guest's to use.
  all.emplace_back("gssencmode", "disable");
  all.emplace_back("krbsrvname", "none");
  add_tls(all);
  const auto given = [&](std::string_view keyword) {
    return std::ranges::any_of(all, [&](const auto& each) { return each.first == keyword; });
  };
  if (!given("fallback_application_name"))
    all.emplace_back("fallback_application_name", "trigger-kinesis");
  if (!given("tcp_user_timeout"))
    all.emplace_back("tcp_user_timeout", "15000");
  if (!given("require_auth") && knows(deps_.library, "require_auth"))
    all.emplace_back("require_auth", "password,md5,scram-sha-256,none");
  return all;
}

void PgConnector::add_tls(PgConnection::Parameters& parameters) const {
  std::string mode = address_.tls;
  if (mode.empty() || mode == "allow" || mode == "prefer")
    mode = root_file_.empty() ? "prefer" : "verify-full";
  else if (mode == "require")
    mode = "verify-full";
  const bool verified = mode.starts_with("verify");
  std::string roots = root_file_;
  if (roots.empty() && verified)
    roots = options_.roots_file.empty() ? system_roots() : options_.roots_file;
  parameters.emplace_back("sslmode", mode);
  parameters.emplace_back("sslrootcert", verified ? roots : kNoFile);
  parameters.emplace_back("sslcert", kNoFile);
  parameters.emplace_back("sslkey", kNoFile);
  parameters.emplace_back("sslcrl", kNoFile);
}

}  // namespace kt::host
