#include "cli/admin_port.h"

#include <fstream>

#include "app/assets.h"
#include "cli/version.h"

namespace kt::cli {
namespace {

namespace fs = std::filesystem;

Result<Unit> write_file(const fs::path& file, const std::string& url) {
  const fs::path next = file.string() + ".new";
  {
    std::ofstream out(next, std::ios::trunc);
    out << url << "\n";
    out.flush();
    if (!out) {
      return fail(ErrorCode::ReadOnly,
                  "cannot write " + next.string() + ": `status` would not find the admin port");
    }
  }
  std::error_code problem;
  fs::rename(next, file, problem);
  if (problem)
    return fail(app::storage_error(problem, file));
  return Unit{};
}

}  // namespace

fs::path admin_file(const fs::path& state_dir) {
  return state_dir / "admin";
}

Result<std::unique_ptr<AdminPort>> AdminPort::open(Loop& loop, Clock& clock, const Control& control,
                                                   const Request& request, const Log& log) {
  const fs::path file = admin_file(request.state_dir);
  std::error_code ignored;
  fs::remove(file, ignored);  // of a process that was killed
  if (request.flag == "off" || (request.flag.empty() && !request.local))
    return nullptr;
  admin::AdminOptions options;
  options.version = kVersion;
  if (request.flag.empty()) {
    options.next_port_if_taken = true;
  } else {
    auto address = admin::parse_address(request.flag);
    if (!address)
      return fail(std::move(address).error().within("--admin"));
    options.address = *std::move(address);
  }
  TRY(auto server, admin::AdminServer::start(loop, clock, control, options, log));
  auto port = std::unique_ptr<AdminPort>(new AdminPort(std::move(server), file));
  if (auto written = write_file(file, port->url()); !written)
    log.warn("the admin port's address can not be noted", {{"error", written.error().what}});
  return port;
}

AdminPort::~AdminPort() {
  std::error_code ignored;
  fs::remove(file_, ignored);
}

Task<Result<Unit>> AdminPort::close() {
  co_await server_->stop();
  co_return Unit{};
}

}  // namespace kt::cli
