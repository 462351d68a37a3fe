#include "cli/test_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/consumer.h"
#include "cli/handler_call.h"
#include "cli/parse.h"
#include "cli/test_expectation.h"
#include "runtime/system_clock.h"

namespace kt::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct TestOptions {
  std::string target = "spin.toml";
  std::string component;
  std::string file = "-";
  std::string format = "auto";
  std::string key_field;
  std::size_t batch_size = 0;
  std::uint32_t attempt = 1;
  std::uint32_t timeout_millis = 0;
  std::uint32_t window_seconds = 0;
  bool final_call = false;
  std::string state;
  std::string expect = "ok";
  std::string expect_output;
  std::string expect_state;
  bool json = false;
  TriggerFlags flags;
};

void declare_test_options(CLI::App& command, TestOptions& options) {
  command.add_option("target", options.target, "A spin.toml, its folder, or a .wasm file")
      ->type_name("APP|WASM");
  command.add_option("--component", options.component,
                     "The component of the app; needed where it has several");
  command.add_option("--file", options.file, "The records; -: of stdin");
  command.add_option("--format", options.format, "How the file is read; else its ending says")
      ->check(CLI::IsMember(records::format_names()))
      ->type_name("FORMAT");
  command.add_option("--key-field", options.key_field, "The field that is the partition key");
  command.add_option("--batch-size", options.batch_size, "Records a call; else all in one");
  command.add_option("--attempt", options.attempt, "Which attempt the handler is told");
  command.add_option("--timeout-millis", options.timeout_millis, "How long a call may take");
  command.add_option("--window-seconds", options.window_seconds, "Call it in a tumbling window");
  command.add_option("--state", options.state, "The window's state before the first call");
  command.add_flag("--final", options.final_call, "The last call is the window's last");
  command.add_option("--expect", options.expect,
                     "ok, error, error=TEXT, failures=0,2, trap, timeout or memory");
  command.add_option("--expect-output", options.expect_output, "What it prints holds this");
  command.add_option("--expect-state", options.expect_state, "The state that it leaves");
  command.add_flag("--json", options.json, "Print one JSON object a call");
  TriggerFlags& flags = options.flags;
  command.add_option("--state-dir", flags.state_dir, "Folder of stores; else they are in memory")
      ->type_name("STATE_DIR");
  command
      .add_option("--runtime-config-file", flags.runtime_config_file,
                  "What stands behind stores and variables")
      ->type_name("FILE");
  command.add_option("--variable", flags.variables, "A variable's value (repeatable)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command.add_option("--key-value", flags.key_value, "Set a key of the default store (repeatable)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command.add_option("--sqlite", flags.sqlite, "Run a statement on the default database")
      ->type_name("STATEMENT")
      ->allow_extra_args(false);
}

Result<std::vector<records::InputRecord>> read_records(const TestOptions& options,
                                                       const Console& console) {
  records::ReaderOptions reading;
  reading.format = *records::format_named(options.format);
  reading.key_field = options.key_field;
  TRY(const auto reader, records::open_records(options.file, console.in, std::move(reading)));
  constexpr std::size_t kRecordsMax = 100'000;
  std::vector<records::InputRecord> all;
  for (;;) {
    TRY(auto record, reader->next());
    if (!record)
      return all;
    all.push_back(*std::move(record));
    if (all.size() > kRecordsMax)
      return fail(ErrorCode::Invalid, options.file + " has more than 100000 records");
  }
}

/// One run: the app, its trigger, and how the calls ended.
class Run {
 public:
  Run(const TestOptions& options, const Console& console) : options_(options), console_(console) {}
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run() {
    components_.reset();
    std::error_code ignored;
    if (setup_.data_dir.empty() && !setup_.state_dir.empty())
      fs::remove_all(setup_.state_dir, ignored);
  }

  Result<Unit> prepare(TriggerFlags flags) {
    flags.test = true;
    flags.quiet = true;
    if (!flags.state_dir)
      flags.state_dir = "";
    const bool is_code = options_.target.ends_with(".wasm");
    TRY(setup_, is_code ? set_up_component(options_.target, flags, console_)
                        : set_up_app(Start::ByHand, options_.target, flags, console_));
    TRY(expected_, parse_expectation(options_.expect));
    TRY(choose_trigger());
    TRY(records_, read_records(options_, console_));
    TRY(lay_out_assets(setup_));
    const Log log = make_log(flags, console_, Start::BySpin);
    TRY(components_, Components::load(setup_, flags, console_, Components::Logs::Open, log));
    if (trigger_.options.tumbling_window.count() > 0 &&
        components_->of(trigger_.component).linked->world() == wasm::World::Kinesis)
      return fail(ErrorCode::Invalid, "a handler of fermyon:spin-kinesis has no windows");
    return Unit{};
  }

  /// Whether every call was as expected.
  bool calls() {
    const std::size_t a_call =
        options_.batch_size == 0 ? std::max<std::size_t>(records_.size(), 1) : options_.batch_size;
    Loop loop;
    const WallTime now = SystemClock(loop).wall_now();
    if (!options_.state.empty())
      state_ = options_.state;
    bool good = true;
    for (std::size_t at = 0; at < std::max<std::size_t>(records_.size(), 1); at += a_call) {
      const std::size_t count = std::min(a_call, records_.size() - at);
      good = one_call(at, count, now) && good;
    }
    return good;
  }

 private:
  Result<Unit> choose_trigger() {
    std::string known;
    const app::Trigger* found = nullptr;
    for (const app::Trigger& trigger : setup_.app.triggers) {
      known += (known.empty() ? "" : ", ") + trigger.component.str();
      const bool fits = options_.component.empty() || trigger.component.str() == options_.component;
      if (!fits)
        continue;
      if (found != nullptr && found->component != trigger.component)
        return fail(ErrorCode::Invalid, "name one of the components by --component: " + known);
      if (found == nullptr)
        found = &trigger;
    }
    if (found == nullptr) {
      return fail(ErrorCode::Invalid,
                  "no trigger calls component \"" + options_.component + "\"; there are: " + known);
    }
    trigger_ = *found;
    if (options_.timeout_millis > 0)
      trigger_.options.handler_timeout = std::chrono::milliseconds(options_.timeout_millis);
    if (options_.window_seconds > 0)
      trigger_.options.tumbling_window = std::chrono::seconds(options_.window_seconds);
    return Unit{};
  }

  bool one_call(std::size_t at, std::size_t count, WallTime now) {
    invoke::CallContext context = made_up_context(trigger_, now);
    context.attempt = options_.attempt;
    if (context.window)
      context.window->final_call = options_.final_call && at + count == records_.size();
    if (state_)
      context.window_state = std::make_shared<const std::string>(*state_);
    const auto batch =
        batch_of(std::span(records_).subspan(std::min(at, records_.size()), count), at, now);
    const HandlerAnswer answer =
        call_handler(trigger_, components_->of(trigger_.component), batch, std::move(context));
    if (answer.ended.window_state)
      state_ = answer.ended.window_state;
    const std::string wrong = judge(answer, count);
    if (options_.json)
      say_json(answer, count, wrong);
    else
      say_text(answer, count, wrong);
    return wrong.empty();
  }

  std::string judge(const HandlerAnswer& answer, std::size_t count) const {
    if (std::string wrong = deviation(expected_, answer.ended, count); !wrong.empty())
      return wrong;
    if (answer.output.find(options_.expect_output) == std::string::npos)
      return "expected output with \"" + options_.expect_output + "\"";
    if (!options_.expect_state.empty() && state_.value_or("") != options_.expect_state)
      return "expected the state \"" + options_.expect_state + "\"";
    return "";
  }

  static double millis_of(const HandlerAnswer& answer) {
    return std::chrono::duration<double, std::milli>(answer.ended.took).count();
  }

  void say_text(const HandlerAnswer& answer, std::size_t count, const std::string& wrong) const {
    std::string out = fmt::format("{}  component {}: {} of {} record{} in {:.1f} ms",
                                  wrong.empty() ? "ok" : "FAILED", trigger_.component.str(),
                                  word_for(answer.ended.outcome), count, count == 1 ? "" : "s",
                                  millis_of(answer));
    if (!answer.ended.message.empty())
      out += ": " + printable(answer.ended.message);
    out += "\n";
    if (answer.ended.outcome == invoke::InvokeOutcome::Partial)
      out += fmt::format("  failed records: {}\n",
                         fmt::join(failed_records(answer.ended, count), ","));
    if (answer.ended.window_state)
      out += "  state: " + printable(*answer.ended.window_state) + "\n";
    if (!wrong.empty())
      out += "  " + printable(wrong) + "\n";
    for (std::size_t at = 0; at < answer.output.size();) {
      const std::size_t end = std::min(answer.output.find('\n', at), answer.output.size());
      out += "  | " + printable(std::string_view(answer.output).substr(at, end - at)) + "\n";
      at = end + 1;
    }
    console_.out << out;
  }

  void say_json(const HandlerAnswer& answer, std::size_t count, const std::string& wrong) const {
    Json out;
    out["component"] = trigger_.component.str();
    out["asExpected"] = wrong.empty();
    if (!wrong.empty())
      out["deviation"] = wrong;
    out["outcome"] = word_for(answer.ended.outcome);
    out["records"] = count;
    out["failures"] = failed_records(answer.ended, count);
    out["message"] = answer.ended.message;
    if (answer.ended.window_state)
      out["state"] = *answer.ended.window_state;
    out["millis"] = millis_of(answer);
    out["memoryBytes"] = answer.ended.peak_memory_bytes;
    out["output"] = answer.output;
    console_.out << out.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
  }

  const TestOptions& options_;
  const Console& console_;
  AppSetup setup_;
  app::Trigger trigger_;
  Expectation expected_;
  std::vector<records::InputRecord> records_;
  std::optional<std::string> state_;
  std::unique_ptr<Components> components_;
};

}  // namespace

int test_command(const Arguments& arguments, const Console& console) {
  TestOptions options;
  CLI::App command("Calls a handler with the records of a file and shows how it ended.", "test");
  declare_test_options(command, options);
  if (const auto end = parse_arguments(command, arguments, console))
    return *end;
  Run run(options, console);
  const auto ready = run.prepare(options.flags);
  if (!ready)
    return console.error(kUsage, ready.error().what);
  const bool good = run.calls();
  console.out.flush();
  return good ? kDone : kFailed;
}

}  // namespace kt::cli
