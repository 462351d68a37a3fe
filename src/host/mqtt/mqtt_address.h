// host/mqtt/mqtt_address.h — Where a broker is, and as what we come.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kt::host {

struct MqttAddress {
  bool tls = false;
  std::string host;  ///< a name or an address, without brackets
  std::uint16_t port = 1883;
  std::string client_id;      ///< empty: the broker gives one
  bool clean_session = true;  ///< false: the broker keeps our session by our client id
  std::string user;           ///< empty: none
  std::string password;
  int keep_alive_seconds = 60;  ///< 0, or 5 to 65535

  /// "host:port", for messages: no secrets.
  std::string shown() const;
};

/// Reads mqtt://[user[:password]@]host[:port][?client_id=…&clean_session=…&keep_alive_secs=…]
/// or the same with mqtts. Other options that Spin's client knows are accepted and without effect.
/// Invalid otherwise, with words that hold no secret.
Result<MqttAddress> parse_mqtt_address(std::string_view text);

/// Within what the protocol's client accepts: nothing below 5 seconds but none at all.
int keep_alive_within_bounds(std::int64_t seconds);

}  // namespace kt::host
