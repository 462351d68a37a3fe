// host/postgres/connector.h — Connections to the servers of one address.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "host/connection_pool.h"
#include "host/outbound_policy.h"
#include "host/postgres/address.h"
#include "host/postgres/connection.h"

namespace kt::host {

struct PostgresOptions {
  Duration connect_timeout =
      std::chrono::seconds(30);  ///< of an open, waiting for a place included
  Duration statement_timeout = std::chrono::minutes(10);
  std::size_t handles_max = 256;     ///< open at a time in one instance
  std::size_t connections_max = 64;  ///< to one address from one component
  Duration idle_timeout = std::chrono::seconds(60);
  PgConnection::Limits limits;
  /// PEM file of the roots that certificates are checked against when the guest gives none; empty:
  /// the system's.
  std::string roots_file;
};

using PgPool = ConnectionPool<PgConnection>;

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

/// The name under which the types of one database go that are not the same in every database.
using PgTypeNames = std::map<Oid, std::string>;

}  // namespace kt::host
