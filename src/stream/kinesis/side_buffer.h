// stream/kinesis/side_buffer.h — Where decoded strings of a page lie.
#pragma once
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "aws/base64.h"
#include "base/bytes.h"

namespace kt::stream {

/// One block for all strings of a page that do not lie in its body as they are. What is decoded is
/// never longer than what it was decoded from, so a block of the body's size always has room and
/// the views stay right.
class SideBuffer {
 public:
  explicit SideBuffer(std::size_t body_bytes) : body_bytes_(body_bytes) {}

  /// False when it is no base64.
  bool add_base64(std::string_view text, ByteView& view) {
    char* const at = make_room(aws::base64_room(text));
    const auto size = at == nullptr ? fail(ErrorCode::Corrupt, "") : aws::decode_base64(text, at);
    if (!size)
      return false;
    view = as_bytes(std::string_view(at, *size));
    used_ += *size;
    return true;
  }
  std::string_view add_copy(std::string_view text) {
    char* const at = make_room(text.size());
    if (at == nullptr)
      return {};
    std::copy(text.begin(), text.end(), at);
    used_ += text.size();
    return std::string_view(at, text.size());
  }
  bool used() const { return !block_.empty(); }
  std::string take() { return std::move(block_); }

 private:
  char* make_room(std::size_t bytes) {
    if (block_.empty())
      block_.resize(body_bytes_ + 64);
    return bytes > block_.size() - used_ ? nullptr : block_.data() + used_;
  }

  std::size_t body_bytes_;
  std::size_t used_ = 0;
  std::string block_;
};

}  // namespace kt::stream
