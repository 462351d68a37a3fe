// Reads spin.toml.
#include "app/app.h"
#include "app/nearest.h"
#include "app/reach.h"
#include "app/triggers.h"

namespace kt::app {
namespace {

constexpr std::string_view kTriggerType = "kinesis";

class ManifestReader {
 public:
  ManifestReader(const std::string& name, const std::filesystem::path& root, const Outside& outside)
      : document_{name}, outside_(outside) {
    app_.document = name;
    app_.root = root;
  }

  Result<App> read(std::string_view text) {
    TRY(const Value manifest, read_toml(text, document_));
    TRY(check_version(manifest));
    TRY(only_members(manifest,
                     {"spin_manifest_version", "application", "variables", "trigger", "component"},
                     "the manifest", document_));
    TRY(const Value* variables, table_member(manifest, "variables", document_));
    TRY(variables_, Variables::read(variables, document_, outside_));
    app_.variables = variables_.declared();
    TRY(read_application(manifest));
    TRY(components_, table_member(manifest, "component", document_));
    TRY(read_triggers(manifest));
    TRY(check_triggers(app_, document_));
    TRY(read_other_components());
    return std::move(app_);
  }

 private:
  Result<Unit> check_version(const Value& manifest) {
    const Value* version = manifest.find("spin_manifest_version");
    if (version == nullptr) {
      // Version 1 spelt it this way too; a file without any is no manifest.
      version = manifest.find("manifest_version");
      const int line = version == nullptr ? 0 : version->line;
      return document_.error(line,
                             "no spin_manifest_version: the first line of an app manifest is "
                             "spin_manifest_version = 2");
    }
    const bool is_two = (version->is(Value::Kind::Integer) && version->integer == 2) ||
                        (version->is(Value::Kind::Text) && version->text == "2");
    if (!is_two) {
      return document_.error(version->line,
                             "spin_manifest_version must be 2; `spin doctor` converts version 1");
    }
    return Unit{};
  }

  Result<Unit> read_application(const Value& manifest) {
    TRY(const Value* application, table_member(manifest, "application", document_));
    if (application == nullptr)
      return document_.error(0, "no [application]: add one with name = \"…\"");
    TRY(only_members(*application,
                     {"name", "version", "description", "authors", "trigger", "tool", "targets"},
                     "[application]", document_));
    TRY(app_.name, text_member(*application, "name", document_));
    if (app_.name.empty() || app_.name.size() > 100)
      return document_.error(application->line, "[application] needs a name of 1 to 100 bytes");
    TRY(app_.version, text_member(*application, "version", document_));
    TRY(app_.description, text_member(*application, "description", document_));
    TRY(const Value* trigger, table_member(*application, "trigger", document_));
    const Value* options = nullptr;
    if (trigger != nullptr) {
      TRY(options, table_member(*trigger, kTriggerType, document_));
    }
    return read_process_options(options, document_, variables_, app_);
  }

  Result<Unit> read_triggers(const Value& manifest) {
    TRY(const Value* types, table_member(manifest, "trigger", document_));
    if (types == nullptr)
      return Unit{};
    TRY(const Value* triggers, array_member(*types, kTriggerType, document_));
    if (triggers == nullptr) {
      for (const Value& type : types->items) {
        if (edit_distance(type.key, kTriggerType) <= 2) {
          return document_.error(
              type.line, "no trigger type \"" + type.key + "\" here; did you mean \"kinesis\"?");
        }
      }
      return Unit{};
    }
    int unnamed = 0;
    for (const Value& trigger : triggers->items) {
      if (!trigger.is(Value::Kind::Table))
        return document_.error(trigger.line, "[[trigger.kinesis]] must be a table");
      TRY(read_trigger(trigger, unnamed));
    }
    return Unit{};
  }

  Result<Unit> read_trigger(const Value& trigger, int& unnamed) {
    TRY(std::string id, text_member(trigger, "id", document_));
    const Value* component = trigger.find("component");
    if (component == nullptr) {
      return document_.error(trigger.line,
                             "\"component\" is missing (in [[trigger.kinesis]]): name one of the "
                             "[component.…] tables");
    }
    std::string component_id;
    if (component->is(Value::Kind::Text)) {
      component_id = component->text;
      if (id.empty())
        id = component_id + "-kinesis-trigger";
      TRY(use_component(component_id, component->line));
    } else if (component->is(Value::Kind::Table)) {
      if (id.empty())
        id = "kinesis-trigger" + std::to_string(++unnamed);
      component_id = id + "-component";
      TRY(read_component(*component, component_id, "component of [[trigger.kinesis]]"));
    } else {
      return document_.error(component->line,
                             "\"component\" must be a component's name or a table");
    }
    return add_trigger(trigger, id, ComponentId(component_id), "[[trigger.kinesis]]", document_,
                       variables_, app_);
  }

  Result<Unit> use_component(const std::string& id, int line) {
    if (app_.find_component(ComponentId(id)) != nullptr)
      return Unit{};
    const Value* table = components_ == nullptr ? nullptr : components_->find(id);
    if (table == nullptr) {
      std::vector<std::string_view> known;
      if (components_ != nullptr) {
        for (const Value& one : components_->items)
          known.push_back(one.key);
      }
      return document_.error(line, "no [component." + id.substr(0, 80) + "] in the manifest" +
                                       (known.empty() ? "" : suggestion(id, known)));
    }
    if (!table->is(Value::Kind::Table))
      return document_.error(table->line, "[component." + id + "] must be a table");
    return read_component(*table, id, "[component." + id + "]");
  }

  Result<Unit> read_component(const Value& table, const std::string& id, const std::string& where) {
    if (!is_component_id(id)) {
      return document_.error(table.line, "\"" + id.substr(0, 80) +
                                             "\" cannot name a component: letters, digits, - _ .");
    }
    TRY(only_members(table,
                     {"source", "description", "files", "exclude_files", "environment", "variables",
                      "build", "allowed_outbound_hosts", "allowed_http_hosts", "key_value_stores",
                      "sqlite_databases", "ai_models", "targets", "tool", "profile", "dependencies",
                      "dependencies_inherit_configuration"},
                     where, document_));
    Component component;
    component.id = ComponentId(id);
    TRY(read_source(table, where, component));
    TRY(read_build(table, where, component));
    TRY(read_files(table, where, component));
    TRY(read_texts(table, component));
    TRY(read_reach(table, "sqlite_databases", document_, component));
    TRY(read_manifest_dependencies(table, components_, app_.root, where, document_, component));
    app_.components.push_back(std::move(component));
    return Unit{};
  }

  Result<Unit> read_source(const Value& table, const std::string& where, Component& component) {
    const Value* source = table.find("source");
    if (source == nullptr)
      return document_.error(table.line, "\"source\" is missing (in " + where + ")");
    if (source->is(Value::Kind::Table)) {
      return document_.error(
          source->line, "a source from a URL or a registry is not supported without spin (in " +
                            where + "): give a file, or run the app by `spin up`");
    }
    TRY(const std::string text, text_member(table, "source", document_));
    if (text.empty())
      return document_.error(source->line, "\"source\" is empty (in " + where + ")");
    component.source = app_.root / text;
    component.place = document_.at(source->line);
    return Unit{};
  }

  Result<Unit> read_build(const Value& table, const std::string& where, Component& component) {
    TRY(const Value* build, table_member(table, "build", document_));
    if (build == nullptr)
      return Unit{};
    const std::string place = "build of " + where;
    TRY(only_members(*build, {"command", "workdir", "watch"}, place, document_));
    const Value* command = build->find("command");
    if (command == nullptr)
      return document_.error(build->line, "\"command\" is missing (in " + place + ")");
    if (command->is(Value::Kind::Text)) {
      component.build.commands.push_back(command->text);
    } else {
      TRY(component.build.commands, text_list_member(*build, "command", document_));
    }
    TRY(component.build.workdir, text_member(*build, "workdir", document_));
    if (component.build.workdir.starts_with('/')) {
      return document_.error(
          build->find("workdir")->line,
          "\"workdir\" must be relative to the manifest's folder (in " + place + ")");
    }
    TRY(component.build.watch, text_list_member(*build, "watch", document_));
    return Unit{};
  }

  Result<Unit> read_files(const Value& table, const std::string& where, Component& component) {
    TRY(const Value* files, array_member(table, "files", document_));
    TRY(component.exclude_files, text_list_member(table, "exclude_files", document_));
    if (files == nullptr)
      return Unit{};
    for (const Value& entry : files->items) {
      Placement placement;
      placement.line = entry.line;
      if (entry.is(Value::Kind::Text)) {
        placement.source = entry.text;
      } else if (entry.is(Value::Kind::Table)) {
        TRY(only_members(entry, {"source", "destination"}, "files of " + where, document_));
        TRY(placement.source, text_member(entry, "source", document_));
        TRY(placement.destination, text_member(entry, "destination", document_));
      }
      const bool complete = !placement.source.empty() &&
                            (entry.is(Value::Kind::Text) || !placement.destination.empty());
      if (!complete) {
        return document_.error(entry.line,
                               "an entry of \"files\" is a pattern or { source = \"…\", "
                               "destination = \"…\" } (in " +
                                   where + ")");
      }
      component.files.push_back(std::move(placement));
    }
    return Unit{};
  }

  Result<Unit> read_texts(const Value& table, Component& component) {
    TRY(const Value* environment, table_member(table, "environment", document_));
    if (environment != nullptr) {
      for (const Value& one : environment->items) {
        TRY(const std::string text, text_member(*environment, one.key, document_));
        component.environment[one.key] = variables_.expand_known(text).text;
      }
    }
    return read_variables(table, component);
  }

  Result<Unit> read_variables(const Value& table, Component& component) {
    TRY(const Value* variables, table_member(table, "variables", document_));
    if (variables == nullptr)
      return Unit{};
    for (const Value& one : variables->items) {
      TRY(const std::string text, text_member(*variables, one.key, document_));
      TRY(variables_.check(text, one.line, document_));
      component.variables[one.key] = text;
    }
    return Unit{};
  }

  /// Components without a trigger of ours never run here; what they ask for is checked all the
  /// same, as an app is right or wrong whoever runs a part of it.
  Result<Unit> read_other_components() {
    if (components_ == nullptr)
      return Unit{};
    for (const Value& one : components_->items) {
      if (app_.find_component(ComponentId(one.key)) != nullptr)
        continue;
      Component component;
      component.id = ComponentId(one.key);
      TRY(read_build(one, "[component." + one.key + "]", component));
      TRY(read_reach(one, "sqlite_databases", document_, component));
      TRY(read_variables(one, component));
      app_.other_components.push_back(std::move(component));
    }
    return Unit{};
  }

  Document document_;
  const Outside& outside_;
  Variables variables_;
  const Value* components_ = nullptr;
  App app_;
};

}  // namespace

Result<App> parse_manifest(std::string_view text, const std::string& document,
                           const std::filesystem::path& root, const Outside& outside) {
  return ManifestReader(document, root, outside).read(text);
}

Result<App> read_manifest(const std::filesystem::path& file, const Outside& outside) {
  constexpr std::size_t kBytesMax = std::size_t{4} * 1024 * 1024;
  std::error_code ignored;
  const std::filesystem::path manifest =
      std::filesystem::is_directory(file, ignored) ? file / "spin.toml" : file;
  auto text = read_file(manifest, kBytesMax);
  if (!text)
    return fail(text.error().within("reading the app"));
  const std::filesystem::path root = manifest.parent_path();
  return parse_manifest(*text, manifest.string(), root.empty() ? "." : root, outside);
}

}  // namespace kt::app
