// host/socket_ready.h — Waiting for a socket that belongs to a client library.
//
// Why: the libraries own their sockets and speak their protocol; what they must not do is wait, so
// the loop waits for them.
#pragma once
#include "runtime/task.h"

namespace kt::host {

struct SocketInterest {
  SocketInterest(bool read, bool write) : readable(read), writable(write) {}
  bool readable;
  bool writable;
};

/// Suspends until the socket can do one of what is asked for, or is broken; returns what it can do.
/// Throws Cancelled when the task was cancelled. The socket is only borrowed: nothing of the wait
/// is left when the task ends, so the library may close it then.
Task<SocketInterest> socket_ready(int socket, SocketInterest interest);

}  // namespace kt::host
