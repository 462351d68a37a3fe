#include "cli/new_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>

#include "app/app.h"
#include "app/nearest.h"
#include "app/value.h"
#include "cli/parse.h"
#include "cli/template_pack.h"
#include "deliver/directory/durable_file.h"
#include "scaffold/words.h"

namespace kt::cli {
namespace {

namespace fs = std::filesystem;

struct NewOptions {
  std::string name;
  std::string from;
  std::string folder;  ///< of a template that is not built in
  std::string output;
  std::string manifest = "spin.toml";
  std::vector<std::string> values;
  std::string values_file;
  bool add = false;
  bool list = false;
  bool no_vcs = false;
  bool allow_overwrite = false;
};

void declare_new_options(CLI::App& command, NewOptions& options) {
  command.add_option("name", options.name, "The app's name; with --add the component's");
  command.add_option("-t,--template", options.from, "The template: see --list")
      ->type_name("TEMPLATE");
  command.add_option("--dir", options.folder, "Take the template in this folder instead")
      ->type_name("FOLDER")
      ->excludes("--template");
  command
      .add_option("-o,--output", options.output,
                  "Where the files go; else a folder of that name, with --add beside spin.toml")
      ->type_name("FOLDER");
  command.add_option("-v,--value", options.values, "A parameter of the template (repeatable)")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  command.add_option("--values-file", options.values_file, "A TOML file of parameters")
      ->type_name("FILE");
  command.add_flag("--add", options.add, "Add a component to the app of --from");
  command.add_option("-f,--from,--file", options.manifest, "The manifest that --add extends")
      ->type_name("spin.toml");
  command.add_flag("--list", options.list, "Print the templates and their parameters, and end");
  command.add_flag("--no-vcs", options.no_vcs, "Write no .gitignore");
  command.add_flag("--allow-overwrite", options.allow_overwrite, "Write over files that exist");
}

/// At most 2000 files of at most 8 MiB.
Result<scaffold::Files> read_folder(const fs::path& folder) {
  constexpr std::size_t kFilesMax = 2000;
  constexpr std::size_t kBytesMax = std::size_t{8} << 20;
  scaffold::Files files;
  std::error_code problem;
  for (fs::recursive_directory_iterator it(folder, problem), end; !problem && it != end;
       it.increment(problem)) {
    std::error_code ignored;
    if (!it->is_regular_file(ignored))
      continue;
    if (files.size() == kFilesMax)
      return fail(ErrorCode::Invalid, folder.string() + " has more than 2000 files");
    TRY(files[it->path().lexically_relative(folder).generic_string()],
        app::read_file(it->path(), kBytesMax));
  }
  if (problem)
    return fail(ErrorCode::NotFound, "cannot read " + folder.string() + ": " + problem.message());
  return files;
}

Result<scaffold::Template> find_template(const NewOptions& options) {
  if (!options.folder.empty()) {
    TRY(const scaffold::Files files, read_folder(options.folder));
    auto read = scaffold::read_template(files);
    if (!read)
      return fail(read.error().within(options.folder));
    return read;
  }
  const TemplatePack pack = built_in_templates();
  std::vector<std::string_view> known;
  for (const auto& [name, files] : pack)
    known.push_back(name);
  const auto found = pack.find(options.from);
  if (found == pack.end()) {
    const std::string what = options.from.empty()
                                 ? "name a template by -t"
                                 : "no template \"" + options.from.substr(0, 80) + "\"";
    return fail(ErrorCode::Invalid, what + app::suggestion(options.from, known));
  }
  return scaffold::read_template(found->second);
}

int list_templates(const Console& console) {
  for (const auto& [name, files] : built_in_templates()) {
    const auto one = scaffold::read_template(files);
    if (!one)
      return console.error(kFailed, "template " + name + ": " + one.error().what);
    console.out << one->id << "  " << one->description
                << (one->add_component.supported ? "; also by --add" : "") << "\n";
    for (const scaffold::Parameter& parameter : one->parameters) {
      console.out << "    " << parameter.name << "  " << parameter.prompt
                  << (parameter.fallback ? " [" + *parameter.fallback + "]" : "; required") << "\n";
    }
  }
  return kDone;
}

/// Flags are stronger than the file.
Result<scaffold::Values> given_values(const NewOptions& options) {
  scaffold::Values values;
  if (!options.values_file.empty()) {
    constexpr std::size_t kBytesMax = std::size_t{1} << 20;
    const app::Document document{options.values_file};
    TRY(const std::string text, app::read_file(options.values_file, kBytesMax));
    TRY(const app::Value table, app::read_toml(text, document));
    for (const app::Value& one : table.items) {
      TRY(values[one.key], app::text_member(table, one.key, document));
    }
  }
  for (const std::string& pair : options.values) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(ErrorCode::Invalid, "-v " + pair.substr(0, 80) + ": write it as name=value");
    values[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return values;
}

std::string authors_of(const Console& console) {
  std::string name = console.variable("GIT_AUTHOR_NAME");
  if (name.empty())
    name = console.variable("USER");
  const std::string address = console.variable("GIT_AUTHOR_EMAIL");
  return address.empty() ? name : name + " <" + address + ">";
}

/// It becomes a component's id and a folder's name.
Result<Unit> check_name(const std::string& name) {
  constexpr std::size_t kNameMax = 100;
  const std::string plain = scaffold::kebab_case(name);
  const bool begins_well = !plain.empty() && plain[0] >= 'a' && plain[0] <= 'z';
  const auto odd = [](char c) {
    return !(c == '-' || c == '_' || c == ' ' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
             (c >= 'A' && c <= 'Z'));
  };
  if (begins_well && name.size() <= kNameMax && std::none_of(name.begin(), name.end(), odd))
    return Unit{};
  return fail(ErrorCode::Invalid, "\"" + name.substr(0, 80) +
                                      "\" is no name: up to 100 letters, digits, - and _, a letter "
                                      "first");
}

Result<Unit> write_file(const fs::path& file, const std::string& content) {
  std::error_code problem;
  fs::create_directories(file.parent_path(), problem);
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << content;
  out.close();
  if (!out)
    return fail(ErrorCode::Invalid, "cannot write " + file.string());
  if (content.starts_with("#!"))
    fs::permissions(file, fs::perms::owner_exec, fs::perm_options::add, problem);
  return Unit{};
}

/// The whole new content, or the old one: somebody's manifest is never half written.
Result<Unit> replace_file(const fs::path& file, const std::string& content) {
  std::error_code problem;
  const fs::path target = fs::canonical(file, problem);  // a link stays one
  if (problem)
    return fail(ErrorCode::NotFound, "cannot find " + file.string() + ": " + problem.message());
  const fs::perms mode = fs::status(target, problem).permissions();
  TRY(deliver::write_durably(target.parent_path(), target.filename().string(), content));
  fs::permissions(target, mode, problem);
  return Unit{};
}

/// All or nothing, as far as files that exist go.
Result<Unit> write_all(const fs::path& folder, const scaffold::Files& files,
                       const NewOptions& options) {
  for (const auto& [path, content] : files) {
    const fs::path plain = fs::path(path).lexically_normal();
    if (plain.empty() || plain.is_absolute() || *plain.begin() == "..")
      return fail(ErrorCode::Invalid, "the template names a file outside: " + path);
    std::error_code ignored;
    if (fs::exists(folder / plain, ignored) && !options.allow_overwrite) {
      return fail(ErrorCode::Invalid, (folder / plain).string() +
                                          " exists: choose another folder by -o, or add "
                                          "--allow-overwrite");
    }
  }
  for (const auto& [path, content] : files) {
    TRY(write_file(folder / path, content));
  }
  return Unit{};
}

Result<fs::path> make_app(const scaffold::Template& from, scaffold::Order order,
                          const NewOptions& options) {
  const fs::path folder = options.output.empty() ? fs::path(order.name) : fs::path(options.output);
  order.output_path = folder.generic_string();
  TRY(scaffold::Outcome made, scaffold::instantiate(from, order));
  if (options.no_vcs)
    made.files.erase(".gitignore");
  TRY(write_all(folder, made.files, options));
  return folder;
}

Result<fs::path> add_component(const scaffold::Template& from, scaffold::Order order,
                               const NewOptions& options) {
  constexpr std::size_t kBytesMax = std::size_t{4} << 20;
  std::error_code ignored;
  fs::path manifest = options.manifest;
  if (fs::is_directory(manifest, ignored))
    manifest /= "spin.toml";
  TRY(const std::string text, app::read_file(manifest, kBytesMax));
  const fs::path root = fs::absolute(manifest).parent_path();
  const fs::path folder =
      options.output.empty() ? root / order.name : fs::absolute(fs::path(options.output));
  order.output_path = folder.lexically_relative(root).generic_string();
  order.manifest = &text;
  TRY(scaffold::Outcome made, scaffold::instantiate(from, order));
  if (options.no_vcs)
    made.files.erase(".gitignore");
  TRY(write_all(folder, made.files, options));
  TRY(replace_file(manifest, *made.manifest));
  return folder.lexically_relative(fs::current_path(ignored));
}

Result<fs::path> make(const NewOptions& options, const Console& console) {
  if (options.name.empty())
    return fail(ErrorCode::Invalid, "name the app: trigger-kinesis new -t kinesis-rust my-app");
  TRY(check_name(options.name));
  TRY(const scaffold::Template from, find_template(options));
  scaffold::Order order;
  order.name = options.name;
  TRY(order.values, given_values(options));
  order.authors = authors_of(console);
  return options.add ? add_component(from, std::move(order), options)
                     : make_app(from, std::move(order), options);
}

}  // namespace

int new_command(const Arguments& arguments, const Console& console) {
  NewOptions options;
  CLI::App command("Makes an app from a template, or adds a component to one.", "new");
  declare_new_options(command, options);
  if (const auto end = parse_arguments(command, arguments, console))
    return *end;
  if (options.list)
    return list_templates(console);
  const auto made = make(options, console);
  if (!made)
    return console.error(kUsage, made.error().what);
  console.out << (options.add ? "Added to the app: " : "Made ") << made->string() << "\n";
  if (!options.add) {
    console.out << "Next:\n  cd " << made->string()
                << "\n  trigger-kinesis up --local --build --watch\n";
  }
  return kDone;
}

}  // namespace kt::cli
