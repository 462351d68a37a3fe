// host/postgres/connector.h — Connections to the servers of one address.
#pragma once
#include <memory>
#include <string>

#include "host/connection_handles.h"
#include "host/connection_pool.h"
#include "host/outbound_policy.h"
#include "host/postgres/address.h"
#include "host/postgres/connection.h"

namespace kt::host {

using PgPool = ConnectionPool<PgConnection>;

struct PostgresOptions {
  ConnectionHandleOptions handles;
  PgPool::Options pool;
  PgConnection::Limits limits;
  /// PEM file of the roots that certificates are checked against when the guest gives none; empty:
  /// the system's.
  std::string roots_file;
};

/// Tries an address's servers in turn, each at every address it resolves to that may be connected
/// to. Lives on: host loop.
class PgConnector final : public PgPool::Connector {
 public:
  struct Deps {
    const Libpq& library;
    Clock& clock;
    std::shared_ptr<const OutboundPolicy> policy;
    std::shared_ptr<PgCanceller> canceller;
  };

  /// `root_pem` may be empty.
  PgConnector(Deps deps, PostgresAddress address, std::string root_pem, PostgresOptions options);
  Task<PgPool::Opened> connect() override;

 private:
  Task<PgPool::Opened> connect_with(std::string session_attributes);
  Task<PgPool::Opened> connect_to(const PostgresAddress::Server& server, std::string ip,
                                  std::string session_attributes);
  PgConnection::Parameters parameters(const PostgresAddress::Server& server, const std::string& ip,
                                      const std::string& session_attributes) const;
  void add_tls(PgConnection::Parameters& parameters) const;

  Deps deps_;
  PostgresAddress address_;
  PostgresOptions options_;
  std::shared_ptr<const void> root_;  // keeps root_file_
  std::string root_file_;             // empty: none was given
};

}  // namespace kt::host
