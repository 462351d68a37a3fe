#include "cli/consumer.h"

#include <unistd.h>

#include "app/keys.h"
#include "cli/admin_port.h"
#include "cli/app_telemetry.h"
#include "cli/components.h"
#include "cli/destinations.h"
#include "cli/dev_loop.h"
#include "cli/embedded_kinesis.h"
#include "cli/engine_settings.h"
#include "cli/lease_store.h"
#include "cli/notices.h"
#include "cli/progress.h"
#include "cli/serve.h"
#include "cli/service_access.h"
#include "cli/stop_signals.h"
#include "cli/stream_session.h"
#include "cli/version.h"
#include "invoke/gated_guest.h"
#include "invoke/swappable_guest.h"
#include "invoke/wasm/wasm_guest.h"
#include "runtime/system_clock.h"
#include "sqlite/directory_lock.h"
#include "worker/worker.h"

namespace kt::cli {
namespace {

Result<worker::TriggerOptions> trigger_options(const app::TriggerOptions& from,
                                               EndpointName endpoint) {
  worker::TriggerOptions to;
  to.application = from.application_name;
  to.endpoint = std::move(endpoint);
  to.stream = from.stream_arn;
  to.start = from.starting_position;
  to.batch.records_max = static_cast<std::size_t>(from.batch_size);
  to.batch.bytes_max = from.maximum_batch_bytes;
  to.batch.window = from.maximum_batching_window;
  to.idle_wait = from.shard_idle_wait;
  to.detector_poll = from.detector_poll;
  to.handler_timeout = from.handler_timeout;
  to.enabled = from.enabled;
  to.deaggregate = from.deaggregate;
  to.tumbling_window = from.tumbling_window;
  to.enhanced_fan_out = from.enhanced_fan_out;
  to.lanes = static_cast<std::size_t>(from.parallelization_factor);
  if (from.maximum_retry_attempts >= 0)
    to.limits.retries_max = static_cast<std::uint32_t>(from.maximum_retry_attempts);
  if (from.maximum_record_age.count() > 0)
    to.limits.age_max = from.maximum_record_age;
  to.limits.bisect = from.bisect_batch_on_function_error;
  to.report_item_failures = from.report_item_failures;
  to.on_poison = from.on_poison == "key" ? worker::OnPoison::Key : worker::OnPoison::Shard;
  to.quarantine.keys_max = from.on_poison_max_keys;
  to.quarantine.records_max = from.on_poison_max_records;
  to.quarantine.bytes_max = from.on_poison_max_bytes;
  if (!from.filters.empty()) {
    TRY(to.filters, app::compile_filters(from));
  }
  return to;
}

worker::WorkerOptions worker_options(const app::ProcessOptions& from, stream::Pacing pacing,
                                     Random& random) {
  worker::WorkerOptions to;
  std::string id = from.worker_id;
  if (id.empty()) {
    char host[256] = "host";
    ::gethostname(host, sizeof host - 1);
    id = std::string(host) + "-" + std::to_string(::getpid());
  }
  to.worker = WorkerId(id + "-" + fmt::format("{:08x}", random.next() & 0xffffffffU));
  to.failover = from.failover;
  to.drain_timeout = from.drain_timeout;
  to.checkpoint_interval = from.checkpoint_interval;
  if (from.stall_timeout.count() != 0)
    to.stall_timeout = std::max(from.stall_timeout, std::chrono::milliseconds(0));
  to.on_data_loss = from.on_data_loss == app::OnDataLoss::Continue ? stream::OnDataLoss::Continue
                                                                   : stream::OnDataLoss::Fail;
  to.memory_budget_bytes = from.memory_budget_bytes;
  to.pacing = pacing;
  return to;
}

/// What takes long to say: everything of one run, in the order in which it must be taken apart.
class Consumer {
 public:
  Consumer(AppSetup& setup, const TriggerFlags& flags, const Console& console,
           const ConsumerOptions& options)
      : setup_(setup),
        flags_(flags),
        console_(console),
        options_(options),
        log_(make_log(flags, console, options.start)),
        clock_(loop_),
        seed_(fresh_seed()),
        random_(seed_),
        group_(loop_),
        extras_(loop_),
        signals_(loop_, clock_, [this] { drain(); }, [this] { stop_now(); }) {}

  /// An end that nobody asked for but a changed manifest.
  bool wants_restart() const { return restart_ && signals_.count() == 0; }

  int run() {
    auto started = start();
    if (!started) {
      signals_.close();
      loop_.poll();
      return console_.error(start_exit_code(started.error()), started.error().what);
    }
    loop_.poll();  // a signal may have come meanwhile
    if (signals_.count() == 0)
      consume();
    if (admin_)
      (void)serve(loop_, admin_->close());
    admin_.reset();
    signals_.close();
    loop_.poll();
    return exit_code();
  }

 private:
  Result<Unit> start() {
    for (const std::string& warning : setup_.app.warnings)
      console_.err << "warning: " << warning << "\n";
    TRY(make_private_directory(setup_.state_dir));
    if (options_.embedded == nullptr) {
      TRY(auto lock, sqlite::DirectoryLock::acquire(setup_.state_dir, "--state-dir"));
      lock_.emplace(std::move(lock));
    }
    TRY(lay_out_assets(setup_));
    say_configuration(setup_, flags_, console_.err);
    say_stores(setup_, console_.err);
    TRY(begin_to_watch());
    TRY(telemetry_, AppTelemetry::start(console_.environment, random_.next(), log_));
    TRY(components_,
        Components::load(setup_, flags_, console_, Components::Logs::Open, log_, telemetry_.get()));
    ServiceOptions service;
    service.endpoint_url = setup_.app.process.endpoint_url;
    if (options_.embedded != nullptr) {
      service.endpoint_url = options_.embedded->url();
      service.embedded = true;
    }
    TRY(service_, ServiceAccess::open(clock_, console_.environment, service));
    LeaseStore::Deps deps{clock_, random_, *service_};
    TRY(leases_, LeaseStore::open(deps, setup_, options_.embedded != nullptr));
    if (!leases_->warning().empty())
      console_.err << "warning: " << leases_->warning() << "\n";
    return make_worker();
  }

  /// Before components are loaded: what changes from then on is seen.
  Result<Unit> begin_to_watch() {
    if (options_.dev == nullptr)
      return Unit{};
    dev_.emplace(DevLoop::Deps{loop_, clock_, console_, setup_, *options_.dev});
    return serve(loop_, dev_->begin());
  }

  DevLoop::Hooks dev_hooks() {
    DevLoop::Hooks hooks;
    hooks.load = [this](const ComponentId& id) {
      return components_->load_again(id, setup_, flags_, log_);
    };
    hooks.swap = [this](const ComponentId& id, Components::One fresh) {
      std::size_t ending = 0;
      for (std::size_t i = 0; i < handlers_.size(); ++i) {
        if (setup_.app.triggers[i].component == id)
          ending += handlers_[i]->swap(handler_of(fresh));
      }
      return ending;
    };
    hooks.restart = [this] {
      restart_ = true;
      drain();
    };
    return hooks;
  }

  Result<Unit> make_worker() {
    gate_.emplace(concurrent_invocations(setup_.app.process));
    destinations_.emplace(Destinations::Deps{clock_, service_->runtime(), console_.environment,
                                             setup_.app.root, setup_.state_dir});
    std::vector<worker::Trigger> triggers;
    for (const app::Trigger& trigger : setup_.app.triggers) {
      const std::string& region = trigger.options.stream_arn.region();
      TRY(stream::KinesisClient * client, service_->client(region));
      TRY(EndpointName endpoint, service_->endpoint_name(region));
      const Components::One& component = components_->of(trigger.component);
      handlers_.push_back(std::make_unique<invoke::SwappableGuest>(handler_of(component)));
      guests_.push_back(std::make_unique<invoke::GatedGuest>(*handlers_.back(), *gate_, clock_));
      TRY(deliver::Destination * destination, destinations_->of(trigger.options));
      TRY(auto options, trigger_options(trigger.options, std::move(endpoint)));
      options.component = trigger.component.str();
      invoke::Guest& guest = telemetry_->seen(*guests_.back(), trigger.component.str(), app_id());
      worker::Trigger made{std::move(options), *client, guest, destination};
      TRY(made.spill, leases_->spill());
      triggers.push_back(std::move(made));
    }
    log_.info("starting", {{"version", kVersion},
                           {"seed", seed_},
                           {"allocator", components_->engine().allocator()},
                           {"state", setup_.state_dir.string()}});
    worker::WorkerDeps deps{loop_, clock_, random_, leases_->table(), log_};
    worker::WorkerOptions options = worker_options(setup_.app.process, options_.pacing, random_);
    options.lease_mode = leases_->mode();
    if (options_.dev != nullptr)  // who mends a handler waits for the next attempt
      options.retry.longest = std::chrono::seconds(2);
    worker_.emplace(deps, std::move(options), std::move(triggers));
    const AdminPort::Request admin{flags_.admin, options_.embedded != nullptr, setup_.state_dir};
    TRY(admin_, AdminPort::open(loop_, clock_, *worker_, admin, log_));
    announce();
    return Unit{};
  }

  std::shared_ptr<invoke::Guest> handler_of(const Components::One& component) {
    invoke::WasmGuest::Deps deps{clock_, component.linked, component.log.get()};
    return std::make_shared<invoke::WasmGuest>(std::move(deps));
  }

  /// As Spin's metrics name an app.
  std::string app_id() const {
    const std::string locked = console_.variable("SPIN_LOCKED_URL");
    return locked.empty() ? setup_.app.name : locked;
  }

  void announce() {
    console_.out << "Active streams:\n";
    for (const app::Trigger& trigger : setup_.app.triggers) {
      const std::string& region = trigger.options.stream_arn.region();
      console_.out << "\t" << trigger.options.stream_arn << ": " << trigger.component
                   << (trigger.options.enabled ? "" : " (not enabled)") << "\n\t  at "
                   << service_->describe_endpoint(region) << "\n";
    }
    if (admin_)
      console_.out << "Status and metrics: " << admin_->url() << "\n";
    console_.out.flush();
  }

  Task<Result<Unit>> run_worker() {
    result_.emplace(co_await worker_->run());
    co_return Unit{};
  }

  void consume() {
    group_.spawn(run_worker());
    const bool terminal = ::isatty(STDERR_FILENO) != 0;
    if (flags_.progress || (terminal && flags_.quiet)) {
      progress_.emplace(*worker_, clock_, console_.err, terminal && flags_.quiet);
      extras_.spawn(progress_->run());
    }
    if (dev_)
      extras_.spawn(dev_->run(dev_hooks()));
    serve_until_empty(loop_, group_);
    extras_.cancel();
    serve_until_empty(loop_, extras_);
  }

  void drain() {
    log_.info("stopping: calls in flight may end", {});
    if (worker_)
      worker_->stop();
  }
  void stop_now() {
    log_.warn("stopping at once", {});
    group_.cancel();
  }

  int exit_code() {
    if (signals_.count() > 0 && (!result_ || *result_))
      return kDone;
    if (!result_ || *result_)
      return kDone;
    const Error& error = result_->error();
    const bool never_ran = error.code == ErrorCode::NotFound || error.code == ErrorCode::Invalid ||
                           error.code == ErrorCode::AccessDenied ||
                           error.code == ErrorCode::NoCredentials;
    return console_.error(never_ran ? kUsage : kFailed, error.what);
  }

  AppSetup& setup_;
  const TriggerFlags& flags_;
  const Console& console_;
  const ConsumerOptions& options_;
  Log log_;
  Loop loop_;
  SystemClock clock_;
  std::uint64_t seed_;
  Random random_;
  std::optional<sqlite::DirectoryLock> lock_;
  std::unique_ptr<ServiceAccess> service_;
  std::unique_ptr<LeaseStore> leases_;
  std::unique_ptr<AppTelemetry> telemetry_;
  std::unique_ptr<Components> components_;
  std::optional<Destinations> destinations_;
  bool restart_ = false;
  std::optional<invoke::InvokeGate> gate_;
  std::vector<std::unique_ptr<invoke::SwappableGuest>> handlers_;  ///< by trigger, as are guests_
  std::vector<std::unique_ptr<invoke::GatedGuest>> guests_;
  std::optional<worker::Worker> worker_;
  std::unique_ptr<AdminPort> admin_;
  std::optional<Progress> progress_;
  std::optional<DevLoop> dev_;
  std::optional<Result<Unit>> result_;
  TaskGroup group_;
  TaskGroup extras_;
  StopSignals signals_;
};

/// The level that `RUST_LOG` gives programs: its last directive that names no target.
std::string level_of_rust_log(std::string_view directives) {
  std::string level;
  while (!directives.empty()) {
    const auto comma = std::min(directives.find(','), directives.size());
    const std::string_view directive = directives.substr(0, comma);
    directives.remove_prefix(std::min(comma + 1, directives.size()));
    if (directive.find_first_of("=[") == std::string_view::npos)
      level = directive;
  }
  return level == "trace" ? "debug" : level;
}

}  // namespace

Log make_log(const TriggerFlags& flags, const Console& console, Start start) {
  static const std::map<std::string, LogLevel> kLevels = {{"debug", LogLevel::Debug},
                                                          {"info", LogLevel::Info},
                                                          {"warn", LogLevel::Warn},
                                                          {"error", LogLevel::Error},
                                                          {"off", LogLevel::Off}};
  for (const std::string& name :
       {flags.log_level, level_of_rust_log(console.variable("RUST_LOG"))}) {
    if (const auto found = kLevels.find(name); found != kLevels.end())
      return make_stderr_log(found->second);
  }
  return make_stderr_log(start == Start::BySpin ? LogLevel::Warn : LogLevel::Info);
}

ConsumerEnd run_consumer(AppSetup& setup, const TriggerFlags& flags, const Console& console,
                         const ConsumerOptions& options) {
  Consumer consumer(setup, flags, console, options);
  ConsumerEnd end;
  end.code = consumer.run();
  end.restart = consumer.wants_restart();
  return end;
}

}  // namespace kt::cli
