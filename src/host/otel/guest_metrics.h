// host/otel/guest_metrics.h — The metrics of wasi:otel in OTLP's form.
#pragma once
#include <string>

#include "base/result.h"
#include "wasm/host_call.h"

namespace kt::host {

/// One metric as OTLP's Metric. Invalid: more than 2000 data points, or 1 MiB.
Result<std::string> encode_metric(wasm::HostValue metric);

}  // namespace kt::host
