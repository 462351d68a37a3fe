#include "host/mysql/certificate.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <vector>

namespace kt::host {

namespace {

using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Stream = asio::ssl::stream<Socket>;
using Code = boost::system::error_code;

constexpr std::uint32_t kOffersTls = 0x0800;

Error unavailable(const MysqlAddress& address, const std::string& why) {
  return Error(ErrorCode::Unavailable, "connecting to MySQL at " + address.shown() + ": " + why);
}

/// The low half of the server's capabilities: behind its version (text that ends with a NUL), the
/// session's number, eight bytes of salt and one that means nothing.
std::uint32_t capabilities(const std::vector<std::uint8_t>& greeting) {
  std::size_t at = 1;
  while (at < greeting.size() && greeting[at] != 0)
    ++at;
  at += 1 + 4 + 8 + 1;
  if (at + 1 >= greeting.size())
    return 0;
  return greeting[at] | static_cast<std::uint32_t>(greeting[at + 1]) << 8;
}

/// A packet that asks for TLS: capabilities, the largest packet, a character set and zeros.
std::array<std::uint8_t, 36> tls_request() {
  constexpr std::uint32_t kProtocol41 = 0x0200, kSecure = 0x8000, kPlugins = 0x80000;
  constexpr std::uint32_t kAsked = 1 | kProtocol41 | kOffersTls | kSecure | kPlugins;
  std::array<std::uint8_t, 36> packet{};
  packet[0] = 32;
  packet[3] = 1;
  for (unsigned i = 0; i < 4; ++i)
    packet[4 + i] = static_cast<std::uint8_t>(kAsked >> (8 * i));
  packet[10] = 1;   // 64 KiB
  packet[12] = 45;  // utf8mb4
  return packet;
}

/// Reads the server's greeting and asks for TLS.
Task<Result<Unit>> ask_for_tls(Socket& socket, const MysqlAddress& address) {
  std::array<std::uint8_t, 4> header{};
  Code error;
  co_await asio::async_read(socket, asio::buffer(header), asio::redirect_error(use_task, error));
  const std::size_t size = header[0] | static_cast<std::size_t>(header[1]) << 8 |
                           static_cast<std::size_t>(header[2]) << 16;
  constexpr std::size_t kGreetingMax = 4096;
  if (error || size == 0 || size > kGreetingMax)
    co_return fail(unavailable(address, error ? error.message() : "it is no MySQL server"));
  std::vector<std::uint8_t> greeting(size);
  co_await asio::async_read(socket, asio::buffer(greeting), asio::redirect_error(use_task, error));
  constexpr std::uint8_t kProtocol = 10;
  if (error || greeting[0] != kProtocol)
    co_return fail(unavailable(address, "it refuses to talk"));
  if ((capabilities(greeting) & kOffersTls) == 0)
    co_return fail(unavailable(address, "it offers no TLS, which the address asks for"));
  const auto request = tls_request();
  co_await asio::async_write(socket, asio::buffer(request), asio::redirect_error(use_task, error));
  if (error)
    co_return fail(unavailable(address, error.message()));
  co_return Unit{};
}

std::string fingerprint(const Libmariadb& library, const X509* certificate) {
  // Since 3.4 the library compares SHA-256, before that SHA-1 only.
  constexpr unsigned long kKnowsSha256 = 30400;
  const EVP_MD* const digest =
      library.client_version() >= kKnowsSha256 ? ::EVP_sha256() : ::EVP_sha1();
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  ::X509_digest(certificate, digest, bytes.data(), &size);
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

}  // namespace

Task<Result<std::string>> checked_certificate(const Libmariadb& library, asio::ip::address ip,
                                              const MysqlAddress& address, std::string roots_file) {
  const Executor executor = co_await asio::this_coro::executor;
  asio::ssl::context context(asio::ssl::context::tls_client);
  Code error;
  if (roots_file.empty())
    context.set_default_verify_paths(error);
  else
    context.load_verify_file(roots_file, error);
  if (error)
    co_return fail(unavailable(address, "the roots cannot be read: " + error.message()));
  Stream stream(Socket(executor), context);
  stream.set_verify_mode(asio::ssl::verify_peer);
  if (address.tls == MysqlTls::ChainAndName) {
    const asio::ssl::host_name_verification check(address.host);
    stream.set_verify_callback(check, error);
  }
  SSL_set_tlsext_host_name(stream.native_handle(), address.host.c_str());
  const asio::ip::tcp::endpoint endpoint(ip, address.port);
  co_await stream.next_layer().async_connect(endpoint, asio::redirect_error(use_task, error));
  if (error)
    co_return fail(unavailable(address, error.message()));
  CO_TRY(ask_for_tls(stream.next_layer(), address));
  co_await stream.async_handshake(asio::ssl::stream_base::client,
                                  asio::redirect_error(use_task, error));
  if (error) {
    const long verdict = ::SSL_get_verify_result(stream.native_handle());
    const std::string why =
        verdict == X509_V_OK ? error.message() : ::X509_verify_cert_error_string(verdict);
    co_return fail(unavailable(address, "its certificate is not trusted: " + why));
  }
  const std::unique_ptr<X509, decltype(&::X509_free)> certificate(
      ::SSL_get1_peer_certificate(stream.native_handle()), ::X509_free);
  if (!certificate)
    co_return fail(unavailable(address, "it showed no certificate"));
  co_return fingerprint(library, certificate.get());
}

}  // namespace kt::host
