// Feeds the event stream decoder with bytes in pieces whose sizes the input chooses.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "aws/event_stream.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  const std::size_t step = data[0] == 0 ? size : data[0];
  std::string_view left(reinterpret_cast<const char*>(data) + 1, size - 1);
  kt::aws::EventStreamDecoder decoder(64 * 1024);
  std::vector<kt::aws::EventMessage> messages;
  while (!left.empty()) {
    const auto piece = left.substr(0, step);
    left.remove_prefix(piece.size());
    if (!decoder.feed(piece, messages))
      break;
  }
  for (const auto& message : messages)
    static_cast<void>(message.header(":event-type"));
  return 0;
}
