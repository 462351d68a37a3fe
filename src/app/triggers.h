// app/triggers.h — The triggers of an app, read the same way from both kinds of file.
#pragma once
#include <string>
#include <vector>

#include "app/app.h"
#include "app/keys.h"

namespace kt::app {

/// Reads one trigger's keys into the app. `table` is `[[trigger.kinesis]]`, or the locked app's
/// `trigger_config`.
Result<Unit> add_trigger(const Value& table, const std::string& id, const ComponentId& component,
                         const std::string& where, const Document& document,
                         const Variables& variables, App& app);
/// Reads `[application.trigger.kinesis]`; null: all defaults.
Result<Unit> read_process_options(const Value* table, const Document& document,
                                  const Variables& variables, App& app);
/// What is checked when all triggers are read: there is one, and no two share a position.
Result<Unit> check_triggers(const App& app, const Document& document);
/// Whether it may name a component: it becomes part of file names.
bool is_component_id(std::string_view id);

}  // namespace kt::app
