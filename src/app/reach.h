// app/reach.h — What a component may reach, and the components it is composed of.
//
// Why: both kinds of file say it, in slightly different words.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "app/app.h"

namespace kt::app {

/// Reads the hosts and labels of a component's table; `databases` is the key of its SQLite labels.
Result<Unit> read_reach(const Value& table, std::string_view databases, const Document& document,
                        Component& component);

/// Reads `[component.x.dependencies]` of a manifest. `components` are all of the manifest's, for
/// dependencies on one of them.
Result<Unit> read_manifest_dependencies(const Value& table, const Value* components,
                                        const std::filesystem::path& root, const std::string& where,
                                        const Document& document, Component& component);

/// Reads a locked component's dependencies.
Result<Unit> read_locked_dependencies(const Value& table, const Document& document,
                                      Component& component);

/// Reads a locked app's content reference: inline bytes or a file: URL. Invalid says what is wrong.
Result<Unit> read_content(const Value& source, const Document& document,
                          std::filesystem::path& path, std::vector<std::uint8_t>& bytes);

}  // namespace kt::app
