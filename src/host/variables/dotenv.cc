#include "host/variables/dotenv.h"

#include <fstream>
#include <system_error>
#include <utility>

namespace kt::host {
namespace {

using Values = std::map<std::string, std::string, std::less<>>;

constexpr std::size_t kFileBytesMax = std::size_t{1} << 20;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

/// Reads one assignment after the other from the front of the text.
class Reader {
 public:
  Reader(std::string_view text, const Values& environment)
      : rest_(text), environment_(environment) {}

  Result<Values> read() {
    while (skip_to_assignment()) {
      TRY(std::string key, read_key());
      TRY(std::string value, read_value());
      values_.insert_or_assign(std::move(key), std::move(value));
    }
    return std::move(values_);
  }

 private:
  bool at_line_end() const { return rest_.empty() || rest_.front() == '\n'; }
  char take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    line_ += c == '\n' ? 1 : 0;
    return c;
  }
  void skip_blanks() {
    while (!rest_.empty() && is_blank(rest_.front()))
      take();
  }
  void skip_line() {
    while (!at_line_end())
      take();
  }
  tl::unexpected<Error> wrong(const std::string& what) const {
    return fail(ErrorCode::Invalid, "line " + std::to_string(line_) + ": " + what);
  }

  /// Past empty lines and comments; false at the end of the text.
  bool skip_to_assignment() {
    for (;;) {
      skip_blanks();
      if (rest_.empty())
        return false;
      if (rest_.front() == '#')
        skip_line();
      else if (rest_.front() != '\n' && rest_.front() != '\r')
        return true;
      else
        take();
    }
  }

  Result<std::string> read_key() {
    std::string key = read_name();
    if (key == "export" && !rest_.empty() && is_blank(rest_.front())) {
      skip_blanks();
      key = read_name();
    }
    skip_blanks();
    if (key.empty() || rest_.empty() || rest_.front() != '=')
      return wrong("expected KEY=value");
    take();
    skip_blanks();
    return key;
  }
  std::string read_name() {
    std::string name;
    while (!rest_.empty() && (is_letter(rest_.front()) || rest_.front() == '_' ||
                              (!name.empty() && (is_digit(rest_.front()) || rest_.front() == '.'))))
      name += take();
    return name;
  }

  Result<std::string> read_value() {
    std::string value;
    if (!rest_.empty() && rest_.front() == '#') {
      skip_line();
      return value;
    }
    while (!at_line_end()) {
      const char c = take();
      if (c == '\'') {
        TRY(read_literal(value));
      } else if (c == '"') {
        TRY(read_quoted(value));
      } else if (c == '\\') {
        TRY(read_escape(value));
      } else if (c == '$') {
        substitute(value);
      } else if (is_blank(c) || (c == '\r' && at_line_end())) {
        TRY(expect_end());
      } else {
        value += c;
      }
    }
    return value;
  }
  Result<Unit> expect_end() {
    while (!rest_.empty() && (is_blank(rest_.front()) || rest_.front() == '\r'))
      take();
    if (!rest_.empty() && rest_.front() == '#')
      skip_line();
    if (!at_line_end())
      return wrong("a value with spaces needs quotes");
    return Unit{};
  }
  Result<Unit> read_literal(std::string& value) {
    while (!rest_.empty()) {
      const char c = take();
      if (c == '\'')
        return Unit{};
      value += c;
    }
    return wrong("a quote is not closed");
  }
  Result<Unit> read_quoted(std::string& value) {
    while (!rest_.empty()) {
      const char c = take();
      if (c == '"')
        return Unit{};
      if (c == '\\') {
        TRY(read_escape(value));
      } else if (c == '$') {
        substitute(value);
      } else {
        value += c;
      }
    }
    return wrong("a quote is not closed");
  }
  Result<Unit> read_escape(std::string& value) {
    if (rest_.empty())
      return wrong("nothing follows a \\");
    const char c = take();
    if (c == 'n')
      value += '\n';
    else if (std::string_view("\\'\"$ ").find(c) != std::string_view::npos)
      value += c;
    else
      return wrong("unknown escape after \\");
    return Unit{};
  }
  void substitute(std::string& value) {
    std::string name;
    if (!rest_.empty() && rest_.front() == '{') {
      take();
      while (!at_line_end() && rest_.front() != '}')
        name += take();
      if (!at_line_end())
        take();
    } else {
      while (!rest_.empty() && (is_letter(rest_.front()) || is_digit(rest_.front())))
        name += take();
    }
    const auto outside = environment_.find(name);
    const auto earlier = values_.find(name);
    if (outside != environment_.end())
      value += outside->second;
    else if (earlier != values_.end())
      value += earlier->second;
  }

  std::string_view rest_;
  const Values& environment_;
  Values values_;
  int line_ = 1;
};

}  // namespace

Result<Values> parse_dotenv(std::string_view text, const Values& environment) {
  return Reader(text, environment).read();
}

Result<Values> read_dotenv(const std::string& path, const Values& environment) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return Values{};
  std::string text(kFileBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kFileBytesMax)
    return fail(ErrorCode::LimitExceeded, "\"" + path + "\" is longer than 1 MiB");
  auto values = parse_dotenv(text, environment);
  if (!values)
    return fail(values.error().within("\"" + path + "\""));
  return values;
}

}  // namespace kt::host
