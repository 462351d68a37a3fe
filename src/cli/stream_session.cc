#include "cli/stream_session.h"

#include <CLI/CLI.hpp>
#include <random>

#include "cli/serve.h"
#include "cli/stop_signals.h"

namespace kt::cli {

std::uint64_t fresh_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

void declare_stream_options(CLI::App& command, StreamOptions& options) {
  command.add_option("--stream", options.stream, "The stream's name or ARN")
      ->required()
      ->type_name("NAME|ARN");
  command
      .add_option("--endpoint-url", options.endpoint_url,
                  "The service's address; else the AWS environment says")
      ->type_name("URL");
  command.add_option("--region", options.region, "The region of a stream given by name");
}

StreamSession::StreamSession(const StreamOptions& options, const Console& console)
    : options_(options), console_(console), clock_(loop_), random_(fresh_seed()) {}

Task<Result<Unit>> StreamSession::run_task(Work work, bool& found) {
  CO_TRY(const StreamArn stream, service_->find_stream(options_.stream));
  const auto client = service_->client(stream.region());
  if (!client)
    co_return fail(client.error());
  found = true;
  Task<Result<Unit>> task = work(*this, **client, stream);
  co_return co_await std::move(task);
}

int StreamSession::run(const Work& work) {
  ServiceOptions service;
  service.endpoint_url = options_.endpoint_url;
  service.region = options_.region;
  auto opened = ServiceAccess::open(clock_, console_.environment, service);
  if (!opened)
    return console_.error(kUsage, opened.error().what);
  service_ = *std::move(opened);

  bool found = false;
  std::optional<Result<Unit>> result;
  TaskGroup group(loop_);
  const auto stop = [&] {
    stopped_ = true;
    group.cancel();
  };
  StopSignals signals(loop_, clock_, stop, stop);
  struct Keep {
    static Task<Result<Unit>> value(Task<Result<Unit>> from, std::optional<Result<Unit>>& to) {
      to.emplace(co_await std::move(from));
      co_return Unit{};
    }
  };
  group.spawn(Keep::value(run_task(work, found), result));
  serve_until_empty(loop_, group);
  signals.close();
  loop_.poll();
  if (stopped_ || !result || *result)
    return kDone;
  const Error& error = result->error();
  return console_.error(found ? kFailed : start_exit_code(error), error.what);
}

}  // namespace kt::cli
