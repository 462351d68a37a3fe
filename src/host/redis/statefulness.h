// host/redis/statefulness.h — Which commands can go over a connection that others use as well.
#pragma once
#include <string_view>

namespace kt::host {

enum class RedisCommandKind {
  Shared,   ///< one reply, nothing left behind
  Own,      ///< changes the connection's state, or blocks what comes behind it
  Refused,  ///< answers other than once: no connection of ours reads that
};

/// Of a command by its name and its first argument, in any case.
RedisCommandKind kind_of_command(std::string_view name, std::string_view argument);

}  // namespace kt::host
