#include "host/sqlite/libsql_database.h"

#include <gmock/gmock.h>

#include <map>
#include <nlohmann/json.hpp>

#include "host/sqlite/guest_connection.h"
#include "host/sqlite/hrana.h"
#include "http/crt_transport.h"
#include "tests/support/http_server_under_test.h"
#include "tests/support/run_real.h"
#include "wasm/host_testing.h"

namespace kt::host {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using wasm::HostBuffer;
using wasm::list_of;
using wasm::TestArguments;

json text(const std::string& value) {
  json out = json::object();
  out["type"] = "text";
  out["value"] = value;
  return out;
}

/// A libSQL server with answers by heart: one stream a transaction, batons that are good once.
class FakeLibsql {
 public:
  Task<http::Response> serve(http::ServerRequest request) {
    http::Response response;
    response.status = 200;
    if (request.target != "/db/v2/pipeline" || request.method != "POST")
      response.status = 404;
    else if (request.header("authorization") != "Bearer secret")
      response.status = 401;
    else
      response = pipeline(json::parse(request.body));
    co_return response;
  }

  std::vector<json> statements;                ///< as they came
  std::map<std::string, std::string> streams;  ///< by baton: what ran on it
  std::vector<std::string> ended;              ///< streams
  json next_result;                            ///< of the next statement
  json base_url;                               ///< where streams go on
  bool forgetful = false;                      ///< of streams

 private:
  http::Response pipeline(const json& request) {
    http::Response response;
    std::string stream;
    if (request["baton"].is_string()) {
      const auto found = streams.find(request["baton"]);
      if (found == streams.end() || forgetful) {
        response.status = 400;
        return response;
      }
      stream = found->second;
      streams.erase(found);
    }
    json out = json::object();
    out["base_url"] = base_url;
    out["results"] = json::array();
    bool open = true;
    for (const json& step : request["requests"]) {
      json result = json::object();
      result["type"] = "ok";
      result["response"]["type"] = step["type"];
      if (step["type"] == "execute") {
        statements.push_back(step["stmt"]);
        stream += step["stmt"]["sql"].get<std::string>() + ";";
        if (next_result.contains("error"))
          result = next_result;
        else
          result["response"]["result"] = next_result;
      } else if (step["type"] == "sequence") {
        stream += step["sql"].get<std::string>() + ";";
      } else {
        open = step["type"] != "close";
      }
      out["results"].push_back(result);
    }
    if (open) {
      const std::string baton = "baton \"" + std::to_string(++batons_) + "\"";
      streams[baton] = stream;
      out["baton"] = baton;
    } else {
      ended.push_back(stream);
    }
    response.status = 200;
    response.body = out.dump();
    return response;
  }

  int batons_ = 0;
};

json rows(json columns, json values) {
  json out = json::object();
  out["cols"] = json::array();
  for (const json& name : columns) {
    json column = json::object();
    column["name"] = name;
    out["cols"].push_back(column);
  }
  out["rows"] = std::move(values);
  out["affected_row_count"] = 3;
  out["last_insert_rowid"] = "9007199254740993";
  return out;
}

class ALibsqlDatabase : public ::testing::Test {
 protected:
  ALibsqlDatabase() { service_.next_result = rows(json::array(), json::array()); }

  std::shared_ptr<SqlConnection> connect() { return *real_.run(database_->connect()); }
  template <class... Values>
  Answer run(SqlConnection& connection, std::string statement, Values&&... values) {
    const TestArguments arguments(list_of(std::forward<Values>(values)...));
    SqlParameters parameters;
    for (std::size_t i = 0; i < arguments.view().size(); ++i)
      parameters.push_back(arguments.view()[i]);
    return real_.run(connection.execute(statement, std::move(parameters)));
  }
  std::unique_ptr<LibsqlDatabase> database(std::string token) {
    LibsqlDatabase::Options options;
    options.endpoint = endpoint_;
    options.token = std::move(token);
    return std::make_unique<LibsqlDatabase>(LibsqlDatabase::Deps{*transport_, pool_},
                                            std::move(options));
  }

  FakeLibsql service_;
  http::ServerUnderTest server_{
      {}, [this](http::ServerRequest request) { return service_.serve(std::move(request)); }};
  test::RealLoop real_;
  DedicatedThread pool_{"sql"};
  http::CrtRuntime runtime_;
  http::Endpoint endpoint_ =
      *LibsqlDatabase::parse_url("http://127.0.0.1:" + std::to_string(server_.port()) + "/db");
  std::unique_ptr<http::CrtTransport> transport_ =
      *http::CrtTransport::make(runtime_, real_.clock(), endpoint_);
  std::unique_ptr<LibsqlDatabase> database_ = database("secret");
};

TEST_F(ALibsqlDatabase, CarriesEveryTypeBothWays) {
  service_.next_result = rows(json::array({"a", "b", "c", "d", "e"}), json::parse(R"([[
      {"type":"integer","value":"-9007199254740993"}, {"type":"float","value":1.5},
      {"type":"text","value":"tëxt"}, {"type":"blob","base64":"AP8"}, {"type":"null"}]])"));
  const auto connection = connect();
  const Answer answer = run(
      *connection, "SELECT \"x\"", std::int64_t{-9'007'199'254'740'993}, 0.1, std::string("q\"\n"),
      HostBuffer::copy_of(as_bytes(std::string_view("\0\xff", 2))), HostResult());
  ASSERT_TRUE(answer) << answer.error().message;
  const HostResult::List& both = *answer->list();
  EXPECT_EQ(*(*both[0].list())[4].text(), "e");
  const HostResult::List& row = *(*both[1].list())[0].list();
  EXPECT_EQ(*row[0].integer(), -9'007'199'254'740'993);
  EXPECT_EQ(*row[1].real(), 1.5);
  EXPECT_EQ(*row[2].text(), "tëxt");
  EXPECT_EQ(as_text(row[3].bytes()->view()), std::string_view("\0\xff", 2));
  EXPECT_TRUE(row[4].is_none());
  EXPECT_EQ(connection->changes(), 3);
  EXPECT_EQ(connection->last_rowid(), 9'007'199'254'740'993);

  ASSERT_EQ(service_.statements.size(), 1u);
  EXPECT_EQ(service_.statements[0]["sql"], "SELECT \"x\"");
  EXPECT_EQ(service_.statements[0]["args"], json::parse(R"([
      {"type":"integer","value":"-9007199254740993"}, {"type":"float","value":0.1},
      {"type":"text","value":"q\"\n"}, {"type":"blob","base64":"AP8="}, {"type":"null"}])"));
  EXPECT_EQ(database_->summary(), "libSQL at " + endpoint_.url());
}

Task<bool> close(std::shared_ptr<SqlConnection> connection) {
  co_await connection->close();
  co_return true;
}

TEST_F(ALibsqlDatabase, LeavesNoStreamOpenButATransactions) {
  const auto connection = connect();
  run(*connection, "SELECT 1");
  EXPECT_TRUE(service_.streams.empty());
  run(*connection, "begin immediate");
  run(*connection, "INSERT");
  EXPECT_EQ(service_.streams.size(), 1u);
  run(*connection, "ROLLBACK TO x");
  run(*connection, "COMMIT");
  EXPECT_TRUE(service_.streams.empty());
  run(*connection, "/* c */ BEGIN");
  real_.run(close(connection));
  EXPECT_TRUE(service_.streams.empty());
  EXPECT_THAT(service_.ended,
              testing::ElementsAre("SELECT 1;", "begin immediate;INSERT;ROLLBACK TO x;COMMIT;",
                                   "/* c */ BEGIN;"));
}

TEST_F(ALibsqlDatabase, TellsWhatTheServerRefuses) {
  const auto connection = connect();
  service_.next_result = json::parse(
      R"({"type":"error","error":{"message":"no such table: t","code":"SQLITE_ERROR"}})");
  const Answer refused = run(*connection, "SELECT * FROM t");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, KT_FAULT_QUERY);
  EXPECT_EQ(refused.error().message, "no such table: t");
  service_.next_result["error"]["code"] = "SQLITE_FULL";
  EXPECT_EQ(run(*connection, "x").error().fault, KT_FAULT_FULL);
  service_.next_result = json::parse(R"({"cols":[],"rows":[[{"type":"integer","value":"x"}]]})");
  EXPECT_THAT(run(*connection, "x").error().message, HasSubstr("not understood"));
  EXPECT_EQ(run(*connection, "x", std::numeric_limits<double>::infinity()).error().fault,
            KT_FAULT_TYPE);

  const auto stranger = database("wrong");
  const auto other = *real_.run(stranger->connect());
  const Answer denied = run(*other, "SELECT 1");
  EXPECT_THAT(denied.error().message, HasSubstr("refuses the token"));
  EXPECT_THAT(denied.error().message, testing::Not(HasSubstr("wrong")));
}

TEST_F(ALibsqlDatabase, SaysThatATransactionIsLostAndGoesOn) {
  const auto connection = connect();
  run(*connection, "BEGIN");
  service_.forgetful = true;
  EXPECT_THAT(run(*connection, "INSERT").error().message, HasSubstr("the transaction is lost"));
  service_.forgetful = false;
  EXPECT_TRUE(run(*connection, "INSERT"));
}

TEST_F(ALibsqlDatabase, FollowsNoStreamToAnotherHost) {
  const auto connection = connect();
  service_.base_url = "https://elsewhere.example";
  EXPECT_TRUE(run(*connection, "SELECT 1"));
  EXPECT_THAT(run(*connection, "BEGIN").error().message, HasSubstr("another host"));
  service_.base_url = endpoint_.url();
  EXPECT_TRUE(run(*connection, "BEGIN"));
  EXPECT_TRUE(run(*connection, "COMMIT"));
}

TEST_F(ALibsqlDatabase, ReadsALargeResult) {
  json values = json::array();
  for (int i = 0; i < 3000; ++i)
    values.push_back(json::array({text(std::string(100, 'x'))}));
  service_.next_result = rows(json::array({"v"}), std::move(values));
  const auto connection = connect();
  const Answer answer = run(*connection, "SELECT v");
  ASSERT_TRUE(answer);
  EXPECT_EQ((*answer->list())[1].list()->size(), 3000u);
}

TEST_F(ALibsqlDatabase, RunsAllStatementsOfAText) {
  const auto connection = connect();
  EXPECT_TRUE(real_.run(connection->execute_all("CREATE TABLE a (v); CREATE TABLE b (v)")));
  EXPECT_THAT(service_.ended, testing::ElementsAre("CREATE TABLE a (v); CREATE TABLE b (v);"));
}

TEST(ALibsqlUrl, IsHttpOnly) {
  EXPECT_TRUE(LibsqlDatabase::parse_url("https://x.turso.io"));
  EXPECT_FALSE(LibsqlDatabase::parse_url("libsql://x.turso.io"));
}

TEST(TransactionStep, IsToldByTheFirstWords) {
  using enum TransactionStep;
  const std::pair<const char*, TransactionStep> cases[] = {{"BEGIN", Begins},
                                                           {" begin exclusive", Begins},
                                                           {"-- x\nBegin", Begins},
                                                           {"SAVEPOINT a", Begins},
                                                           {"commit;", Ends},
                                                           {"END", Ends},
                                                           {"ROLLBACK", Ends},
                                                           {"ROLLBACK TO a", None},
                                                           {"ROLLBACK TRANSACTION TO a", None},
                                                           {"SELECT 'BEGIN'", None},
                                                           {"", None},
                                                           {"/* open", None},
                                                           {"RELEASE a", None},
                                                           {"BEGINNING", None},
                                                           {";;BEGIN", Begins}};
  for (const auto& [statement, step] : cases)
    EXPECT_EQ(transaction_step(statement), step) << statement;
}

}  // namespace
}  // namespace kt::host
