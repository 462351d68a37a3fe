// handler.cc — The tests' handler. Prints a line a record and misbehaves on request.
//
// Stdout, for each record:  record <sequence number> <partition key> <data, printable part>
// A record whose data starts with '!' is a command (see `obey` in deeds.h). Environment:
//   GUEST_PRINT    records (default), batches (one line a call), nothing
//   GUEST_COMMAND  a command for every call, without the '!'
//   GUEST_FAIL_IF  the call fails when a record's data contains this text
#include <spin_kinesis.hpp>

#include "deeds.h"

namespace {

using deeds::environment;
using deeds::printable;
using spin_kinesis::Record;
using spin_kinesis::Records;
using spin_kinesis::Result;
using std::string_view;

/// What only a record of this world can answer; else the deed that all handlers know.
std::optional<Result> obey(string_view command, const Record* record) {
  if (command == "fields" && record != nullptr)
    return Result::error("arrival " + std::to_string(record->approximate_arrival().value_or(0)) +
                         " encryption " +
                         (record->encryption() ? std::to_string(int(*record->encryption())) : "-"));
  if (auto why = deeds::obey(command))
    return Result::error(*why);
  return std::nullopt;
}

void print(const Record& record) {
  const string_view sequence = record.sequence_number();
  const string_view key = record.partition_key();
  const string_view data = printable(record.data());
  std::printf("record %.*s %.*s %.*s\n", int(sequence.size()), sequence.data(), int(key.size()),
              key.data(), int(data.size()), data.data());
}

Result handle(Records records) {
  static char buffer[16 << 10];
  std::setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
  const std::string printing = environment("GUEST_PRINT");
  const std::string command = environment("GUEST_COMMAND");
  const std::string fail_if = environment("GUEST_FAIL_IF");
  if (!command.empty()) {
    if (auto result = obey(command, nullptr))
      return *result;
  }
  std::size_t bytes = 0;
  for (Record record : records) {
    const string_view data = record.data();
    bytes += data.size();
    if (!data.empty() && data[0] == '!') {
      if (auto result = obey(data.substr(1), &record))
        return *result;
    }
    if (!fail_if.empty() && data.find(fail_if) != string_view::npos)
      return Result::error("poison record " + std::string(record.sequence_number()));
    if (printing.empty() || printing == "records")
      print(record);
  }
  if (printing == "batches")
    std::printf("batch of %zu records, %zu bytes\n", records.size(), bytes);
  std::fflush(stdout);
  return Result::ok();
}

}  // namespace

SPIN_KINESIS_HANDLER(handle)
