#include "aws/event_stream.h"

#include <aws/checksums/crc.h>
#include <aws/common/error.h>
#include <aws/event-stream/event_stream.h>

#include <cstdint>

#include "base/check.h"
#include "http/crt_runtime.h"

namespace kt::aws {
namespace {

constexpr std::size_t kPreludeBytes = 12;
constexpr std::size_t kTrailerBytes = 4;
constexpr std::size_t kKeptHeadersMax = 64;

void append_u32(std::string& out, std::size_t value) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(value >> shift));
}

std::uint32_t checksum(std::string_view bytes) {
  return aws_checksums_crc32_ex(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(),
                                0);
}

}  // namespace

std::string_view EventMessage::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (key == name)
      return value;
  return {};
}

std::string encode(const EventMessage& message) {
  std::size_t header_bytes = 0;
  for (const auto& [name, value] : message.headers) {
    CHECK(name.size() <= AWS_EVENT_STREAM_HEADER_NAME_LEN_MAX &&
              value.size() <= AWS_EVENT_STREAM_HEADER_VALUE_LEN_MAX,
          "a header does not fit a frame");
    header_bytes += 1 + name.size() + 3 + value.size();
  }
  const std::size_t total = kPreludeBytes + header_bytes + message.payload.size() + kTrailerBytes;
  std::string out;
  out.reserve(total);
  append_u32(out, total);
  append_u32(out, header_bytes);
  append_u32(out, checksum(out));
  for (const auto& [name, value] : message.headers) {
    out.push_back(static_cast<char>(name.size()));
    out.append(name);
    out.push_back(static_cast<char>(AWS_EVENT_STREAM_HEADER_STRING));
    out.push_back(static_cast<char>(value.size() >> 8));
    out.push_back(static_cast<char>(value.size()));
    out.append(value);
  }
  out.append(message.payload);
  append_u32(out, checksum(out));
  return out;
}

/// The C runtime's decoder and what it has put together so far.
struct EventStreamDecoder::State {
  explicit State(std::size_t bytes_max) : message_bytes_max(bytes_max) {
    http::ensure_crt_libraries();
    aws_event_stream_streaming_decoder_options options{};
    options.on_payload_segment = on_payload;
    options.on_prelude = on_prelude;
    options.on_header = on_header;
    options.on_complete = on_complete;
    options.on_error = on_error;
    options.user_data = this;
    aws_event_stream_streaming_decoder_init_from_options(&decoder, aws_default_allocator(),
                                                         &options);
  }
  ~State() {
    // The library forgets the value of a header that a cut stream left half read.
    if (decoder.current_header.value_owned)
      aws_mem_release(decoder.alloc, decoder.current_header.header_value.variable_len_val);
    aws_event_stream_streaming_decoder_clean_up(&decoder);
  }

  static State& of(void* user) { return *static_cast<State*>(user); }
  static void on_prelude(aws_event_stream_streaming_decoder*,
                         aws_event_stream_message_prelude* prelude, void* user) {
    State& state = of(user);
    const std::size_t frame = kPreludeBytes + prelude->headers_len + kTrailerBytes;
    if (prelude->total_len < frame || prelude->total_len > state.message_bytes_max) {
      state.broken = true;
      state.fault = "a message of " + std::to_string(prelude->total_len) + " bytes is not one";
      return;
    }
    state.message = EventMessage();
    state.message.payload.reserve(prelude->total_len - frame);
  }
  static void on_header(aws_event_stream_streaming_decoder*, aws_event_stream_message_prelude*,
                        aws_event_stream_header_value_pair* header, void* user) {
    State& state = of(user);
    if (header->header_value_type != AWS_EVENT_STREAM_HEADER_STRING || state.broken ||
        state.message.headers.size() >= kKeptHeadersMax)
      return;
    const auto* value = reinterpret_cast<const char*>(header->header_value.variable_len_val);
    state.message.with(std::string(header->header_name, header->header_name_len),
                       std::string(value, header->header_value_len));
  }
  static void on_payload(aws_event_stream_streaming_decoder*, aws_byte_buf* data, std::int8_t,
                         void* user) {
    State& state = of(user);
    if (!state.broken)
      state.message.payload.append(reinterpret_cast<const char*>(data->buffer), data->len);
  }
  static void on_complete(aws_event_stream_streaming_decoder*, std::uint32_t, void* user) {
    State& state = of(user);
    if (state.broken)
      return;
    state.out->push_back(std::exchange(state.message, {}));
  }
  static void on_error(aws_event_stream_streaming_decoder*, aws_event_stream_message_prelude*,
                       int code, const char*, void* user) {
    State& state = of(user);
    state.broken = true;
    state.fault = aws_error_name(code);
  }

  aws_event_stream_streaming_decoder decoder{};
  std::size_t message_bytes_max;
  EventMessage message;
  std::vector<EventMessage>* out = nullptr;
  bool broken = false;
  std::string fault;
};

EventStreamDecoder::EventStreamDecoder(std::size_t message_bytes_max)
    : state_(std::make_unique<State>(message_bytes_max)) {}

EventStreamDecoder::~EventStreamDecoder() = default;

Result<Unit> EventStreamDecoder::feed(std::string_view bytes, std::vector<EventMessage>& out) {
  if (!state_->broken && !bytes.empty()) {
    state_->out = &out;
    const aws_byte_buf input = aws_byte_buf_from_array(bytes.data(), bytes.size());
    const int failed = aws_event_stream_streaming_decoder_pump(&state_->decoder, &input);
    state_->out = nullptr;
    if (failed != AWS_OP_SUCCESS && !state_->broken) {
      state_->broken = true;
      state_->fault = aws_error_name(aws_last_error());
    }
  }
  if (state_->broken)
    return fail(ErrorCode::Corrupt, "the event stream is damaged: " + state_->fault);
  return Unit{};
}

std::size_t EventStreamDecoder::coming_bytes() const {
  return state_->decoder.message_pos >= kPreludeBytes ? state_->decoder.prelude.total_len : 0;
}

bool EventStreamDecoder::at_boundary() const {
  return state_->decoder.message_pos == 0 && !state_->broken;
}

}  // namespace kt::aws
