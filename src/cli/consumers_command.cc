// consumers list | deregister: the registered consumers of a stream, whose push is paid for by the
// hour as long as they exist.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/parse.h"
#include "cli/stream_commands.h"
#include "cli/stream_session.h"

namespace kt::cli {
namespace {

struct ConsumersOptions {
  StreamOptions stream;
  std::string consumer;
  bool json = false;
};

Task<Result<Unit>> list(StreamSession& session, stream::KinesisClient& client, StreamArn stream,
                        const ConsumersOptions& options) {
  CO_TRY(const auto consumers, client.list_consumers(stream));
  std::ostream& out = session.console().out;
  if (!options.json) {
    for (const stream::StreamConsumer& one : consumers)
      out << one.name << "  " << (one.active ? "active" : "changing") << "  " << one.arn << "\n";
    co_return Unit{};
  }
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const stream::StreamConsumer& one : consumers) {
    nlohmann::ordered_json item;
    item["name"] = one.name;
    item["arn"] = one.arn;
    item["active"] = one.active;
    all.push_back(std::move(item));
  }
  out << all.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << "\n";
  co_return Unit{};
}

Task<Result<Unit>> deregister(StreamSession& session, stream::KinesisClient& client,
                              StreamArn stream, const ConsumersOptions& options) {
  CO_TRY(client.deregister_consumer(stream, options.consumer));
  session.console().out << "deregistered " << options.consumer << "\n";
  co_return Unit{};
}

}  // namespace

int consumers_command(const Arguments& arguments, const Console& console) {
  ConsumersOptions options;
  CLI::App command("Lists or removes a stream's registered consumers (enhanced fan-out).",
                   "consumers");
  command.require_subcommand(1);
  CLI::App* const list_them = command.add_subcommand("list", "Every registered consumer");
  declare_stream_options(*list_them, options.stream);
  list_them->add_flag("--json", options.json, "Print JSON");
  CLI::App* const remove =
      command.add_subcommand("deregister",
                             "Removes one; whoever is subscribed with it falls back to polling or "
                             "registers it anew");
  declare_stream_options(*remove, options.stream);
  remove->add_option("--consumer", options.consumer, "The consumer's name or ARN")
      ->required()
      ->type_name("NAME|ARN");
  if (const auto end = parse_arguments(command, arguments, console))
    return *end;
  StreamSession session(options.stream, console);
  const bool listing = list_them->parsed();
  return session.run([&](StreamSession& s, stream::KinesisClient& client, StreamArn arn) {
    return listing ? list(s, client, std::move(arn), options)
                   : deregister(s, client, std::move(arn), options);
  });
}

}  // namespace kt::cli
