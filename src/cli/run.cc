#include "cli/run.h"

#include "app/nearest.h"
#include "cli/bench/bench_command.h"
#include "cli/leases_command.h"
#include "cli/local_command.h"
#include "cli/modes.h"
#include "cli/new_command.h"
#include "cli/precompose.h"
#include "cli/status_command.h"
#include "cli/stream_commands.h"
#include "cli/test_command.h"
#include "cli/trigger_flags.h"
#include "cli/up_command.h"
#include "cli/version.h"

namespace kt::cli {
namespace {

constexpr std::string_view kHelp =
    R"(trigger-kinesis — hands Amazon Kinesis records to WebAssembly components

Usage: trigger-kinesis <command> [options]

  up         run an app: trigger-kinesis up [-f spin.toml] [--local]
  new        make an app from a template, or add a component to one
  test       call a handler with the records of a file
  check      validate an app, its components and its AWS access
  put        put records into a stream
  tail       print a stream's new records
  shards     list a stream's shards, and how far they are done
  consumers  list or deregister a stream's registered consumers
  status     show a running consumer: shards, lag, and why one does not move
  leases     copy positions from and to a Kinesis Client Library's table
  local      serve only the embedded Kinesis
  bench      measure this machine against the embedded Kinesis

  trigger-kinesis <command> --help   the command's options
  trigger-kinesis --version

Started by `spin up` it takes these options:

)";

int run_command(const Arguments& arguments, const Console& console) {
  const std::string& name = arguments[0];
  const Arguments rest(arguments.begin() + 1, arguments.end());
  if (name == "up")
    return up_command(rest, console);
  if (name == "check")
    return check_command(rest, console);
  if (name == "put")
    return put_command(rest, console);
  if (name == "tail")
    return tail_command(rest, console);
  if (name == "shards")
    return shards_command(rest, console);
  if (name == "consumers")
    return consumers_command(rest, console);
  if (name == "status")
    return status_command(rest, console);
  if (name == "leases")
    return leases_command(rest, console);
  if (name == "test")
    return test_command(rest, console);
  if (name == "new")
    return new_command(rest, console);
  if (name == "local")
    return local_command(rest, console);
  return bench_command(rest, console);
}

int explain_nothing(const Arguments& arguments, const Console& console) {
  if (!arguments.empty() && !arguments[0].starts_with("-")) {
    return console.error(kUsage, "unknown command \"" + arguments[0].substr(0, 80) + "\"" +
                                     app::suggestion(arguments[0], subcommands()));
  }
  return console.error(kUsage,
                       "SPIN_LOCKED_URL is not set: `spin up` sets it. To run an app without Spin: "
                       "trigger-kinesis up -f spin.toml; see trigger-kinesis --help");
}

}  // namespace

int run(const Arguments& arguments, const Console& console) {
  switch (decide_mode(arguments, console.environment)) {
    case Mode::Command:
      return run_command(arguments, console);
    case Mode::HelpArgsOnly:
      console.out << help_args();
      return kDone;
    case Mode::LaunchMetadata:
      console.err << launch_metadata() << "\n";
      return kDone;
    case Mode::Precompose:
      return precompose_command(arguments, console);
    case Mode::Help:
      console.out << kHelp << help_args();
      return kDone;
    case Mode::Version:
      console.out << "trigger-kinesis " << kVersion << "\n";
      return kDone;
    case Mode::Trigger:
      return trigger_command(arguments, console);
    case Mode::Nothing:
      return explain_nothing(arguments, console);
  }
  return kUsage;
}

}  // namespace kt::cli
