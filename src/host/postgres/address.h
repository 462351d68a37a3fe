// host/postgres/address.h — What a guest's connection string asks for, and what of it may be.
//
// Why: a connection string can name sockets, files, services and passwords of the machine that the
// host runs on. Only what describes a server and a session is let through.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "host/postgres/libpq.h"

namespace kt::host {

struct PostgresAddress {
  struct Server {
    Server(std::string n, std::string h, std::uint16_t p)
        : name(std::move(n)), host(std::move(h)), port(p) {}
    std::string name;  ///< what the certificate must be for
    std::string host;  ///< what is connected to: the name, unless an address was given beside it
    std::uint16_t port;
    std::string shown() const;  ///< for messages
  };
  using Options = std::vector<std::pair<std::string, std::string>>;

  std::vector<Server> servers;  ///< tried in this order
  std::string tls;              ///< as sslmode; empty: not said
  std::string session_attributes;
  int connect_timeout_seconds = 0;  ///< for each server; 0: not said
  Options options;                  ///< everything else, by libpq's names

  /// A keyword string or a URL, as libpq reads it. Invalid with words for the guest: it is none, it
  /// names no host or user, a Unix socket, or something that would be read from this machine.
  static Result<PostgresAddress> parse(const Libpq& library, const std::string& text);
};

}  // namespace kt::host
