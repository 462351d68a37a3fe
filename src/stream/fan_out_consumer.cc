#include "stream/fan_out_consumer.h"

#include <utility>

namespace kt::stream {
namespace {

constexpr Duration kLookAgain = std::chrono::milliseconds(200);

}  // namespace

bool is_refusal(const Error& error) {
  return error.code == ErrorCode::AccessDenied || error.code == ErrorCode::Invalid ||
         error.code == ErrorCode::LimitExceeded;
}

FanOutConsumer::FanOutConsumer(Clock& clock, KinesisApi& api, StreamArn stream, Options options,
                               Log log)
    : clock_(clock),
      api_(api),
      stream_(std::move(stream)),
      options_(std::move(options)),
      log_(std::move(log)) {}

Task<Result<std::string>> FanOutConsumer::arn() {
  while (looking_)
    co_await looked_.wait();
  if (!arn_.empty())
    co_return arn_;
  struct Looking {
    explicit Looking(FanOutConsumer& c) : consumer(c) { consumer.looking_ = true; }
    ~Looking() {
      consumer.looking_ = false;
      consumer.looked_.notify_all();
    }
    FanOutConsumer& consumer;
  } looking(*this);
  auto found = co_await find_or_register();
  if (!found)
    co_return fail(found.error().within("enhanced_fan_out"));
  arn_ = *found;
  co_return arn_;
}

Task<Result<std::string>> FanOutConsumer::find_or_register() {
  const bool by_arn = options_.name_or_arn.starts_with("arn:");
  auto found = co_await api_.describe_consumer(stream_, options_.name_or_arn);
  if (found)
    co_return co_await wait_active(*std::move(found));
  if (by_arn || found.error().code != ErrorCode::NotFound) {
    Error error = found.error();
    if (error.code == ErrorCode::NotFound)
      error.code = ErrorCode::Invalid;  // what the manifest names is not there: poll, and say so
    co_return fail(std::move(error));
  }
  auto made = co_await api_.register_consumer(stream_, options_.name_or_arn);
  if (!made && made.error().code != ErrorCode::InUse)
    co_return fail(made.error());
  if (made)
    log_.info("consumer registered", {{"consumer", made->arn}});
  StreamConsumer created;  // by us, or by another worker just now
  if (made)
    created = *std::move(made);
  co_return co_await wait_active(std::move(created));
}

Task<Result<std::string>> FanOutConsumer::wait_active(StreamConsumer consumer) {
  const MonotonicTime deadline = clock_.now() + options_.creation_max;
  while (!consumer.active) {
    if (clock_.now() >= deadline)
      co_return fail(ErrorCode::Unavailable,
                     "consumer " + options_.name_or_arn + " does not become ACTIVE");
    co_await clock_.sleep(kLookAgain);
    CO_TRY(consumer, api_.describe_consumer(stream_, options_.name_or_arn));
  }
  co_return consumer.arn;
}

void FanOutConsumer::refuse(const Error& error) {
  if (refusal_.empty())
    log_.warn("enhanced fan-out is refused: shards are polled until it is granted",
              {{"error", error.what}});
  refusal_ = error.what;
  refused_until_ = clock_.now() + options_.ask_again;
  arn_.clear();
}

void FanOutConsumer::accept() {
  if (refusal_.empty())
    return;
  log_.info("enhanced fan-out is granted again: shards are pushed");
  refusal_.clear();
}

std::optional<MonotonicTime> FanOutConsumer::refused_until() const {
  if (refusal_.empty() || clock_.now() >= refused_until_)
    return std::nullopt;
  return refused_until_;
}

}  // namespace kt::stream
