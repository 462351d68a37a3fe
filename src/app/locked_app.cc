// Reads the locked app that `spin up` writes.
#include "app/app.h"
#include "app/reach.h"
#include "app/triggers.h"
#include "base/percent.h"

namespace kt::app {
namespace {

constexpr std::string_view kTriggerType = "kinesis";

class LockedReader {
 public:
  LockedReader(const std::string& name, const std::filesystem::path& working_dir,
               const Outside& outside)
      : document_{name}, outside_(outside) {
    app_.document = name;
    app_.root = working_dir;
  }

  Result<App> read(std::string_view text) {
    TRY(const Value lock, read_json(text, document_));
    if (!lock.is(Value::Kind::Table))
      return document_.error(0, "not a locked app: no JSON object");
    TRY(check_version(lock));
    TRY(const Value* variables, table_member(lock, "variables", document_));
    TRY(read_variables(variables));
    TRY(read_metadata(lock));
    TRY(components_, array_member(lock, "components", document_));
    TRY(collect_requirements(lock.find("host_requirements")));
    TRY(read_triggers(lock));
    TRY(check_requirements());
    TRY(check_triggers(app_, document_));
    return std::move(app_);
  }

 private:
  Result<Unit> check_version(const Value& lock) {
    const Value* version = lock.find("spin_lock_version");
    if (version == nullptr || !version->is(Value::Kind::Integer) || version->integer < 0 ||
        version->integer > 1) {
      return document_.error(0,
                             "its spin_lock_version is not 0 or 1: this Spin is newer than this "
                             "trigger knows; upgrade the trigger");
    }
    TRY(const auto must, text_list_member(lock, "must_understand", document_));
    for (const std::string& what : must) {
      if (what != "host_requirements" && what != "component_host_requirements") {
        return document_.error(0, "the app must not run without \"" + what.substr(0, 80) +
                                      "\", which this version of the trigger does not know");
      }
    }
    return Unit{};
  }

  Result<Unit> read_variables(const Value* variables) {
    if (variables == nullptr)
      return Unit{};
    // The members are those of the manifest, and any that a newer Spin adds: keep the known ones.
    Value known = *variables;
    for (Value& variable : known.items) {
      std::vector<Value> kept;
      for (Value& member : variable.items) {
        const bool wanted =
            member.key == "default" || member.key == "secret" || member.key == "description";
        if (wanted && !member.is(Value::Kind::Null))
          kept.push_back(std::move(member));
      }
      variable.items = std::move(kept);
    }
    TRY(variables_, Variables::read(&known, document_, outside_));
    app_.variables = variables_.declared();
    return Unit{};
  }

  Result<Unit> read_metadata(const Value& lock) {
    TRY(const Value* metadata, table_member(lock, "metadata", document_));
    const Value* options = nullptr;
    Value legacy;
    if (metadata != nullptr) {
      TRY(app_.name, text_member(*metadata, "name", document_));
      TRY(app_.version, text_member(*metadata, "version", document_));
      TRY(app_.description, text_member(*metadata, "description", document_));
      TRY(const Value* triggers, table_member(*metadata, "triggers", document_));
      if (triggers != nullptr) {
        TRY(options, table_member(*triggers, kTriggerType, document_));
      } else if (const Value* trigger = metadata->find("trigger");
                 trigger != nullptr && trigger->is(Value::Kind::Table)) {
        const Value* type = trigger->find("type");
        if (type != nullptr && type->text == kTriggerType) {
          legacy = *trigger;
          std::erase_if(legacy.items, [](const Value& item) { return item.key == "type"; });
          options = &legacy;
        }
      }
    }
    if (app_.name.empty() || app_.name.size() > 100)
      return document_.error(0, "its metadata has no name of 1 to 100 bytes");
    return read_process_options(options, document_, variables_, app_);
  }

  Result<Unit> read_triggers(const Value& lock) {
    TRY(const Value* triggers, array_member(lock, "triggers", document_));
    if (triggers != nullptr) {
      for (const Value& trigger : triggers->items) {
        TRY(read_trigger(trigger));
      }
    }
    if (components_ != nullptr) {
      for (const Value& one : components_->items) {
        TRY(read_other_component(one));
      }
    }
    return Unit{};
  }

  Result<Unit> read_trigger(const Value& trigger) {
    TRY(const std::string type, text_member(trigger, "trigger_type", document_));
    if (type != kTriggerType)
      return Unit{};
    TRY(const std::string id, text_member(trigger, "id", document_));
    TRY(const Value* config, table_member(trigger, "trigger_config", document_));
    const Value* component = config == nullptr ? nullptr : config->find("component");
    if (component == nullptr || !component->is(Value::Kind::Text))
      return document_.error(0, "trigger \"" + id + "\" missing 'component' config field");
    const Value* dependencies = trigger.find("trigger_dependencies");
    if (dependencies != nullptr && !dependencies->items.empty())
      return document_.error(0,
                             "trigger \"" + id + "\": this trigger should not have dependencies");
    TRY(use_component(component->text, id));
    return add_trigger(*config, id, ComponentId(component->text), "trigger \"" + id + "\"",
                       document_, variables_, app_);
  }

  Result<Unit> use_component(const std::string& id, const std::string& trigger) {
    if (app_.find_component(ComponentId(id)) != nullptr)
      return Unit{};
    if (components_ != nullptr) {
      for (const Value& one : components_->items) {
        TRY(const std::string name, text_member(one, "id", document_));
        if (name == id)
          return read_component(one, id);
      }
    }
    return document_.error(0, "trigger \"" + trigger + "\" names the component \"" +
                                  id.substr(0, 80) + "\", which is not in the app");
  }

  Result<Unit> read_component(const Value& table, const std::string& id) {
    if (!is_component_id(id))
      return document_.error(0, "\"" + id.substr(0, 80) + "\" cannot name a component");
    Component component;
    component.id = ComponentId(id);
    component.place = document_.name;
    TRY(collect_requirements(table.find("host_requirements")));
    const Value* dependencies = table.find("trigger_dependencies");
    if (dependencies != nullptr && !dependencies->items.empty())
      return document_.error(0,
                             "component \"" + id + "\": this trigger should not have dependencies");
    TRY(read_source(table, id, component));
    TRY(read_files(table, id, component));
    TRY(read_reach_of(table, component));
    TRY(read_locked_dependencies(table, document_, component));
    TRY(read_texts(table, component));
    app_.components.push_back(std::move(component));
    return Unit{};
  }

  Result<Unit> read_source(const Value& table, const std::string& id, Component& component) {
    TRY(const Value* source, table_member(table, "source", document_));
    const std::string where = "component \"" + id + "\": ";
    if (source == nullptr)
      return document_.error(0, where + "it has no source");
    if (auto read = read_content(*source, document_, component.source, component.bytes); !read)
      return document_.error(0, where + read.error().what);
    return Unit{};
  }

  Result<Unit> read_reach_of(const Value& table, Component& component) {
    TRY(const Value* metadata, table_member(table, "metadata", document_));
    return metadata == nullptr ? Unit{} : read_reach(*metadata, "databases", document_, component);
  }

  /// Components of other triggers never run here; their labels and variables are checked all the
  /// same, as Spin's triggers check those of the whole app.
  Result<Unit> read_other_component(const Value& table) {
    Component component;
    TRY(const std::string id, text_member(table, "id", document_));
    component.id = ComponentId(id);
    if (app_.find_component(component.id) != nullptr)
      return Unit{};
    TRY(read_reach_of(table, component));
    TRY(read_config(table, component));
    app_.other_components.push_back(std::move(component));
    return Unit{};
  }

  Result<Unit> read_files(const Value& table, const std::string& id, Component& component) {
    TRY(const Value* files, array_member(table, "files", document_));
    if (files == nullptr)
      return Unit{};
    for (const Value& entry : files->items) {
      TRY(const std::string url, text_member(entry, "source", document_));
      TRY(const std::string guest, text_member(entry, "path", document_));
      auto host = path_of_file_url(url);
      if (!host || guest.empty()) {
        return document_.error(0, "component \"" + id + "\": files need a file: URL and a path" +
                                      (host ? "" : ": " + host.error().what));
      }
      component.mounts.push_back({*host, guest});
    }
    return Unit{};
  }

  Result<Unit> read_texts(const Value& table, Component& component) {
    TRY(const Value* env, table_member(table, "env", document_));
    if (env != nullptr) {
      for (const Value& one : env->items) {
        TRY(const std::string text, text_member(*env, one.key, document_));
        component.environment[one.key] = variables_.expand_known(text).text;
      }
    }
    return read_config(table, component);
  }

  Result<Unit> read_config(const Value& table, Component& component) {
    TRY(const Value* config, table_member(table, "config", document_));
    if (config == nullptr)
      return Unit{};
    for (const Value& one : config->items) {
      TRY(const std::string text, text_member(*config, one.key, document_));
      TRY(variables_.check(text, 0, document_));
      component.variables[one.key] = text;
    }
    return Unit{};
  }

  Result<Unit> collect_requirements(const Value* requirements) {
    if (requirements == nullptr)
      return Unit{};
    for (const Value& one : requirements->items) {
      if (one.key != "local_service_chaining" && one.key != "middleware") {
        return document_.error(0, "unknown host requirement \"" + one.key.substr(0, 80) + "\"");
      }
      if (one.text != "optional")
        requirements_.push_back(one.key);
    }
    return Unit{};
  }

  Result<Unit> check_requirements() {
    if (requirements_.empty())
      return Unit{};
    std::string all;
    for (const std::string& one : requirements_) {
      if (all.find(one) == std::string::npos)
        all += (all.empty() ? "" : ", ") + one;
    }
    return document_.error(0,
                           "This application requires the following features that are not "
                           "available in this version of the 'kinesis' trigger: " +
                               all);
  }

  Document document_;
  const Outside& outside_;
  Variables variables_;
  const Value* components_ = nullptr;
  std::vector<std::string> requirements_;
  App app_;
};

}  // namespace

Result<std::filesystem::path> path_of_file_url(std::string_view url) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::Invalid, "\"" + std::string(url.substr(0, 300)) +
                                        "\" is no usable file: URL: " + std::string(why));
  };
  std::string_view rest = url;
  if (!rest.starts_with("file://"))
    return bad("it does not start with file://");
  rest.remove_prefix(7);
  if (rest.starts_with("localhost/"))
    rest.remove_prefix(9);
  if (!rest.starts_with('/'))
    return bad("it names another machine");
  auto path = percent_decoded(rest);
  if (!path)
    return bad("a % without two hex digits");
  if (path->find('\0') != std::string::npos)
    return bad("it holds a zero byte");
  return std::filesystem::path(*std::move(path));
}

Result<App> parse_locked_app(std::string_view text, const std::string& document,
                             const std::filesystem::path& working_dir, const Outside& outside) {
  return LockedReader(document, working_dir, outside).read(text);
}

Result<App> read_locked_app(std::string_view url, const std::filesystem::path& working_dir,
                            const Outside& outside) {
  constexpr std::size_t kBytesMax = std::size_t{64} * 1024 * 1024;
  auto path = path_of_file_url(url);
  if (!path)
    return fail(path.error().within("SPIN_LOCKED_URL"));
  TRY(const std::string text, read_file(*path, kBytesMax));
  return parse_locked_app(text, path->string(), working_dir, outside);
}

}  // namespace kt::app
