#include "http/crt_runtime.h"

#include <aws/auth/auth.h>
#include <aws/common/error.h>
#include <aws/common/thread.h>
#include <aws/event-stream/event_stream.h>
#include <aws/http/http.h>
#include <aws/io/channel.h>
#include <aws/io/channel_bootstrap.h>
#include <aws/io/event_loop.h>
#include <aws/io/host_resolver.h>
#include <aws/io/tls_channel_handler.h>

#include <chrono>
#include <utility>

#include "base/check.h"

namespace kt::http {
namespace {

constexpr std::chrono::seconds kShutdownWait{2};
// What one read takes from a socket. The library's own 16 KiB cost twice the CPU for a page of 1
// MB.
constexpr std::size_t kReadBytes = 64 * 1024;

}  // namespace

void ensure_crt_libraries() {
  static std::once_flag once;
  std::call_once(once, [] {
    g_aws_channel_max_fragment_size = kReadBytes;
    aws_auth_library_init(aws_default_allocator());
    aws_event_stream_library_init(aws_default_allocator());
  });
}

std::string crt_error_text(int code) {
  return std::string(aws_error_name(code)) + ": " + aws_error_str(code);
}

CrtRuntime::CrtRuntime(CrtRuntimeOptions options)
    : options_(std::move(options)), ending_(std::make_shared<Ending>()) {
  ensure_crt_libraries();
  aws_allocator* const allocator = aws_default_allocator();
  aws_shutdown_callback_options ending{};
  ending.shutdown_callback_user_data = new std::shared_ptr<Ending>(ending_);
  ending.shutdown_callback_fn = [](void* user_data) {
    const std::unique_ptr<std::shared_ptr<Ending>> shared(
        static_cast<std::shared_ptr<Ending>*>(user_data));
    const std::lock_guard lock((*shared)->mutex);
    (*shared)->over = true;
    (*shared)->changed.notify_all();
  };
  aws_event_loop_group_options loops{};
  loops.loop_count = 1;
  loops.shutdown_options = &ending;
  loops_ = aws_event_loop_group_new(allocator, &loops);
  CHECK(loops_ != nullptr, "the network thread could not be started");
  aws_host_resolver_default_options resolver{};
  resolver.max_entries = 16;
  resolver.el_group = loops_;
  resolver_ = aws_host_resolver_new_default(allocator, &resolver);
  aws_client_bootstrap_options bootstrap{};
  bootstrap.event_loop_group = loops_;
  bootstrap.host_resolver = resolver_;
  bootstrap_ = aws_client_bootstrap_new(allocator, &bootstrap);
  CHECK(bootstrap_ != nullptr, "the network thread could not be set up");
}

CrtRuntime::~CrtRuntime() {
  aws_tls_ctx_release(tls_http1_);
  aws_tls_ctx_release(tls_http2_);
  aws_client_bootstrap_release(bootstrap_);
  aws_host_resolver_release(resolver_);
  aws_event_loop_group_release(loops_);
  std::unique_lock lock(ending_->mutex);
  const bool over =
      ending_->changed.wait_for(lock, kShutdownWait, [this] { return ending_->over; });
  if (over) {
    // The group's threads have ended; take them back so that none is left behind at exit.
    aws_thread_set_managed_join_timeout_ns(1'000'000'000ULL);
    aws_thread_join_all_managed();
  }
}

Result<aws_tls_ctx*> CrtRuntime::tls(Alpn alpn) {
  aws_tls_ctx*& context = alpn == Alpn::Http1 ? tls_http1_ : tls_http2_;
  if (context != nullptr)
    return context;
  aws_allocator* const allocator = aws_default_allocator();
  aws_tls_ctx_options options{};
  aws_tls_ctx_options_init_default_client(&options, allocator);
  aws_tls_ctx_options_set_alpn_list(&options, alpn == Alpn::Http1 ? "http/1.1" : "h2;http/1.1");
  int failed = AWS_OP_SUCCESS;
  if (!options_.ca_file.empty()) {
    failed = aws_tls_ctx_options_override_default_trust_store_from_path(&options, nullptr,
                                                                        options_.ca_file.c_str());
  }
  if (failed == AWS_OP_SUCCESS)
    context = aws_tls_client_ctx_new(allocator, &options);
  const int code = aws_last_error();
  aws_tls_ctx_options_clean_up(&options);
  if (context == nullptr) {
    const std::string from =
        options_.ca_file.empty() ? "the system's certificates" : "the CA file " + options_.ca_file;
    return fail(ErrorCode::Invalid,
                "TLS could not be set up with " + from + ": " + crt_error_text(code));
  }
  return context;
}

}  // namespace kt::http
