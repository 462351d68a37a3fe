#include "redis/client.h"

#include <openssl/ssl.h>

#include <utility>

#include "redis/connection.h"

namespace kt::redis {

std::shared_ptr<asio::ssl::context> make_tls_context() {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  boost::system::error_code ignored;  // without roots every certificate is refused
  context->set_default_verify_paths(ignored);
  return context;
}

RedisClient::RedisClient(Executor executor, Clock& clock, RedisAddress address,
                         RedisOptions options)
    : executor_(executor),
      clock_(clock),
      address_(std::move(address)),
      options_(std::move(options)) {}

RedisClient::~RedisClient() {
  if (connection_)
    connection_->close(Error(ErrorCode::Closed, "the Redis connection was closed"));
}

bool RedisClient::connected() const {
  return connection_ && connection_->ready();
}

RedisConnection& RedisClient::connection() {
  if (!connection_ || connection_->closed()) {
    if (address_.tls && !options_.tls)
      options_.tls = make_tls_context();
    ++connection_count_;
    connection_ = std::make_shared<RedisConnection>(executor_, clock_, address_, options_);
    connection_->start();
  }
  return *connection_;
}

Task<Result<RedisReply>> RedisClient::command(RedisCommand command) {
  auto pending = std::make_shared<PendingReply>();
  RedisConnection& open = connection();
  if (open.closed())
    co_return fail(open.why());
  open.send(std::move(command), pending);
  co_await pending->done.wait();
  co_return std::move(*pending->result);
}

Task<Result<Unit>> RedisClient::connect() {
  if (connected())
    co_return Unit{};
  // Any answer shows that there is a connection, a refusal of the command too.
  RedisCommand ping("PING");
  CO_TRY(command(std::move(ping)));
  co_return Unit{};
}

}  // namespace kt::redis
