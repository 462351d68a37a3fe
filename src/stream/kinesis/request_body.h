// stream/kinesis/request_body.h — Writes a request in either of the service's two protocols.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"

namespace kt::stream {

/// How requests are written and answers asked for. Answers are read by what they are.
enum class Protocol : std::uint8_t {
  Cbor,  ///< payloads as bytes: what the SDKs for Java use
  Json   ///< payloads as base64 text
};

std::string_view content_type(Protocol protocol);

/// Builds one request: an object of named values. Chainable. Fewer than 24 values an object.
class RequestBody {
 public:
  explicit RequestBody(Protocol protocol, std::size_t reserve_bytes = 256);

  RequestBody& text(std::string_view key, std::string_view value);
  RequestBody& integer(std::string_view key, std::int64_t value);
  RequestBody& boolean(std::string_view key, bool value);
  RequestBody& time(std::string_view key, WallTime value);
  RequestBody& blob(std::string_view key, ByteView value);
  /// Opens an object under `key`, a list of `count` items, or an object that is an item of a list.
  RequestBody& object(std::string_view key);
  RequestBody& list(std::string_view key, std::size_t count);
  RequestBody& item();
  /// Closes the innermost object or list.
  RequestBody& end();
  Protocol protocol() const { return protocol_; }
  /// Closes the request and gives it away.
  std::string take();

 private:
  struct Frame {
    std::size_t head_at = 0;  // of the CBOR head that gets the count
    unsigned entries = 0;
    bool is_list = false;
  };
  bool json() const { return protocol_ == Protocol::Json; }
  void key(std::string_view name);
  void separate();
  void open(Frame frame);
  void cbor_head(unsigned major, std::uint64_t value);
  void cbor_string(unsigned major, std::string_view value);
  void json_string(std::string_view value);

  Protocol protocol_;
  std::string out_;
  std::vector<Frame> frames_;
};

}  // namespace kt::stream
