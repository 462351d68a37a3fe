// Any bytes: the reader ends, stays inside the buffer, and what it accepts it also skips.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "aws/cbor.h"

namespace {

using kt::aws::CborReader;

void walk(CborReader& reader) {
  using Kind = CborReader::Kind;
  switch (reader.kind()) {
    case Kind::Unsigned:
      reader.unsigned_integer();
      return;
    case Kind::Negative:
      reader.integer();
      return;
    case Kind::Bytes:
      reader.bytes();
      return;
    case Kind::Text:
      reader.text();
      return;
    case Kind::Array:
      reader.each_item([&] { walk(reader); });
      return;
    case Kind::Map:
      reader.each_entry([&](std::string_view) { walk(reader); });
      return;
    case Kind::Float:
      reader.number();
      return;
    default:
      reader.skip();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> joined;
  CborReader walker(bytes, &joined);
  walk(walker);
  CborReader skipper(bytes);
  skipper.skip();
  if (walker.ok() && !skipper.ok())
    std::abort();
  return 0;
}
