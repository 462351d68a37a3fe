#include "host/mysql/connector.h"

#include <utility>

#include "host/mysql/certificate.h"
#include "host/reachable_addresses.h"

namespace kt::host {

namespace {

/// How long a certificate that was checked is taken without another look.
constexpr Duration kCheckedFor = std::chrono::minutes(10);

Result<MysqlHandle> log_in_shared(const Libmariadb& library,
                                  const std::shared_ptr<const MysqlLogin>& login) {
  return log_in(library, *login);
}

}  // namespace

MysqlConnector::MysqlConnector(Deps deps, MysqlAddress address, MysqlOptions options)
    : deps_(std::move(deps)), address_(std::move(address)), options_(std::move(options)) {}

Task<MysqlPool::Opened> MysqlConnector::connect() {
  CO_TRY(const auto addresses, reachable_addresses(*deps_.policy, address_.host, address_.port));
  std::string problems;
  for (const asio::ip::address& ip : addresses) {
    auto connection = co_await connect_to(ip);
    if (connection)
      co_return connection;
    certificates_.erase(ip);
    problems += (problems.empty() ? "" : "; ") + connection.error().what;
  }
  co_return fail(ErrorCode::Unavailable, std::move(problems));
}

Task<Result<std::string>> MysqlConnector::certificate_of(asio::ip::address ip) {
  const auto known = certificates_.find(ip);
  if (known != certificates_.end() && known->second.until > deps_.clock.now())
    co_return known->second.certificate;
  CO_TRY(auto certificate, checked_certificate(deps_.library, ip, address_, options_.roots_file));
  Checked checked;
  checked.certificate = certificate;
  checked.until = deps_.clock.now() + kCheckedFor;
  certificates_.insert_or_assign(ip, std::move(checked));
  co_return certificate;
}

Task<MysqlPool::Opened> MysqlConnector::connect_to(asio::ip::address ip) {
  const auto login = std::make_shared<MysqlLogin>();
  login->ip = ip.to_string();
  login->port = address_.port;
  login->user = address_.user;
  login->password = address_.password;
  login->database = address_.database;
  login->packet_max_bytes = options_.limits.result_max_bytes + (std::size_t{1} << 20);
  if (address_.tls != MysqlTls::None) {
    CO_TRY(login->certificate, certificate_of(ip));
  }
  const std::shared_ptr<const MysqlLogin> shared = login;
  // The job owns what it made until somebody takes it, who may have left.
  auto job = [&library = deps_.library, shared] {
    return std::make_shared<Result<MysqlHandle>>(log_in_shared(library, shared));
  };
  const auto opened = co_await deps_.work.run(std::move(job));
  if (!*opened)
    co_return fail(opened->error());
  const MysqlConnection::Deps for_connection{deps_.library, deps_.clock, *deps_.canceller};
  co_return std::make_unique<MysqlConnection>(for_connection, options_.limits, shared,
                                              *std::move(*opened));
}

}  // namespace kt::host
