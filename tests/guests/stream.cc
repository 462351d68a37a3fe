// stream.cc — The tests' handler of the second world, for both of its forms.
//
// Stdout, for each call and then each record:
//   call <arn> <shard> attempt <n> behind <millis> fencing <n> window <start>-<end>[ final][ early]
//       state <text>                                     (window and state: - when there is none)
//   record <sequence number>/<sub-sequence> <partition key> <hash key or -> <arrival millis>
//       <idempotency key> <data, printable part>         (each on one line)
// A record whose data starts with '!' is a command: one of `obey` in deeds.h, or
//   !item          this record is one of the failed items        !from      all fails from here
//   !index <n>     <n> is one of the failed items, true or not   !from <n>  all fails from <n> on
//   !state <n>     returns a window state of <n> bytes           !items <n> returns <n> indexes 0
//   !wait <millis> (asynchronous form) waits before anything else, without holding a thread
// Environment: GUEST_PRINT=nothing; GUEST_COMMAND, a command for every call, without the '!';
//   GUEST_COUNT=yes: returns as state the number of records of the window so far.
#include <cinttypes>
#include <stream_handler.hpp>

#include "deeds.h"

namespace {

using deeds::environment;
using deeds::printable;
using std::string_view;
using stream_handler::Context;
using stream_handler::Record;
using stream_handler::Records;
using stream_handler::Result;

/// What the records' commands add up to.
struct Answer {
  std::vector<std::uint32_t> items;
  bool has_items = false;
  std::optional<std::uint32_t> from;
  std::optional<std::string> state;
};

int size(string_view text) {
  return static_cast<int>(text.size());
}

void print(const Context& context) {
  const string_view arn = context.stream_arn();
  const string_view shard = context.shard_id();
  std::printf("call %.*s %.*s attempt %" PRIu32 " behind %" PRIu64 " fencing %" PRIu64, size(arn),
              arn.data(), size(shard), shard.data(), context.attempt(),
              context.millis_behind_latest(), context.fencing_token());
  if (const auto window = context.window())
    std::printf(" window %" PRIu64 "-%" PRIu64 "%s%s", window->start_millis, window->end_millis,
                window->final_call ? " final" : "", window->terminated_early ? " early" : "");
  else
    std::printf(" window -");
  const string_view state = printable(context.window_state().value_or("-"));
  std::printf(" state %.*s\n", size(state), state.data());
}

void print(const Record& record) {
  const string_view sequence = record.sequence_number();
  const string_view key = record.partition_key();
  const string_view hash_key = record.explicit_hash_key().value_or("-");
  const string_view idempotency_key = record.idempotency_key();
  const string_view data = printable(record.data());
  std::printf("record %.*s/%" PRIu64 " %.*s %.*s %" PRIu64 " %.*s %.*s\n", size(sequence),
              sequence.data(), record.sub_sequence_number(), size(key), key.data(), size(hash_key),
              hash_key.data(), record.approximate_arrival_millis(), size(idempotency_key),
              idempotency_key.data(), size(data), data.data());
}

/// True: it was a command about the answer.
bool note(string_view command, std::uint32_t index, Answer& answer) {
  const std::size_t space = command.find(' ');
  const string_view verb = command.substr(0, space);
  const bool has_number = space != string_view::npos;
  const auto number = static_cast<std::uint32_t>(
      has_number ? std::strtoul(std::string(command.substr(space + 1)).c_str(), nullptr, 10) : 0);
  if (verb == "item" || verb == "index")
    answer.items.push_back(has_number ? number : index);
  else if (verb == "items")
    answer.items.resize(number);
  else if (verb == "from")
    answer.from = has_number ? number : index;
  else if (verb == "state")
    answer.state = std::string(number, 's');
  else
    return false;
  answer.has_items |= verb.substr(0, 4) == "item" || verb == "index";
  return true;
}

/// What was printed before is printed, whatever the deed does.
deeds::Deed obey(string_view command) {
  std::fflush(stdout);
  return deeds::obey(command);
}

Result result_of(Answer answer) {
  Result result = Result::done();
  if (answer.from)
    result = Result::failed_from(*answer.from);
  else if (answer.has_items)
    result = Result::failed_items(std::move(answer.items));
  return answer.state ? std::move(result).with_window_state(std::move(*answer.state)) : result;
}

Result handle(const Context& context, Records records) {
  static char buffer[16 << 10];
  std::setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
  const bool prints = environment("GUEST_PRINT") != "nothing";
  Answer answer;
  if (prints)
    print(context);
  if (const std::string command = environment("GUEST_COMMAND"); !command.empty()) {
    if (!note(command, 0, answer)) {
      if (auto why = obey(command))
        return Result::error(*why);
    }
  }
  for (std::uint32_t i = 0; i < records.size(); ++i) {
    const string_view data = records[i].data();
    if (prints)
      print(records[i]);
    if (data.empty() || data[0] != '!' || note(data.substr(1), i, answer))
      continue;
    if (auto why = obey(data.substr(1)))
      return Result::error(*why);
  }
  if (environment("GUEST_COUNT") == "yes") {
    const std::string before(context.window_state().value_or("0"));
    answer.state = std::to_string(std::strtoull(before.c_str(), nullptr, 10) + records.size());
  }
  std::fflush(stdout);
  return result_of(std::move(answer));
}

}  // namespace

#ifdef ASYNC_FORM
#include "async_form.h"
ASYNC_STREAM_HANDLER(handle)
#else
STREAM_HANDLER(handle)
#endif
