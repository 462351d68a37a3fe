// host/mysql/certificate.h — Whether a MySQL server is who it says.
//
// Why: libmariadb checks a certificate against the name it connects to, and it is given an address
// (a name might by then resolve to a network that is blocked). So the host greets the server
// first, checks its certificate against the name, and then has the library insist on this very one.
#pragma once
#include <boost/asio/ip/address.hpp>
#include <string>

#include "host/mysql/address.h"
#include "host/mysql/libmariadb.h"
#include "runtime/task.h"

namespace kt::host {

/// The fingerprint of the server's certificate, in the form that the library compares, after
/// checking it. Unavailable when it cannot be trusted or the server offers no TLS. An empty roots
/// file: the system's roots.
Task<Result<std::string>> checked_certificate(const Libmariadb& library, asio::ip::address ip,
                                              const MysqlAddress& address, std::string roots_file);

}  // namespace kt::host
