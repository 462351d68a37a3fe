#include "host/sqlite/initial_statements.h"

#include <fstream>
#include <sstream>

#include "base/trim.h"

namespace kt::host {

namespace {

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file)
    return fail(ErrorCode::Invalid, "could not read file '" + path + "' containing sql statements");
  return std::move(text).str();
}

/// Where and what to run.
struct Statement {
  std::string label = "default";
  std::string sql;
  std::string words;  ///< what failed, for the message
  bool all = false;
};

Result<Statement> read_argument(const std::string& argument) {
  Statement out;
  if (!argument.starts_with('@')) {
    out.sql = argument;
    out.words =
        "failed to execute following sql statement against default database: '" + argument + "'";
    return out;
  }
  TRY(const auto parsed, parse_file_and_label(std::string_view(argument).substr(1)));
  out.label = parsed.second;
  out.all = true;
  TRY(out.sql, read_file(parsed.first));
  out.words =
      "failed to execute sql against database '" + out.label + "' from file '" + parsed.first + "'";
  return out;
}

Task<Answer> carry_out(SqlConnection& connection, const Statement& statement) {
  if (statement.all)
    co_return co_await connection.execute_all(statement.sql);
  SqlParameters none;
  co_return co_await connection.execute(statement.sql, std::move(none));
}

Task<Result<Unit>> run(SqlDatabase& database, const Statement& statement) {
  SqlDatabase::Connected connection = co_await database.connect();
  if (!connection)
    co_return fail(ErrorCode::Invalid, "failed connect to database with label '" + statement.label +
                                           "': " + connection.error().message);
  SqlConnection& opened = **connection;
  const Answer answer = co_await carry_out(opened, statement);
  co_await opened.close();
  if (!answer)
    co_return fail(ErrorCode::Invalid, statement.words + ": " + answer.error().message);
  co_return Unit{};
}

}  // namespace

Result<std::pair<std::string, std::string>> parse_file_and_label(std::string_view text) {
  const std::string_view both = trimmed(text);
  if (both.empty())
    return fail(ErrorCode::Invalid, "database configuration is empty in the '@" +
                                        std::string(text) + "' sqlite statement");
  const std::size_t colon = both.find(':');
  const std::string_view file = trimmed(both.substr(0, colon));
  const std::string_view label =
      colon == std::string_view::npos ? "default" : trimmed(both.substr(colon + 1));
  if (label.empty())
    return fail(ErrorCode::Invalid,
                "database label is empty in the '@" + std::string(both) + "' sqlite statement");
  if (file.empty())
    return fail(ErrorCode::Invalid,
                "file path is empty in the '@" + std::string(both) + "' sqlite statement");
  return std::pair(std::string(file), std::string(label));
}

Task<Result<Unit>> run_initial_statements(const SqlDatabases& databases,
                                          const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    const Result<Statement> statement = read_argument(argument);
    if (!statement)
      co_return fail(statement.error());
    const auto found = databases.find(statement->label);
    if (found == databases.end())
      co_return fail(ErrorCode::Invalid, "based on the '" + argument +
                                             "' a registered database named '" + statement->label +
                                             "' was expected but not found");
    CO_TRY(run(*found->second, *statement));
  }
  co_return Unit{};
}

}  // namespace kt::host
