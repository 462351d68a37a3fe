#include "aws/credentials.h"

#include <aws/auth/credentials.h>
#include <aws/common/byte_buf.h>

#include <mutex>
#include <vector>

#include "http/crt_runtime.h"
#include "runtime/promise.h"
#include "runtime/with_deadline.h"

namespace kt::aws {
namespace {

constexpr Duration kLookupMax = std::chrono::seconds(8);
constexpr Duration kFailureKept = std::chrono::seconds(5);
constexpr std::chrono::minutes kRefreshBefore{5};

aws_byte_cursor cursor(const std::string& text) {
  return aws_byte_cursor_from_array(text.data(), text.size());
}

struct ProviderRelease {
  void operator()(aws_credentials_provider* provider) const {
    aws_credentials_provider_release(provider);
  }
};
using Provider = std::unique_ptr<aws_credentials_provider, ProviderRelease>;

std::string to_std(aws_byte_cursor text) {
  return std::string(reinterpret_cast<const char*>(text.ptr), text.len);
}

Credentials to_credentials(const aws_credentials* given) {
  Credentials credentials(to_std(aws_credentials_get_access_key_id(given)),
                          to_std(aws_credentials_get_secret_access_key(given)),
                          to_std(aws_credentials_get_session_token(given)));
  const std::uint64_t expires = aws_credentials_get_expiration_timepoint_seconds(given);
  if (expires != UINT64_MAX)
    credentials.expires = WallTime(std::chrono::seconds(expires));
  return credentials;
}

using Answer = Result<CredentialsPtr>;

/// One question to the C runtime's chain. Shared by the waiting task and the callback, which may
/// come long after the deadline: then it touches nothing of the loop.
class Lookup {
 public:
  explicit Lookup(Executor executor) : promise_(executor) {}

  static void on_credentials(aws_credentials* given, int error_code, void* user_data) {
    const std::unique_ptr<std::shared_ptr<Lookup>> self(
        static_cast<std::shared_ptr<Lookup>*>(user_data));
    Answer answer = given == nullptr
                        ? Answer(fail(ErrorCode::NoCredentials, http::crt_error_text(error_code)))
                        : Answer(std::make_shared<const Credentials>(to_credentials(given)));
    const std::lock_guard lock((*self)->mutex_);
    if (!(*self)->abandoned_)
      (*self)->promise_.set(std::move(answer));
  }
  void abandon() {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
  }
  const Promise<Answer>& promise() const { return promise_; }

 private:
  Promise<Answer> promise_;
  std::mutex mutex_;
  bool abandoned_ = false;  // guarded by mutex_
};

class AbandonAtExit {
 public:
  explicit AbandonAtExit(Lookup& lookup) : lookup_(lookup) {}
  AbandonAtExit(const AbandonAtExit&) = delete;
  AbandonAtExit& operator=(const AbandonAtExit&) = delete;
  ~AbandonAtExit() { lookup_.abandon(); }

 private:
  Lookup& lookup_;
};

/// The chain. Keys at hand are used directly; the C runtime's providers are made at first need.
class DefaultCredentials final : public CredentialsSource {
 public:
  DefaultCredentials(http::CrtRuntime& runtime, Clock& clock, const Config& config)
      : runtime_(runtime), clock_(clock), config_(config) {}

  Task<Answer> get() override;

 private:
  Result<CredentialsPtr> at_hand() const;
  Result<Unit> build();
  void add(aws_credentials_provider* provider, const char* what, std::vector<Provider>& chain);
  void add_profile(aws_tls_ctx* tls, std::vector<Provider>& chain);
  void add_web_identity(aws_tls_ctx* tls, std::vector<Provider>& chain);
  void add_machine(aws_tls_ctx* tls, std::vector<Provider>& chain);
  bool fresh() const;
  Task<Answer> look_up();
  Error none_found(const std::string& last) const;

  http::CrtRuntime& runtime_;
  Clock& clock_;
  Config config_;
  bool built_ = false;
  Provider chain_;
  std::vector<std::string> tried_;
  CredentialsPtr current_;
  std::optional<Error> failure_;
  MonotonicTime failure_until_{};
};

bool DefaultCredentials::fresh() const {
  return current_ != nullptr &&
         (!current_->expires || *current_->expires - kRefreshBefore > clock_.wall_now());
}

Task<Answer> DefaultCredentials::get() {
  if (fresh())
    co_return current_;
  if (failure_ && clock_.now() < failure_until_)
    co_return fail(*failure_);
  Task<Answer> search = look_up();
  const MonotonicTime deadline = clock_.now() + kLookupMax;
  auto found = co_await with_deadline(clock_, deadline, std::move(search), "AWS credentials");
  if (found) {
    failure_.reset();
    current_ = *found;
    co_return current_;
  }
  // Old ones that still work are better than none.
  if (current_ != nullptr && *current_->expires > clock_.wall_now())
    co_return current_;
  Error error = found.error();
  if (error.code == ErrorCode::TimedOut)
    error = none_found("no answer within the deadline");
  failure_ = error;
  failure_until_ = clock_.now() + kFailureKept;
  co_return fail(std::move(error));
}

/// Keys that need no network: from the environment, or literally in the profile. Null: none.
Result<CredentialsPtr> DefaultCredentials::at_hand() const {
  const Environment& environment = config_.environment();
  const auto id = environment.get("AWS_ACCESS_KEY_ID");
  const auto secret = environment.get("AWS_SECRET_ACCESS_KEY");
  if (id.has_value() != secret.has_value()) {
    return fail(ErrorCode::NoCredentials,
                "only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set: set both or none");
  }
  if (id && !config_.profile_is_explicit()) {
    return std::make_shared<const Credentials>(*id, *secret,
                                               environment.get("AWS_SESSION_TOKEN").value_or(""));
  }
  const Profiles& profiles = config_.profiles();
  const auto profile_id = profiles.get("aws_access_key_id");
  const auto profile_secret = profiles.get("aws_secret_access_key");
  if (!profile_id || !profile_secret || profiles.get("role_arn"))
    return CredentialsPtr();
  return std::make_shared<const Credentials>(*profile_id, *profile_secret,
                                             profiles.get("aws_session_token").value_or(""));
}

Task<Answer> DefaultCredentials::look_up() {
  const auto local = at_hand();
  if (!local || *local != nullptr)
    co_return local;
  const auto built = build();
  if (!built)
    co_return fail(built.error());
  if (chain_ == nullptr)
    co_return fail(none_found(""));
  const Executor executor = co_await asio::this_coro::executor;
  const auto lookup = std::make_shared<Lookup>(executor);
  const AbandonAtExit abandon_at_exit(*lookup);
  auto callback = std::make_unique<std::shared_ptr<Lookup>>(lookup);
  const int refused = aws_credentials_provider_get_credentials(chain_.get(), Lookup::on_credentials,
                                                               callback.get());
  if (refused != AWS_OP_SUCCESS)
    co_return fail(none_found(http::crt_error_text(aws_last_error())));
  static_cast<void>(callback.release());
  auto answer = co_await lookup->promise().take();
  if (!answer)
    co_return fail(none_found(answer.error().what));
  co_return answer;
}

Error DefaultCredentials::none_found(const std::string& last) const {
  const Profiles& profiles = config_.profiles();
  std::string what = "no AWS credentials found: looked in the environment (AWS_ACCESS_KEY_ID), ";
  what += "in profile " + profiles.name() + " of " + profiles.credentials_path() + " and " +
          profiles.config_path();
  for (const std::string& place : tried_)
    what += ", " + place;
  if (!last.empty())
    what += " (last: " + last + ")";
  what += ". Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE";
  return Error(ErrorCode::NoCredentials, std::move(what));
}

void DefaultCredentials::add(aws_credentials_provider* provider, const char* what,
                             std::vector<Provider>& chain) {
  if (provider == nullptr) {
    tried_.push_back(std::string(what) + " (not usable: " + http::crt_error_text(aws_last_error()) +
                     ")");
    return;
  }
  tried_.emplace_back(what);
  chain.emplace_back(provider);
}

Result<Unit> DefaultCredentials::build() {
  if (built_)
    return Unit{};
  TRY(aws_tls_ctx* const tls, runtime_.tls(http::Alpn::Http1));
  std::vector<Provider> chain;
  add_web_identity(tls, chain);
  add_profile(tls, chain);
  add_machine(tls, chain);
  built_ = true;
  if (chain.empty())
    return Unit{};
  std::vector<aws_credentials_provider*> raw;
  for (const Provider& provider : chain)
    raw.push_back(provider.get());
  aws_credentials_provider_chain_options options{};
  options.providers = raw.data();
  options.provider_count = raw.size();
  const Provider whole(aws_credentials_provider_new_chain(aws_default_allocator(), &options));
  // One look-up serves all who wait for it.
  aws_credentials_provider_cached_options cached{};
  cached.source = whole.get();
  cached.refresh_time_in_milliseconds = 1000;
  chain_.reset(aws_credentials_provider_new_cached(aws_default_allocator(), &cached));
  return Unit{};
}

void DefaultCredentials::add_profile(aws_tls_ctx* tls, std::vector<Provider>& chain) {
  const Profiles& profiles = config_.profiles();
  aws_allocator* const allocator = aws_default_allocator();
  if (profiles.get("role_arn") || profiles.get("credential_process")) {
    aws_credentials_provider_profile_options options{};
    options.profile_name_override = cursor(profiles.name());
    options.profile_collection_cached = profiles.collection();
    options.bootstrap = runtime_.bootstrap();
    options.tls_ctx = tls;
    add(aws_credentials_provider_new_profile(allocator, &options),
        "its role_arn or credential_process", chain);
  }
  if (profiles.get("sso_session") || profiles.get("sso_start_url")) {
    aws_credentials_provider_sso_options options{};
    options.profile_name_override = cursor(profiles.name());
    options.config_file_cached = profiles.collection();
    options.bootstrap = runtime_.bootstrap();
    options.tls_ctx = tls;
    add(aws_credentials_provider_new_sso(allocator, &options), "its SSO session", chain);
  }
}

void DefaultCredentials::add_web_identity(aws_tls_ctx* tls, std::vector<Provider>& chain) {
  const Environment& environment = config_.environment();
  const auto token_file = environment.get("AWS_WEB_IDENTITY_TOKEN_FILE");
  const auto role = environment.get("AWS_ROLE_ARN");
  if (!token_file || !role)
    return;
  const std::string session = environment.get("AWS_ROLE_SESSION_NAME").value_or("trigger-kinesis");
  const std::string region = config_.region().value.empty() ? "us-east-1" : config_.region().value;
  aws_credentials_provider_sts_web_identity_options options{};
  options.bootstrap = runtime_.bootstrap();
  options.tls_ctx = tls;
  options.config_profile_collection_cached = config_.profiles().collection();
  options.profile_name_override = cursor(config_.profiles().name());
  options.region = cursor(region);
  options.role_arn = cursor(*role);
  options.role_session_name = cursor(session);
  options.token_file_path = cursor(*token_file);
  add(aws_credentials_provider_new_sts_web_identity(aws_default_allocator(), &options),
      "web identity (AWS_WEB_IDENTITY_TOKEN_FILE)", chain);
}

/// What the machine itself offers: the container's address where one is given, else the instance's.
void DefaultCredentials::add_machine(aws_tls_ctx* tls, std::vector<Provider>& chain) {
  const Environment& environment = config_.environment();
  if (environment.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") ||
      environment.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")) {
    aws_credentials_provider_ecs_environment_options options{};
    options.bootstrap = runtime_.bootstrap();
    options.tls_ctx = tls;
    add(aws_credentials_provider_new_ecs_from_environment(aws_default_allocator(), &options),
        "container credentials (AWS_CONTAINER_CREDENTIALS_*)", chain);
    return;
  }
  if (environment.is_true("AWS_EC2_METADATA_DISABLED"))
    return;
  aws_credentials_provider_imds_options options{};
  options.bootstrap = runtime_.bootstrap();
  add(aws_credentials_provider_new_imds(aws_default_allocator(), &options),
      "instance metadata (169.254.169.254)", chain);
}

}  // namespace

std::unique_ptr<CredentialsSource> make_default_credentials(http::CrtRuntime& runtime, Clock& clock,
                                                            const Config& config) {
  return std::make_unique<DefaultCredentials>(runtime, clock, config);
}

}  // namespace kt::aws
