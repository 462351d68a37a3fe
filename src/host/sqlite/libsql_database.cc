#include "host/sqlite/libsql_database.h"

#include <functional>
#include <utility>

#include "host/sqlite/hrana.h"
#include "runtime/event.h"

namespace kt::host {

namespace {

/// Blobs come as base64, and every value with its type's name.
constexpr std::size_t kAnswerBytesMax = 2 * kQueryResultBytesMax;
/// What is read on the loop; more would keep others waiting.
constexpr std::size_t kReadAtOnceMax = 64 * 1024;

Answer refusal_of(const Error& error) {
  return refuse(is_transient(error.code) ? KT_FAULT_UNAVAILABLE : KT_FAULT_OTHER,
                "libSQL: " + error.what);
}

Answer refusal_of(const http::Response& response) {
  if (response.status == 401 || response.status == 403)
    return refuse(KT_FAULT_OTHER, "libSQL: the server refuses the token (HTTP " +
                                      std::to_string(response.status) + ")");
  const bool passes = response.status == 429 || response.status >= 500;
  return refuse(passes ? KT_FAULT_UNAVAILABLE : KT_FAULT_OTHER,
                "libSQL: HTTP " + std::to_string(response.status));
}

class LibsqlConnection final : public SqlConnection {
 public:
  LibsqlConnection(LibsqlDatabase::Deps deps, const LibsqlDatabase::Options& options)
      : deps_(deps), options_(options) {}

  Task<Answer> execute(std::string_view statement, SqlParameters parameters) override {
    while (taken_)
      co_await given_back_.wait();
    const Turn turn(*this);
    const TransactionStep step = transaction_step(statement);
    HranaPipeline pipeline(baton_);
    if (!pipeline.execute(statement, parameters))
      co_return refuse(KT_FAULT_TYPE, "libSQL takes no infinite and no undefined number");
    const bool stays =
        step == TransactionStep::Begins || (!baton_.empty() && step == TransactionStep::None);
    if (!stays)
      pipeline.close();
    co_return co_await send(pipeline.body());
  }

  Task<Answer> execute_all(std::string_view statements) override {
    while (taken_)
      co_await given_back_.wait();
    const Turn turn(*this);
    HranaPipeline pipeline(baton_);
    pipeline.execute_all(statements);
    if (baton_.empty())
      pipeline.close();
    co_return co_await send(pipeline.body());
  }

  std::int64_t changes() const override { return changes_; }
  std::int64_t last_rowid() const override { return last_rowid_; }

  Task<void> close() override {
    while (taken_)
      co_await given_back_.wait();
    const Turn turn(*this);
    if (baton_.empty())
      co_return;
    HranaPipeline pipeline(baton_);
    pipeline.close();
    [[maybe_unused]] const Answer closed = co_await send(pipeline.body());
    baton_.clear();
  }

 private:
  /// The right to use the stream.
  class Turn {
   public:
    explicit Turn(LibsqlConnection& owner) : owner_(owner) { owner_.taken_ = true; }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
      owner_.taken_ = false;
      owner_.given_back_.notify_all();
    }

   private:
    LibsqlConnection& owner_;
  };

  http::Request request(std::string body) const {
    http::Request out;
    out.method = "POST";
    out.path = options_.endpoint.path;
    if (!out.path.ends_with('/'))
      out.path.push_back('/');
    out.path += "v2/pipeline";
    out.headers.emplace_back("content-type", "application/json");
    out.headers.emplace_back("accept", "application/json");
    if (!options_.token.empty())
      out.headers.emplace_back("authorization", "Bearer " + options_.token);
    out.body = std::move(body);
    out.answer_bytes_max = kAnswerBytesMax;
    return out;
  }

  Task<Answer> send(std::string body) {
    // Until an answer says otherwise the stream is gone: a baton is good for one request.
    const bool in_transaction = !std::exchange(baton_, std::string()).empty();
    const Result<http::Response> response =
        co_await deps_.transport.send(request(std::move(body)), options_.call_timeout);
    if (!response)
      co_return refusal_of(response.error());
    if (response->status != 200 && in_transaction)
      co_return refuse(KT_FAULT_OTHER, "libSQL: the transaction is lost (HTTP " +
                                           std::to_string(response->status) + ")");
    if (response->status != 200)
      co_return refusal_of(*response);
    HranaAnswer read = co_await understand(response->body);
    baton_ = std::move(read.baton);
    if (!baton_.empty() && !is_here(read.base_url)) {
      baton_.clear();
      co_return refuse(KT_FAULT_OTHER,
                       "libSQL: the server sends transactions to another host, which is not "
                       "supported");
    }
    if (read.answer) {
      changes_ = read.changes;
      last_rowid_ = read.last_rowid.value_or(last_rowid_);
    }
    co_return std::move(read.answer);
  }

  bool is_here(const std::string& base_url) const {
    if (base_url.empty())
      return true;
    const auto endpoint = http::Endpoint::parse(base_url);
    return endpoint && endpoint->authority() == options_.endpoint.authority();
  }

  Task<HranaAnswer> understand(const std::string& body) {
    if (body.size() <= kReadAtOnceMax)
      co_return read_hrana(body);
    // Its own: this task may be cancelled meanwhile.
    const auto copy = std::make_shared<const std::string>(body);
    const auto read = [copy] { return read_hrana(*copy); };
    co_return co_await deps_.pool.run(read);
  }

  LibsqlDatabase::Deps deps_;
  const LibsqlDatabase::Options& options_;
  std::string baton_;  ///< of the stream that a transaction holds
  bool taken_ = false;
  Event given_back_;
  std::int64_t changes_ = 0;
  std::int64_t last_rowid_ = 0;
};

}  // namespace

LibsqlDatabase::LibsqlDatabase(Deps deps, Options options)
    : deps_(deps), options_(std::move(options)) {}

Result<http::Endpoint> LibsqlDatabase::parse_url(std::string_view url) {
  if (!url.starts_with("https://") && !url.starts_with("http://"))
    return fail(ErrorCode::Invalid, "unexpected libSQL URL '" + std::string(url) +
                                        "' in runtime config file: URL does not start with "
                                        "'https://' or 'http://'");
  return http::Endpoint::parse(url);
}

Task<SqlDatabase::Connected> LibsqlDatabase::connect() {
  // The first statement connects.
  co_return std::make_shared<LibsqlConnection>(deps_, options_);
}

}  // namespace kt::host
