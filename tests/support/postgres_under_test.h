// tests/support/postgres_under_test.h — The capability for PostgreSQL before a real server.
#pragma once
#include <gtest/gtest.h>
#include <stdlib.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "host/postgres/postgres_capability.h"
#include "runtime/task_group.h"
#include "runtime/work_thread.h"
#include "tests/support/run_real.h"
#include "tests/support/server_process.h"
#include "tests/support/sql_capability.h"
#include "wasm/host_testing.h"

namespace kt::test {

using host::CapabilitySession;
using host::ConnectionPermits;
using host::HostArguments;
using host::HostOperation;
using host::PostgresCapability;
using host::PostgresOptions;
using wasm::TestArguments;
using List = HostResult::List;

inline ServerCommand postgres_command() {
  ServerCommand command;
  command.user = "postgres";
  command.answers = [](std::uint16_t port) {
    const std::string ask = find_program("pg_isready").string() + " -q -h 127.0.0.1 -p ";
    return std::system((ask + std::to_string(port)).c_str()) == 0;
  };
  command.arguments = {"postgres",
                       "-D",
                       "{directory}/data",
                       "-p",
                       "{port}",
                       "-k",
                       "{directory}",
                       "-c",
                       "listen_addresses=127.0.0.1",
                       "-c",
                       "fsync=off",
                       "-c",
                       "ssl=on",
                       "-c",
                       "ssl_cert_file={directory}/tls.pem",
                       "-c",
                       "ssl_key_file={directory}/tls.key",
                       "-c",
                       "max_connections=120"};
  return command;
}

/// One server for all tests, since preparing its directory takes long.
class PostgresUnderTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = std::make_unique<ServerProcess>(postgres_command());
    server_->write_file("password", "secret");
    const bool prepared =
        server_->make_certificate("localhost") &&
        server_->run_first({"initdb", "-D", "{directory}/data", "-U", "admin", "-A",
                            "scram-sha-256", "--pwfile={directory}/password", "-E", "UTF8",
                            "--locale=C.UTF-8", "-N"});
    ASSERT_TRUE(prepared && server_->start());
    // Before the library is loaded, which is once a process; it must not see them.
    [[maybe_unused]] static const bool once =
        ::setenv("PGPASSWORD", "secret", 1) == 0 && ::setenv("PGSERVICE", "of-the-host", 1) == 0;
  }
  static void TearDownTestSuite() { server_.reset(); }

  PostgresUnderTest() { begin(PostgresOptions(), ConnectionPermits::Options()); }
  ~PostgresUnderTest() override {
    session.reset();
    capability.reset();
    real.settle();
  }

  void begin(PostgresOptions options, ConnectionPermits::Options limits) {
    session.reset();
    capability.reset();
    permits = std::make_shared<ConnectionPermits>(std::move(limits));
    PostgresCapability::Deps deps{real.executor(), real.clock(), work, policy, permits};
    capability = std::make_unique<PostgresCapability>(std::move(deps), std::move(options));
    session = capability->begin();
  }
  static std::string port() { return std::to_string(server_->port()); }
  static std::string address(const std::string& more = "") {
    return "host=127.0.0.1 port=" + port() + " user=admin password=secret dbname=postgres " + more;
  }

  Answer call(HostOperation operation, List values) {
    const TestArguments arguments(std::move(values));
    return real.run(session->call(operation, arguments.view()));
  }
  Answer try_open(const std::string& text, const std::string& root = "") {
    List list = wasm::list_of(text);
    root.empty() ? list.emplace_back() : list.emplace_back(root);
    return call(KT_POSTGRES_OPEN, std::move(list));
  }
  std::int64_t open(const std::string& text = address()) {
    auto opened = try_open(text);
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? *opened->integer() : -1;
  }
  void close(std::int64_t handle) { call(KT_POSTGRES_CLOSE, wasm::list_of(handle)); }
  Answer query(std::int64_t handle, const std::string& statement, const json& parameters) {
    List list = wasm::list_of(handle, statement);
    list.push_back(from_json(parameters));
    return call(KT_POSTGRES_QUERY, std::move(list));
  }
  Answer execute(std::int64_t handle, const std::string& statement,
                 const json& parameters = json::array()) {
    List list = wasm::list_of(handle, statement);
    list.push_back(from_json(parameters));
    return call(KT_POSTGRES_EXECUTE, std::move(list));
  }
  /// The rows, or the message of the refusal.
  json rows(std::int64_t handle, const std::string& statement,
            const json& parameters = json::array()) {
    const auto answer = query(handle, statement, parameters);
    return answer ? to_json((*answer->list())[1]) : json(answer.error().message);
  }
  /// The type of the only column, and the only value.
  json one(std::int64_t handle, const std::string& statement,
           const json& parameters = json::array()) {
    const auto answer = query(handle, statement, parameters);
    if (!answer)
      return answer.error().message;
    const json columns = to_json((*answer->list())[0]);
    const json values = to_json((*answer->list())[1]);
    return list(columns[0][1], values[0][0]);
  }
  /// Runs a statement that a test cancels; its arguments live as long.
  Task<Result<Unit>> run_until_cancelled(HostOperation operation, HostArguments arguments) {
    const auto answer = co_await session->call(operation, arguments);
    ADD_FAILURE() << "it ended: " << words_of(answer);
    co_return Unit{};
  }
  /// How many sessions run something; asked on a connection of another instance.
  std::int64_t running(const std::string& what) {
    const auto handle = open();
    const json found = rows(handle,
                            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND "
                            "pid <> pg_backend_pid() AND query LIKE $1",
                            list(list(int{KT_SQL_TEXT}, "%" + what + "%")));
    close(handle);
    return found[0][0];
  }

  Task<Result<Unit>> insert(HostArguments arguments) {
    const auto answer = co_await session->call(KT_POSTGRES_EXECUTE, arguments);
    EXPECT_TRUE(answer) << words_of(answer);
    co_return Unit{};
  }
  static Task<Result<Unit>> open_in(CapabilitySession& other, HostArguments arguments,
                                    std::optional<Answer>& out) {
    out.emplace(co_await other.call(KT_POSTGRES_OPEN, arguments));
    co_return Unit{};
  }
  static Task<Result<Unit>> joined(TaskGroup& group) {
    [[maybe_unused]] const auto ended = co_await group.join();
    co_return Unit{};
  }

  static inline std::unique_ptr<ServerProcess> server_;

  RealLoop real;
  DedicatedThread work{"test-work"};
  std::shared_ptr<SqlTestPolicy> policy = std::make_shared<SqlTestPolicy>();
  std::shared_ptr<ConnectionPermits> permits;
  std::unique_ptr<PostgresCapability> capability;
  std::unique_ptr<CapabilitySession> session;
};

}  // namespace kt::test
