#include "scaffold/template.h"

#include <algorithm>
#include <regex>

#include "app/nearest.h"
#include "app/value.h"
#include "scaffold/words.h"

namespace kt::scaffold {
namespace {

using app::Document;
using app::Value;

constexpr std::string_view kManifest = "metadata/spin-template.toml";
constexpr std::string_view kContent = "content/";
constexpr std::string_view kSnippets = "metadata/snippets/";

std::set<std::string> set_of(std::vector<std::string> list) {
  return {std::make_move_iterator(list.begin()), std::make_move_iterator(list.end())};
}

class Reader {
 public:
  explicit Reader(const Files& files) : files_(files), document_{std::string(kManifest)} {}

  Result<Template> read() {
    const auto text = files_.find(kManifest);
    if (text == files_.end()) {
      return fail(ErrorCode::NotFound,
                  "no " + document_.name + ": a template is a folder with metadata/ and content/");
    }
    TRY(const Value manifest, app::read_toml(text->second, document_));
    TRY(app::only_members(manifest,
                          {"manifest_version", "id", "description", "tags", "trigger_type",
                           "new_application", "add_component", "parameters"},
                          "the template", document_));
    TRY(const std::string version, app::text_member(manifest, "manifest_version", document_));
    if (version != "1")
      return document_.error(0, "manifest_version must be \"1\"");
    TRY(out_.id, app::text_member(manifest, "id", document_));
    if (out_.id.empty())
      return document_.error(0, "\"id\" is missing");
    TRY(out_.description, app::text_member(manifest, "description", document_));
    TRY(out_.tags, app::text_list_member(manifest, "tags", document_));
    TRY(read_variant(manifest, "new_application", true, out_.new_application));
    TRY(read_variant(manifest, "add_component", false, out_.add_component));
    TRY(read_parameters(manifest));
    for (const auto& [path, content] : files_) {
      if (path.starts_with(kContent))
        out_.content.emplace(path.substr(kContent.size()), content);
      else if (path.starts_with(kSnippets))
        out_.snippets.emplace(path.substr(kSnippets.size()), content);
    }
    return std::move(out_);
  }

 private:
  /// An app is made by any template that does not say otherwise, a component only by one that says
  /// how.
  Result<Unit> read_variant(const Value& manifest, std::string_view key, bool where_absent,
                            Variant& to) {
    TRY(const Value* table, app::table_member(manifest, key, document_));
    to.supported = where_absent;
    if (table == nullptr)
      return Unit{};
    const std::string where = "[" + std::string(key) + "]";
    TRY(app::only_members(*table,
                          {"supported", "skip_files", "skip_parameters", "snippets", "conditions"},
                          where, document_));
    TRY(to.supported, app::flag_member(*table, "supported", document_, true));
    TRY(auto files, app::text_list_member(*table, "skip_files", document_));
    TRY(auto parameters, app::text_list_member(*table, "skip_parameters", document_));
    to.skip_files = set_of(std::move(files));
    to.skip_parameters = set_of(std::move(parameters));
    TRY(const Value* snippets, app::table_member(*table, "snippets", document_));
    if (snippets != nullptr) {
      TRY(app::only_members(*snippets, {"component", "application_trigger"}, where + ".snippets",
                            document_));
      for (const Value& one : snippets->items) {
        TRY(to.snippets[one.key], app::text_member(*snippets, one.key, document_));
      }
    }
    return read_conditions(*table, where, to);
  }

  Result<Unit> read_conditions(const Value& table, const std::string& where, Variant& to) {
    TRY(const Value* conditions, app::table_member(table, "conditions", document_));
    if (conditions == nullptr)
      return Unit{};
    for (const Value& one : conditions->items) {
      TRY(app::only_members(one, {"condition", "skip_files", "skip_parameters", "skip_snippets"},
                            where + ".conditions." + one.key, document_));
      Condition condition;
      TRY(const Value* test, app::table_member(one, "condition", document_));
      if (test == nullptr)
        return document_.error(one.line, "\"condition\" is missing");
      TRY(app::only_members(*test, {"manifest_entry_exists"}, "a condition", document_));
      TRY(condition.manifest_entry, app::text_member(*test, "manifest_entry_exists", document_));
      TRY(auto files, app::text_list_member(one, "skip_files", document_));
      TRY(auto parameters, app::text_list_member(one, "skip_parameters", document_));
      TRY(auto snippets, app::text_list_member(one, "skip_snippets", document_));
      condition.skip_files = set_of(std::move(files));
      condition.skip_parameters = set_of(std::move(parameters));
      condition.skip_snippets = set_of(std::move(snippets));
      to.conditions.push_back(std::move(condition));
    }
    return Unit{};
  }

  Result<Unit> read_parameters(const Value& manifest) {
    TRY(const Value* parameters, app::table_member(manifest, "parameters", document_));
    if (parameters == nullptr)
      return Unit{};
    for (const Value& one : parameters->items) {
      const std::string where = "parameter \"" + one.key + "\"";
      TRY(app::only_members(one, {"type", "prompt", "default", "pattern", "allowed_values"}, where,
                            document_));
      TRY(const std::string type, app::text_member(one, "type", document_));
      if (type != "string")
        return document_.error(one.line, where + ": its type must be \"string\"");
      Parameter parameter;
      parameter.name = one.key;
      TRY(parameter.prompt, app::text_member(one, "prompt", document_));
      if (one.find("default") != nullptr) {
        TRY(parameter.fallback, app::text_member(one, "default", document_));
      }
      TRY(parameter.pattern, app::text_member(one, "pattern", document_));
      TRY(parameter.allowed_values, app::text_list_member(one, "allowed_values", document_));
      out_.parameters.push_back(std::move(parameter));
    }
    return Unit{};
  }

  const Files& files_;
  Document document_;
  Template out_;
};

bool has_entry(const Value& manifest, std::string_view dotted) {
  const Value* at = &manifest;
  while (at != nullptr && !dotted.empty()) {
    const auto dot = dotted.find('.');
    at = at->find(dotted.substr(0, dot));
    dotted = dot == std::string_view::npos ? std::string_view() : dotted.substr(dot + 1);
  }
  return at != nullptr;
}

/// What is wrong with a value; empty: nothing. Values land within quotes of TOML and JSON.
std::string fault_of(const Parameter& parameter, const std::string& value) {
  constexpr std::size_t kValueMax = 1000;
  if (value.size() > kValueMax)
    return "is longer than 1000 bytes";
  for (const char c : value) {
    if (static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\' || c == 0x7f)
      return "must not hold quotes, backslashes or control characters";
  }
  const auto& allowed = parameter.allowed_values;
  if (!allowed.empty() && std::find(allowed.begin(), allowed.end(), value) == allowed.end())
    return "is not one of the values that the template allows";
  if (parameter.pattern.empty())
    return "";
  try {
    if (!std::regex_search(value, std::regex(parameter.pattern)))
      return "does not fit " + parameter.pattern;
  } catch (const std::regex_error&) {
    return "cannot be checked: the template's pattern " + parameter.pattern + " is not understood";
  }
  return "";
}

class Maker {
 public:
  Maker(const Template& from, const Order& order)
      : from_(from),
        order_(order),
        variant_(order.manifest == nullptr ? from.new_application : from.add_component) {}

  Result<Outcome> make() {
    if (!variant_.supported) {
      return fail(ErrorCode::Invalid,
                  "template " + from_.id +
                      (order_.manifest == nullptr ? " makes components of apps only: use --add"
                                                  : " cannot add to an app"));
    }
    TRY(apply_conditions());
    TRY(choose_values());
    TRY(make_files());
    if (order_.manifest != nullptr) {
      TRY(extend_manifest());
    }
    return std::move(out_);
  }

 private:
  Result<Unit> apply_conditions() {
    if (order_.manifest == nullptr)
      return Unit{};
    const Document document{"spin.toml"};
    TRY(const Value manifest, app::read_toml(*order_.manifest, document));
    for (const Condition& condition : variant_.conditions) {
      if (!has_entry(manifest, condition.manifest_entry))
        continue;
      variant_.skip_files.insert(condition.skip_files.begin(), condition.skip_files.end());
      variant_.skip_parameters.insert(condition.skip_parameters.begin(),
                                      condition.skip_parameters.end());
      for (const std::string& snippet : condition.skip_snippets)
        variant_.snippets.erase(snippet);
    }
    const std::string id = kebab_case(order_.name);
    if (has_entry(manifest, "component." + id))
      return fail(ErrorCode::Invalid, "the app has a component \"" + id + "\" already");
    return Unit{};
  }

  Result<Unit> choose_values() {
    std::string faults;
    const auto fault = [&](const std::string& text) { faults += "\n  " + text; };
    std::vector<std::string_view> known;
    for (const Parameter& parameter : from_.parameters) {
      known.push_back(parameter.name);
      const auto given = order_.values.find(parameter.name);
      if (variant_.skip_parameters.contains(parameter.name))
        continue;
      if (given == order_.values.end() && !parameter.fallback) {
        fault("-v " + parameter.name + "=…: " + parameter.prompt);
        continue;
      }
      const std::string& value = given == order_.values.end() ? *parameter.fallback : given->second;
      if (const std::string why = fault_of(parameter, value); !why.empty())
        fault(parameter.name + " = \"" + value.substr(0, 80) + "\" " + why);
      values_[parameter.name] = value;
    }
    for (const auto& [name, value] : order_.values) {
      if (std::find(known.begin(), known.end(), name) == known.end())
        fault("unknown parameter \"" + name.substr(0, 80) + "\"" + app::suggestion(name, known));
    }
    if (!faults.empty())
      return fail(ErrorCode::Invalid, "template " + from_.id + " needs other values:" + faults);
    values_["project-name"] = order_.name;
    values_["authors"] = order_.authors;
    values_["username"] = order_.authors.substr(0, order_.authors.find(" <"));
    values_["output-path"] = order_.output_path;
    return Unit{};
  }

  Result<Unit> make_files() {
    for (const auto& [path, content] : from_.content) {
      if (variant_.skip_files.contains(path))
        continue;
      TRY(std::string target, render(path, "content/" + path, values_));
      constexpr std::string_view kRendered = ".tmpl";
      if (target.ends_with(kRendered))
        target.resize(target.size() - kRendered.size());
      // Pictures and the like are no text.
      if (content.find('\0') != std::string::npos) {
        out_.files[target] = content;
        continue;
      }
      TRY(out_.files[target], render(content, "content/" + path, values_));
    }
    return Unit{};
  }

  Result<Unit> extend_manifest() {
    out_.manifest = *order_.manifest;
    for (const char* kind : {"application_trigger", "component"}) {
      const auto named = variant_.snippets.find(kind);
      if (named == variant_.snippets.end())
        continue;
      const auto snippet = from_.snippets.find(named->second);
      if (snippet == from_.snippets.end()) {
        return fail(ErrorCode::Invalid,
                    "template " + from_.id + " has no metadata/snippets/" + named->second);
      }
      TRY(const std::string text, render(snippet->second, "snippets/" + named->second, values_));
      if (!out_.manifest->ends_with('\n'))
        *out_.manifest += '\n';
      *out_.manifest += "\n" + text;
    }
    if (!out_.manifest->ends_with('\n'))
      *out_.manifest += '\n';
    return Unit{};
  }

  const Template& from_;
  const Order& order_;
  Variant variant_;
  Values values_;
  Outcome out_;
};

}  // namespace

Result<Template> read_template(const Files& files) {
  return Reader(files).read();
}

Result<Outcome> instantiate(const Template& from, const Order& order) {
  return Maker(from, order).make();
}

}  // namespace kt::scaffold
