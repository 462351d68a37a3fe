// host/mysql/address.h — Where a MySQL server is, and who asks.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kt::host {

enum class MysqlTls { None, ChainOnly, ChainAndName };

struct MysqlAddress {
  std::string host;  ///< a name or an address, without brackets
  std::uint16_t port = 3306;
  std::string user;
  std::string password;
  std::string database;  ///< empty: none
  MysqlTls tls = MysqlTls::None;

  std::string shown() const;  ///< for messages: no secrets

  /// mysql://user[:password]@host[:port][/database][?ssl-mode=...], percent-encoded. Invalid with
  /// words for the guest, which hold no secret.
  static Result<MysqlAddress> parse(std::string_view text);
};

}  // namespace kt::host
