#include "http/crt_transport.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <fstream>
#include <vector>

#include "runtime/random.h"
#include "runtime/task_group.h"
#include "tests/support/http_server_under_test.h"

namespace kt::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Endpoint local(std::uint16_t port) {
  Endpoint endpoint;
  endpoint.scheme = Scheme::Http;
  endpoint.host = "127.0.0.1";
  endpoint.port = port;
  return endpoint;
}

Request post(std::string body) {
  Request request;
  request.body = std::move(body);
  return request;
}

/// "/never" is never answered; everything else gets its peer's name in front of its body.
Task<Response> handle(ServerRequest request) {
  if (request.target == "/never") {
    OneShot never;
    co_await never.wait();
  }
  Response response;
  response.status = 200;
  response.headers.emplace_back("X-Peer", request.peer);
  response.body = std::move(request.body);
  co_return response;
}

template <class T>
Task<void> run_and_stop(Task<T> task, std::optional<T>& out, Loop& loop) {
  co_await asio::this_coro::throw_if_cancelled(false);
  out.emplace(co_await std::move(task));
  loop.stop();
}

class ACrtTransport : public ::testing::Test {
 protected:
  template <class T>
  T run(Task<T> task) {
    std::optional<T> out;
    asio::co_spawn(loop_.executor(), run_and_stop(std::move(task), out, loop_),
                   [](std::exception_ptr thrown) {
                     if (thrown)
                       std::rethrow_exception(thrown);
                   });
    loop_.context().restart();
    loop_.run();
    return std::move(*out);
  }
  std::unique_ptr<CrtTransport> transport(std::uint16_t port, CrtTransportOptions options = {}) {
    return std::move(*CrtTransport::make(runtime_, clock_, local(port), options));
  }

  Loop loop_;
  SystemClock clock_{loop_};
  CrtRuntime runtime_;
};

TEST_F(ACrtTransport, CarriesLargeBodiesBothWays) {
  ServerUnderTest server({}, handle);
  const auto client = transport(server.port());
  const std::string body(3'000'000, 'x');
  const auto answer = run(client->send(post(body), seconds(10)));
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, body);
}

TEST_F(ACrtTransport, AssemblesABodyOnceInMemoryThatWasGivenBack) {
  ServerUnderTest server({}, handle);
  const auto client = transport(server.port());
  auto first = run(client->send(post(std::string(3'000'000, 'x')), seconds(10)));
  ASSERT_TRUE(first) << first.error().what;
  const char* const memory = first->body.data();
  first->pool->give_back(std::move(first->body));
  const std::string body(2'900'000, 'y');
  const auto second = run(client->send(post(body), seconds(10)));
  ASSERT_TRUE(second) << second.error().what;
  EXPECT_EQ(second->body.data(), memory);
  EXPECT_EQ(second->body, body);
  EXPECT_EQ(second->pool->held_bytes(), 0u);
}

TEST_F(ACrtTransport, UsesItsConnectionAgain) {
  ServerUnderTest server({}, handle);
  const auto client = transport(server.port());
  const auto first = run(client->send(post("a"), seconds(10)));
  const auto second = run(client->send(post("b"), seconds(10)));
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->header("x-peer"), second->header("x-peer"));
}

TEST_F(ACrtTransport, SpeaksHttp2ToAPlainEndpoint) {
  ServerUnderTest server({}, handle);
  CrtTransportOptions options;
  options.protocol = Alpn::Http2;
  const auto client = transport(server.port(), options);
  const auto answer = run(client->send(post("over h2"), seconds(10)));
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_EQ(answer->body, "over h2");
}

TEST_F(ACrtTransport, RefusesAnAnswerLongerThanAllowed) {
  ServerUnderTest server({}, handle);
  const auto client = transport(server.port());
  Request request = post(std::string(5000, 'x'));
  request.answer_bytes_max = 4999;
  const auto answer = run(client->send(std::move(request), seconds(10)));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::LimitExceeded);
  Request exact = post(std::string(5000, 'x'));
  exact.answer_bytes_max = 5000;
  EXPECT_TRUE(run(client->send(std::move(exact), seconds(10))));
}

TEST_F(ACrtTransport, TellsThatNobodyListens) {
  std::uint16_t port = 0;
  {
    ServerUnderTest server({}, handle);
    port = server.port();
  }
  const auto client = transport(port);
  const auto answer = run(client->send(post(""), seconds(10)));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::Unavailable);
  EXPECT_NE(answer.error().what.find("http://127.0.0.1:" + std::to_string(port)),
            std::string::npos);
}

TEST_F(ACrtTransport, GivesUpAtTheDeadlineAndGoesOn) {
  ServerUnderTest server({}, handle);
  const auto client = transport(server.port());
  Request request = post("");
  request.path = "/never";
  const auto late = run(client->send(std::move(request), milliseconds(100)));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::TimedOut);
  EXPECT_TRUE(run(client->send(post("a"), seconds(10))));
}

Task<Result<Unit>> hurry(CrtTransport& client, Duration timeout, int& answered) {
  const auto answer = co_await client.send(post(std::string(20'000, 'x')), timeout);
  answered += answer ? 1 : 0;
  co_return Unit{};
}

Task<Result<int>> hurry_all(CrtTransport& client, Executor executor) {
  Random random(7);
  int answered = 0;
  TaskGroup group(executor);
  for (int i = 0; i < 400; ++i)
    group.spawn(hurry(client, random.between(Duration(0), milliseconds(30)), answered));
  group.spawn(hurry(client, seconds(20), answered));
  CO_TRY(group.join());
  co_return answered;
}

TEST_F(ACrtTransport, SurvivesDeadlinesAtAnyMoment) {
  ServerUnderTest server({}, handle);
  auto client = transport(server.port());
  const auto answered = run(hurry_all(*client, loop_.executor()));
  EXPECT_GE(*answered, 1);
  client.reset();
}

TEST_F(ACrtTransport, EndsInBoundedTimeWhenThePeerKeepsSilent) {
  // Listens and never accepts: the kernel completes the connection, nothing ever answers.
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::listen(listener, 16), 0);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const MonotonicTime begin = clock_.now();
  {
    CrtRuntime runtime;
    CrtTransportOptions options;
    options.protocol = Alpn::Http2;
    const auto client =
        std::move(*CrtTransport::make(runtime, clock_, local(ntohs(address.sin_port)), options));
    const auto answer = run(client->send(post(""), milliseconds(100)));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::Unavailable) << "it was never sent";
  }
  EXPECT_LT(clock_.now() - begin, seconds(8));
  ::close(listener);
}

TEST(CrtRuntime, NamesACaFileThatCanNotBeRead) {
  CrtRuntimeOptions options;
  options.ca_file = "/does/not/exist.pem";
  CrtRuntime runtime(options);
  const auto tls = runtime.tls(Alpn::Http1);
  ASSERT_FALSE(tls);
  EXPECT_EQ(tls.error().code, ErrorCode::Invalid);
  EXPECT_NE(tls.error().what.find("/does/not/exist.pem"), std::string::npos);
}

TEST(CrtRuntime, NamesAClientsFileThatCanNotBeReadOrUsed) {
  const std::string path = ::testing::TempDir() + "kt_no_key_" + std::to_string(::getpid());
  std::ofstream(path) << "no key";
  CrtRuntime runtime;
  const auto why = [&](const std::string& certificate, const std::string& key) {
    TlsFiles files;
    files.certificate = certificate;
    files.key = key;
    const auto tls = runtime.tls(Alpn::Http2, files);
    return tls ? std::string() : tls.error().what;
  };
  EXPECT_EQ(why("/none.pem", path),
            "TLS could not be set up: the client's certificate /none.pem cannot be read, or is "
            "empty");
  EXPECT_EQ(why(path, "/none.key"),
            "TLS could not be set up: the client's key /none.key cannot be read, or is empty");
  EXPECT_NE(why(path, path).find("the client's certificate " + path + " and its key " + path),
            std::string::npos);
}

}  // namespace
}  // namespace kt::http
