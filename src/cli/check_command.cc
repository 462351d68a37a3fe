#include <CLI/CLI.hpp>

#include "cli/app_setup.h"
#include "cli/components.h"
#include "cli/consumer.h"
#include "cli/destinations.h"
#include "cli/filter_dry_run.h"
#include "cli/lease_store.h"
#include "cli/parse.h"
#include "cli/serve.h"
#include "cli/service_access.h"
#include "cli/up_command.h"
#include "runtime/system_clock.h"

namespace kt::cli {
namespace {

struct CheckOptions {
  std::string manifest = "spin.toml";
  bool offline = false;
  bool filter_dry_run = false;
  std::size_t sample = 1000;
  TriggerFlags flags;
};

Task<Result<Unit>> check_stream(ServiceAccess& service, StreamArn stream, const Console& console) {
  const auto client = service.client(stream.region());
  if (!client)
    co_return fail(client.error());
  CO_TRY(const StreamDescription found, (*client)->describe_stream(stream));
  CO_TRY(const stream::ShardListing shards, (*client)->list_shards(stream, ""));
  console.out << "ok  stream " << stream << ": " << shards.shards.size() << " shards, retention "
              << found.retention.count() << " h, at " << service.describe_endpoint(stream.region())
              << "\n";
  co_return Unit{};
}

Result<Unit> check_access(const AppSetup& setup, const Console& console) {
  const app::App& app = setup.app;
  Loop loop;
  SystemClock clock(loop);
  ServiceOptions options;
  options.endpoint_url = app.process.endpoint_url;
  TRY(const auto service, ServiceAccess::open(clock, console.environment, options));
  TRY(serve(loop, service->check_credentials()));
  console.out << "ok  credentials\n";
  for (const app::Trigger& trigger : app.triggers) {
    auto checked = serve(loop, check_stream(*service, trigger.options.stream_arn, console));
    if (!checked)
      return fail(checked.error().within("stream " + trigger.options.stream_arn.str()));
  }
  Destinations destinations(Destinations::Deps{clock, service->runtime(), console.environment,
                                               app.root, setup.state_dir});
  for (const app::Trigger& trigger : app.triggers) {
    TRY(deliver::Destination * destination, destinations.of(trigger.options));
    auto checked = serve(loop, destination->check());
    if (!checked)
      return fail(checked.error().within(trigger.place + ": on_failure"));
    console.out << "ok  failed batches go to " << destination->describe() << "\n";
  }
  return Unit{};
}

/// Looks at each trigger's tables; makes none.
Task<Result<Unit>> check_leases(LeaseStore& leases, const app::App& app, const Console& console) {
  for (const app::Trigger& trigger : app.triggers) {
    auto found = co_await leases.dynamodb()->tables().existing(trigger.options.application_name);
    if (!found && found.error().code != ErrorCode::NotFound)
      co_return fail(found.error());
    console.out << "ok  leases of " << trigger.options.application_name << ": "
                << (found ? "the DynamoDB table " + found->leases
                          : found.error().what + "; the first worker makes it")
                << "\n";
  }
  co_return Unit{};
}

Result<Unit> check_lease_store(const AppSetup& setup, const Console& console) {
  if (setup.app.process.lease_store == "sqlite")
    return Unit{};
  Loop loop;
  SystemClock clock(loop);
  Random random(0);
  TRY(const auto service, ServiceAccess::open(clock, console.environment, ServiceOptions()));
  LeaseStore::Deps deps{clock, random, *service};
  TRY(const auto leases, LeaseStore::open(deps, setup, false));
  return serve(loop, check_leases(*leases, setup.app, console));
}

Task<Result<Unit>> try_filters(ServiceAccess& service, Clock& clock, const app::Trigger& trigger,
                               std::size_t sample, const Console& console) {
  const auto client = service.client(trigger.options.stream_arn.region());
  if (!client)
    co_return fail(client.error());
  co_return co_await dry_run_filters(**client, clock, trigger, sample, console.out);
}

Result<Unit> try_all_filters(const app::App& app, std::size_t sample, const Console& console) {
  Loop loop;
  SystemClock clock(loop);
  ServiceOptions options;
  options.endpoint_url = app.process.endpoint_url;
  TRY(const auto service, ServiceAccess::open(clock, console.environment, options));
  for (const app::Trigger& trigger : app.triggers) {
    auto tried = serve(loop, try_filters(*service, clock, trigger, sample, console));
    if (!tried)
      return fail(tried.error().within("stream " + trigger.options.stream_arn.str()));
  }
  return Unit{};
}

Result<Unit> check_all(CheckOptions& options, const Console& console) {
  TRY(AppSetup setup, set_up_app(Start::ByHand, options.manifest, options.flags, console));
  for (const std::string& warning : setup.app.warnings)
    console.err << "warning: " << warning << "\n";
  console.out << "ok  app " << setup.app.name << ": " << setup.app.triggers.size()
              << " trigger(s), " << setup.app.components.size() << " component(s)\n";
  const Log log = make_log(options.flags, console, Start::BySpin);
  TRY(const auto components,
      Components::load(setup, options.flags, console, Components::Logs::None, log));
  for (const app::Component& component : setup.app.components) {
    const Components::One& one = components->of(component.id);
    console.out << "ok  component " << component.id
                << (one.compiled.from_core_module() ? " (core module)" : "") << ": a handler of "
                << name(one.linked->world()) << "\n";
  }
  if (options.offline)
    return Unit{};
  TRY(check_access(setup, console));
  TRY(check_lease_store(setup, console));
  if (options.filter_dry_run)
    return try_all_filters(setup.app, options.sample, console);
  return Unit{};
}

}  // namespace

int check_command(const Arguments& arguments, const Console& console) {
  CheckOptions options;
  CLI::App command("Validates an app, its components and its AWS access. Changes nothing.",
                   "check");
  command.add_option("-f,--from,--file", options.manifest, "The app's manifest, or its folder")
      ->type_name("spin.toml");
  auto* offline = command.add_flag("--offline", options.offline, "Ask no service");
  auto* dry_run = command.add_flag("--filter-dry-run", options.filter_dry_run,
                                   "Show what the filters would do with a sample of the stream");
  dry_run->excludes(offline);
  command
      .add_option("--sample", options.sample, "With --filter-dry-run: records to read of a stream")
      ->check(CLI::Range(std::size_t{1}, kSampleMax))
      ->needs(dry_run);
  declare_trigger_flags(command, options.flags);
  if (const auto end = parse_arguments(command, arguments, console))
    return *end;
  const auto checked = check_all(options, console);
  if (!checked)
    return console.error(start_exit_code(checked.error()), checked.error().what);
  console.out << "all is well\n";
  return kDone;
}

}  // namespace kt::cli
