// observability/log.h — Structured log lines on stderr.
//
// Why: a level has a meaning: error = a human must act, warn = a human may want to know, info =
// what happened to leases and shards, debug = every request. Lines are `level room message
// key=value ...`. Never record bodies, never secrets. In the simulator the sink is a buffer or
// nothing.
#pragma once
#include <fmt/format.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace spdlog {
class logger;
}

namespace kt {

enum class LogLevel { Debug, Info, Warn, Error, Off };

/// One `key=value` of a log line.
struct LogField {
  template <class T>
  LogField(std::string_view k, const T& v) : key(k), value(fmt::format("{}", v)) {}
  std::string_view key;
  std::string value;
};

/// A logger with fields that every line carries (stream, shard, component). Cheap to copy. A
/// default-constructed one drops everything.
class Log {
 public:
  Log() = default;
  explicit Log(std::shared_ptr<spdlog::logger> sink) : sink_(std::move(sink)) {}

  /// The same log with one more field on every line.
  Log with(std::string_view key, std::string_view value) const;

  void debug(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void info(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void warn(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void error(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  bool enabled(LogLevel level) const;

 private:
  void write(LogLevel level, std::string_view message,
             std::initializer_list<LogField> fields) const;

  std::shared_ptr<spdlog::logger> sink_;
  std::string context_;
};

/// Lines to standard error at `level` and above.
Log make_stderr_log(LogLevel level);

}  // namespace kt
