#include "app/app.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "app/value.h"

namespace kt::app {

const Component* App::find_component(const ComponentId& id) const {
  for (const Component& component : components) {
    if (component.id == id)
      return &component;
  }
  return nullptr;
}

Result<std::string> read_file(const std::filesystem::path& file, std::size_t bytes_max) {
  std::error_code problem;
  const auto status = std::filesystem::status(file, problem);
  if (!std::filesystem::exists(status))
    return fail(ErrorCode::NotFound, "no file " + file.string());
  if (std::filesystem::is_directory(status))
    return fail(ErrorCode::Invalid, file.string() + " is a directory");
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    return fail(ErrorCode::Invalid, "cannot read " + file.string() + ": " + std::strerror(errno));
  }
  std::string text;
  char piece[65536];
  while (in.read(piece, sizeof piece), in.gcount() > 0) {
    text.append(piece, static_cast<std::size_t>(in.gcount()));
    if (text.size() > bytes_max) {
      return fail(ErrorCode::Invalid,
                  file.string() + " is longer than " + std::to_string(bytes_max) + " bytes");
    }
  }
  if (in.bad())
    return fail(ErrorCode::Invalid, "cannot read " + file.string());
  return text;
}

std::string Build::text() const {
  std::string all;
  for (const std::string& command : commands)
    all += (all.empty() ? "" : " && ") + command;
  return all;
}

Result<Unit> check_sources(const App& app) {
  for (const Component& component : app.components) {
    if (!component.bytes.empty())
      continue;
    std::error_code ignored;
    if (std::filesystem::is_regular_file(component.source, ignored))
      continue;
    std::string what = component.place + ": component \"" + component.id.str() + "\": no file " +
                       component.source.string();
    what += component.build.commands.empty() ? "; build it, or correct the path"
                                             : "; build it: " + component.build.text();
    return fail(ErrorCode::NotFound, std::move(what));
  }
  return Unit{};
}

namespace {

void print_settings(const std::vector<Setting>& settings, std::string& out) {
  for (const Setting& setting : settings) {
    std::string line = "  " + setting.key + " = " + setting.value;
    if (line.size() < 50)
      line.resize(50, ' ');
    out += line + "  # " + setting.origin + "\n";
  }
}

}  // namespace

std::string print_config(const App& app) {
  std::string out = "app " + app.name + " (" + app.document + ")\n";
  print_settings(app.settings, out);
  for (const Trigger& trigger : app.triggers) {
    out += "trigger " + trigger.id + " (" + trigger.place + "), component " +
           trigger.component.str() + "\n";
    print_settings(trigger.settings, out);
  }
  return out;
}

namespace {

Result<Unit> add_variable_file(const std::string& name, Outside& outside) {
  constexpr std::size_t kBytesMax = std::size_t{1024} * 1024;
  const Document document{name};
  const bool is_json = name.ends_with(".json");
  if (!is_json && !name.ends_with(".toml"))
    return document.error(0, "a file of variables ends in .json or .toml");
  TRY(const std::string text, read_file(name, kBytesMax));
  TRY(const Value table, is_json ? read_json(text, document) : read_toml(text, document));
  for (const Value& item : table.items) {
    if (!item.is(Value::Kind::Text))
      return document.error(item.line, "\"" + item.key + "\" must be a string");
    outside.variables[item.key] = item.text;
  }
  return Unit{};
}

}  // namespace

Result<Unit> add_variables(std::string_view argument, Outside& outside) {
  constexpr std::size_t kBytesMax = std::size_t{1024} * 1024;
  if (argument.starts_with('@'))
    return add_variable_file(std::string(argument.substr(1)), outside);
  const auto equals = argument.find('=');
  const std::string_view name = argument.substr(0, equals);
  if (equals == std::string_view::npos || !is_variable_name(name)) {
    return fail(ErrorCode::Invalid,
                "--variable takes name=value, name=@file, @file.json or "
                "@file.toml; not \"" +
                    std::string(name.substr(0, 80)) + "\"");
  }
  std::string value(argument.substr(equals + 1));
  if (value.starts_with('@')) {
    TRY(value, read_file(value.substr(1), kBytesMax));
  }
  outside.variables[std::string(name)] = std::move(value);
  return Unit{};
}

Environment parse_dotenv(std::string_view text) {
  Environment out;
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' '))
      line.remove_suffix(1);
    while (!line.empty() && line.front() == ' ')
      line.remove_prefix(1);
    if (line.starts_with("export "))
      line.remove_prefix(7);
    const auto equals = line.find('=');
    if (line.starts_with('#') || equals == std::string_view::npos || equals == 0)
      continue;
    std::string_view value = line.substr(equals + 1);
    const bool quoted = value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
                        value.back() == value.front();
    if (quoted)
      value = value.substr(1, value.size() - 2);
    out[std::string(line.substr(0, equals))] = std::string(value);
  }
  return out;
}

}  // namespace kt::app
