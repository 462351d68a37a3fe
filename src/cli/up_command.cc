#include "cli/up_command.h"

#include <CLI/CLI.hpp>

#include "cli/app_setup.h"
#include "cli/building.h"
#include "cli/consumer.h"
#include "cli/dev_loop.h"
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
  bool build = false;
  bool watch = false;
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
  command.add_flag("--build", options.build,
                   "Run the components' build commands first, and with --watch after each change");
  command.add_flag("--watch", options.watch,
                   "Swap a component whose code changes, without a restart");
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

Result<Unit> create_streams(EmbeddedKinesis& kinesis, const AppSetup& setup) {
  for (const app::Trigger& trigger : setup.app.triggers) {
    TRY(kinesis.create_missing(trigger.options.stream_arn, 0));
  }
  return Unit{};
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
  TRY(create_streams(*kinesis, setup));
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

/// Runs an app once or, with --watch, again and again.
class Up {
 public:
  Up(UpOptions& options, Start start, const Console& console)
      : options_(options), given_(options.flags), start_(start), console_(console) {}

  int run() {
    auto setup = set_up();
    if (!setup)
      return console_.error(start_exit_code(setup.error()), setup.error().what);
    if (options_.flags.print_config) {
      console_.out << app::print_config(setup->app);
      return kDone;
    }
    const PassingFolder passing(*setup);
    if (options_.flags.test) {
      bool stopped = false;
      const int built = options_.build ? build_app(setup->app, console_, stopped) : int{kDone};
      return built == kDone && !stopped ? run_trial(*setup, options_.flags, console_) : built;
    }
    for (;;) {
      const ConsumerEnd end = run_once(*setup);
      if (!end.restart)
        return end.code;
      // What was to be done at the start has been done.
      given_.key_value.clear();
      given_.sqlite.clear();
      given_.truncate_logs = false;
      auto fresh = set_up();
      if (fresh)
        *setup = *std::move(fresh);
      else
        console_.err << "watch: " << fresh.error().what << "; the app goes on as it was\n";
    }
  }

 private:
  Result<AppSetup> set_up() {
    options_.flags = given_;
    TRY(AppSetup setup, set_up_app(start_, options_.manifest, options_.flags, console_));
    if (options_.local)
      go_on_after_loss(setup.app);
    return setup;
  }

  /// Whether the app as it is written now can be read.
  Result<Unit> check_app() const {
    TriggerFlags flags = given_;
    TRY([[maybe_unused]] const AppSetup setup,
        set_up_app(start_, options_.manifest, flags, console_));
    return Unit{};
  }

  ConsumerEnd run_once(AppSetup& setup) {
    const DevOptions dev = dev_options(setup);
    ConsumerEnd end = build_and_run(setup, dev);
    const bool failed = end.code != kDone && !end.restart;
    if (failed && options_.watch)
      end.restart = wait_for_change(setup.app, dev, console_);
    return end;
  }

  ConsumerEnd build_and_run(AppSetup& setup, const DevOptions& dev) {
    ConsumerEnd end;
    bool stopped = false;
    if (options_.build)
      end.code = build_app(setup.app, console_, stopped);
    if (end.code != kDone || stopped)
      return end;
    if (options_.local) {
      const auto serving = serve_streams(setup);
      if (!serving) {
        end.code = console_.error(start_exit_code(serving.error()), serving.error().what);
        return end;
      }
    }
    ConsumerOptions consumer;
    consumer.start = start_;
    consumer.pacing = options_.limits == "none" ? stream::Pacing::Off : stream::Pacing::Service;
    consumer.embedded = embedded_.get();
    consumer.dev = options_.watch ? &dev : nullptr;
    return run_consumer(setup, options_.flags, console_, consumer);
  }

  /// It goes on over restarts, with its streams.
  Result<Unit> serve_streams(const AppSetup& setup) {
    if (embedded_ == nullptr) {
      TRY(embedded_, start_embedded(options_, setup, console_));
      return Unit{};
    }
    return create_streams(*embedded_, setup);
  }

  DevOptions dev_options(const AppSetup& setup) const {
    DevOptions dev;
    dev.build = options_.build;
    dev.manifest = setup.app.document;
    dev.runtime_config = setup.runtime.file;
    dev.check_app = [this] { return check_app(); };
    return dev;
  }

  UpOptions& options_;
  TriggerFlags given_;  ///< as the command line says, not completed
  Start start_;
  const Console& console_;
  std::unique_ptr<EmbeddedKinesis> embedded_;
};

int run_up(UpOptions& options, Start start, const Console& console) {
  outlive_broken_pipes();
  return Up(options, start, console).run();
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
