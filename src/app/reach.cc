#include "app/reach.h"

#include <openssl/evp.h>

#include <algorithm>

#include "app/nearest.h"

namespace kt::app {
namespace {

/// The host and port of an entry of allowed_http_hosts; a text is the fault.
Result<std::string> legacy_authority(std::string_view entry) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::Invalid, "One or more allowed_http_hosts entries was invalid:\n" +
                                        std::string(entry.substr(0, 200)) + " " + std::string(why));
  };
  std::string_view rest = entry;
  if (const auto scheme = rest.find("//"); scheme != std::string_view::npos) {
    const std::string_view name = rest.substr(0, scheme);
    if (name != "http:" && name != "https:")
      return bad("isn't a valid host or host:port string");
    rest.remove_prefix(scheme + 2);
  }
  if (rest.ends_with('/'))
    rest.remove_suffix(1);
  if (rest.find('/') != std::string_view::npos)
    return bad("contains a path, should be host and optional port only");
  if (rest.empty() || rest.find_first_of(" ?#@") != std::string_view::npos)
    return bad("isn't a valid host or host:port string");
  return std::string(rest);
}

Result<std::vector<std::uint8_t>> decode_base64(const std::string& text) {
  const auto bad = [] { return fail(ErrorCode::Invalid, "its inline source is not base64"); };
  if (text.size() % 4 != 0)
    return bad();
  std::vector<std::uint8_t> out(text.size() / 4 * 3 + 1);
  const int written =
      EVP_DecodeBlock(out.data(), reinterpret_cast<const unsigned char*>(text.data()),
                      static_cast<int>(text.size()));
  if (written < 0)
    return bad();
  auto size = static_cast<std::size_t>(written);
  if (text.ends_with("=="))
    size -= 2;
  else if (text.ends_with("="))
    size -= 1;
  out.resize(size);
  return out;
}

/// true: all; a list: those sets.
Result<Unit> read_inheritance(const Value& entry, const std::string& where,
                              const Document& document, Dependency& dependency) {
  const Value* inherit = entry.find("inherit_configuration");
  if (inherit == nullptr)
    return Unit{};
  if (inherit->is(Value::Kind::Flag)) {
    dependency.inherits_all = inherit->flag;
    return Unit{};
  }
  if (!inherit->is(Value::Kind::Array)) {
    return document.error(inherit->line,
                          "\"inherit_configuration\" must be true, false or a list of keys, as "
                          "[\"key_value_stores\"] (in " +
                              where + ")");
  }
  static const std::vector<std::string_view> sets = {
      "ai_models",        "allowed_outbound_hosts", "environment", "files",
      "key_value_stores", "sqlite_databases",       "variables"};
  TRY(const auto names, text_list_member(entry, "inherit_configuration", document));
  for (const std::string& name : names) {
    if (std::find(sets.begin(), sets.end(), name) == sets.end()) {
      return document.error(inherit->line, "\"inherit_configuration\" names the unknown key \"" +
                                               name.substr(0, 80) + "\"" + suggestion(name, sets) +
                                               " (in " + where + ")");
    }
    dependency.inherits.insert(name);
  }
  return Unit{};
}

/// The file of a component that another one depends on.
Result<std::filesystem::path> source_of(const std::string& id, const Value* components,
                                        const std::filesystem::path& root, int line,
                                        const Document& document) {
  const Value* component = components == nullptr ? nullptr : components->find(id);
  if (component == nullptr)
    return document.error(line, "dependency ID " + id.substr(0, 80) + " does not exist");
  for (const std::string_view key :
       {"ai_models", "allowed_http_hosts", "allowed_outbound_hosts", "dependencies", "environment",
        "files", "key_value_stores", "sqlite_databases", "variables"}) {
    const Value* found = component->find(key);
    if (found != nullptr && !found->items.empty()) {
      return document.error(line, "component \"" + id.substr(0, 80) +
                                      "\" cannot be a dependency: it has \"" + std::string(key) +
                                      "\", and what a dependency may do comes from its parent");
    }
  }
  TRY(const std::string file, text_member(*component, "source", document));
  return root / file;
}

Result<Dependency> read_dependency(const Value& entry, const Value* components,
                                   const std::filesystem::path& root, const std::string& where,
                                   const Document& document) {
  Dependency dependency;
  dependency.name = entry.key;
  dependency.place = document.at(entry.line);
  const std::string own = "dependency \"" + entry.key.substr(0, 120) + "\" of " + where;
  const bool is_table = entry.is(Value::Kind::Table);
  if (!is_table && !entry.is(Value::Kind::Text))
    return document.error(entry.line, own + " must be a version or a table");
  if (!is_table || entry.find("version") != nullptr || entry.find("url") != nullptr) {
    return document.error(entry.line, own +
                                          " comes from a registry or a URL, which needs spin: "
                                          "give { path = \"…\" }, or run the app by `spin up`");
  }
  TRY(only_members(entry, {"path", "component", "export", "inherit_configuration"}, own, document));
  TRY(const std::string path, text_member(entry, "path", document));
  TRY(const std::string component, text_member(entry, "component", document));
  if (path.empty() == component.empty())
    return document.error(entry.line, own + " needs either \"path\" or \"component\"");
  if (!path.empty()) {
    dependency.source = root / path;
  } else {
    TRY(dependency.source, source_of(component, components, root, entry.line, document));
  }
  TRY(std::string exported, text_member(entry, "export", document));
  if (!exported.empty())
    dependency.exported = std::move(exported);
  TRY(read_inheritance(entry, own, document, dependency));
  return dependency;
}

}  // namespace

Result<std::vector<std::string>> modern_allowed_hosts(const std::vector<std::string>& legacy) {
  if (std::find(legacy.begin(), legacy.end(), "insecure:allow-all") != legacy.end())
    return std::vector<std::string>{"http://*:*", "https://*:*", "http://self"};
  std::vector<std::string> out;
  for (const std::string& entry : legacy) {
    TRY(const std::string authority, legacy_authority(entry));
    out.push_back("http://" + authority);
    if (authority != "self")
      out.push_back("https://" + authority);
  }
  return out;
}

Result<Unit> read_reach(const Value& table, std::string_view databases, const Document& document,
                        Component& component) {
  TRY(component.allowed_outbound_hosts,
      text_list_member(table, "allowed_outbound_hosts", document));
  TRY(const auto legacy, text_list_member(table, "allowed_http_hosts", document));
  auto modern = modern_allowed_hosts(legacy);
  if (!modern)
    return document.error(table.find("allowed_http_hosts")->line, modern.error().what);
  component.allowed_outbound_hosts.insert(component.allowed_outbound_hosts.end(), modern->begin(),
                                          modern->end());
  TRY(component.key_value_stores, text_list_member(table, "key_value_stores", document));
  TRY(component.sqlite_databases, text_list_member(table, databases, document));
  TRY(component.ai_models, text_list_member(table, "ai_models", document));
  return Unit{};
}

Result<Unit> read_manifest_dependencies(const Value& table, const Value* components,
                                        const std::filesystem::path& root, const std::string& where,
                                        const Document& document, Component& component) {
  TRY(const Value* list, table_member(table, "dependencies", document));
  const Value* all = table.find("dependencies_inherit_configuration");
  TRY(const bool inherits_all,
      flag_member(table, "dependencies_inherit_configuration", document, false));
  if (list == nullptr)
    return Unit{};
  for (const Value& entry : list->items) {
    TRY(Dependency dependency, read_dependency(entry, components, root, where, document));
    if (all != nullptr && entry.find("inherit_configuration") != nullptr) {
      return document.error(entry.line,
                            where +
                                " specifies both `dependencies_inherit_configuration` and "
                                "per-dependency `inherit_configuration`: use one of them");
    }
    dependency.inherits_all = dependency.inherits_all || inherits_all;
    component.dependencies.push_back(std::move(dependency));
  }
  return Unit{};
}

Result<Unit> read_content(const Value& source, const Document& document,
                          std::filesystem::path& path, std::vector<std::uint8_t>& bytes) {
  TRY(const std::string inlined, text_member(source, "inline", document));
  if (!inlined.empty()) {
    TRY(bytes, decode_base64(inlined));
    return Unit{};
  }
  TRY(const std::string url, text_member(source, "source", document));
  if (url.empty())
    return fail(ErrorCode::Invalid, "it has no source");
  TRY(path, path_of_file_url(url));
  return Unit{};
}

Result<Unit> read_locked_dependencies(const Value& table, const Document& document,
                                      Component& component) {
  TRY(const Value* list, table_member(table, "dependencies", document));
  if (list == nullptr)
    return Unit{};
  for (const Value& entry : list->items) {
    const std::string where = "component \"" + component.id.str() + "\": dependency \"" +
                              entry.key.substr(0, 120) + "\": ";
    Dependency dependency;
    dependency.name = entry.key;
    dependency.place = document.name;
    TRY(const Value* source, table_member(entry, "source", document));
    if (source == nullptr)
      return document.error(0, where + "it has no source");
    if (auto read = read_content(*source, document, dependency.source, dependency.bytes); !read)
      return document.error(0, where + read.error().what);
    TRY(std::string exported, text_member(entry, "export", document));
    if (!exported.empty())
      dependency.exported = std::move(exported);
    const Value* inherit = entry.find("inherit");
    if (inherit != nullptr && inherit->is(Value::Kind::Text) && inherit->text == "All") {
      dependency.inherits_all = true;
    } else if (inherit != nullptr && !inherit->is(Value::Kind::Null)) {
      if (inherit->find("Some") == nullptr)
        return document.error(0, where + "its \"inherit\" is neither \"All\" nor a list");
      // A set this version does not know grants nothing.
      TRY(const auto sets, text_list_member(*inherit, "Some", document));
      dependency.inherits.insert(sets.begin(), sets.end());
    }
    component.dependencies.push_back(std::move(dependency));
  }
  return Unit{};
}

}  // namespace kt::app
