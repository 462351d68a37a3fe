#include "aws/base64.h"

#include <aws/common/byte_buf.h>
#include <aws/common/encoding.h>

namespace kt::aws {

void append_base64(std::string& out, ByteView bytes) {
  std::size_t room = 0;
  aws_base64_compute_encoded_len(bytes.size(), &room);
  const std::size_t before = out.size();
  out.resize(before + room);
  const aws_byte_cursor input = aws_byte_cursor_from_array(bytes.data(), bytes.size());
  aws_byte_buf output = aws_byte_buf_from_empty_array(out.data() + before, room);
  const bool done = aws_base64_encode(&input, &output) == AWS_OP_SUCCESS;
  out.resize(before + (done ? output.len : 0));
  // The C runtime counts a terminator.
  while (out.size() > before && out.back() == '\0')
    out.pop_back();
}

Result<std::size_t> decode_base64(std::string_view text, char* out) {
  const aws_byte_cursor input = aws_byte_cursor_from_array(text.data(), text.size());
  aws_byte_buf output = aws_byte_buf_from_empty_array(out, base64_room(text));
  // The runtime forgives missing padding; the service's documents do not.
  const bool padded = text.size() % 4 == 0;
  if (!padded || aws_base64_decode(&input, &output) != AWS_OP_SUCCESS)
    return fail(ErrorCode::Corrupt, "not base64 text");
  return output.len;
}

Result<std::string> decode_base64(std::string_view text) {
  std::string out(base64_room(text), '\0');
  TRY(const std::size_t size, decode_base64(text, out.data()));
  out.resize(size);
  return out;
}

}  // namespace kt::aws
