#include "cli/precompose.h"

#include <algorithm>
#include <optional>

#include "app/app.h"
#include "app/reach.h"

namespace kt::cli {
namespace {

constexpr std::string_view kIdFlag = "--precompose-component-id";

std::optional<std::string> component_id(const Arguments& arguments) {
  const std::string joined = std::string(kIdFlag) + "=";
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].starts_with(joined))
      return arguments[i].substr(joined.size());
    if (arguments[i] == kIdFlag && i + 1 < arguments.size())
      return arguments[i + 1];
  }
  return std::nullopt;
}

Result<std::string> bytes_of(const app::Value& component, const app::Document& document) {
  constexpr std::size_t kBytesMax = std::size_t{256} * 1024 * 1024;
  for (const std::string_view key : {"trigger_dependencies", "dependencies"}) {
    const app::Value* found = component.find(key);
    if (found != nullptr && !found->items.empty()) {
      return document.error(0, key == "dependencies" ? "its own dependencies are joined when the "
                                                       "app is run, not before"
                                                     : "this trigger should not have dependencies");
    }
  }
  TRY(const app::Value* source, app::table_member(component, "source", document));
  if (source == nullptr)
    return document.error(0, "it has no source");
  std::filesystem::path path;
  std::vector<std::uint8_t> bytes;
  TRY(app::read_content(*source, document, path, bytes));
  if (path.empty())
    return std::string(bytes.begin(), bytes.end());
  return app::read_file(path, kBytesMax);
}

Result<std::string> precompose(const Arguments& arguments, const Console& console) {
  constexpr std::size_t kBytesMax = std::size_t{64} * 1024 * 1024;
  for (const std::string_view name : {"SPIN_WORKING_DIR", "SPIN_LOCKED_URL"}) {
    if (console.variable(name).empty())
      return fail(ErrorCode::Invalid,
                  "the environment variable " + std::string(name) + " is not set");
  }
  const auto id = component_id(arguments);
  if (!id)
    return fail(ErrorCode::Invalid, "got --precompose-only but no --precompose-component-id");
  TRY(const auto path, app::path_of_file_url(console.variable("SPIN_LOCKED_URL")));
  TRY(const std::string text, app::read_file(path, kBytesMax));
  const app::Document document{path.string()};
  TRY(const app::Value lock, app::read_json(text, document));
  TRY(const app::Value* components, app::array_member(lock, "components", document));
  for (const app::Value& component :
       components == nullptr ? std::vector<app::Value>() : components->items) {
    const app::Value* name = component.find("id");
    if (name == nullptr || name->text != *id)
      continue;
    auto bytes = bytes_of(component, document);
    if (!bytes)
      return fail(bytes.error().within("failed to precompose component " + id->substr(0, 80)));
    return bytes;
  }
  return fail(ErrorCode::Invalid, "--precompose-component-id: component does not exist");
}

}  // namespace

int precompose_command(const Arguments& arguments, const Console& console) {
  const auto bytes = precompose(arguments, console);
  if (!bytes)
    return console.error(kFailed, bytes.error().what);
  console.out << *bytes << std::flush;
  return kDone;
}

}  // namespace kt::cli
