// host/mysql/connector.h — Connections to the server of one address.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "host/connection_handles.h"
#include "host/connection_pool.h"
#include "host/mysql/address.h"
#include "host/mysql/connection.h"
#include "host/outbound_policy.h"

namespace kt::host {

using MysqlPool = ConnectionPool<MysqlConnection>;

struct MysqlOptions {
  ConnectionHandleOptions handles;
  MysqlPool::Options pool;
  MysqlConnection::Limits limits;
  /// PEM file of the roots that certificates are checked against; empty: the system's.
  std::string roots_file;
};

/// Tries each address that the name resolves to and that may be connected to. Lives on: host loop.
class MysqlConnector final : public MysqlPool::Connector {
 public:
  struct Deps {
    const Libmariadb& library;
    Clock& clock;
    WorkThread& work;
    std::shared_ptr<const OutboundPolicy> policy;
    std::shared_ptr<MysqlCanceller> canceller;
  };

  MysqlConnector(Deps deps, MysqlAddress address, MysqlOptions options);
  Task<MysqlPool::Opened> connect() override;

 private:
  struct Checked {
    std::string certificate;
    MonotonicTime until;
  };

  Task<MysqlPool::Opened> connect_to(asio::ip::address ip);
  Task<Result<std::string>> certificate_of(asio::ip::address ip);

  Deps deps_;
  MysqlAddress address_;
  MysqlOptions options_;
  std::map<asio::ip::address, Checked> certificates_;
};

}  // namespace kt::host
