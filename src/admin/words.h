// admin/words.h — Numbers as people read them: on the page and on the terminal.
#pragma once
#include <cstdint>
#include <string>

namespace kt::admin {

/// "0 s", "1.5 s", "3 min 20 s", "5 h 02 min", "2 d 4 h".
std::string as_duration(std::int64_t millis);
/// "512 B", "1.5 KiB", "256 MiB".
std::string as_bytes(std::uint64_t bytes);
/// "12 345 678".
std::string as_count(std::uint64_t count);
/// The end of a long position, which tells more than its beginning.
std::string as_position(const std::string& checkpoint);

}  // namespace kt::admin
