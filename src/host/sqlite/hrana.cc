#include "host/sqlite/hrana.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "aws/base64.h"

namespace kt::host {

namespace {

using nlohmann::json;

void append_quoted(std::string& out, std::string_view text) {
  out += json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

bool append_value(std::string& out, const wasm::HostValue& value) {
  if (value.is_integer()) {
    out.append(R"({"type":"integer","value":")").append(std::to_string(value.integer()) + "\"}");
  } else if (value.is_real()) {
    if (!std::isfinite(value.real()))
      return false;
    out.append(R"({"type":"float","value":)").append(json(value.real()).dump() + "}");
  } else if (value.is_text()) {
    out.append(R"({"type":"text","value":)");
    append_quoted(out, value.text());
    out.push_back('}');
  } else if (value.is_bytes()) {
    out.append(R"({"type":"blob","base64":")");
    aws::append_base64(out, value.bytes());
    out.append("\"}");
  } else {
    out.append(R"({"type":"null"})");
  }
  return true;
}

const json* member(const json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return !object.is_object() || found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string text_member(const json& object, const char* name) {
  const json* const found = member(object, name);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

/// An integer comes as text: JSON's numbers do not hold 64 bits everywhere.
std::optional<std::int64_t> integer_member(const json& object, const char* name) {
  const json* const found = member(object, name);
  if (found != nullptr && found->is_number_integer())
    return found->get<std::int64_t>();
  const std::string text = text_member(object, name);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

std::optional<HostResult> read_value(const json& value) {
  const std::string type = text_member(value, "type");
  const json* const content = member(value, "value");
  if (type == "null")
    return HostResult();
  if (type == "integer") {
    const auto integer = integer_member(value, "value");
    return integer ? std::optional(HostResult(*integer)) : std::nullopt;
  }
  if (type == "float" && content != nullptr && content->is_number())
    return HostResult(content->get<double>());
  if (type == "text" && content != nullptr && content->is_string())
    return HostResult(content->get<std::string>());
  if (type == "blob") {
    std::string base64 = text_member(value, "base64");
    base64.resize((base64.size() + 3) / 4 * 4, '=');  // servers leave the padding out
    const auto bytes = aws::decode_base64(base64);
    if (bytes)
      return HostResult(wasm::HostBuffer::copy_of(as_bytes(*bytes)));
  }
  return std::nullopt;
}

std::size_t size_of(const HostResult& value) {
  if (value.text() != nullptr)
    return value.text()->size();
  return value.bytes() != nullptr ? value.bytes()->size() : 0;
}

Answer not_understood() {
  return refuse(KT_FAULT_OTHER, "libSQL: the server's answer is not understood");
}

Answer read_rows(const json& result) {
  const json* const cols = member(result, "cols");
  const json* const all = member(result, "rows");
  if (cols == nullptr || all == nullptr || !cols->is_array() || !all->is_array())
    return not_understood();
  HostResult::List columns;
  for (const json& col : *cols)
    columns.push_back(HostResult(text_member(col, "name")));
  HostResult::List rows;
  QueryResultSize size;
  for (const json& cells : *all) {
    HostResult::List row;
    bool fits = size.add(0);
    for (const json& cell : cells) {
      std::optional<HostResult> value = read_value(cell);
      if (!value)
        return not_understood();
      fits = fits && size.add(size_of(*value));
      row.push_back(*std::move(value));
    }
    if (!fits)
      return refuse(KT_FAULT_QUERY, kQueryResultTooLarge);
    rows.push_back(HostResult(std::move(row)));
  }
  return query_result(std::move(columns), std::move(rows));
}

HostFault fault_of(const std::string& code) {
  if (code == "SQLITE_FULL")
    return KT_FAULT_FULL;
  if (code == "SQLITE_BUSY" || code == "SQLITE_LOCKED")
    return KT_FAULT_UNAVAILABLE;
  return KT_FAULT_QUERY;
}

/// The next word, in upper case, without what is before it; `text` is moved behind it.
std::string next_word(std::string_view& text) {
  for (;;) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n;");
    text.remove_prefix(std::min(begin, text.size()));
    const char* const end = text.starts_with("--") ? "\n" : text.starts_with("/*") ? "*/" : nullptr;
    if (end == nullptr)
      break;
    const std::size_t at = text.find(end, 2);
    text.remove_prefix(at == std::string_view::npos ? text.size()
                                                    : at + std::string_view(end).size());
  }
  std::string word;
  while (!text.empty() && ((text[0] | 32) >= 'a' && (text[0] | 32) <= 'z')) {
    word.push_back(static_cast<char>(text[0] & ~32));
    text.remove_prefix(1);
  }
  return word;
}

}  // namespace

HranaPipeline::HranaPipeline(std::string_view baton) {
  body_ = R"({"baton":)";
  if (baton.empty())
    body_ += "null";
  else
    append_quoted(body_, baton);
  body_ += R"(,"requests":[)";
}

void HranaPipeline::begin_step() {
  if (std::exchange(any_, true))
    body_.push_back(',');
}

bool HranaPipeline::execute(std::string_view statement, const SqlParameters& parameters) {
  begin_step();
  body_ += R"({"type":"execute","stmt":{"sql":)";
  append_quoted(body_, statement);
  body_ += R"(,"want_rows":true,"args":[)";
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (i > 0)
      body_.push_back(',');
    if (!append_value(body_, parameters[i]))
      return false;
  }
  body_ += "]}}";
  return true;
}

void HranaPipeline::execute_all(std::string_view statements) {
  begin_step();
  body_ += R"({"type":"sequence","sql":)";
  append_quoted(body_, statements);
  body_.push_back('}');
}

void HranaPipeline::close() {
  begin_step();
  body_ += R"({"type":"close"})";
}

HranaAnswer read_hrana(std::string_view body) {
  HranaAnswer out;
  const json whole = json::parse(body, nullptr, false);
  const json* const results = member(whole, "results");
  out.baton = text_member(whole, "baton");
  out.base_url = text_member(whole, "base_url");
  if (results == nullptr || !results->is_array() || results->empty()) {
    out.answer = not_understood();
    return out;
  }
  const json& first = results->front();
  if (text_member(first, "type") == "error") {
    const json* const error = member(first, "error");
    if (error == nullptr)
      out.answer = not_understood();
    else
      out.answer = refuse(fault_of(text_member(*error, "code")), text_member(*error, "message"));
    return out;
  }
  const json* const response = member(first, "response");
  if (response == nullptr) {
    out.answer = not_understood();
    return out;
  }
  if (text_member(*response, "type") != "execute")
    return out;
  const json* const result = member(*response, "result");
  if (result == nullptr) {
    out.answer = not_understood();
    return out;
  }
  out.changes = integer_member(*result, "affected_row_count").value_or(0);
  out.last_rowid = integer_member(*result, "last_insert_rowid");
  out.answer = read_rows(*result);
  return out;
}

TransactionStep transaction_step(std::string_view statement) {
  const std::string word = next_word(statement);
  if (word == "BEGIN" || word == "SAVEPOINT")
    return TransactionStep::Begins;
  if (word == "COMMIT" || word == "END")
    return TransactionStep::Ends;
  if (word != "ROLLBACK")
    return TransactionStep::None;
  std::string next = next_word(statement);
  if (next == "TRANSACTION")
    next = next_word(statement);
  return next == "TO" ? TransactionStep::None : TransactionStep::Ends;
}

}  // namespace kt::host
