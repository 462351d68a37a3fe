// scaffold/template.h — A template as Spin lays one out, read and checked.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scaffold/liquid.h"

namespace kt::scaffold {

/// Content by path, with '/' between names.
using Files = std::map<std::string, std::string, std::less<>>;

struct Parameter {
  std::string name;
  std::string prompt;
  std::optional<std::string> fallback;
  std::string pattern;                      ///< a regular expression; empty: anything
  std::vector<std::string> allowed_values;  ///< empty: anything
};

/// What holds only where the manifest has an entry already.
struct Condition {
  std::string manifest_entry;  ///< "application.trigger.kinesis"
  std::set<std::string> skip_parameters;
  std::set<std::string> skip_files;
  std::set<std::string> skip_snippets;
};

/// How a template makes an app, or a component of one.
struct Variant {
  bool supported = false;
  std::set<std::string> skip_parameters;
  std::set<std::string> skip_files;
  std::map<std::string, std::string> snippets;  ///< file by kind: "component", …
  std::vector<Condition> conditions;
};

struct Template {
  std::string id;
  std::string description;
  std::vector<std::string> tags;
  Variant new_application;
  Variant add_component;
  std::vector<Parameter> parameters;  ///< in their order
  Files content;                      ///< below content/
  Files snippets;                     ///< below metadata/snippets/
};

/// Reads metadata/spin-template.toml and what it names. Invalid names the file, the line and the
/// fault; keys of Spin's that are of no use here (outputs, partials) are refused too.
Result<Template> read_template(const Files& files);

/// What a template is asked for.
struct Order {
  std::string name;                       ///< of the app or the component
  Values values;                          ///< as given; the rest takes its default
  std::string authors;                    ///< "Name <address>", or empty
  std::string output_path;                ///< of a component, from the manifest's folder
  const std::string* manifest = nullptr;  ///< of the app that gets a component; null: a new app
};

struct Outcome {
  Files files;                          ///< to be written to the folder
  std::optional<std::string> manifest;  ///< the manifest with what a component adds
};

/// Makes the files, writes none. Invalid names every parameter that is missing, not known or not
/// fitting.
Result<Outcome> instantiate(const Template& from, const Order& order);

}  // namespace kt::scaffold
