// cli/leases_command.h — `trigger-kinesis leases import-kcl | export-kcl`.
#pragma once
#include "cli/console.h"

namespace kt::cli {

/// Copies a Kinesis Client Library's positions to the app's lease store, or the app's to a new
/// table that a KCL goes on from. Both refuse while workers of the other side, or ours, live.
int leases_command(const Arguments& arguments, const Console& console);

}  // namespace kt::cli
