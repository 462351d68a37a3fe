#include "admin/admin_server.h"

#include <utility>

namespace kt::admin {
namespace {

constexpr Duration kGrace = std::chrono::milliseconds(200);

/// Small: an orchestrator, a scraper and a person or two.
http::ServerOptions server_options(const Address& address) {
  http::ServerOptions out;
  out.address = address.ip;
  out.port = address.port;
  out.body_bytes_max = 4 * 1024;
  out.header_bytes_max = 16 * 1024;
  out.connections_max = 64;
  out.streams_max = 16;
  out.read_timeout = std::chrono::seconds(10);
  return out;
}

}  // namespace

Task<http::Response> AdminServer::answer(http::ServerRequest request) const {
  co_return site_.answer(request);
}

Result<std::unique_ptr<AdminServer>> AdminServer::start(Loop& loop, Clock& clock,
                                                        const Control& control,
                                                        const AdminOptions& options,
                                                        const Log& log) {
  Site::Options site;
  site.version = options.version;
  site.loopback_hosts_only = options.address.is_loopback();
  auto admin = std::unique_ptr<AdminServer>(new AdminServer(control, std::move(site)));
  const http::ServerHandler handler = [raw = admin.get()](http::ServerRequest request) {
    return raw->answer(std::move(request));
  };
  http::ServerOptions listen = server_options(options.address);
  auto server = http::Server::listen(loop, clock, listen, handler, log);
  for (int i = 0;
       i < 10 && options.next_port_if_taken && !server && server.error().code == ErrorCode::InUse;
       ++i) {
    listen.port = i < 9 ? static_cast<std::uint16_t>(listen.port + 1) : std::uint16_t{0};
    server = http::Server::listen(loop, clock, listen, handler, log);
  }
  if (!server)
    return fail(std::move(server).error().within("admin port"));
  admin->server_ = *std::move(server);
  admin->url_ = options.address.url(admin->server_->port());
  if (!options.address.is_loopback()) {
    log.warn("the admin port is open to other machines: it has no passwords",
             {{"address", options.address.ip}, {"port", admin->server_->port()}});
  }
  return admin;
}

Task<void> AdminServer::stop() {
  co_await server_->stop(kGrace);
}

}  // namespace kt::admin
