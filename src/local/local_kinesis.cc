#include "local/local_kinesis.h"

#include <charconv>
#include <optional>
#include <utility>

#include "http/server.h"
#include "local/committer.h"
#include "local/service.h"
#include "local/sqlite_store.h"
#include "local/subscriptions.h"
#include "runtime/task_group.h"

namespace kt::local {
namespace {

constexpr std::string_view kDefaultRegion = "us-east-1";
constexpr std::string_view kDefaultAccount = "000000000000";
constexpr Duration kHousekeeping = std::chrono::seconds(10);
constexpr std::uint64_t kMemoryOnlyBytes = 1ULL << 30;
constexpr Duration kGrace = std::chrono::milliseconds(500);

class Embedded final : public LocalKinesis {
 public:
  Embedded(Loop& loop, Clock& clock, LocalKinesisOptions options, Log log)
      : loop_(loop),
        clock_(clock),
        options_(std::move(options)),
        log_(std::move(log)),
        commits_(loop),
        house_(loop) {}

  Result<Unit> open();
  Result<Unit> listen();
  std::string endpoint() const override {
    const bool v6 = options_.address.find(':') != std::string::npos;
    const std::string host = v6 ? "[" + options_.address + "]" : options_.address;
    return "http://" + host + ":" + std::to_string(port());
  }
  std::uint16_t port() const override { return server_->port(); }
  Task<Result<Unit>> create_missing(StreamArn stream, int shards) override;
  Task<void> stop() override;

 private:
  Result<Unit> create_if_missing(const StreamArn& stream, int shards);
  Result<Unit> create_configured();
  Task<http::Response> answer(http::ServerRequest request);
  Task<Result<Unit>> keep_house();

  Loop& loop_;
  Clock& clock_;
  LocalKinesisOptions options_;
  Log log_;
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<KinesisModel> model_;
  std::unique_ptr<DedicatedThread> work_;  // after store_: joined before the store goes
  std::optional<Committer> committer_;
  std::optional<Service> service_;
  std::optional<Subscriptions> subscriptions_;
  std::unique_ptr<http::Server> server_;
  TaskGroup commits_;
  TaskGroup house_;
};

Result<Unit> Embedded::open() {
  ModelOptions model;
  model.limits = options_.limits;
  model.transition = options_.transition;
  if (options_.state_dir.empty()) {
    model.stored_bytes_max = kMemoryOnlyBytes;
    model_ = std::make_unique<KinesisModel>(clock_, model);
  } else {
    TRY(store_, SqliteStore::open(options_.state_dir + "/local.db"));
    TRY(model_, KinesisModel::open(clock_, model, *store_));
    work_ = std::make_unique<DedicatedThread>("kt-local-store");
    committer_.emplace(*model_, *store_, *work_, log_);
  }
  service_.emplace(*model_, clock_, options_.shards_per_stream);
  SubscriptionOptions subscriptions;
  subscriptions.life = options_.subscription_life;
  subscriptions_.emplace(loop_, clock_, *model_, subscriptions, log_);
  return create_configured();
}

Result<Unit> Embedded::create_if_missing(const StreamArn& stream, int shards) {
  if (model_->exists(stream))
    return Unit{};
  const int count = shards > 0 ? shards : options_.shards_per_stream;
  const auto created = model_->create_stream(stream, count);
  if (!created)
    return fail(to_error(created.error()).within("creating stream " + stream.str()));
  log_.info("stream created", {{"stream", stream.str()}, {"shards", count}});
  model_->settle_all();
  return Unit{};
}

Task<Result<Unit>> Embedded::create_missing(StreamArn stream, int shards) {
  const auto created = create_if_missing(stream, shards);
  if (!created)
    co_return fail(created.error());
  if (committer_)
    co_return co_await committer_->durable();
  co_return Unit{};
}

Result<Unit> Embedded::create_configured() {
  for (const StreamToCreate& wanted : options_.create) {
    TRY(create_if_missing(wanted.stream, wanted.shards));
  }
  if (!store_ || !model_->has_changes())
    return Unit{};
  // Before the first request, hence right here rather than by the committer.
  TRY(store_->apply(model_->take_changes()));
  model_->committed();
  return Unit{};
}

Result<Unit> Embedded::listen() {
  http::ServerOptions options;
  options.address = options_.address;
  options.port = options_.port;
  // 10 MiB of records as base64, and their names.
  options.body_bytes_max = 16 * 1024 * 1024;
  http::ServerHandler handler = [this](http::ServerRequest request) {
    return answer(std::move(request));
  };
  auto server = http::Server::listen(loop_, clock_, options, handler, log_);
  if (!server && server.error().code == ErrorCode::InUse && options_.any_port_if_taken) {
    options.port = 0;
    server = http::Server::listen(loop_, clock_, options, handler, log_);
  }
  if (!server)
    return fail(server.error());
  server_ = std::move(*server);
  if (committer_)
    commits_.spawn(committer_->run());
  house_.spawn(keep_house());
  return Unit{};
}

Task<http::Response> Embedded::answer(http::ServerRequest request) {
  Reply reply = service_->answer(request);
  if (committer_ && reply.wait_for_commit) {
    const Result<Unit> durable = co_await committer_->durable();
    if (!durable)
      co_return service_->failure(request, durable.error());
  }
  if (reply.subscription)
    reply.response.growing = subscriptions_->open(std::move(*reply.subscription), reply.format);
  co_return std::move(reply.response);
}

// Retention ends also for streams that nobody touches, and a disk that was full gets new tries.
Task<Result<Unit>> Embedded::keep_house() {
  for (;;) {
    co_await clock_.sleep(kHousekeeping);
    model_->trim_all();
    if (committer_ && model_->has_changes())
      committer_->nudge();
  }
}

Task<void> Embedded::stop() {
  co_await subscriptions_->stop();
  co_await server_->stop(kGrace);
  house_.cancel();
  const Result<Unit> house_ended = co_await house_.join();
  if (committer_)
    committer_->finish();
  const Result<Unit> commits_ended = co_await commits_.join();
  if (!house_ended || !commits_ended)
    log_.warn("the embedded Kinesis did not end cleanly");
}

}  // namespace

Result<StreamToCreate> parse_stream_to_create(std::string_view text) {
  const bool is_arn = text.starts_with("arn:");
  const auto name_at = is_arn ? text.find("stream/") : 0;
  const auto colon = name_at == std::string_view::npos ? name_at : text.find(':', name_at);
  StreamToCreate out;
  if (colon != std::string_view::npos) {
    const std::string_view count = text.substr(colon + 1);
    const auto [end, error] =
        std::from_chars(count.data(), count.data() + count.size(), out.shards);
    if (error != std::errc() || end != count.data() + count.size() || out.shards < 1 ||
        out.shards > 10'000)
      return fail(ErrorCode::Invalid, "not a stream to create: \"" + std::string(text) +
                                          "\"; after the name comes the number of shards, 1 to "
                                          "10000, as in orders:4");
    text = text.substr(0, colon);
  }
  const std::string arn =
      is_arn ? std::string(text)
             : StreamArn::of("aws", kDefaultRegion, kDefaultAccount, StreamName(text)).str();
  TRY(out.stream, StreamArn::parse(arn));
  return out;
}

Result<std::unique_ptr<LocalKinesis>> LocalKinesis::start(Loop& loop, Clock& clock,
                                                          LocalKinesisOptions options, Log log) {
  auto embedded = std::make_unique<Embedded>(loop, clock, std::move(options), std::move(log));
  TRY(embedded->open());
  TRY(embedded->listen());
  return std::unique_ptr<LocalKinesis>(std::move(embedded));
}

}  // namespace kt::local
