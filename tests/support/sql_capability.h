// tests/support/sql_capability.h — What the tests of both databases' capabilities say alike.
#pragma once
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "host/capability.h"
#include "host/outbound_policy.h"

namespace kt::test {

using host::Answer;
using host::HostFault;
using host::HostResult;
using nlohmann::json;
using wasm::HostBuffer;

/// Allows everything but one name and one address.
class SqlTestPolicy final : public host::OutboundPolicy {
 public:
  Task<Result<Unit>> check(std::string scheme, std::string host, std::uint16_t port) override {
    asked.push_back(scheme + "://" + host + ":" + std::to_string(port));
    if (host == denied)
      co_return fail(ErrorCode::AccessDenied, "address " + asked.back() + " is not permitted");
    co_return Unit{};
  }
  bool is_blocked(const asio::ip::address& address) const override {
    return address.to_string() == blocked;
  }

  std::string denied;
  std::string blocked;
  std::vector<std::string> asked;
};

/// Braces alone mean an object now and then, and not the same to every compiler.
template <class... Items>
json list(Items&&... items) {
  json all = json::array();
  (all.push_back(json(std::forward<Items>(items))), ...);
  return all;
}
inline json octets(const std::string& text) {
  return json::object({{"bytes", text}});
}

inline HostBuffer bytes(std::string_view text) {
  return HostBuffer::copy_of(as_bytes(text));
}

/// As a test states it: bytes are {"bytes": text}.
inline HostResult from_json(const json& value) {
  if (value.is_boolean())
    return HostResult(value.get<bool>());
  if (value.is_number_integer())
    return HostResult(value.get<std::int64_t>());
  if (value.is_number())
    return HostResult(value.get<double>());
  if (value.is_string())
    return HostResult(value.get<std::string>());
  if (value.is_object())
    return HostResult(bytes(value["bytes"].get<std::string>()));
  if (value.is_null())
    return HostResult();
  HostResult::List list;
  for (const json& item : value)
    list.push_back(from_json(item));
  return HostResult(std::move(list));
}

inline json to_json(const HostResult& value) {
  if (value.boolean() != nullptr)
    return *value.boolean();
  if (value.integer() != nullptr)
    return *value.integer();
  if (value.real() != nullptr)
    return *value.real();
  if (value.text() != nullptr)
    return *value.text();
  if (value.bytes() != nullptr)
    return octets(std::string(as_text(value.bytes()->view())));
  if (value.is_none())
    return nullptr;
  json list = json::array();
  for (const HostResult& item : *value.list())
    list.push_back(to_json(item));
  return list;
}

/// The fault of an answer that should be a refusal.
inline HostFault fault_of(const Answer& answer) {
  EXPECT_FALSE(answer);
  return answer ? HostFault{} : answer.error().fault;
}
inline std::string words_of(const Answer& answer) {
  return answer ? "it was not refused" : answer.error().message;
}

}  // namespace kt::test
