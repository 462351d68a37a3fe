#include "app/keys.h"

namespace kt::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kNameRule =
    "1 to 200 printable characters, without \"..\", no \"/\" at either end";

bool good_application_name(std::string_view name) {
  if (name.empty() || name.size() > 200 || name.front() == '/' || name.back() == '/' ||
      name.find("..") != std::string_view::npos || name.find("//") != std::string_view::npos)
    return false;
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      return false;
  }
  return true;
}

template <class Options>
Key<Options> text(std::string_view name, std::string_view fallback, std::string Options::* member,
                  std::string_view meaning, Stage stage = Stage::Now) {
  return {name,
          KeyKind::Text,
          fallback,
          meaning,
          [member](Options& options, const Parsed& value) {
            options.*member = value.text;
            return std::string();
          },
          stage};
}

template <class Options>
Key<Options> flag(std::string_view name, std::string_view fallback, bool Options::* member,
                  std::string_view meaning, Stage stage = Stage::Now) {
  return {name,
          KeyKind::Flag,
          fallback,
          meaning,
          [member](Options& options, const Parsed& value) {
            options.*member = value.flag;
            return std::string();
          },
          stage};
}

template <class Options, class Number>
Key<Options> number(std::string_view name, std::string_view fallback, Number Options::* member,
                    std::int64_t least, std::int64_t most, std::string_view meaning,
                    Stage stage = Stage::Now, Bounds bounds = Bounds::Refuse) {
  return {name,
          KeyKind::Integer,
          fallback,
          meaning,
          [member](Options& options, const Parsed& value) {
            options.*member = static_cast<Number>(value.integer);
            return std::string();
          },
          stage,
          least,
          most,
          bounds};
}

template <class Options>
Key<Options> choice(std::string_view name, std::string_view fallback, std::string Options::* member,
                    std::vector<std::string_view> choices, std::string_view meaning,
                    Stage stage = Stage::Now) {
  Key<Options> key = text(name, fallback, member, meaning, stage);
  key.kind = KeyKind::Choice;
  key.choices = std::move(choices);
  return key;
}

std::string set_stream_arn(TriggerOptions& options, const Parsed& value) {
  auto arn = StreamArn::parse(value.text);
  if (!arn)
    return arn.error().what;
  options.stream_arn = *std::move(arn);
  return {};
}

std::string set_application_name(TriggerOptions& options, const Parsed& value) {
  if (!good_application_name(value.text))
    return "an application name has " + std::string(kNameRule);
  options.application_name = ApplicationName(value.text);
  return {};
}

std::string set_timestamp(TriggerOptions& options, const Parsed& value) {
  options.starting_position_timestamp = value.time;
  return {};
}

std::string set_sequence_number(TriggerOptions& options, const Parsed& value) {
  auto parsed = SequenceNumber::parse(value.text);
  if (!parsed)
    return parsed.error().what;
  options.starting_sequence_number = value.text;
  return {};
}

std::string set_filters(TriggerOptions& options, const Parsed& value) {
  options.filters = value.list;
  const auto compiled = compile_filters(options);
  return compiled ? std::string() : compiled.error().what;
}

std::string set_response_types(TriggerOptions& options, const Parsed& value) {
  for (const std::string& type : value.list) {
    if (type != "ReportBatchItemFailures")
      return "the only response type is \"ReportBatchItemFailures\"";
  }
  options.report_item_failures = !value.list.empty();
  return {};
}

std::string set_on_failure(TriggerOptions& options, const Parsed& value) {
  if (value.text.empty())
    return {};
  auto address = DestinationAddress::parse(value.text);
  if (!address)
    return address.error().what;
  options.on_failure = *std::move(address);
  return {};
}

std::string set_on_failure_overflow(TriggerOptions& options, const Parsed& value) {
  options.on_failure_overflow_refused = value.text == "none";
  if (value.text.empty() || value.text == "none")
    return {};
  auto address = DestinationAddress::parse(value.text);
  if (!address)
    return address.error().what;
  if (!address->holds_documents())
    return "\"" + value.text + "\" can not hold a record of any size: write a directory or s3://";
  options.on_failure_overflow = *std::move(address);
  return {};
}

using T = TriggerOptions;

std::vector<Key<T>> reading_keys() {
  std::vector<Key<T>> keys;
  keys.push_back(
      {"stream_arn", KeyKind::Text, "", "**Required.** The stream to consume.", set_stream_arn});
  keys.push_back(number<T>("batch_size", "100", &T::batch_size, 1, 10'000,
                           "The most records one call of the handler gets."));
  keys.push_back(number<T, milliseconds>(
      "shard_idle_wait_millis", "1000", &T::shard_idle_wait, 100, 300'000,
      "The longest wait between two reads of an idle shard. While records flow, reads are about "
      "200 ms apart.",
      Stage::Now, Bounds::Clamp));
  keys.push_back(
      number<T, milliseconds>("detector_poll_millis", "30000", &T::detector_poll, 100, 300'000,
                              "How often shards are listed when nothing else told of a change.",
                              Stage::Now, Bounds::Clamp));
  keys.push_back({"application_name", KeyKind::Text, "<app name>/<component>",
                  "The identity of this trigger's positions and leases. Set it, and the component "
                  "may be renamed without losing its place.",
                  set_application_name});
  keys.push_back(choice<T>(
      "shard_iterator_type", "LATEST", &T::shard_iterator_type,
      {"LATEST", "TRIM_HORIZON", "AT_TIMESTAMP", "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"},
      "Where reading starts while no position is stored; never used after that."));
  keys.push_back({"starting_position_timestamp", KeyKind::Time, "",
                  "The moment to start at, RFC 3339, with `AT_TIMESTAMP`.", set_timestamp});
  keys.push_back({"starting_sequence_number", KeyKind::Text, "",
                  "The record to start at or after, with `AT_SEQUENCE_NUMBER` or "
                  "`AFTER_SEQUENCE_NUMBER`.",
                  set_sequence_number});
  keys.push_back(
      flag<T>("enabled", "true", &T::enabled, "`false`: the position is kept, nothing is read."));
  return keys;
}

std::vector<Key<T>> batch_keys() {
  std::vector<Key<T>> keys;
  keys.push_back(number<T, milliseconds>(
      "maximum_batching_window_millis", "0", &T::maximum_batching_window, 0, 300'000,
      "How long to wait for a batch to fill. 0: hand on what is there."));
  keys.push_back(number<T, std::size_t>(
      "maximum_batch_bytes", "6291456", &T::maximum_batch_bytes, 1, 134'217'728,
      "The most payload bytes one call gets. A single larger record goes alone."));
  keys.push_back(number<T, milliseconds>("handler_timeout_millis", "60000", &T::handler_timeout, 1,
                                         86'400'000, "How long one call of the handler may take."));
  keys.push_back(number<T>("instance_reuse", "1", &T::instance_reuse, 1, 1'000'000,
                           "Calls a guest instance serves. 1: a fresh instance for every batch.",
                           Stage::Later));
  keys.push_back(number<T>("parallelization_factor", "1", &T::parallelization_factor, 1, 100,
                           "Batches in flight a shard; order is kept per partition key. See "
                           "[lanes](failures.md#lanes)."));
  keys.push_back(flag<T>("deaggregate", "true", &T::deaggregate,
                         "Take KPL aggregates apart into their user records. See "
                         "[aggregates](aggregation.md)."));
  keys.push_back({"filters", KeyKind::TextList, "[]",
                  "Event patterns, at most 100; a record that matches none is skipped. See "
                  "[filters](filters.md).",
                  set_filters});
  keys.push_back(choice<T>("on_non_json", "drop", &T::on_non_json, {"drop", "pass", "fail"},
                           "What a filter on the data does with a record that is no JSON: skip "
                           "it, deliver it, or hand it to `on_failure`."));
  keys.push_back(number<T, seconds>("tumbling_window_seconds", "0", &T::tumbling_window, 0, 900,
                                    "Length of the windows that carry state from call to call; 0: "
                                    "none. See [windows](windows.md)."));
  keys.push_back(text<T>("enhanced_fan_out", "", &T::enhanced_fan_out,
                         "A consumer's name or ARN: records are pushed instead of polled. See "
                         "[fan-out](fan-out.md)."));
  return keys;
}

std::vector<Key<T>> failure_keys() {
  std::vector<Key<T>> keys;
  keys.push_back(number<T>("maximum_retry_attempts", "-1", &T::maximum_retry_attempts, -1, 10'000,
                           "How often a failed batch is tried again. -1: until it succeeds. See "
                           "[failures](failures.md)."));
  keys.push_back(number<T, seconds>("maximum_record_age_seconds", "-1", &T::maximum_record_age, -1,
                                    604'800,
                                    "Records older than this are given up. -1 (or 0): never."));
  keys.push_back(flag<T>("bisect_batch_on_function_error", "false",
                         &T::bisect_batch_on_function_error,
                         "Halve a failed batch to find the record at fault."));
  keys.push_back({"function_response_types", KeyKind::TextList, "[]",
                  "`[\"ReportBatchItemFailures\"]`: the error text of a handler of "
                  "`fermyon:spin-kinesis@2.0.0` may be Lambda's `batchItemFailures`. See "
                  "[failures](failures.md#naming-the-records-that-failed).",
                  set_response_types});
  keys.push_back({"on_failure", KeyKind::Text, "",
                  "Where a given-up batch goes: `directory:…`, `arn:aws:sqs:…`, "
                  "`arn:aws:sns:…` or `s3://bucket/prefix`. Without it: the directory "
                  "`<state>/failed/<application_name>`. See [destinations](destinations.md).",
                  set_on_failure});
  keys.push_back({"on_failure_overflow", KeyKind::Text, "",
                  "Where a record goes that no message of that queue or topic can hold: "
                  "`directory:…`, `s3://bucket/prefix`, or `none`: then its batch waits. Without "
                  "it: the same directory.",
                  set_on_failure_overflow});
  keys.push_back(choice<T>("on_poison", "shard", &T::on_poison, {"shard", "key"},
                           "What waits while a record keeps failing: the whole shard, or only the "
                           "record's partition key. See [poison records](poison.md)."));
  keys.push_back(number<T, std::size_t>(
      "on_poison_max_keys", "1000", &T::on_poison_max_keys, 1, 100'000,
      "The most partition keys of a shard that may wait. At a bound the shard waits with them."));
  keys.push_back(number<T, std::size_t>("on_poison_max_records", "100000",
                                        &T::on_poison_max_records, 1, 10'000'000,
                                        "The most records of a shard that may wait."));
  keys.push_back(number<T, std::size_t>("on_poison_max_bytes", "67108864", &T::on_poison_max_bytes,
                                        1'048'576, 1'099'511'627'776,
                                        "The most payload bytes of a shard that may wait."));
  return keys;
}

using P = ProcessOptions;

std::string set_lease_store(P& options, const Parsed& value) {
  constexpr std::string_view kDynamoDb = "dynamodb:";
  constexpr std::size_t kPrefixMax = 64;
  if (value.text.starts_with(kDynamoDb)) {
    const std::string prefix = value.text.substr(kDynamoDb.size());
    const bool good = std::all_of(prefix.begin(), prefix.end(), [](unsigned char c) {
      return (std::isalnum(c) != 0 && c < 128) || c == '_' || c == '-' || c == '.';
    });
    if (prefix.empty() || prefix.size() > kPrefixMax || !good)
      return "after \"dynamodb:\" comes what its tables' names begin with: 1 to 64 letters, "
             "digits, \"_\", \"-\" or \".\"";
  } else if (value.text != "sqlite") {
    return "it must be \"sqlite\" or \"dynamodb:<table prefix>\"";
  }
  options.lease_store = value.text;
  return {};
}

std::string set_worker_id(P& options, const Parsed& value) {
  if (!value.text.empty() && !good_application_name(value.text))
    return "a worker id has " + std::string(kNameRule);
  options.worker_id = value.text;
  return {};
}

std::string set_on_data_loss(P& options, const Parsed& value) {
  options.on_data_loss = value.text == "continue" ? OnDataLoss::Continue : OnDataLoss::Fail;
  return {};
}

std::string set_endpoint(P& options, const Parsed& value) {
  if (!value.text.empty() && !value.text.starts_with("http://") &&
      !value.text.starts_with("https://"))
    return "it must start with http:// or https://";
  options.endpoint_url = value.text;
  return {};
}

std::vector<Key<P>> make_process_keys() {
  std::vector<Key<P>> keys;
  keys.push_back({"lease_store", KeyKind::Text, "sqlite",
                  "Where positions and leases are kept: `sqlite` (the state directory), or "
                  "`dynamodb:<table prefix>`: then many workers may share the shards. See "
                  "[leases in DynamoDB](dynamodb.md).",
                  set_lease_store});
  keys.push_back({"worker_id", KeyKind::Text, "",
                  "This process's name among workers; without it one is made for every run.",
                  set_worker_id});
  keys.push_back(
      number<P, milliseconds>("failover_millis", "3000", &P::failover, 1000, 3'600'000,
                              "How long a worker may be silent before another takes its shards."));
  keys.push_back(
      number<P, milliseconds>("drain_timeout_millis", "4000", &P::drain_timeout, 0, 3'600'000,
                              "How long calls in flight may go on after a signal to stop."));
  keys.push_back(number<P, milliseconds>(
      "checkpoint_interval_millis", "0", &P::checkpoint_interval, 0, 60'000,
      "The least time between two commits of positions. 0: as soon as the last one is done. The "
      "default with DynamoDB is 1000."));
  keys.push_back(number<P, milliseconds>(
      "stall_timeout_millis", "0", &P::stall_timeout, -1, 86'400'000,
      "After how long a shard that stands still for no known reason is begun again from its "
      "position. 0: twice `handler_timeout_millis` and a minute; -1: never."));
  Key<P> loss{"on_data_loss", KeyKind::Choice, "fail",
              "What a shard does whose stored position is lost (retention passed it, or the "
              "stream was made anew): `fail` stops it, `continue` goes on with what is left.",
              set_on_data_loss};
  loss.choices = {"fail", "continue"};
  keys.push_back(std::move(loss));
  keys.push_back(number<P, std::size_t>(
      "memory_budget_bytes", "268435456", &P::memory_budget_bytes, 33'554'432, 1'099'511'627'776,
      "Bytes of records that all shards may hold together, read ahead or in flight."));
  keys.push_back(number<P>("max_concurrent_invocations", "8 per core",
                           &P::max_concurrent_invocations, 1, 10'000,
                           "Calls of handlers at one time, all shards together."));
  keys.push_back(number<P, std::size_t>("max_instance_memory", "", &P::max_instance_memory, 65'536,
                                        4'294'967'296,
                                        "Bytes of memory one guest instance may grow to."));
  keys.push_back({"endpoint_url", KeyKind::Text, "",
                  "The service's address; without it the AWS environment and config files say.",
                  set_endpoint});
  return keys;
}

template <class Options>
std::string as_markdown(const std::vector<Key<Options>>& keys) {
  std::string out = "| Key | Default | Values | Meaning |\n|---|---|---|---|\n";
  for (const Key<Options>& key : keys) {
    out += "| `" + std::string(key.name) + "` | ";
    out += key.fallback.empty() ? "–" : "`" + std::string(key.fallback) + "`";
    out += " | ";
    if (key.kind == KeyKind::Integer) {
      out += std::to_string(key.least) + " to " + std::to_string(key.most);
      out += key.bounds == Bounds::Clamp ? ", clamped with a warning" : "";
    } else if (key.kind == KeyKind::Choice) {
      for (std::size_t i = 0; i < key.choices.size(); ++i)
        out += (i > 0 ? ", `" : "`") + std::string(key.choices[i]) + "`";
    } else {
      out += key.kind == KeyKind::Flag       ? "`true`, `false`"
             : key.kind == KeyKind::TextList ? "list of strings"
             : key.kind == KeyKind::Time     ? "date and time"
                                             : "string";
    }
    out += " | " + std::string(key.meaning);
    out +=
        key.stage == Stage::Later ? " *Known, not available yet: only the default is taken.*" : "";
    out += " |\n";
  }
  return out;
}

}  // namespace

const std::vector<Key<TriggerOptions>>& trigger_keys() {
  static const std::vector<Key<T>> all = [] {
    std::vector<Key<T>> keys = reading_keys();
    for (auto part : {batch_keys(), failure_keys()})
      keys.insert(keys.end(), part.begin(), part.end());
    return keys;
  }();
  return all;
}

const std::vector<Key<ProcessOptions>>& process_keys() {
  static const std::vector<Key<P>> all = make_process_keys();
  return all;
}

const std::vector<Alias>& trigger_aliases() {
  static const std::vector<Alias> all = {
      {"event_source_arn", "stream_arn"},
      {"starting_position", "shard_iterator_type"},
      {"maximum_batching_window_in_seconds", "maximum_batching_window_millis", 1000},
      {"maximum_record_age_in_seconds", "maximum_record_age_seconds"},
      {"tumbling_window_in_seconds", "tumbling_window_seconds"},
      {"destination_config", "on_failure", 1, {"on_failure", "destination"}},
      {"filter_criteria", "filters", 1, {"filters", "pattern"}},
  };
  return all;
}

Result<std::shared_ptr<const filter::FilterSet>> compile_filters(const TriggerOptions& options) {
  filter::OnNonJson on_non_json = filter::OnNonJson::Drop;
  if (options.on_non_json == "pass")
    on_non_json = filter::OnNonJson::Pass;
  if (options.on_non_json == "fail")
    on_non_json = filter::OnNonJson::Fail;
  return filter::FilterSet::compile(options.filters, on_non_json);
}

std::string join_starting_position(TriggerOptions& options) {
  const std::string& type = options.shard_iterator_type;
  const bool at_time = type == "AT_TIMESTAMP";
  const bool at_number = type == "AT_SEQUENCE_NUMBER" || type == "AFTER_SEQUENCE_NUMBER";
  if (at_time != options.starting_position_timestamp.has_value()) {
    return at_time ? "AT_TIMESTAMP needs the key starting_position_timestamp"
                   : "starting_position_timestamp goes only with shard_iterator_type = "
                     "\"AT_TIMESTAMP\"";
  }
  if (at_number == options.starting_sequence_number.empty()) {
    return at_number ? type + " needs the key starting_sequence_number"
                     : "starting_sequence_number goes only with shard_iterator_type = "
                       "\"AT_SEQUENCE_NUMBER\" or \"AFTER_SEQUENCE_NUMBER\"";
  }
  if (at_time) {
    options.starting_position = AtTimestamp{*options.starting_position_timestamp};
  } else if (type == "AT_SEQUENCE_NUMBER") {
    options.starting_position = AtSequenceNumber{SequenceNumber(options.starting_sequence_number)};
  } else if (type == "AFTER_SEQUENCE_NUMBER") {
    options.starting_position =
        After{ExtendedSequenceNumber(SequenceNumber(options.starting_sequence_number))};
  } else if (type == "TRIM_HORIZON") {
    options.starting_position = TrimHorizon{};
  } else {
    options.starting_position = Latest{};
  }
  return {};
}

std::string check_destinations(const TriggerOptions& options) {
  const bool has_messages = options.on_failure && !options.on_failure->holds_documents();
  if (!has_messages && (options.on_failure_overflow || options.on_failure_overflow_refused))
    return "on_failure_overflow goes only with a queue or topic as on_failure: remove it";
  return {};
}

std::string check_poison(const TriggerOptions& options) {
  if (options.on_poison == "key" && options.tumbling_window.count() > 0)
    return "on_poison = \"key\" does not go with tumbling_window_seconds: a window would leave "
           "out the records that wait; remove one of them";
  return {};
}

std::string check_windows(const TriggerOptions& options) {
  if (options.parallelization_factor > 1 && options.tumbling_window.count() > 0)
    return "parallelization_factor does not go with tumbling_window_seconds: a window's calls "
           "follow each other, as its state does; remove one of them";
  return {};
}

std::string trigger_keys_as_markdown() {
  return as_markdown(trigger_keys());
}
std::string process_keys_as_markdown() {
  return as_markdown(process_keys());
}

}  // namespace kt::app
