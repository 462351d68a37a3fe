// deeds.h — What the tests' handlers do on request.
#pragma once
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <wasi/api.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace deeds {

/// A text ends the call as the handler's error; nothing means go on.
using Deed = std::optional<std::string>;

inline Deed failure(std::string why) {
  return why;
}

inline std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The condition is never false, which the compiler cannot know.
inline int endless(volatile int* depth) {
  volatile char frame[256];
  frame[0] = static_cast<char>(*depth);
  return *depth >= 0 ? endless(depth) + frame[0] : 0;
}

inline Deed grow(bool politely) {
  for (std::size_t taken = 0;; taken += 1 << 20) {
    void* memory = std::malloc(1 << 20);
    if (memory == nullptr && politely)
      return failure("malloc refused after " + std::to_string(taken) + " bytes");
    if (memory == nullptr)
      __builtin_trap();
    static_cast<volatile char*>(memory)[0] = 1;
  }
}

inline Deed read_file(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr)
    return failure("cannot read " + path);
  char text[256];
  const std::size_t size = std::fread(text, 1, sizeof text, file);
  std::fclose(file);
  return failure("read: " + std::string(text, size));
}

inline Deed write_file(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr)
    return failure("cannot write " + path);
  std::fputs("written by the guest", file);
  std::fclose(file);
  return std::nullopt;
}

/// What a handler gets of the world besides: nothing.
inline Deed outside() {
  std::size_t arguments = 0;
  std::size_t bytes = 0;
  const bool told = __wasi_args_sizes_get(&arguments, &bytes) == 0;
  char first = 0;
  const ssize_t read_of_stdin = ::read(STDIN_FILENO, &first, 1);
  return failure("arguments: " + std::to_string(told ? arguments : 99) +
                 ", input: " + std::to_string(read_of_stdin));
}

inline void flood() {
  static char line[1024];
  std::memset(line, 'x', sizeof line);
  line[sizeof line - 1] = '\n';
  for (int i = 0; i < 8 << 10; ++i)
    std::fwrite(line, 1, sizeof line, stdout);
  std::fflush(stdout);
}

/// Tells the test that the guest is where it wants it.
inline void announce(const char* what) {
  std::puts(what);
  std::fflush(stdout);
}

/// Does what a command says.
inline Deed obey(std::string_view command) {
  const std::size_t space = command.find(' ');
  const std::string verb(command.substr(0, space));
  const std::string rest(space == std::string_view::npos ? "" : command.substr(space + 1));
  if (verb == "fail")
    return failure(rest.empty() ? "handler said no" : rest);
  if (verb == "trap")
    __builtin_trap();
  if (verb == "abort")
    std::abort();
  if (verb == "stack") {
    volatile int depth = 0;
    return failure(std::to_string(endless(&depth)));
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
  if (verb == "outside")
    return outside();
  if (verb == "env")
    return failure("env: " + environment(rest.c_str()));
  if (verb == "read")
    return read_file(rest);
  if (verb == "write")
    return write_file(rest);
  if (verb == "stderr")
    std::fprintf(stderr, "%s\n", rest.c_str());
  return std::nullopt;
}

inline std::string_view printable(std::string_view data) {
  std::size_t size = 0;
  while (size < data.size() && size < 100 && data[size] >= ' ' && data[size] <= '~')
    ++size;
  return data.substr(0, size);
}

}  // namespace deeds
