#include "cli/embedded_kinesis.h"

#include <future>

#include "cli/app_setup.h"
#include "local/local_kinesis.h"
#include "runtime/system_clock.h"
#include "runtime/task_group.h"
#include "runtime/work_thread.h"
#include "sqlite/directory_lock.h"

namespace kt::cli {

class EmbeddedKinesis::Host {
 public:
  explicit Host(sqlite::DirectoryLock lock)
      : lock_(std::move(lock)), clock_(loop_), tasks_(loop_) {}
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host() {
    if (!thread_)
      return;
    loop_.post([this] { tasks_.spawn(stop()); });
    thread_.reset();  // waits for the loop to end
    loop_.poll();     // what the last task left behind
  }

  Result<Unit> start(local::LocalKinesisOptions options, Log log) {
    TRY(kinesis_, local::LocalKinesis::start(loop_, clock_, std::move(options), std::move(log)));
    url_ = kinesis_->endpoint();
    thread_ = std::make_unique<DedicatedThread>("local kinesis");
    thread_->submit([this] { loop_.run(); });
    return Unit{};
  }

  Result<Unit> create_missing(const StreamArn& stream, int shards) {
    auto done = std::make_shared<std::promise<Result<Unit>>>();
    auto answer = done->get_future();
    loop_.post([this, stream, shards, done] { tasks_.spawn(create(stream, shards, done)); });
    return answer.get();
  }
  const std::string& url() const { return url_; }

 private:
  Task<Result<Unit>> create(StreamArn stream, int shards,
                            std::shared_ptr<std::promise<Result<Unit>>> done) {
    auto created = co_await kinesis_->create_missing(std::move(stream), shards);
    done->set_value(std::move(created));
    co_return Unit{};
  }
  Task<Result<Unit>> stop() {
    co_await kinesis_->stop();
    loop_.stop();
    co_return Unit{};
  }

  sqlite::DirectoryLock lock_;
  Loop loop_;
  SystemClock clock_;
  std::unique_ptr<local::LocalKinesis> kinesis_;
  TaskGroup tasks_;
  std::string url_;
  std::unique_ptr<DedicatedThread> thread_;
};

EmbeddedKinesis::EmbeddedKinesis(std::unique_ptr<Host> host) : host_(std::move(host)) {}
EmbeddedKinesis::~EmbeddedKinesis() = default;

Result<std::unique_ptr<EmbeddedKinesis>> EmbeddedKinesis::start(const EmbeddedOptions& options,
                                                                Log log) {
  TRY(make_private_directory(options.state_dir));
  TRY(auto lock, sqlite::DirectoryLock::acquire(options.state_dir, "--state-dir"));
  local::LocalKinesisOptions local;
  local.address = options.address;
  local.port = options.port;
  local.any_port_if_taken = options.port_rule == PortRule::OrAnyFree;
  local.state_dir = options.state_dir.string();
  local.limits = options.limits == Limits::Service;
  local.subscription_life = options.subscription_life;
  local.shards_per_stream = options.shards_per_stream;
  auto host = std::make_unique<Host>(std::move(lock));
  TRY(host->start(std::move(local), std::move(log)));
  return std::unique_ptr<EmbeddedKinesis>(new EmbeddedKinesis(std::move(host)));
}

std::string EmbeddedKinesis::url() const {
  return host_->url();
}

Result<Unit> EmbeddedKinesis::create_missing(const StreamArn& stream, int shards) {
  return host_->create_missing(stream, shards);
}

}  // namespace kt::cli
