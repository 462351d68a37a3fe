#include "app/triggers.h"

#include <algorithm>
#include <map>
#include <set>

namespace kt::app {
namespace {

void set_setting(std::vector<Setting>& settings, std::string_view key, const std::string& value,
                 const std::string& origin) {
  for (Setting& setting : settings) {
    if (setting.key == key) {
      setting.value = value;
      setting.origin = origin;
    }
  }
}

}  // namespace

Result<Unit> add_trigger(const Value& table, const std::string& id, const ComponentId& component,
                         const std::string& where, const Document& document,
                         const Variables& variables, App& app) {
  Trigger trigger;
  trigger.id = id;
  trigger.component = component;
  trigger.place = document.at(table.line);
  const KeyContext context{document, variables, where, {"component", "id"}};
  TRY(ReadKeys read,
      read_keys(&table, trigger_keys(), trigger_aliases(), context, trigger.options));
  if (trigger.options.stream_arn.str().empty()) {
    return document.error(table.line, "\"stream_arn\" is missing (in " + where +
                                          "): write stream_arn = "
                                          "\"arn:aws:kinesis:<region>:<account>:stream/<name>\"");
  }
  std::string fault = join_starting_position(trigger.options);
  if (fault.empty())
    fault = check_destinations(trigger.options);
  if (fault.empty())
    fault = check_poison(trigger.options);
  if (fault.empty())
    fault = check_windows(trigger.options);
  if (!fault.empty())
    return document.error(table.line, fault + " (in " + where + ")");
  if (trigger.options.application_name.empty()) {
    trigger.options.application_name = ApplicationName(app.name + "/" + component.str());
    set_setting(read.settings, "application_name", trigger.options.application_name.str(),
                "default");
  }
  trigger.settings = std::move(read.settings);
  app.warnings.insert(app.warnings.end(), read.warnings.begin(), read.warnings.end());
  app.triggers.push_back(std::move(trigger));
  return Unit{};
}

Result<Unit> read_process_options(const Value* table, const Document& document,
                                  const Variables& variables, App& app) {
  const KeyContext context{document, variables, "[application.trigger.kinesis]", {}};
  TRY(ReadKeys read, read_keys(table, process_keys(), {}, context, app.process));
  app.settings = std::move(read.settings);
  app.warnings.insert(app.warnings.end(), read.warnings.begin(), read.warnings.end());
  // There every commit costs a request a shard.
  for (Setting& setting : app.settings) {
    if (setting.key != "checkpoint_interval_millis" || setting.origin != "default" ||
        app.process.lease_store == "sqlite")
      continue;
    app.process.checkpoint_interval = std::chrono::milliseconds(1000);
    setting.value = "1000";
  }
  return Unit{};
}

Result<Unit> check_triggers(const App& app, const Document& document) {
  if (app.triggers.empty()) {
    return document.error(0,
                          "the app has no kinesis trigger: add a [[trigger.kinesis]] with "
                          "component and stream_arn");
  }
  // Positions are kept by name and stream. A component with several streams may share its default
  // name among them; a name that was written down names one trigger.
  std::map<std::string, const Trigger*> named;
  std::set<std::pair<std::string, std::string>> positions;
  for (const Trigger& trigger : app.triggers) {
    const std::string& name = trigger.options.application_name.str();
    const auto [first, is_new] = named.emplace(name, &trigger);
    const bool same_default = !is_new && first->second->component == trigger.component &&
                              name == app.name + "/" + trigger.component.str();
    const bool new_position = positions.emplace(name, trigger.options.stream_arn.str()).second;
    if (is_new || (same_default && new_position))
      continue;
    return fail(ErrorCode::Invalid, trigger.place + ": application_name \"" + name +
                                        "\" is also that of the trigger " + "at " +
                                        first->second->place +
                                        ": give one of them an application_name of its own");
  }
  return Unit{};
}

bool is_component_id(std::string_view id) {
  if (id.empty() || id.size() > 128 || id.front() == '.' || id.front() == '-')
    return false;
  return std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

}  // namespace kt::app
