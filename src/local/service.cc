#include "local/service.h"

#include <fmt/format.h>

#include "aws/event_stream.h"

namespace kt::local {
namespace {

constexpr std::string_view kTargetPrefix = "Kinesis_20131202.";
constexpr std::string_view kJson = "application/x-amz-json-1.1";
constexpr std::string_view kCbor = "application/x-amz-cbor-1.1";

/// "…Credential=AKID/20260131/eu-west-1/kinesis/aws4_request, …" names the region.
std::string_view region_of(std::string_view authorization) {
  const auto at = authorization.find("Credential=");
  if (at == std::string_view::npos)
    return {};
  std::string_view scope = authorization.substr(at + 11);
  scope = scope.substr(0, scope.find_first_of(", "));
  for (int part = 0; part < 2; ++part) {
    const auto slash = scope.find('/');
    if (slash == std::string_view::npos)
      return {};
    scope.remove_prefix(slash + 1);
  }
  scope = scope.substr(0, scope.find('/'));
  const bool plain =
      scope.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
  return plain && scope.size() <= 40 ? scope : std::string_view();
}

std::optional<Format> format_of(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (content_type.ends_with(' '))
    content_type.remove_suffix(1);
  if (content_type == kCbor)
    return Format::Cbor;
  if (content_type == kJson || content_type == "application/json" || content_type.empty())
    return Format::Json;
  return std::nullopt;
}

}  // namespace

std::string Service::request_id() {
  const std::uint64_t a = random_.next();
  const std::uint64_t b = random_.next();
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", a >> 32, (a >> 16) & 0xffff, a & 0xffff,
                     b >> 48, b & 0xffff'ffff'ffffULL);
}

Reply Service::answer(const http::ServerRequest& request) {
  Reply reply;
  const auto format = format_of(request.header("content-type"));
  AnswerWriter out(format.value_or(Format::Json));
  const std::string_view target = request.header("x-amz-target");
  const std::string_view name =
      target.starts_with(kTargetPrefix) ? target.substr(kTargetPrefix.size()) : std::string_view();
  const Operation* operation = find_operation(name);
  Answer<Unit> outcome = Unit{};
  if (request.method != "POST" || operation == nullptr) {
    outcome = refuse(
        Fault::UnknownOperation,
        "The embedded Kinesis has no operation \"" + std::string(target.substr(0, 100)) +
            "\"; a request is a POST with the header X-Amz-Target: " + std::string(kTargetPrefix) +
            "<operation>.");
  } else if (!format) {
    outcome = refuse(Fault::Serialization, "Content-Type has to be " + std::string(kJson) + " or " +
                                               std::string(kCbor) + ".");
  } else {
    outcome = run(request, *operation, out, reply);
    reply.wait_for_commit =
        (operation->writes && model_.has_changes()) || model_.structure_pending();
  }
  reply.format = out.format();
  reply.response = respond(out.format(), outcome, out);
  if (reply.subscription) {
    for (http::Header& header : reply.response.headers) {
      if (header.name == "Content-Type")
        header.value = aws::kEventStreamType;
    }
  }
  return reply;
}

Answer<Unit> Service::run(const http::ServerRequest& request, const Operation& operation,
                          AnswerWriter& out, Reply& reply) {
  Caller caller = defaults_;
  if (const auto region = region_of(request.header("authorization")); !region.empty())
    caller.region = region;
  std::string_view body = request.body;
  if (body.empty())
    body = out.format() == Format::Json ? "{}" : "\xa0";
  TRY(const Document document, Document::read(body, out.format()));
  Call call(model_, caller, Fields(document.root()), out);
  auto outcome = operation.run(call);
  reply.subscription = std::move(call.subscribed);
  return outcome;
}

http::Response Service::respond(Format format, const Answer<Unit>& outcome, AnswerWriter& out) {
  http::Response response;
  response.headers.emplace_back("x-amzn-RequestId", request_id());
  response.headers.emplace_back("Date", to_http_date(clock_.wall_now()));
  response.headers.emplace_back("Content-Type",
                                std::string(format == Format::Cbor ? kCbor : kJson));
  if (outcome) {
    response.status = 200;
    response.body = out.take();
    return response;
  }
  const ServiceError& error = outcome.error();
  const std::string type(exception_name(error.fault));
  response.status = error.fault == Fault::InternalFailure ? 500 : 400;
  response.headers.emplace_back("x-amzn-ErrorType", type);
  AnswerWriter body(format);
  body.map(2).key("__type").text(type).key("message").text(error.message).end_map();
  response.body = body.take();
  return response;
}

http::Response Service::failure(const http::ServerRequest& request, const Error& error) {
  const Format format = format_of(request.header("content-type")).value_or(Format::Json);
  AnswerWriter none(format);
  return respond(format, refuse(Fault::InternalFailure, error.what), none);
}

}  // namespace kt::local
