#include "host/redis/statefulness.h"

#include <algorithm>
#include <string>

namespace kt::host {

namespace {

constexpr std::string_view kRefused[] = {
    "HELLO", "MONITOR",    "PSUBSCRIBE", "PSYNC",        "PUNSUBSCRIBE", "QUIT",        "REPLCONF",
    "RESET", "SSUBSCRIBE", "SUBSCRIBE",  "SUNSUBSCRIBE", "SYNC",         "UNSUBSCRIBE",
};
constexpr std::string_view kOwn[] = {
    "ASKING",    "AUTH",     "BLMOVE",  "BLMPOP", "BLPOP",   "BRPOP", "BRPOPLPUSH", "BZMPOP",
    "BZPOPMAX",  "BZPOPMIN", "CLIENT",  "DEBUG",  "DISCARD", "EXEC",  "MULTI",      "READONLY",
    "READWRITE", "SELECT",   "UNWATCH", "WAIT",   "WAITAOF", "WATCH", "XREAD",      "XREADGROUP",
};

std::string upper(std::string_view text) {
  std::string out(text.substr(0, 32));
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return out;
}

}  // namespace

RedisCommandKind kind_of_command(std::string_view name, std::string_view argument) {
  const std::string command = upper(name);
  if (std::ranges::find(kRefused, command) != std::end(kRefused))
    return RedisCommandKind::Refused;
  if (command == "CLIENT" && upper(argument) == "REPLY")
    return RedisCommandKind::Refused;
  if (std::ranges::find(kOwn, command) != std::end(kOwn))
    return RedisCommandKind::Own;
  return RedisCommandKind::Shared;
}

}  // namespace kt::host
