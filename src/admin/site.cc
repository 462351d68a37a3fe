#include "admin/site.h"

#include <nlohmann/json.hpp>

#include "admin/address.h"
#include "admin/status_document.h"
#include "admin/status_page.h"
#include "observability/metrics.h"

namespace kt::admin {
namespace {

http::Response reply(int status, std::string type, std::string body) {
  http::Response out;
  out.status = status;
  out.headers.emplace_back("content-type", std::move(type));
  out.headers.emplace_back("cache-control", "no-store");
  out.headers.emplace_back("x-content-type-options", "nosniff");
  out.body = std::move(body);
  return out;
}

http::Response json(int status, std::string body) {
  return reply(status, "application/json", std::move(body));
}

http::Response problem(int status, std::string_view code, const std::string& message) {
  nlohmann::ordered_json out;
  out["error"]["code"] = code;
  out["error"]["message"] = message;
  return json(status,
              out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

constexpr std::string_view kPaths = "/, /metrics, /healthz, /readyz, /api/status";

}  // namespace

http::Response Site::readyz() const {
  const Readiness found = readiness(control_.worker_status(), control_.status());
  return json(found.ready() ? 200 : 503, readiness_document(found));
}

http::Response Site::answer(const http::ServerRequest& request) const {
  if (options_.loopback_hosts_only && !is_loopback_host(host_of(request.header("host")))) {
    return problem(403, "wrong_host",
                   "this port answers only to localhost and loopback addresses as its host name");
  }
  if (request.method != "GET" && request.method != "HEAD") {
    http::Response refused =
        problem(405, "method_not_allowed", "only GET and HEAD are answered here");
    refused.headers.emplace_back("allow", "GET, HEAD");
    return refused;
  }
  const std::string_view target = request.target;
  const std::string_view path = target.substr(0, target.find('?'));
  if (path == "/healthz")
    return reply(200, "text/plain; charset=utf-8", "ok\n");
  if (path == "/readyz")
    return readyz();
  if (path == "/metrics") {
    MetricsOptions metrics;
    metrics.version = options_.version;
    metrics.shard_series_max = options_.shard_series_max;
    return reply(200, "text/plain; version=0.0.4; charset=utf-8",
                 metrics_text(control_.worker_status(), control_.status(), metrics));
  }
  if (path == "/api/status") {
    return json(200,
                status_document(control_.worker_status(), control_.status(), options_.version));
  }
  if (path == "/") {
    http::Response page =
        reply(200, "text/html; charset=utf-8",
              status_page(control_.worker_status(), control_.status(), options_.version));
    page.headers.emplace_back("content-security-policy",
                              "default-src 'none'; style-src 'unsafe-inline'; "
                              "frame-ancestors 'none'");
    return page;
  }
  return problem(404, "not_found", "there is nothing here; known are " + std::string(kPaths));
}

}  // namespace kt::admin
