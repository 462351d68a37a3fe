#include "cli/up_command.h"

#include <CLI/CLI.hpp>

#include "cli/app_setup.h"
#include "cli/consumer.h"
#include "cli/embedded_kinesis.h"
#include "cli/parse.h"
#include "cli/stop_signals.h"
#include "cli/trial.h"

namespace kt::cli {
namespace {

struct UpOptions {
  std::string manifest = "spin.toml";
  bool local = false;
  std::uint16_t local_port = 0;
  std::string limits = "service";
  TriggerFlags flags;
};

void declare_up_options(CLI::App& command, UpOptions& options) {
  command.add_option("-f,--from,--file", options.manifest, "The app's manifest, or its folder")
      ->type_name("spin.toml");
  command.add_flag("--local", options.local,
                   "Serve an embedded Kinesis too, with the manifest's streams");
  command.add_option("--local-port", options.local_port,
                     "The embedded Kinesis's port; else 4567, or a free one");
  command
      .add_option("--limits", options.limits,
                  "service: the real service's throughput; none: as fast as possible")
      ->check(CLI::IsMember({"service", "none"}))
      ->type_name("service|none");
  declare_trigger_flags(command, options.flags);
}

/// A stream on this machine that stood still over a weekend is past its retention, too. Nobody is
/// to be asked about that: unless the app says otherwise it is told, and reading goes on.
void go_on_after_loss(app::App& app) {
  for (app::Setting& setting : app.settings) {
    if (setting.key != "on_data_loss" || setting.origin != "default")
      continue;
    setting.value = "continue";
    setting.origin = "default with --local";
    app.process.on_data_loss = app::OnDataLoss::Continue;
  }
}

Result<std::unique_ptr<EmbeddedKinesis>> start_embedded(const UpOptions& options,
                                                        const AppSetup& setup,
                                                        const Console& console) {
  EmbeddedOptions embedded;
  embedded.state_dir = setup.state_dir;
  if (options.local_port != 0)
    embedded.port = options.local_port;
  else
    embedded.port_rule = PortRule::OrAnyFree;
  embedded.limits = options.limits == "none" ? Limits::None : Limits::Service;
  TRY(auto kinesis,
      EmbeddedKinesis::start(embedded, make_log(options.flags, console, Start::ByHand)));
  for (const app::Trigger& trigger : setup.app.triggers) {
    TRY(kinesis->create_missing(trigger.options.stream_arn, 0));
  }
  console.out << "embedded Kinesis: " << kinesis->url() << "\n";
  console.out.flush();
  return kinesis;
}

/// A state directory that does not last goes with the process.
class PassingFolder {
 public:
  explicit PassingFolder(const AppSetup& setup) {
    if (setup.data_dir.empty())
      folder_ = setup.state_dir;
  }
  PassingFolder(const PassingFolder&) = delete;
  PassingFolder& operator=(const PassingFolder&) = delete;
  ~PassingFolder() {
    std::error_code ignored;
    if (!folder_.empty())
      std::filesystem::remove_all(folder_, ignored);
  }

 private:
  std::filesystem::path folder_;
};

int run_up(UpOptions& options, Start start, const Console& console) {
  outlive_broken_pipes();
  auto setup = set_up_app(start, options.manifest, options.flags, console);
  if (!setup)
    return console.error(start_exit_code(setup.error()), setup.error().what);
  if (options.local)
    go_on_after_loss(setup->app);
  if (options.flags.print_config) {
    console.out << app::print_config(setup->app);
    return kDone;
  }
  const PassingFolder passing(*setup);
  if (options.flags.test)
    return run_trial(*setup, options.flags, console);
  ConsumerOptions consumer;
  consumer.start = start;
  consumer.pacing = options.limits == "none" ? stream::Pacing::Off : stream::Pacing::Service;
  std::unique_ptr<EmbeddedKinesis> embedded;
  if (options.local) {
    auto started = start_embedded(options, *setup, console);
    if (!started)
      return console.error(start_exit_code(started.error()), started.error().what);
    embedded = *std::move(started);
    consumer.embedded = embedded.get();
  }
  return run_consumer(*setup, options.flags, console, consumer);
}

}  // namespace

int up_command(const Arguments& arguments, const Console& console) {
  UpOptions options;
  CLI::App command("Runs an app without Spin.", "up");
  declare_up_options(command, options);
  if (const auto end = parse_arguments(command, arguments, console))
    return *end;
  return run_up(options, Start::ByHand, console);
}

int trigger_command(const Arguments& arguments, const Console& console) {
  UpOptions options;
  CLI::App command("Runs the app that `spin up` prepared.", "");
  declare_trigger_flags(command, options.flags);
  if (const auto end = parse_arguments(command, arguments, console))
    return *end;
  if (!end_with_parent())
    return kDone;
  return run_up(options, Start::BySpin, console);
}

}  // namespace kt::cli
