// redis/address.h — Where a Redis server is, and who asks.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kt::redis {

struct RedisAddress {
  bool tls = false;
  std::string host;  ///< a name or an address, without brackets
  std::uint16_t port = 6379;
  std::string user;      ///< empty: the default user
  std::string password;  ///< empty: no AUTH is sent
  int database = 0;

  /// "host:port", for messages: no secrets.
  std::string shown() const;
};

/// Reads redis://[user[:password]@]host[:port][/database] or the same with rediss. User and
/// password may be percent-encoded. Invalid otherwise, with words that hold no secret.
Result<RedisAddress> parse_redis_address(std::string_view text);

}  // namespace kt::redis
