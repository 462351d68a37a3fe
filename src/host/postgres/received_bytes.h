// host/postgres/received_bytes.h — How much a connection has brought so far.
//
// Why: a file of its own, since the kernel's header that tells it and the C library's, which every
// user of sockets includes, define the same things.
#pragma once
#include <cstdint>

namespace kt::host {

/// Payload of the TCP connection, counted by the kernel; 0 when it cannot tell.
std::uint64_t received_bytes(int socket);

}  // namespace kt::host
