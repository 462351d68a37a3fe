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
#include <fstream>
#include <utility>

#include "base/check.h"

namespace kt::http {
namespace {

constexpr std::chrono::seconds kShutdownWait{2};
// What one read takes from a socket. The library's own 16 KiB cost twice the CPU for a page of 1
// MB.
constexpr std::size_t kReadBytes = 64 * 1024;

/// The library's own error does not name the file.
Result<Unit> check_readable(const std::string& path, const char* what) {
  std::ifstream file(path, std::ios::binary);
  if (path.empty() || (file && file.peek() != std::ifstream::traits_type::eof()))
    return Unit{};
  return fail(ErrorCode::Invalid, std::string("TLS could not be set up: the ") + what + " " + path +
                                      " cannot be read, or is empty");
}

std::string named(const TlsFiles& files) {
  std::string out = files.ca.empty() ? "the system's certificates" : "the CA file " + files.ca;
  if (!files.certificate.empty())
    out += ", the client's certificate " + files.certificate + " and its key " + files.key;
  return out;
}

Result<aws_tls_ctx*> make_tls(Alpn alpn, const TlsFiles& files) {
  TRY(check_readable(files.ca, "CA file"));
  TRY(check_readable(files.certificate, "client's certificate"));
  TRY(check_readable(files.key, "client's key"));
  aws_allocator* const allocator = aws_default_allocator();
  aws_tls_ctx_options options{};
  int failed = AWS_OP_SUCCESS;
  if (files.certificate.empty())
    aws_tls_ctx_options_init_default_client(&options, allocator);
  else
    failed = aws_tls_ctx_options_init_client_mtls_from_path(
        &options, allocator, files.certificate.c_str(), files.key.c_str());
  if (failed == AWS_OP_SUCCESS)
    failed = aws_tls_ctx_options_set_alpn_list(&options,
                                               alpn == Alpn::Http1 ? "http/1.1" : "h2;http/1.1");
  if (failed == AWS_OP_SUCCESS && !files.ca.empty())
    failed = aws_tls_ctx_options_override_default_trust_store_from_path(&options, nullptr,
                                                                        files.ca.c_str());
  aws_tls_ctx* const context =
      failed == AWS_OP_SUCCESS ? aws_tls_client_ctx_new(allocator, &options) : nullptr;
  const int code = aws_last_error();
  aws_tls_ctx_options_clean_up(&options);
  if (context == nullptr) {
    return fail(ErrorCode::Invalid,
                "TLS could not be set up with " + named(files) + ": " + crt_error_text(code));
  }
  return context;
}

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
  for (const auto& [wanted, context] : tls_)
    aws_tls_ctx_release(context);
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

Result<aws_tls_ctx*> CrtRuntime::tls(Alpn alpn, TlsFiles files) {
  if (files.ca.empty())
    files.ca = options_.ca_file;
  aws_tls_ctx*& context = tls_[std::pair(alpn, files)];
  if (context == nullptr) {
    TRY(context, make_tls(alpn, files));
  }
  return context;
}

}  // namespace kt::http
