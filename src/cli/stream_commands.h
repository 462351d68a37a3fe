// cli/stream_commands.h — put, tail, shards, consumers: work with a stream by hand.
#pragma once
#include "cli/console.h"

namespace kt::cli {

/// Each parses its own arguments (without the subcommand) and returns the exit code.
int put_command(const Arguments& arguments, const Console& console);
int tail_command(const Arguments& arguments, const Console& console);
int shards_command(const Arguments& arguments, const Console& console);
int consumers_command(const Arguments& arguments, const Console& console);

}  // namespace kt::cli
