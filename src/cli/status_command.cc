#include "cli/status_command.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fstream>

#include "admin/address.h"
#include "cli/admin_port.h"
#include "cli/parse.h"
#include "cli/serve.h"
#include "cli/status_screen.h"
#include "cli/stop_signals.h"
#include "http/crt_transport.h"
#include "runtime/system_clock.h"

namespace kt::cli {
namespace {

namespace fs = std::filesystem;

constexpr Duration kTimeout = std::chrono::seconds(5);
constexpr Duration kPause = std::chrono::seconds(1);

struct StatusOptions {
  std::string admin;
  std::string manifest = "spin.toml";
  std::string state_dir;
  bool watch = false;
  bool json = false;
};

/// The address as given, or as the consumer that uses the state directory noted it.
Result<std::string> find_url(const StatusOptions& options) {
  if (options.admin.starts_with("http://") || options.admin.starts_with("https://"))
    return options.admin;
  if (!options.admin.empty()) {
    TRY(const admin::Address address, admin::parse_address(options.admin));
    return address.url(address.port);
  }
  fs::path state_dir = options.state_dir;
  if (state_dir.empty()) {
    std::error_code ignored;
    const fs::path manifest = options.manifest;
    const fs::path folder = fs::is_directory(manifest, ignored) ? manifest : manifest.parent_path();
    state_dir = folder / ".spin";
  }
  const fs::path file = admin_file(state_dir);
  std::ifstream in(file);
  std::string url;
  if (!std::getline(in, url) || url.empty()) {
    return fail(ErrorCode::NotFound,
                "no consumer with an admin port uses " + state_dir.string() +
                    ": start it with --admin 127.0.0.1:9400, or name its address or its "
                    "--state-dir here");
  }
  return url;
}

ScreenSize screen_size(bool terminal, bool watch) {
  ScreenSize out;
  out.columns = 100'000;  // whoever reads a pipe wants all of it
  winsize window{};
  if (!terminal || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0)
    return out;
  out.columns = window.ws_col;
  out.color = true;
  if (watch && window.ws_row > 1)
    out.rows = window.ws_row - 1U;
  return out;
}

/// Asks and shows, once or every second.
class Viewer {
 public:
  Viewer(const StatusOptions& options, const Console& console, Clock& clock,
         http::Transport& transport, std::string url)
      : options_(options),
        console_(console),
        clock_(clock),
        transport_(transport),
        url_(std::move(url)),
        terminal_(&console.out == &std::cout && ::isatty(STDOUT_FILENO) != 0) {}

  Task<Result<Unit>> run() {
    do {
      auto shown = co_await look();
      healthy_ = shown && *shown;
      if (!shown && !options_.watch)
        co_return fail(shown.error());
      if (!shown)
        show(url_ + " does not answer: " + shown.error().what + "\n");
      if (options_.watch)
        co_await clock_.sleep(kPause);
    } while (options_.watch);
    co_return Unit{};
  }
  bool healthy() const { return healthy_; }

 private:
  Task<Result<bool>> look() {
    http::Request request;
    request.method = "GET";
    request.path = "/api/status";
    request.answer_bytes_max = 64 * 1024 * 1024;
    CO_TRY(const http::Response answer, transport_.send(std::move(request), kTimeout));
    co_return present(answer);
  }

  Result<bool> present(const http::Response& answer) {
    if (answer.status != 200) {
      return fail(ErrorCode::Unavailable,
                  url_ + "/api/status answered " + std::to_string(answer.status));
    }
    const ScreenSize size = screen_size(terminal_, options_.watch);
    TRY(const StatusScreen screen, draw_status(answer.body, size));
    if (!options_.json) {
      show(screen.text);
    } else if (options_.watch) {
      TRY(const std::string line, on_one_line(answer.body));
      console_.out << line << "\n" << std::flush;
    } else {
      console_.out << answer.body << std::flush;
    }
    return screen.healthy;
  }

  void show(const std::string& text) {
    if (options_.watch && terminal_)
      console_.out << "\033[H\033[J";
    else if (options_.watch && shown_before_)
      console_.out << "\n";
    shown_before_ = true;
    console_.out << text << std::flush;
  }

  const StatusOptions& options_;
  const Console& console_;
  Clock& clock_;
  http::Transport& transport_;
  std::string url_;
  bool terminal_;
  bool shown_before_ = false;
  bool healthy_ = false;
};

int view(const StatusOptions& options, const Console& console) {
  auto url = find_url(options);
  if (!url)
    return console.error(url.error().code == ErrorCode::Invalid ? kUsage : kFailed,
                         url.error().what);
  auto endpoint = http::Endpoint::parse(*url);
  if (!endpoint)
    return console.error(kUsage, "--admin: " + endpoint.error().what);
  outlive_broken_pipes();
  Loop loop;
  SystemClock clock(loop);
  http::CrtRuntime runtime;
  auto transport = http::CrtTransport::make(runtime, clock, *endpoint);
  if (!transport)
    return console.error(kFailed, transport.error().what);
  Viewer viewer(options, console, clock, **transport, *url);
  std::optional<Result<Unit>> result;
  TaskGroup group(loop);
  const auto stop = [&] { group.cancel(); };
  StopSignals signals(loop, clock, stop, stop);
  struct Keep {
    static Task<Result<Unit>> value(Task<Result<Unit>> from, std::optional<Result<Unit>>& to) {
      to.emplace(co_await std::move(from));
      co_return Unit{};
    }
  };
  group.spawn(Keep::value(viewer.run(), result));
  serve_until_empty(loop, group);
  signals.close();
  loop.poll();
  if (result && !*result)
    return console.error(kFailed, result->error().what);
  return viewer.healthy() ? kDone : kFailed;
}

}  // namespace

int status_command(const Arguments& arguments, const Console& console) {
  StatusOptions options;
  CLI::App command("Shows a running consumer: shards, leases, lag, and why a shard does not move.",
                   "status");
  command
      .add_option("--admin", options.admin,
                  "The consumer's admin port; else the one noted in its state directory")
      ->type_name("URL|ADDRESS");
  command.add_option("-f,--from,--file", options.manifest, "The app's manifest, or its folder")
      ->type_name("spin.toml");
  command
      .add_option("--state-dir", options.state_dir,
                  "The consumer's state directory; the default is .spin beside the manifest")
      ->type_name("DIR");
  command.add_flag("--watch", options.watch, "Show it anew every second");
  command.add_flag("--json", options.json, "Print the document of /api/status");
  if (const auto end = parse_arguments(command, arguments, console))
    return *end;
  return view(options, console);
}

}  // namespace kt::cli
