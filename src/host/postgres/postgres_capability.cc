#include "host/postgres/postgres_capability.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "host/handles.h"
#include "host/postgres/types.h"
#include "host/turns.h"
#include "runtime/with_deadline.h"

namespace kt::host {

namespace {

HostRefusal refusal_of(const Error& error) {
  HostRefusal refusal;
  refusal.message = error.what;
  switch (error.code) {
    case ErrorCode::AccessDenied:
      refusal.fault = KT_FAULT_ACCESS_DENIED;
      break;
    case ErrorCode::Invalid:
      refusal.fault = KT_FAULT_INVALID;
      break;
    case ErrorCode::LimitExceeded:
      refusal.fault = KT_FAULT_TOO_MANY;
      break;
    default:
      refusal.fault = KT_FAULT_UNAVAILABLE;
  }
  return refusal;
}

tl::unexpected<HostRefusal> refused(const Error& error) {
  return tl::unexpected<HostRefusal>(refusal_of(error));
}

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
class PostgresCapability::Pools {
 public:
  struct Entry {
    std::shared_ptr<PgPool> pool;
    std::shared_ptr<PgTypeNames> names = std::make_shared<PgTypeNames>();
  };

  Pools(Deps deps, PostgresOptions options)
      : deps_(std::move(deps)), options_(std::move(options)) {}

  const PostgresOptions& options() const { return options_; }
  Clock& clock() { return deps_.clock; }
  OutboundPolicy& policy() { return *deps_.policy; }
  ConnectionPermits& permits() { return *deps_.permits; }

  Entry pool_of(const Libpq& library, const std::string& address_text, PostgresAddress address,
                const std::string& root_pem) {
    std::erase_if(entries_, [](const auto& entry) { return entry.second.pool->unused(); });
    const std::pair<std::string, std::string> key(address_text, root_pem);
    const auto known = entries_.find(key);
    if (known != entries_.end())
      return known->second;
    if (entries_.size() >= kPoolsMax)
      close_idle();
    if (!canceller_)
      canceller_ = std::make_shared<PgCanceller>(library, deps_.work);
    PgConnector::Deps deps{library, clock(), deps_.policy, canceller_};
    PgPool::Options pool_options;
    pool_options.connections_max = options_.connections_max;
    pool_options.idle_timeout = options_.idle_timeout;
    auto connector =
        std::make_unique<PgConnector>(std::move(deps), std::move(address), root_pem, options_);
    Entry entry;
    entry.pool = std::make_shared<PgPool>(clock(), std::move(connector), pool_options);
    entries_.emplace(key, entry);
    return entry;
  }
  void close() {
    for (auto& [key, entry] : entries_)
      entry.pool->close();
    entries_.clear();
  }

 private:
  static constexpr std::size_t kPoolsMax = 16;

  /// A component that opens ever new addresses keeps no idle connections.
  void close_idle() {
    std::erase_if(entries_, [](auto& entry) {
      entry.second.pool->close_idle();
      return entry.second.pool->unused();
    });
  }

  Deps deps_;
  PostgresOptions options_;
  std::shared_ptr<PgCanceller> canceller_;
  std::map<std::pair<std::string, std::string>, Entry> entries_;
};

/// An instance's handles.
class PostgresCapability::Session final : public CapabilitySession {
 public:
  explicit Session(std::shared_ptr<Pools> pools)
      : pools_(std::move(pools)), handles_(pools_->options().handles_max) {}

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
  /// Kept by its operations beyond its closing. The order of members is that of giving back.
  struct Open {
    Open(ConnectionPermits::Permit p, PgPool::Lease l, std::shared_ptr<PgTypeNames> n)
        : permit(std::move(p)), names(std::move(n)), lease(std::move(l)) {}
    ConnectionPermits::Permit permit;
    std::shared_ptr<PgTypeNames> names;
    PgPool::Lease lease;
    Turns turns;
  };

  Task<Answer> open(std::string text, std::string root_pem) {
    const auto library = Libpq::load();
    if (!library)
      co_return refused(library.error());
    const auto address = PostgresAddress::parse(**library, text);
    if (!address)
      co_return refused(address.error());
    for (const auto& server : address->servers) {
      const auto allowed = co_await pools_->policy().check("postgres", server.host, server.port);
      if (!allowed)
        co_return refused(allowed.error());
    }
    if (!root_pem.empty() && !is_certificate(root_pem))
      co_return refuse(KT_FAULT_INVALID, kNoCertificate);
    if (handles_.full() || opening_ >= pools_->options().handles_max)
      co_return too_many();
    const Opening opening(opening_);
    auto permit = co_await pools_->permits().enter("postgres");
    const auto entry = pools_->pool_of(**library, text, *address, root_pem);
    const MonotonicTime deadline = pools_->clock().now() + pools_->options().connect_timeout;
    auto taking = entry.pool->take();
    auto lease = co_await with_deadline(pools_->clock(), deadline, std::move(taking),
                                        "opening a connection to PostgreSQL");
    if (!lease)
      co_return refused(lease.error());
    if (handles_.full())
      co_return too_many();
    auto opened = std::make_shared<Open>(std::move(permit), *std::move(lease), entry.names);
    co_return HostResult(handles_.add(std::move(opened)));
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
    const auto open = handles_.find(arguments[0].integer());
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
    if (open->lease.get() == nullptr)
      co_return refuse(KT_FAULT_UNAVAILABLE, "the connection to PostgreSQL is lost");
    Clock& clock = pools_->clock();
    auto running = open->lease.get()->run(std::string(statement), *std::move(parameters), query);
    auto reply = co_await with_deadline(clock, clock.now() + pools_->options().statement_timeout,
                                        std::move(running), "the PostgreSQL statement");
    if (!reply) {
      open->lease.drop();
      co_return refused(reply.error());
    }
    if (!open->lease.get()->usable())
      open->lease.drop();
    if (reply->refused)
      co_return tl::unexpected<HostRefusal>(*std::move(reply->refused));
    if (!query)
      co_return HostResult(reply->affected);
    co_return co_await rows(*open, *std::move(reply));
  }

  Task<Answer> rows(Open& open, PgReply reply) {
    co_await learn_names(open, reply.columns);
    HostResult::List columns;
    for (const PgColumn& column : reply.columns) {
      const PgType type = pg_type(column.type);
      std::string name(type.name);
      if (name.empty()) {
        const auto known = open.names->find(column.type);
        name = known == open.names->end() ? "unknown" : known->second;
      }
      if (!is_utf8(column.name))
        co_return refuse(KT_FAULT_TYPE, "the name of a column is not UTF-8");
      HostResult::List described;
      described.push_back(HostResult(column.name));
      described.push_back(HostResult(std::int64_t{type.type}));
      described.push_back(HostResult(std::move(name)));
      columns.push_back(HostResult(std::move(described)));
    }
    HostResult::List answer;
    answer.push_back(HostResult(std::move(columns)));
    answer.push_back(HostResult(std::move(reply.rows)));
    co_return HostResult(std::move(answer));
  }

  /// Types of the database's own have a name only there.
  Task<void> learn_names(Open& open, const std::vector<PgColumn>& columns) {
    constexpr std::size_t kNamesMax = 4096;
    for (const PgColumn& column : columns) {
      if (!pg_type(column.type).name.empty() || open.names->contains(column.type))
        continue;
      if (open.lease.get() == nullptr || open.names->size() >= kNamesMax)
        co_return;
      std::string statement =
          "SELECT typname::text FROM pg_catalog.pg_type WHERE oid = " + std::to_string(column.type);
      Clock& clock = pools_->clock();
      auto asking = open.lease.get()->run(std::move(statement), PgParameters(), true);
      const auto reply =
          co_await with_deadline(clock, clock.now() + pools_->options().connect_timeout,
                                 std::move(asking), "the name of a PostgreSQL type");
      if (!reply) {
        open.lease.drop();
        co_return;
      }
      const bool named = !reply->refused && reply->rows.size() == 1;
      const std::string* name = named ? reply->rows[0].list()->front().text() : nullptr;
      open.names->emplace(column.type, name == nullptr ? "unknown" : *name);
    }
  }

  tl::unexpected<HostRefusal> too_many() const {
    return refuse(
        KT_FAULT_TOO_MANY,
        "too many connections: " + std::to_string(pools_->options().handles_max) + " are open");
  }

  struct Opening {
    explicit Opening(std::size_t& c) : count(c) { ++count; }
    Opening(const Opening&) = delete;
    Opening& operator=(const Opening&) = delete;
    ~Opening() { --count; }
    std::size_t& count;
  };

  std::shared_ptr<Pools> pools_;
  Handles<Open> handles_;
  std::size_t opening_ = 0;
};

PostgresCapability::PostgresCapability(Deps deps, PostgresOptions options)
    : executor_(deps.executor),
      pools_(std::make_shared<Pools>(std::move(deps), std::move(options))) {}

PostgresCapability::~PostgresCapability() {
  asio::post(executor_, [pools = std::move(pools_)] { pools->close(); });
}

std::unique_ptr<CapabilitySession> PostgresCapability::begin() {
  return std::make_unique<Session>(pools_);
}

}  // namespace kt::host
