#include "http/server_session.h"

#include <algorithm>
#include <boost/beast/http/status.hpp>

namespace kt::http {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view ServerRequest::header(std::string_view lower_case_name) const {
  for (const Header& header : headers)
    if (header.name == lower_case_name)
      return header.value;
  return {};
}

std::string_view reason_phrase(int status) {
  namespace beast_http = boost::beast::http;
  return beast_http::obsolete_reason(beast_http::int_to_status(static_cast<unsigned>(status)));
}

Response plain_answer(int status, std::string_view detail) {
  Response response;
  response.status = status;
  response.headers.emplace_back("content-type", "text/plain");
  response.body.append(std::to_string(status)).append(" ").append(reason_phrase(status));
  response.body.append(": ").append(detail).append("\n");
  return response;
}

bool is_bodiless(int status) {
  return status < 200 || status == 204 || status == 304;
}

bool is_sendable(const Header& header) {
  const auto is_control = [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == 127; };
  const auto is_token = [](char c) { return c > ' ' && c < 127 && c != ':'; };
  for (std::string_view own : {"connection", "content-length", "transfer-encoding", "keep-alive",
                               "upgrade", "proxy-connection"})
    if (equals_ignoring_case(header.name, own))
      return false;
  return !header.name.empty() && std::ranges::all_of(header.name, is_token) &&
         std::ranges::none_of(header.value, is_control);
}

bool normalize_target(std::string& target) {
  constexpr std::string_view kScheme = "http://";
  if (equals_ignoring_case(std::string_view(target).substr(0, kScheme.size()), kScheme)) {
    const std::size_t path = target.find('/', kScheme.size());
    if (path == std::string::npos)
      target = "/";
    else
      target.erase(0, path);
  }
  return !target.empty() && (target.front() == '/' || target == "*");
}

}  // namespace kt::http
