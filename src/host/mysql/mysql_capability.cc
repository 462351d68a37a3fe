#include "host/mysql/mysql_capability.h"

#include <utility>

#include "base/utf8.h"
#include "host/connection_handles.h"
#include "host/pools_by_address.h"

namespace kt::host {

/// What the component's instances share.
class MysqlCapability::Shared {
 public:
  Shared(Deps d, MysqlOptions o)
      : deps(std::move(d)),
        options(std::move(o)),
        pools_(deps.clock, within_permits(options.pool, *deps.permits, "mysql")) {}

  std::shared_ptr<MysqlPool> pool_of(const Libmariadb& library, const std::string& text,
                                     MysqlAddress address) {
    if (!canceller_)
      canceller_ = std::make_shared<MysqlCanceller>(library, deps.work);
    MysqlConnector::Deps for_connector{library, deps.clock, deps.work, deps.policy, canceller_};
    return pools_.find_or_add(text, std::make_unique<MysqlConnector>(std::move(for_connector),
                                                                     std::move(address), options));
  }
  void close() { pools_.close(); }

  Deps deps;
  MysqlOptions options;

 private:
  std::shared_ptr<MysqlCanceller> canceller_;
  PoolsByAddress<MysqlConnection> pools_;
};

/// An instance's handles.
class MysqlCapability::Session final : public CapabilitySession {
 public:
  explicit Session(std::shared_ptr<Shared> shared)
      : shared_(std::move(shared)),
        handles_(shared_->deps.clock, *shared_->deps.permits, "mysql", shared_->options.handles) {}

  Task<Answer> call(HostOperation operation, HostArguments arguments) override {
    switch (operation) {
      case KT_MYSQL_OPEN:
        return open(std::string(arguments[0].text()));
      case KT_MYSQL_CLOSE:
        return close(arguments[0].integer());
      default:
        return run(operation == KT_MYSQL_QUERY, arguments);
    }
  }

 private:
  Task<Answer> open(std::string text) {
    const auto library = Libmariadb::load();
    if (!library)
      co_return refused(library.error());
    auto address = MysqlAddress::parse(text);
    if (!address)
      co_return refused(address.error());
    const auto allowed =
        co_await shared_->deps.policy->check("mysql", address->host, address->port);
    if (!allowed)
      co_return refused(allowed.error());
    auto pool = shared_->pool_of(**library, text, *std::move(address));
    co_return co_await handles_.open(std::move(pool));
  }

  Task<Answer> close(std::int64_t handle) {
    handles_.close(handle);
    co_return HostResult();
  }

  Task<Answer> run(bool query, HostArguments arguments) {
    const auto open = handles_.find(arguments[0].integer());
    if (!open)
      co_return refuse(KT_FAULT_UNAVAILABLE, "no connection found");
    auto parameters = MysqlParameters::encode(arguments[2]);
    if (!parameters)
      co_return tl::unexpected<HostRefusal>(std::move(parameters).error());
    Turns::Turn turn(open->turns);
    co_await turn.wait();
    MysqlConnection* const connection = open->lease.get();
    if (connection == nullptr)
      co_return refuse(KT_FAULT_UNAVAILABLE, "the connection to MySQL is lost");
    auto running = connection->run(std::string(arguments[1].text()), *std::move(parameters), query);
    auto reply = co_await handles_.finish(open, std::move(running));
    if (!reply)
      co_return refused(reply.error());
    if (reply->refused)
      co_return tl::unexpected<HostRefusal>(*std::move(reply->refused));
    if (!query)
      co_return HostResult();
    co_return rows(*std::move(reply));
  }

  static Answer rows(MysqlReply reply) {
    HostResult::List columns;
    for (MysqlColumn& column : reply.columns) {
      if (!is_utf8(column.name))
        return refuse(KT_FAULT_TYPE, "the name of a column is not UTF-8");
      HostResult::List described;
      described.push_back(HostResult(std::move(column.name)));
      described.push_back(HostResult(std::int64_t{column.type}));
      described.push_back(HostResult(std::move(column.type_name)));
      columns.push_back(HostResult(std::move(described)));
    }
    HostResult::List answer;
    answer.push_back(HostResult(std::move(columns)));
    answer.push_back(HostResult(std::move(reply.rows)));
    return HostResult(std::move(answer));
  }

  std::shared_ptr<Shared> shared_;
  ConnectionHandles<MysqlConnection> handles_;
};

MysqlCapability::MysqlCapability(Deps deps, MysqlOptions options)
    : shared_(std::make_shared<Shared>(std::move(deps), std::move(options))) {}

MysqlCapability::~MysqlCapability() {
  const Executor executor = shared_->deps.executor;
  asio::post(executor, [shared = std::move(shared_)] { shared->close(); });
}

std::unique_ptr<CapabilitySession> MysqlCapability::begin() {
  return std::make_unique<Session>(shared_);
}

}  // namespace kt::host
