// http/transports.h — How who speaks to several services reaches each.
#pragma once
#include <functional>
#include <memory>

#include "http/endpoint.h"
#include "http/transport.h"

namespace kt::http {

/// Makes the connections to one service. What it makes lives where its maker says.
using TransportFactory = std::function<Result<std::unique_ptr<Transport>>(const Endpoint&)>;

}  // namespace kt::http
