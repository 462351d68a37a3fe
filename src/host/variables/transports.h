// host/variables/transports.h — How providers reach their services.
#pragma once
#include <functional>
#include <memory>

#include "http/endpoint.h"
#include "http/transport.h"

namespace kt::host {

/// Makes the connections to one service. What it makes lives on the host loop. These services are
/// the operator's choice: no component's allowed hosts apply.
using TransportFactory =
    std::function<Result<std::unique_ptr<http::Transport>>(const http::Endpoint&)>;

}  // namespace kt::host
