// TOML into Value. The library's own types stay in this file.
// The library is used as headers: its shared object is on few machines.
#define TOML_HEADER_ONLY 1
// Its parser asserts where some wrong input ("[{") should be an error: the assertion becomes one.
namespace {
struct FailedAssertion {};
[[noreturn]] void fail_assertion() {
  throw FailedAssertion();
}
}  // namespace
#define TOML_ASSERT(condition) ((condition) ? static_cast<void>(0) : fail_assertion())
#define TOML_ASSERT_ASSUME(condition) TOML_ASSERT(condition)
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <sstream>

#include "app/value.h"

namespace kt::app {
namespace {

int line_of(const toml::node& node) {
  return static_cast<int>(node.source().begin.line);
}

template <class T>
std::string as_written(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

Value convert(const toml::node& node);

void convert_scalar(const toml::node& node, Value& out) {
  if (const auto* text = node.as_string()) {
    out.kind = Value::Kind::Text;
    out.text = text->get();
  } else if (const auto* integer = node.as_integer()) {
    out.kind = Value::Kind::Integer;
    out.integer = integer->get();
  } else if (const auto* number = node.as_floating_point()) {
    out.kind = Value::Kind::Number;
    out.number = number->get();
  } else if (const auto* flag = node.as_boolean()) {
    out.kind = Value::Kind::Flag;
    out.flag = flag->get();
  } else if (const auto* moment = node.as_date_time()) {
    out.kind = Value::Kind::DateTime;
    out.text = as_written(moment->get());
  } else if (const auto* date = node.as_date()) {
    out.kind = Value::Kind::DateTime;
    out.text = as_written(date->get());
  } else if (const auto* time = node.as_time()) {
    out.kind = Value::Kind::DateTime;
    out.text = as_written(time->get());
  }
}

Value convert(const toml::node& node) {
  Value out;
  out.line = line_of(node);
  if (const toml::table* table = node.as_table()) {
    out.kind = Value::Kind::Table;
    for (const auto& [key, member] : *table) {
      Value item = convert(member);
      item.key = std::string(key.str());
      if (key.source().begin.line != 0)
        item.line = static_cast<int>(key.source().begin.line);
      out.items.push_back(std::move(item));
    }
  } else if (const toml::array* array = node.as_array()) {
    out.kind = Value::Kind::Array;
    for (const toml::node& member : *array)
      out.items.push_back(convert(member));
  } else {
    convert_scalar(node, out);
  }
  return out;
}

}  // namespace

Result<Value> read_toml(std::string_view text, const Document& document) {
  constexpr std::size_t kBytesMax = std::size_t{4} * 1024 * 1024;
  if (text.size() > kBytesMax)
    return document.error(0, "longer than 4 MiB: this is no app manifest");
  try {
    return convert(toml::parse(text, document.name));
  } catch (const toml::parse_error& error) {
    return document.error(static_cast<int>(error.source().begin.line),
                          "not valid TOML: " + std::string(error.description()));
  } catch (const FailedAssertion&) {
    return document.error(0, "not valid TOML");
  }
}

}  // namespace kt::app
