#include "cli/leases_command.h"

#include <CLI/CLI.hpp>

#include "cli/kcl_copy.h"
#include "cli/parse.h"
#include "cli/up_command.h"

namespace kt::cli {
namespace {

constexpr const char* kImport = "import-kcl";
constexpr const char* kExport = "export-kcl";

constexpr std::string_view kHelp =
    R"(Copies positions from and to a Kinesis Client Library's lease table.

Usage: trigger-kinesis leases import-kcl --table KCL_APPLICATION [-f spin.toml] [options]
       trigger-kinesis leases export-kcl --table NEW_TABLE [-f spin.toml] [options]

  trigger-kinesis leases import-kcl --help   its options
  trigger-kinesis leases export-kcl --help   its options
)";

void declare_common(CLI::App& command, KclCopyOptions& options) {
  command.add_option("-f,--from,--file", options.manifest, "The app's manifest, or its folder")
      ->type_name("spin.toml");
  command
      .add_option("--application", options.application,
                  "The trigger's application_name, where the app has several")
      ->type_name("NAME");
  command.add_flag("--force", options.force, "Do not look whether workers are at work");
  declare_trigger_flags(command, options.flags);
}

int import_command(const Arguments& arguments, const Console& console) {
  KclCopyOptions options;
  CLI::App command("Copies a KCL application's positions to the app's lease store.",
                   "leases import-kcl");
  command.add_option("--table", options.table, "The KCL's lease table: its application name")
      ->required()
      ->type_name("TABLE");
  command.add_flag("--overwrite", options.overwrite, "Replace positions that are stored already");
  command
      .add_option("--timestamp", options.timestamp,
                  "What AT_TIMESTAMP means for shards that the KCL has not begun, as RFC 3339")
      ->type_name("TIME");
  declare_common(command, options);
  if (const auto end = parse_arguments(command, arguments, console))
    return *end;
  KclCopy copy(options, console);
  const auto done = copy.run_import();
  return done ? kDone : console.error(start_exit_code(done.error()), done.error().what);
}

int export_command(const Arguments& arguments, const Console& console) {
  KclCopyOptions options;
  CLI::App command("Writes a new table that a KCL application goes on from.", "leases export-kcl");
  command.add_option("--table", options.table, "The new table: the KCL's application name")
      ->required()
      ->type_name("TABLE");
  command.add_flag("--multi-stream", options.multi_stream,
                   "Write rows as a KCL of several streams has them");
  declare_common(command, options);
  if (const auto end = parse_arguments(command, arguments, console))
    return *end;
  KclCopy copy(options, console);
  const auto done = copy.run_export();
  return done ? kDone : console.error(start_exit_code(done.error()), done.error().what);
}

}  // namespace

int leases_command(const Arguments& arguments, const Console& console) {
  const std::string name = arguments.empty() ? std::string() : arguments[0];
  const Arguments rest(arguments.begin() + (arguments.empty() ? 0 : 1), arguments.end());
  if (name == kImport)
    return import_command(rest, console);
  if (name == kExport)
    return export_command(rest, console);
  if (name == "--help" || name == "-h") {
    console.out << kHelp;
    return kDone;
  }
  return console.error(kUsage,
                       "leases: say import-kcl or export-kcl; see trigger-kinesis leases "
                       "--help");
}

}  // namespace kt::cli
