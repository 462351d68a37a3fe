// handler.cc — The tests' handler. Prints a line a record and misbehaves on request.
//
// Stdout, for each record:  record <sequence number> <partition key> <data, printable part>
// A record whose data starts with '!' is a command (see `obey`). Environment:
//   GUEST_PRINT    records (default), batches (one line a call), nothing
//   GUEST_COMMAND  a command for every call, without the '!'
//   GUEST_FAIL_IF  the call fails when a record's data contains this text
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <spin_kinesis.hpp>
#include <string>

namespace {

using spin_kinesis::Record;
using spin_kinesis::Records;
using spin_kinesis::Result;
using std::string_view;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The condition is never false, which the compiler cannot know.
int endless(volatile int* depth) {
  volatile char frame[256];
  frame[0] = static_cast<char>(*depth);
  return *depth >= 0 ? endless(depth) + frame[0] : 0;
}

std::optional<Result> grow(bool politely) {
  for (std::size_t taken = 0;; taken += 1 << 20) {
    void* memory = std::malloc(1 << 20);
    if (memory == nullptr && politely)
      return Result::error("malloc refused after " + std::to_string(taken) + " bytes");
    if (memory == nullptr)
      __builtin_trap();
    static_cast<volatile char*>(memory)[0] = 1;
  }
}

std::optional<Result> read_file(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr)
    return Result::error("cannot read " + path);
  char text[256];
  const std::size_t size = std::fread(text, 1, sizeof text, file);
  std::fclose(file);
  return Result::error("read: " + std::string(text, size));
}

std::optional<Result> write_file(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr)
    return Result::error("cannot write " + path);
  std::fputs("written by the guest", file);
  std::fclose(file);
  return std::nullopt;
}

void flood() {
  static char line[1024];
  std::memset(line, 'x', sizeof line);
  line[sizeof line - 1] = '\n';
  for (int i = 0; i < 8 << 10; ++i)
    std::fwrite(line, 1, sizeof line, stdout);
  std::fflush(stdout);
}

/// Tells the test that the guest is where it wants it.
void announce(const char* what) {
  std::puts(what);
  std::fflush(stdout);
}

/// The deeds. A value ends the call with it; nothing means go on.
std::optional<Result> obey(string_view command, const Record* record) {
  const std::size_t space = command.find(' ');
  const std::string verb(command.substr(0, space));
  const std::string rest(space == string_view::npos ? "" : command.substr(space + 1));
  if (verb == "fail")
    return Result::error(rest.empty() ? "handler said no" : rest);
  if (verb == "trap")
    __builtin_trap();
  if (verb == "abort")
    std::abort();
  if (verb == "stack") {
    volatile int depth = 0;
    return Result::error(std::to_string(endless(&depth)));
  }
  if (verb == "loop") {
    announce("looping");
    for (volatile int i = 0;; i = i + 1) {
    }
  }
  if (verb == "grow")
    return grow(false);
  if (verb == "growsoft")
    return grow(true);
  if (verb == "exit")
    std::exit(7);
  if (verb == "sleep") {
    const timespec time = {std::atol(rest.c_str()) / 1000,
                           std::atol(rest.c_str()) % 1000 * 1000000};
    announce("sleeping");
    nanosleep(&time, nullptr);
  }
  if (verb == "flood")
    flood();
  if (verb == "env")
    return Result::error("env: " + environment(rest.c_str()));
  if (verb == "read")
    return read_file(rest);
  if (verb == "write")
    return write_file(rest);
  if (verb == "stderr")
    std::fprintf(stderr, "%s\n", rest.c_str());
  if (verb == "fields" && record != nullptr)
    return Result::error("arrival " + std::to_string(record->approximate_arrival().value_or(0)) +
                         " encryption " +
                         (record->encryption() ? std::to_string(int(*record->encryption())) : "-"));
  return std::nullopt;
}

string_view printable(string_view data) {
  std::size_t size = 0;
  while (size < data.size() && size < 100 && data[size] >= ' ' && data[size] <= '~')
    ++size;
  return data.substr(0, size);
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
