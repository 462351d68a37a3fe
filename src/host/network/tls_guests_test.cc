// Guests that speak TLS: whom they trust, who they are, and which HTTP is agreed on.
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>

#include "tests/support/identity.h"
#include "tests/support/network_guests.h"

namespace kt::host {
namespace {

using ::testing::HasSubstr;

/// Takes TLS off connections, one after another, and hands their bytes to a plain server.
class TlsFront {
 public:
  struct Options {
    test::Identity identity;
    std::string alpn;     ///< "h2" or "http/1.1"
    std::string trusted;  ///< PEM: the client must show a certificate of it; empty: none needed
  };

  TlsFront(Options options, std::uint16_t behind) : options_(std::move(options)), behind_(behind) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    CHECK(::bind(listener_, raw, size) == 0 && ::listen(listener_, 8) == 0, "no port");
    CHECK(::getsockname(listener_, raw, &size) == 0, "no port");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~TlsFront() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  std::string place() const { return "localhost:" + std::to_string(port_); }

 private:
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  static BIO* reader_of(const std::string& pem) {
    return BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  }
  static X509* certificate_of(const std::string& pem) {
    BIO* const bio = reader_of(pem);
    X509* const certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
    BIO_free(bio);
    return certificate;
  }
  static int choose(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in,
                    unsigned int in_size, void* self) {
    const std::string& alpn = static_cast<TlsFront*>(self)->options_.alpn;
    for (unsigned i = 0; i < in_size; i += in[i] + 1u) {
      const auto* const offered = reinterpret_cast<const char*>(in + i + 1);
      if (std::string_view(offered, in[i]) == alpn) {
        *out = in + i + 1;
        *size = in[i];
        return SSL_TLSEXT_ERR_OK;
      }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }

  SSL_CTX* make_context() {
    SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
    X509* const certificate = certificate_of(options_.identity.certificate);
    SSL_CTX_use_certificate(context, certificate);
    X509_free(certificate);
    BIO* const bio = reader_of(options_.identity.key);
    EVP_PKEY* const key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
    SSL_CTX_use_PrivateKey(context, key);
    EVP_PKEY_free(key);
    BIO_free(bio);
    SSL_CTX_set_alpn_select_cb(context, &choose, this);
    if (!options_.trusted.empty()) {
      X509* const trusted = certificate_of(options_.trusted);
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context), trusted);
      X509_free(trusted);
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    return context;
  }

  void serve() {
    SSL_CTX* const context = make_context();
    while (!stopping_) {
      const int client = ::accept(listener_, nullptr, nullptr);
      if (client < 0)
        break;
      SSL* const ssl = SSL_new(context);
      SSL_set_fd(ssl, client);
      if (SSL_accept(ssl) == 1)
        pass_on(ssl, client);
      SSL_free(ssl);
      ::close(client);
    }
    SSL_CTX_free(context);
  }

  void pass_on(SSL* ssl, int client) {
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(behind_);
    std::array<char, 16384> buffer{};
    bool open = ::connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    while (open) {
      std::array<pollfd, 2> both{pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
      ::poll(both.data(), both.size(), 10000);
      if (SSL_has_pending(ssl) == 1 || (both[0].revents & (POLLIN | POLLHUP)) != 0) {
        const int size = SSL_read(ssl, buffer.data(), buffer.size());
        open = size > 0 && ::write(server, buffer.data(), static_cast<std::size_t>(size)) == size;
      }
      if (open && (both[1].revents & (POLLIN | POLLHUP)) != 0) {
        const auto size = static_cast<int>(::read(server, buffer.data(), buffer.size()));
        open = size > 0 && SSL_write(ssl, buffer.data(), size) == size;
      }
    }
    ::close(server);
  }

  Options options_;
  std::uint16_t behind_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

class TlsGuests : public NetworkGuests {
 protected:
  Rules trusting(const std::string& roots) {
    ClientTlsEntry entry = entry_for_localhost();
    entry.ca_roots_pem = roots;
    return rules_of(entry);
  }
  static ClientTlsEntry entry_for_localhost() {
    ClientTlsEntry entry;
    entry.component_ids = {"guest"};
    entry.hosts = {"localhost"};
    return entry;
  }
  static Rules rules_of(const ClientTlsEntry& entry) {
    return {{"https://localhost:*"}, {}, {}, *ClientTls::make({entry})};
  }

  test::Identity identity_ = test::make_identity();
  Asked asked_;
};

TEST_F(TlsGuests, TrustTheRootsOfTheirHostAndAgreeOnHttp) {
  for (const std::string alpn : {"h2", "http/1.1"}) {
    const TlsFront front({identity_, alpn, ""}, asked_.port());
    EXPECT_EQ(run(trusting(identity_.certificate), "get https " + front.place() + " /x"),
              "status 200 body GET /x of " + front.place() + " in " + kTrace + "\n")
        << alpn;
  }
}

TEST_F(TlsGuests, TrustNobodyElse) {
  const TlsFront front({identity_, "h2", ""}, asked_.port());
  const std::string get = "get https " + front.place() + " /";
  const std::string refused = "error ErrorCode::TlsCertificateError\n";
  EXPECT_EQ(run(trusting(test::make_identity().certificate), get), refused);
  EXPECT_EQ(run({{"https://*:*"}, {}, {}, {}}, get), refused);
  EXPECT_EQ(asked_.connections(), 0u);
}

TEST_F(TlsGuests, RefuseACertificateOfAnotherName) {
  const test::Identity other = test::make_identity("DNS:example.com");
  const TlsFront front({other, "h2", ""}, asked_.port());
  EXPECT_EQ(run(trusting(other.certificate), "get https " + front.place() + " /"),
            "error ErrorCode::TlsCertificateError\n");
}

TEST_F(TlsGuests, ShowTheirCertificate) {
  const test::Identity guest = test::make_identity("DNS:guest");
  const TlsFront front({identity_, "http/1.1", guest.certificate}, asked_.port());
  const std::string get = "get https " + front.place() + " /";
  EXPECT_THAT(run(trusting(identity_.certificate), get), HasSubstr("error"));
  ClientTlsEntry entry = entry_for_localhost();
  entry.ca_roots_pem = identity_.certificate;
  entry.client_cert_pem = guest.certificate;
  entry.client_private_key_pem = guest.key;
  EXPECT_THAT(run(rules_of(entry), get), HasSubstr("status 200"));
}

}  // namespace
}  // namespace kt::host
