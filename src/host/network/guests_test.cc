// Guests against real servers on the loopback address: what they may reach, and how it is sent.
#include <gmock/gmock.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <thread>

#include "runtime/task_group.h"
#include "tests/support/network_guests.h"

namespace kt::host {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using asio::ip::tcp;
using asio::ip::udp;
using ::testing::HasSubstr;

TEST_F(NetworkGuests, ReachAListedServerAndCarryTheTrace) {
  Asked asked;
  const std::string place = asked.place();
  EXPECT_EQ(run({{"http://" + place}, {}, {}, {}}, "get http " + place + " /a?b=c"),
            "status 200 body GET /a?b=c of " + place + " in " + kTrace + "\n");
  while (permits_held() > 0) {
    // The instance is cleared away after its answer, and its connections with it.
  }
}

#if KT_BRIDGE_P3
class AsynchronousGuests : public NetworkGuests {
 protected:
  void expect_asked(const wasm::CompiledComponent& guest) {
    Asked asked;
    const std::string place = asked.place();
    const std::string get = "get http " + place + " /";
    const std::string answer = "status 200 body GET / of " + place + " in " + kTrace + "\n";
    EXPECT_EQ(run(*link(guest, {{"http://" + place}, {}, {}, {}}), {get, get}), answer + answer);
    EXPECT_EQ(asked.connections(), 1u);
    EXPECT_EQ(run(*link(guest, {{}, {}, {}, {}}), {get}), "error ErrorCode::HttpRequestDenied\n");
    EXPECT_EQ(run(*link(guest, {{"http://*:*"}, {"private"}, {}, {}}), {get}),
              "error ErrorCode::DestinationIpProhibited\n");
  }
};

TEST_F(AsynchronousGuests, AreAskedInTheSameWay) {
  expect_asked(machine_->load("spin_network_async"));
}

TEST_F(AsynchronousGuests, OfASnapshotAreGivenTheRelease) {
  expect_asked(machine_->load("spin_network_snapshot"));
}
#endif

TEST_F(NetworkGuests, OfTheSnapshotOfNovember2023AreGivenTheRelease) {
  Asked asked;
  const std::string place = asked.place();
  const wasm::CompiledComponent guest = machine_->load("spin_network_2023");
  EXPECT_EQ(run(*link(guest, {{"http://" + place}, {}, {}, {}}), {"get http " + place + " /"}),
            "status 200 body GET / of " + place + " in " + kTrace + "\n");
  EXPECT_EQ(run(*link(guest, {{}, {}, {}, {}}), {"get http " + place + " /"}),
            "error ErrorCode::HttpRequestDenied\n");
  EXPECT_THAT(run(*link(guest, {{}, {}, {}, {}}), {"tcp 127.0.0.1 1"}), HasSubstr("access-denied"));
}

TEST_F(NetworkGuests, OfTheSnapshotOfOctober2023AreServedBesideTheRelease) {
  Asked asked;
  const std::string place = asked.place();
  const wasm::CompiledComponent guest = machine_->load("spin_october");
  const auto folder = std::filesystem::temp_directory_path() / "kt-october-guest";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "note") << "written\n";
  Rules rules{{"http://" + place}, {}, {}, {}};
  rules.directory = folder.string();
  const auto component = link(guest, rules);
  EXPECT_EQ(run(*component, {"post 20000 " + place + " /a hello"}),
            "status 200 body POST /a of " + place + " in " + kTrace + " trailers 0\n");
  EXPECT_EQ(run(*component, {"post 20000 127.0.0.1:1 / x"}),
            "error Error::UnexpectedError(\"ErrorCode::HttpRequestDenied\")\n");
  EXPECT_EQ(run(*component, {"cat note"}), "written\nmoved 8\n");
  EXPECT_THAT(run(*component, {"cat missing"}), HasSubstr("name: \"no-entry\""));
  EXPECT_THAT(run(*component, {"lock note"}),
              HasSubstr("name: \"unsupported\", message: \"\" }) Err(ErrorCode { code: 27, "));
  EXPECT_EQ(run(*component, {"sleep 5", "zone"}), "slept true\nUTC 0\n");
  std::filesystem::remove_all(folder);
}

TEST_F(NetworkGuests, AreRefusedByNameWhatTheyDoNotList) {
  Asked asked;
  const std::string place = asked.place();
  for (const std::string& allowed :
       {"https://" + place, std::string("http://127.0.0.1:1"), "http://localhost:*"s}) {
    EXPECT_EQ(run({{allowed}, {}, {}, {}}, "get http " + place + " /"),
              "error ErrorCode::HttpRequestDenied\n");
    EXPECT_THAT(run({{allowed}, {}, {}, {}}, "spin http://" + place + "/"),
                HasSubstr("destination-not-allowed"));
  }
  EXPECT_EQ(asked.connections(), 0u);
}

TEST_F(NetworkGuests, AreRefusedByAddressWhateverNameLeadsToIt) {
  Asked asked;
  const std::string port = asked.place().substr(10);
  const Rules rules{{"http://*:*"}, {"127.0.0.0/8", "::1/128"}, {}, {}};
  for (const std::string& host :
       {"127.0.0.1"s, "localhost"s, "0.0.0.0"s, "127.1"s, "[::ffff:127.0.0.1]"s, "0x7f000001"s}) {
    EXPECT_EQ(run(rules, "get http " + host + ":" + port + " /"),
              "error ErrorCode::DestinationIpProhibited\n")
        << host;
  }
  EXPECT_THAT(run(rules, "spin http://localhost:" + port + "/"), HasSubstr("runtime-error"));
  EXPECT_EQ(asked.connections(), 0u);
}

TEST_F(NetworkGuests, FollowRedirectsThemselves) {
  Asked asked;
  const std::string place = asked.place();
  EXPECT_THAT(run({{"http://" + place}, {}, {}, {}}, "get http " + place + " /away"),
              HasSubstr("status 302 body GET /away"));
  EXPECT_THAT(run({{"http://" + place}, {}, {}, {}}, "spin http://" + place + "/away"),
              HasSubstr("status 302 body GET /away"));
}

TEST_F(NetworkGuests, HaveNoAppOfTheirOwnToAsk) {
  EXPECT_EQ(run({{"http://self"}, {}, {}, {}}, "get http self.alt /"),
            "error ErrorCode::HttpRequestUriInvalid\n");
  EXPECT_EQ(run({{}, {}, {}, {}}, "get http self.alt /"), "error ErrorCode::HttpRequestDenied\n");
  EXPECT_THAT(run({{"http://self"}, {}, {}, {}}, "spin /path"), HasSubstr("invalid-url"));
  EXPECT_THAT(run({{}, {}, {}, {}}, "spin /path"), HasSubstr("destination-not-allowed"));
}

TEST_F(NetworkGuests, UseAConnectionAgainAlsoInLaterCalls) {
  Asked asked;
  const std::string place = asked.place();
  const auto component = link({{"http://" + place}, {}, {{}, {{"http", 1}}}, {}});
  const std::string get = "get http " + place + " /";
  const std::string answer = "status 200 body GET / of " + place + " in " + kTrace + "\n";
  EXPECT_EQ(run(*component, {get, get, get}), answer + answer + answer);
  EXPECT_EQ(run(*component, {get}), answer);
  EXPECT_EQ(asked.connections(), 1u);
  EXPECT_EQ(permits_held(), 1u) << "an idle connection keeps its permit";
}

TEST_F(NetworkGuests, ConnectAnewForEachRequestWhereConnectionsAreNotToBeUsedAgain) {
  Asked asked;
  Rules rules{{"http://*:*"}, {}, {{}, {{"http", 1}}}, {}};
  rules.reuses_connections = false;
  const auto component = link(std::move(rules));
  const std::string get = "get http " + asked.place() + " /";
  const std::string printed = run(*component, {get, get});
  EXPECT_EQ(asked.connections(), 2u) << printed;
}

TEST_F(NetworkGuests, AreGivenThePermitOfAConnectionThatIsIdle) {
  Asked one;
  Asked other;
  const auto component = link({{"http://*:*"}, {}, {{}, {{"http", 1}}}, {}});
  EXPECT_THAT(run(*component, {"get http " + one.place() + " /"}), HasSubstr("status 200"));
  EXPECT_THAT(run(*component, {"get http " + other.place() + " /"}), HasSubstr("status 200"));
  EXPECT_EQ(permits_held(), 1u);
}

TEST_F(NetworkGuests, DoNotUseTheConnectionsOfAnotherComponent) {
  Asked asked;
  const Rules rules{{"http://*:*"}, {}, {}, {}};
  const auto one = link(rules);
  const auto other = link(rules);
  for (const auto* component : {one.get(), other.get(), one.get()})
    run(*component, {"get http " + asked.place() + " /"});
  EXPECT_EQ(asked.connections(), 2u);
}

/// Allows every name; addresses while they are not forbidden.
class ChangingPolicy final : public OutboundPolicy {
 public:
  Task<Result<Unit>> check(std::string, std::string, std::uint16_t) override { co_return Unit{}; }
  bool is_blocked(const asio::ip::address&) const override { return forbidden; }
  std::atomic<bool> forbidden = false;
};

TEST_F(NetworkGuests, AreKeptFromAnOpenConnectionWhosePeerIsNoLongerAllowed) {
  Asked asked;
  const auto policy = std::make_shared<ChangingPolicy>();
  Rules rules;
  rules.policy = policy;
  const auto component = link(std::move(rules));
  const std::string get = "get http " + asked.place() + " /";
  EXPECT_THAT(run(*component, {get}), HasSubstr("status 200"));
  policy->forbidden = true;
  EXPECT_EQ(run(*component, {get}), "error ErrorCode::DestinationIpProhibited\n");
  policy->forbidden = false;
  EXPECT_THAT(run(*component, {get}), HasSubstr("status 200"));
  EXPECT_EQ(asked.connections(), 2u) << "the first one was closed";
}

TEST_F(NetworkGuests, SpeakHttp2WithoutTlsWhereTheOperatorSaidSo) {
  Asked asked;
  Rules rules{{"http://*:*"}, {}, {}, {}};
  rules.plain_http2 = asked.place();
  EXPECT_THAT(run(*link(rules), {"get http " + asked.place() + " /"}), HasSubstr("status 200"));
  asio::io_context context;
  tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  const std::string place = "127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
  std::string seen(14, ' ');
  std::thread server([&] {
    tcp::socket socket = acceptor.accept();
    asio::read(socket, asio::buffer(seen));
  });
  rules.plain_http2 = place;
  EXPECT_THAT(run(*link(rules), {"get http " + place + " /"}), HasSubstr("error"));
  server.join();
  EXPECT_EQ(seen, "PRI * HTTP/2.0");
}

TEST_F(NetworkGuests, ReportAServerThatIsNotThere) {
  std::uint16_t port = 0;
  {
    asio::io_context context;
    const tcp::acceptor closed(context, {asio::ip::address_v4::loopback(), 0});
    port = closed.local_endpoint().port();
  }
  const std::string place = "127.0.0.1:" + std::to_string(port);
  EXPECT_EQ(run({{"http://*:*"}, {}, {}, {}}, "get http " + place + " /"),
            "error ErrorCode::ConnectionRefused\n");
  EXPECT_THAT(run({{"http://*:*"}, {}, {}, {}}, "get http no-such-host.invalid /"),
              HasSubstr("error ErrorCode::DnsError"));
  EXPECT_EQ(run({{"https://*:*"}, {}, {}, {}}, "get https 127.0.0.1:99999 /"),
            "error ErrorCode::HttpRequestUriInvalid\n");
}

/// Serves one connection on a thread of its own, with blocking calls.
class OneConnection {
 public:
  using Serve = std::function<void(tcp::socket&)>;

  explicit OneConnection(Serve serve)
      : serve_(std::move(serve)), acceptor_(context_, {asio::ip::address_v4::loopback(), 0}) {
    thread_ = std::thread([this] { run(); });
  }
  ~OneConnection() {
    // Wakes one that nobody connected to.
    asio::io_context context;
    tcp::socket waker(context);
    boost::system::error_code ignored;
    waker.connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
  }
  std::string port() const { return std::to_string(acceptor_.local_endpoint().port()); }

 private:
  void run() {
    tcp::socket socket(context_);
    boost::system::error_code error;
    acceptor_.accept(socket, error);
    if (!error)
      serve_(socket);
  }

  Serve serve_;
  asio::io_context context_;
  tcp::acceptor acceptor_;
  std::thread thread_;
};

/// Answers before it has the whole request, and sends each chunk back as it comes: chunks of the
/// request are chunks of the response.
void send_back(tcp::socket& socket) {
  boost::system::error_code error;
  std::string head;
  std::array<char, 4096> buffer{};
  while (head.find("\r\n\r\n") == std::string::npos) {
    const std::size_t size = socket.read_some(asio::buffer(buffer), error);
    if (error)
      return;
    head.append(buffer.data(), size);
  }
  const std::string body = head.substr(head.find("\r\n\r\n") + 4);
  const std::string answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body;
  asio::write(socket, asio::buffer(answer), error);
  while (!error) {
    const std::size_t size = socket.read_some(asio::buffer(buffer), error);
    if (!error)
      asio::write(socket, asio::buffer(buffer, size), error);
  }
}

TEST_F(NetworkGuests, StreamBodiesBothWaysAtATime) {
  const OneConnection server(send_back);
  EXPECT_EQ(run({{"http://*:*"}, {}, {}, {}}, "echo 127.0.0.1:" + server.port() + " / 20"),
            "echoed 20\n");
}

void say_nothing(tcp::socket& socket) {
  boost::system::error_code error;
  std::array<char, 4096> buffer{};
  while (!error)
    socket.read_some(asio::buffer(buffer), error);
}

TEST_F(NetworkGuests, WaitForTheFirstByteAsLongAsTheyAsked) {
  const OneConnection server(say_nothing);
  EXPECT_EQ(run({{"http://*:*"}, {}, {}, {}}, "slow 50 http 127.0.0.1:" + server.port() + " /"),
            "error ErrorCode::ConnectionReadTimeout\n");
}

const auto kDenied = HasSubstr("access-denied");

void answer_pong(tcp::socket& socket) {
  boost::system::error_code error;
  std::array<char, 4> ping{};
  asio::read(socket, asio::buffer(ping), error);
  asio::write(socket, asio::buffer("pong", 4), error);
}

TEST_F(NetworkGuests, ConnectSocketsWhereTheyMay) {
  const OneConnection server(answer_pong);
  const std::string deed = "tcp 127.0.0.1 " + server.port();
  EXPECT_THAT(run({{}, {}, {}, {}}, deed), kDenied);
  EXPECT_THAT(run({{"udp://*:*", "http://*:*"}, {}, {}, {}}, deed), kDenied);
  EXPECT_THAT(run({{"tcp://*:*"}, {"private"}, {}, {}}, deed), kDenied);
  EXPECT_THAT(run({{"tcp://*:*"}, {}, {{}, {{"socket", 0}}}, {}}, deed), kDenied);
  EXPECT_EQ(run({{"tcp://127.0.0.1:" + server.port()}, {}, {}, {}}, deed), "tcp pong\n");
}

TEST_F(NetworkGuests, SendDatagramsWhereTheyMay) {
  asio::io_context context;
  udp::socket server(context, {asio::ip::address_v4::loopback(), 0});
  std::thread answering([&server] {
    udp::endpoint from;
    std::array<char, 16> ping{};
    server.receive_from(asio::buffer(ping), from);
    server.send_to(asio::buffer("pong", 4), from);
  });
  const std::string port = std::to_string(server.local_endpoint().port());
  const std::string deed = "udp 127.0.0.1 " + port;
  EXPECT_THAT(run({{}, {}, {}, {}}, deed), kDenied);
  EXPECT_THAT(run({{"tcp://*:*"}, {}, {}, {}}, deed), kDenied);
  EXPECT_THAT(run({{"udp://*:*"}, {"127.0.0.1/32"}, {}, {}}, deed), kDenied);
  EXPECT_EQ(run({{"udp://127.0.0.1:" + port}, {}, {}, {}}, deed), "udp pong\n");
  answering.join();
}

TEST_F(NetworkGuests, ServeNobodyAndResolveNoNames) {
  EXPECT_THAT(run({{"*://*:*"}, {}, {}, {}}, "bind-tcp 0"), kDenied);
  EXPECT_THAT(run({{"tcp://*:*"}, {}, {}, {}}, "bind-udp 0"), kDenied);
  EXPECT_EQ(run({{"udp://127.0.0.1:0"}, {}, {}, {}}, "bind-udp 0"), "bound\n");
  EXPECT_THAT(run({{"*://*:*"}, {}, {}, {}}, "lookup localhost"),
              HasSubstr("permanent-resolver-failure"));
}

constexpr Duration kPause = 1s;

/// Answers after a pause.
class Slow {
 public:
  std::string place() const { return "127.0.0.1:" + std::to_string(server_.port()); }

 private:
  Task<http::Response> answer() {
    co_await server_.clock.sleep(kPause);
    http::Response response;
    response.status = 200;
    co_return response;
  }
  static http::ServerOptions options() {
    http::ServerOptions options;
    options.connections_max = 1100;
    return options;
  }

  http::ServerUnderTest server_{options(), [this](http::ServerRequest) { return answer(); }};
};

std::size_t thread_count() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& task : std::filesystem::directory_iterator("/proc/self/task"))
    ++count;
  return count;
}

Task<Result<Unit>> invoke_and_count(const wasm::LinkedComponent& component, const Deeds& deeds,
                                    Printed& printed, std::size_t& ok) {
  const wasm::CallOptions options(20s, &printed);
  const auto done = co_await component.invoke(deeds.span(), options);
  ok += done.ok() ? 1 : 0;
  co_return Unit{};
}

TEST_F(NetworkGuests, WaitByTheThousandWithoutAThreadEach) {
  constexpr std::size_t kGuests = 1000;
  const Slow server;
  const auto component = link({{"http://*:*"}, {}, {}, {}});
  const Deeds deeds({"get http " + server.place() + " /"});
  Printed printed;
  std::size_t ok = 0;
  std::size_t threads = 0;
  TaskGroup calls(machine_->calls.loop());
  const std::clock_t begun = std::clock();
  for (std::size_t i = 0; i < kGuests; ++i)
    calls.spawn(invoke_and_count(*component, deeds, printed, ok));
  machine_->calls.run_until([&] {
    threads = std::max(threads, ok > 0 ? 0 : thread_count());
    return calls.empty();
  });
  // On a machine that does nothing else: the wait, and the work on two cores.
  const double work = static_cast<double>(std::clock() - begun) / CLOCKS_PER_SEC;
  EXPECT_EQ(ok, kGuests);
  std::string answers = printed.take();
  std::size_t answered = 0;
  for (std::size_t at = 0; (at = answers.find("status 200", at)) != std::string::npos; ++at)
    ++answered;
  EXPECT_EQ(answered, kGuests);
  EXPECT_LE(threads, 64u);
  EXPECT_LT(1.0 + work / 2, 3.0);
}

}  // namespace
}  // namespace kt::host
