// wasm/servers_testing.h — A host for tests that notes what is asked of servers, and answers as
// told.
//
// Why: capabilities are tested where they are; here it matters what the bridge asks of them.
#pragma once
#include <fmt/format.h>

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "wasm/host_call.h"

namespace kt::wasm {

/// Of every connection; larger than 32 bits.
inline constexpr std::int64_t kHandle = std::int64_t{1} << 40;

inline std::string_view name_of(HostOperation operation) {
  switch (operation) {
      // clang-format off
    case KT_REDIS_OPEN: return "redis open";
    case KT_REDIS_CLOSE: return "redis close";
    case KT_REDIS_PUBLISH: return "redis publish";
    case KT_REDIS_GET: return "redis get";
    case KT_REDIS_SET: return "redis set";
    case KT_REDIS_INCR: return "redis incr";
    case KT_REDIS_DEL: return "redis del";
    case KT_REDIS_SADD: return "redis sadd";
    case KT_REDIS_SMEMBERS: return "redis smembers";
    case KT_REDIS_SREM: return "redis srem";
    case KT_REDIS_EXECUTE: return "redis execute";
    case KT_POSTGRES_OPEN: return "postgres open";
    case KT_POSTGRES_CLOSE: return "postgres close";
    case KT_POSTGRES_EXECUTE: return "postgres execute";
    case KT_POSTGRES_QUERY: return "postgres query";
    case KT_POSTGRES_CHECK_ROOT: return "postgres check-root";
    case KT_MYSQL_OPEN: return "mysql open";
    case KT_MYSQL_CLOSE: return "mysql close";
    case KT_MYSQL_EXECUTE: return "mysql execute";
    case KT_MYSQL_QUERY: return "mysql query";
    case KT_MQTT_OPEN: return "mqtt open";
    case KT_MQTT_CLOSE: return "mqtt close";
    case KT_MQTT_PUBLISH: return "mqtt publish";
    default: return "something else";
      // clang-format on
  }
}

/// A value as tests write it: none, true, 1, 1.5, "text", b"bytes", [items]; `it` is the handle.
inline std::string show(HostValue value) {
  if (value.is_none())
    return "none";
  if (value.is_boolean())
    return value.boolean() ? "true" : "false";
  if (value.is_integer())
    return value.integer() == kHandle ? "it" : std::to_string(value.integer());
  if (value.is_real())
    return fmt::format("{}", value.real());
  if (value.is_text())
    return fmt::format("\"{}\"", value.text());
  std::string out;
  if (value.is_bytes()) {
    for (const std::uint8_t byte : value.bytes())
      out += byte >= 0x20 && byte < 0x7f ? std::string(1, static_cast<char>(byte))
                                         : fmt::format("\\x{:02x}", byte);
    return "b\"" + out + "\"";
  }
  for (std::size_t i = 0; i < value.size(); ++i)
    out += (i == 0 ? "" : " ") + show(value[i]);
  return "[" + out + "]";
}

inline HostResult bytes(std::string_view text) {
  return HostResult(HostBuffer::copy_of(as_bytes(text)));
}
inline HostResult text(const char* words) {
  return HostResult(std::string(words));
}
inline HostResult number(std::int64_t value) {
  return HostResult(value);
}
template <class... Items>
HostResult list(Items... items) {
  HostResult::List all;
  (all.push_back(std::move(items)), ...);
  return HostResult(std::move(all));
}

/// Notes every call as text, and answers or refuses as it was told to; what it was told nothing
/// about is answered by none.
class FakeServers final : public Host {
 public:
  using Answer = std::function<HostResult()>;

  HostSession* begin() noexcept override { return new Session(*this); }

  void answer(HostOperation operation, Answer answer) {
    const std::scoped_lock lock(mutex_);
    answers_[operation] = std::move(answer);
  }
  void allow(HostOperation operation) {
    const std::scoped_lock lock(mutex_);
    refusals_.erase(operation);
  }
  void refuse(HostOperation operation, HostFault fault, Answer detail = nullptr) {
    const std::scoped_lock lock(mutex_);
    refusals_[operation] = {fault, std::move(detail)};
  }
  /// What was called since the last time, each call a line.
  std::vector<std::string> calls() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(calls_, {});
  }

 private:
  class Session final : public HostSession {
   public:
    explicit Session(FakeServers& host) : host_(host) {}
    void call(HostCall call) noexcept override { host_.reply(std::move(call)); }
    void end() noexcept override { delete this; }

   private:
    FakeServers& host_;
  };

  struct Refusal {
    HostFault fault = KT_FAULT_OTHER;
    Answer detail;
  };

  void note(const HostCall& call) {
    std::string line(name_of(call.operation()));
    for (std::size_t i = 0; i < call.arguments().size(); ++i)
      line += " " + show(call.arguments()[i]);
    calls_.push_back(std::move(line));
  }

  void reply(HostCall call) {
    const std::scoped_lock lock(mutex_);
    note(call);
    const auto refused = refusals_.find(call.operation());
    if (refused != refusals_.end()) {
      HostRefusal refusal;
      refusal.fault = refused->second.fault;
      refusal.message = "it said no";
      if (refused->second.detail)
        refusal.detail = refused->second.detail();
      return call.refuse(std::move(refusal));
    }
    const auto answered = answers_.find(call.operation());
    call.answer(answered == answers_.end() ? HostResult() : answered->second());
  }

  std::mutex mutex_;
  std::vector<std::string> calls_;
  std::map<HostOperation, Answer> answers_ = {{KT_REDIS_OPEN, [] { return number(kHandle); }},
                                              {KT_POSTGRES_OPEN, [] { return number(kHandle); }},
                                              {KT_MYSQL_OPEN, [] { return number(kHandle); }},
                                              {KT_MQTT_OPEN, [] { return number(kHandle); }}};
  std::map<HostOperation, Refusal> refusals_;
};

}  // namespace kt::wasm
