#include "cli/local_command.h"

#include <CLI/CLI.hpp>
#include <charconv>

#include "cli/consumer.h"
#include "cli/embedded_kinesis.h"
#include "cli/parse.h"
#include "cli/serve.h"
#include "cli/stop_signals.h"
#include "runtime/system_clock.h"

namespace kt::cli {
namespace {

struct LocalOptions {
  std::string listen = "127.0.0.1:4567";
  std::string state_dir = ".spin";
  std::string limits = "service";
  int shards_per_stream = 1;
  std::int64_t subscription_millis = 300'000;
  std::vector<std::string> create;
  std::string region;
  TriggerFlags flags;
};

/// "127.0.0.1:4567", "[::1]:4567", ":4567" or "4567"; loopback only.
Result<EmbeddedOptions> read_listen(const std::string& listen) {
  EmbeddedOptions options;
  const auto colon = listen.rfind(':');
  const std::string port = colon == std::string::npos ? listen : listen.substr(colon + 1);
  std::string address = colon == std::string::npos ? "" : listen.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']'))
    address = address.substr(1, address.size() - 2);
  if (address.empty() || address == "localhost")
    address = "127.0.0.1";
  if (!address.starts_with("127.") && address != "::1") {
    return fail(ErrorCode::Invalid, "--listen " + listen +
                                        ": only loopback addresses (127.0.0.1, ::1): the embedded "
                                        "Kinesis checks no credentials");
  }
  const auto read = std::from_chars(port.data(), port.data() + port.size(), options.port);
  if (port.empty() || read.ec != std::errc() || read.ptr != port.data() + port.size())
    return fail(ErrorCode::Invalid, "--listen " + listen + ": expected ADDRESS:PORT");
  options.address = address;
  return options;
}

Result<std::pair<StreamArn, int>> read_create(const std::string& text, const std::string& region) {
  const auto colon = text.starts_with("arn:") ? text.rfind(':', text.rfind('/')) : text.find(':');
  const bool arn = text.starts_with("arn:");
  const auto name_end = arn ? text.find(':', text.rfind('/')) : colon;
  const std::string name = text.substr(0, name_end);
  int shards = 0;
  if (name_end != std::string::npos) {
    const std::string count = text.substr(name_end + 1);
    const auto read = std::from_chars(count.data(), count.data() + count.size(), shards);
    if (read.ec != std::errc() || read.ptr != count.data() + count.size() || shards < 1)
      return fail(ErrorCode::Invalid, "--create " + text + ": expected NAME or NAME:SHARDS");
  }
  const std::string full =
      arn ? name : "arn:aws:kinesis:" + region + ":000000000000:stream/" + name;
  auto parsed = StreamArn::parse(full);
  if (!parsed)
    return fail(parsed.error().within("--create " + text));
  return std::pair(*std::move(parsed), shards);
}

Task<Result<Unit>> wait_for(OneShot& stopped) {
  co_await stopped.wait();
  co_return Unit{};
}

int serve_local(const LocalOptions& options, EmbeddedOptions embedded, const std::string& region,
                const Console& console) {
  outlive_broken_pipes();
  Loop loop;
  SystemClock clock(loop);
  OneShot stopped;
  const auto stop = [&] { stopped.fire(); };
  StopSignals signals(loop, clock, stop, stop);
  std::vector<std::pair<StreamArn, int>> create;
  for (const std::string& text : options.create) {
    auto one = read_create(text, region);
    if (!one)
      return console.error(kUsage, one.error().what);
    create.push_back(*std::move(one));
  }
  auto kinesis = EmbeddedKinesis::start(embedded, make_log(options.flags, console, Start::BySpin));
  if (!kinesis)
    return console.error(start_exit_code(kinesis.error()), kinesis.error().what);
  for (const auto& [stream, shards] : create) {
    const auto created = (*kinesis)->create_missing(stream, shards);
    if (!created)
      return console.error(kFailed, created.error().what);
  }
  console.out << "embedded Kinesis ready: " << (*kinesis)->url() << " (limits: " << options.limits
              << ", state: " << options.state_dir << ")\n";
  console.out.flush();
  TaskGroup group(loop);
  group.spawn(wait_for(stopped));
  serve_until_empty(loop, group);
  signals.close();
  loop.poll();
  return kDone;
}

}  // namespace

int local_command(const Arguments& arguments, const Console& console) {
  LocalOptions options;
  CLI::App command("Serves the embedded Kinesis until a signal. Any credentials do.", "local");
  command.add_option("--listen", options.listen, "Loopback address and port; port 0: a free one")
      ->type_name("ADDRESS:PORT");
  command.add_option("--state-dir", options.state_dir, "Where streams are kept (local.db)")
      ->type_name("DIR");
  command
      .add_option("--limits", options.limits,
                  "service: the real service's throughput; none: as fast as possible")
      ->check(CLI::IsMember({"service", "none"}))
      ->type_name("service|none");
  command
      .add_option("--shards-per-stream", options.shards_per_stream,
                  "Shards of a stream that is created without a count")
      ->check(CLI::Range(1, 10'000));
  command
      .add_option("--create", options.create, "Create this stream unless it exists (repeatable)")
      ->type_name("NAME[:SHARDS]")
      ->allow_extra_args(false);
  command
      .add_option("--subscription-life-millis", options.subscription_millis,
                  "How long a SubscribeToShard lives; for tests of its renewal")
      ->check(CLI::Range(100, 300'000))
      ->group("");
  command.add_option("--region", options.region, "Region of the created streams");
  command.add_option("--log-level", options.flags.log_level, "debug, info, warn, error or off")
      ->check(CLI::IsMember({"debug", "info", "warn", "error", "off"}));
  if (const auto end = parse_arguments(command, arguments, console))
    return *end;
  auto embedded = read_listen(options.listen);
  if (!embedded)
    return console.error(kUsage, embedded.error().what);
  embedded->state_dir = options.state_dir;
  embedded->limits = options.limits == "none" ? Limits::None : Limits::Service;
  embedded->shards_per_stream = options.shards_per_stream;
  embedded->subscription_life = std::chrono::milliseconds(options.subscription_millis);
  std::string region = options.region;
  for (const std::string_view name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (region.empty())
      region = console.variable(name);
  }
  return serve_local(options, *embedded, region.empty() ? "us-east-1" : region, console);
}

}  // namespace kt::cli
