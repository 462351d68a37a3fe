// http/crt_flow.h — One open answer between the C runtime's thread and the loop.
#pragma once
#include <aws/http/connection_manager.h>
#include <aws/http/http2_stream_manager.h>
#include <aws/http/request_response.h>

#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "http/streaming_transport.h"
#include "runtime/event.h"

namespace kt::http {

/// Shared by its reader and the C runtime's callbacks, which hold it through `self_` until the
/// runtime is done with the stream. Whatever arrives is queued under the mutex and announced to the
/// loop by one post at a time.
class Flow : public std::enable_shared_from_this<Flow> {
 public:
  Flow(Executor executor, std::shared_ptr<const Request> request, std::string name);
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;
  ~Flow();

  void start(aws_http2_stream_manager* manager, const std::string& authority);
  void start(aws_http_connection_manager* manager, const std::string& authority);
  /// On the loop: nobody reads any more. Afterwards nothing is posted to the loop.
  void abandon();
  /// On the loop: until the head is there. Then take_head() gives it.
  Task<Result<Unit>> wait_for_head();
  void take_head(OpenResponse& out);
  Task<Result<std::string>> read();
  /// The endpoint speaks no HTTP/2.
  bool wrong_protocol();
  /// Whether a connection was there to send on.
  bool was_connected();

 private:
  void begin(const std::string& authority);
  aws_http_make_request_options request_options();
  void announce();  // with mutex_ held
  void finish(int error_code);
  void keep_stream(aws_http_stream* stream);
  void give_up();  // with mutex_ held
  Error failure() const;

  static void on_stream(aws_http_stream* stream, int error_code, void* user_data);
  static void on_connection(aws_http_connection* connection, int error_code, void* user_data);
  static int on_headers(aws_http_stream* stream, aws_http_header_block block,
                        const aws_http_header* headers, std::size_t count, void* user_data);
  static int on_headers_done(aws_http_stream* stream, aws_http_header_block block, void* user_data);
  static int on_body(aws_http_stream* stream, const aws_byte_cursor* data, void* user_data);
  static void on_complete(aws_http_stream* stream, int error_code, void* user_data);

  Executor executor_;
  std::shared_ptr<const Request> request_;
  std::string name_;
  aws_http_message* message_ = nullptr;
  aws_http2_stream_manager* h2_ = nullptr;
  aws_http_connection_manager* h1_ = nullptr;
  std::shared_ptr<Flow> self_;
  Event news_;  // on the loop

  std::mutex mutex_;  // guards what follows
  aws_http_stream* stream_ = nullptr;
  aws_http_connection* connection_ = nullptr;  // of h1_, until the answer is complete
  int status_ = 0;
  std::vector<Header> headers_;
  bool has_head_ = false;
  std::deque<std::string> pieces_;
  bool complete_ = false;
  int error_code_ = 0;
  bool connected_ = false;
  bool announced_ = false;
  bool abandoned_ = false;
};

}  // namespace kt::http
