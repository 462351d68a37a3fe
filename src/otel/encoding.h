// otel/encoding.h — Telemetry as OTLP's messages.
//
// Why: the field numbers of opentelemetry-proto 1.x live here and nowhere else.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "otel/protobuf.h"
#include "otel/records.h"

namespace kt::otel {

std::string encode(const Scope& scope);
std::string encode(const SpanRecord& span);
std::string encode(const LogRecord& log);
void put_attributes(Message& out, int field, const Attributes& attributes);
/// A Resource.
std::string encode_resource(const Attributes& attributes);

/// A span, a log record or a metric in its message's form, and its encoded scope.
struct Item {
  std::shared_ptr<const std::string> scope;
  std::shared_ptr<const std::string> resource;  ///< null: the request's
  std::string bytes;
};

/// An Export…ServiceRequest: the three of them are built alike. Items of one resource and scope
/// that follow each other share their messages.
std::string encode_request(const std::string& resource, const std::vector<Item>& items);

}  // namespace kt::otel
