#include "host/postgres/postgres_capability.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <utility>
#include <vector>

#include "base/utf8.h"
#include "host/connection_handles.h"
#include "host/pools_by_address.h"
#include "host/postgres/types.h"

namespace kt::host {

namespace {

bool is_certificate(std::string_view pem) {
  constexpr std::size_t kPemMax = std::size_t{1} << 20;
  if (pem.size() > kPemMax)
    return false;
  const std::unique_ptr<BIO, decltype(&::BIO_free)> source(
      ::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), ::BIO_free);
  const std::unique_ptr<X509, decltype(&::X509_free)> certificate(
      ::PEM_read_bio_X509(source.get(), nullptr, nullptr, nullptr), ::X509_free);
  return certificate != nullptr;
}

constexpr const char* kNoCertificate = "invalid root certificate: a certificate in PEM is wanted";

}  // namespace

/// What the component's instances share.
class PostgresCapability::Shared {
 public:
  Shared(Deps d, PostgresOptions o)
      : deps(std::move(d)),
        options(std::move(o)),
        pools_(deps.clock, within_permits(options.pool, *deps.permits, "postgres")) {}

  std::shared_ptr<PgPool> pool_of(const Libpq& library, const std::string& text,
                                  PostgresAddress address, std::string root_pem) {
    if (!canceller_)
      canceller_ = std::make_shared<PgCanceller>(library, deps.work);
    PgConnector::Deps for_connector{library, deps.clock, deps.policy, canceller_};
    const std::string key = text + '\0' + root_pem;
    return pools_.find_or_add(
        key, std::make_unique<PgConnector>(std::move(for_connector), std::move(address),
                                           std::move(root_pem), options));
  }
  void close() { pools_.close(); }

  Deps deps;
  PostgresOptions options;

 private:
  std::shared_ptr<PgCanceller> canceller_;
  PoolsByAddress<PgConnection> pools_;
};

/// An instance's handles.
class PostgresCapability::Session final : public CapabilitySession {
 public:
  explicit Session(std::shared_ptr<Shared> shared)
      : shared_(std::move(shared)),
        handles_(shared_->deps.clock, *shared_->deps.permits, "postgres",
                 shared_->options.handles) {}

  Task<Answer> call(HostOperation operation, HostArguments arguments) override {
    switch (operation) {
      case KT_POSTGRES_OPEN:
        return open(std::string(arguments[0].text()),
                    arguments[1].is_none() ? std::string() : std::string(arguments[1].text()));
      case KT_POSTGRES_CLOSE:
        return close(arguments[0].integer());
      case KT_POSTGRES_CHECK_ROOT:
        return check_root(std::string(arguments[0].text()));
      default:
        return run(operation == KT_POSTGRES_QUERY, arguments);
    }
  }

 private:
  using Opened = std::shared_ptr<ConnectionHandles<PgConnection>::Open>;

  Task<Answer> open(std::string text, std::string root_pem) {
    const auto library = Libpq::load();
    if (!library)
      co_return refused(library.error());
    auto address = PostgresAddress::parse(**library, text);
    if (!address)
      co_return refused(address.error());
    for (const auto& server : address->servers) {
      const auto allowed =
          co_await shared_->deps.policy->check("postgres", server.host, server.port);
      if (!allowed)
        co_return refused(allowed.error());
    }
    if (!root_pem.empty() && !is_certificate(root_pem))
      co_return refuse(KT_FAULT_INVALID, kNoCertificate);
    auto pool = shared_->pool_of(**library, text, *std::move(address), std::move(root_pem));
    co_return co_await handles_.open(std::move(pool));
  }

  Task<Answer> close(std::int64_t handle) {
    handles_.close(handle);
    co_return HostResult();
  }

  Task<Answer> check_root(std::string pem) {
    if (!is_certificate(pem))
      co_return refuse(KT_FAULT_INVALID, kNoCertificate);
    co_return HostResult();
  }

  Task<Answer> run(bool query, HostArguments arguments) {
    const Opened open = handles_.find(arguments[0].integer());
    if (!open)
      co_return refuse(KT_FAULT_UNAVAILABLE, "no connection found");
    const std::string_view statement = arguments[1].text();
    if (statement.find('\0') != std::string_view::npos)
      co_return refuse(KT_FAULT_QUERY, "the statement has a NUL character");
    auto parameters = PgParameters::encode(arguments[2]);
    if (!parameters)
      co_return tl::unexpected<HostRefusal>(std::move(parameters).error());
    Turns::Turn turn(open->turns);
    co_await turn.wait();
    PgConnection* const connection = open->lease.get();
    if (connection == nullptr)
      co_return refuse(KT_FAULT_UNAVAILABLE, "the connection to PostgreSQL is lost");
    auto running = connection->run(std::string(statement), *std::move(parameters), query);
    auto reply = co_await handles_.finish(open, std::move(running));
    if (!reply)
      co_return refused(reply.error());
    if (reply->refused)
      co_return tl::unexpected<HostRefusal>(*std::move(reply->refused));
    if (!query)
      co_return HostResult(reply->affected);
    co_await learn_names(open, reply->columns);
    co_return rows(*std::move(reply));
  }

  static Answer rows(PgReply reply) {
    HostResult::List columns;
    for (PgColumn& column : reply.columns) {
      if (!is_utf8(column.name))
        return refuse(KT_FAULT_TYPE, "the name of a column is not UTF-8");
      HostResult::List described;
      described.push_back(HostResult(std::move(column.name)));
      described.push_back(HostResult(std::int64_t{pg_type(column.type).type}));
      described.push_back(HostResult(std::move(column.type_name)));
      columns.push_back(HostResult(std::move(described)));
    }
    HostResult::List answer;
    answer.push_back(HostResult(std::move(columns)));
    answer.push_back(HostResult(std::move(reply.rows)));
    return HostResult(std::move(answer));
  }

  /// Types of the database's own have a name only there; the connection remembers what it asked.
  Task<void> learn_names(Opened open, std::vector<PgColumn>& columns) {
    for (PgColumn& column : columns) {
      column.type_name = pg_type(column.type).name;
      if (!column.type_name.empty())
        continue;
      column.type_name = "unknown";
      PgConnection* const connection = open->lease.get();
      if (connection == nullptr)
        continue;
      const auto name = co_await handles_.finish(open, connection->type_name(column.type));
      if (name)
        column.type_name = *name;
    }
  }

  std::shared_ptr<Shared> shared_;
  ConnectionHandles<PgConnection> handles_;
};

PostgresCapability::PostgresCapability(Deps deps, PostgresOptions options)
    : shared_(std::make_shared<Shared>(std::move(deps), std::move(options))) {}

PostgresCapability::~PostgresCapability() {
  const Executor executor = shared_->deps.executor;
  asio::post(executor, [shared = std::move(shared_)] { shared->close(); });
}

std::unique_ptr<CapabilitySession> PostgresCapability::begin() {
  return std::make_unique<Session>(shared_);
}

}  // namespace kt::host
