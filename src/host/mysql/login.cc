#include "host/mysql/login.h"

#include <utility>

namespace kt::host {

namespace {

/// A server names the way to log in. Not the ones that would ask on the terminal of the host, or
/// for the identity of whoever runs it; the password in clear only where it travels encrypted.
std::string ways_to_log_in(bool encrypted) {
  std::string ways = "mysql_native_password,caching_sha2_password,sha256_password,client_ed25519";
  return encrypted ? ways + ",mysql_clear_password" : ways;
}

// A server may ask any client for a file of its machine.
int no_file(void**, const char*, void*) {
  return 1;
}
int no_bytes(void*, char*, unsigned) {
  return -1;
}
void no_end(void*) {}
int no_file_error(void*, char* words, unsigned size) {
  const std::string text = "files of the host cannot be loaded";
  words[text.copy(words, size - 1)] = '\0';
  return 2;
}

void set_options(const Libmariadb& library, MYSQL* connection, const MysqlLogin& login) {
  const char no = 0;
  const char yes = 1;
  const unsigned off = 0;
  const unsigned tcp = MYSQL_PROTOCOL_TCP;
  const bool encrypted = !login.certificate.empty();
  const auto set = [&](mysql_option option, const void* value) {
    library.optionsv(connection, option, value);
  };
  set(MYSQL_OPT_NONBLOCK, nullptr);
  set(MYSQL_OPT_PROTOCOL, &tcp);
  set(MYSQL_OPT_CONNECT_TIMEOUT, &login.timeout_seconds);
  set(MYSQL_SET_CHARSET_NAME, "utf8mb4");
  set(MYSQL_OPT_LOCAL_INFILE, &off);
  set(MYSQL_OPT_RECONNECT, &no);
  set(MARIADB_OPT_RESTRICTED_AUTH, ways_to_log_in(encrypted).c_str());
  set(MYSQL_OPT_SSL_ENFORCE, encrypted ? &yes : &no);
  // Verifying stays as it is where a certificate is given: newer libraries would not compare it.
  if (encrypted)
    set(MARIADB_OPT_TLS_PEER_FP, login.certificate.c_str());
  else
    set(MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &no);
  if (login.packet_max_bytes > 0)
    set(MYSQL_OPT_MAX_ALLOWED_PACKET, &login.packet_max_bytes);
  library.set_local_infile_handler(connection, no_file, no_bytes, no_end, no_file_error, nullptr);
}

}  // namespace

Result<MysqlHandle> log_in(const Libmariadb& library, const MysqlLogin& login) {
  MysqlHandle connection(library.init(nullptr), CloseMysql{&library});
  if (!connection)
    return fail(ErrorCode::Unavailable, "no memory for a connection to MySQL");
  set_options(library, connection.get(), login);
  // A null password would be taken from the environment.
  const MYSQL* const connected = library.real_connect(
      connection.get(), login.ip.c_str(), login.user.c_str(), login.password.c_str(),
      login.database.empty() ? nullptr : login.database.c_str(), login.port, nullptr, 0);
  if (connected == nullptr) {
    return fail(ErrorCode::Unavailable,
                std::string("connecting to MySQL: ") + library.error(connection.get()));
  }
  return connection;
}

void MysqlCanceller::cancel(std::shared_ptr<const MysqlLogin> login, unsigned long session) {
  constexpr int kPendingMax = 64;
  if (pending_->load() >= kPendingMax)
    return;
  ++*pending_;
  work_.submit([&library = library_, login = std::move(login), session, pending = pending_] {
    const auto connection = log_in(library, *login);
    if (connection) {
      const std::string statement = "KILL CONNECTION " + std::to_string(session);
      library.real_query(connection->get(), statement.data(), statement.size());
    }
    --*pending;
  });
}

}  // namespace kt::host
