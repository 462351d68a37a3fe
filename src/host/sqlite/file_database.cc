#include "host/sqlite/file_database.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "runtime/event.h"
#include "runtime/promise.h"

namespace kt::host {

namespace {

constexpr Duration kFirstNap = std::chrono::milliseconds(1);
constexpr Duration kLongestNap = std::chrono::milliseconds(25);

class FileConnection final : public SqlConnection {
 public:
  FileConnection(FileDatabase::Deps deps, const FileDatabase::Options& options)
      : deps_(deps),
        busy_timeout_(options.busy_timeout),
        connection_(std::make_shared<GuestConnection>(options.connection)) {}
  ~FileConnection() override {
    // Closing may wait for the disk.
    connection_->stop();
    deps_.pool.submit([connection = std::move(connection_)]() mutable { connection.reset(); });
  }

  Task<Answer> open() {
    const std::function<SqlAttempt()> work = [this] { return connection_->open(); };
    co_return co_await run(work);
  }

  Task<Answer> execute(std::string_view statement, SqlParameters parameters) override {
    const std::function<SqlAttempt()> work = [this, statement, &parameters] {
      return connection_->execute(statement, parameters);
    };
    co_return co_await run(work);
  }

  Task<Answer> execute_all(std::string_view statements) override {
    const std::function<SqlAttempt()> work = [this, statements] {
      return connection_->execute_all(statements);
    };
    co_return co_await run(work);
  }

  std::int64_t changes() const override { return changes_; }
  std::int64_t last_rowid() const override { return last_rowid_; }

  Task<void> close() override { co_return; }

 private:
  /// The right to use the connection.
  class Turn {
   public:
    explicit Turn(FileConnection& owner) : owner_(owner) { owner_.taken_ = true; }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
      owner_.taken_ = false;
      owner_.given_back_.notify_all();
    }

   private:
    FileConnection& owner_;
  };

  Task<Answer> run(const std::function<SqlAttempt()>& work) {
    while (taken_)
      co_await given_back_.wait();
    const Turn turn(*this);
    const MonotonicTime give_up = deps_.clock.now() + busy_timeout_;
    for (Duration nap = kFirstNap;; nap = std::min(nap * 2, kLongestNap)) {
      SqlAttempt attempt = co_await on_pool(work);
      if (!attempt.busy || deps_.clock.now() + nap > give_up) {
        changes_ = attempt.changes;
        last_rowid_ = attempt.last_rowid;
        co_return std::move(attempt.answer);
      }
      co_await deps_.clock.sleep(nap);
    }
  }

  /// What `work` refers to is the caller's: also one that is cancelled waits, for the statement to
  /// be interrupted.
  Task<SqlAttempt> on_pool(const std::function<SqlAttempt()>& work) {
    const Executor executor = co_await asio::this_coro::executor;
    const Promise<SqlAttempt> promise(executor);
    deps_.pool.submit([promise, &work] { promise.set(work()); });
    const auto stop = [this] { connection_->stop(); };
    co_return co_await promise.take_uncancelled(stop);
  }

  FileDatabase::Deps deps_;
  Duration busy_timeout_;
  std::shared_ptr<GuestConnection> connection_;
  bool taken_ = false;
  Event given_back_;
  std::int64_t changes_ = 0;
  std::int64_t last_rowid_ = 0;
};

}  // namespace

Task<SqlDatabase::Connected> FileDatabase::connect() {
  auto connection = std::make_shared<FileConnection>(deps_, options_);
  const Answer opened = co_await connection->open();
  if (!opened) {
    HostRefusal refusal;
    refusal.fault = opened.error().fault;
    refusal.message = opened.error().message;
    co_return tl::unexpected<HostRefusal>(std::move(refusal));
  }
  co_return std::shared_ptr<SqlConnection>(std::move(connection));
}

}  // namespace kt::host
