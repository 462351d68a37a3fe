// tests/support/network_guests.h — Guests that use the network, and a server that says what it saw.
// saw.
//
// Why: what a guest may reach is right only when a guest tries; the tests that do share an engine.
#pragma once
#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "host/component_host.h"
#include "host/network/network_capability.h"
#include "host/outbound_rules.h"
#include "tests/support/http_server_under_test.h"
#include "tests/support/run_real.h"
#include "wasm/linked_component.h"

namespace kt::host {

/// One engine for all tests, and the loop it outlives.
struct Machine {
  Machine() {
    wasm::EngineOptions options;
    options.worker_threads = 2;
    options.instances_max = 1100;
    options.memory_max_bytes = 64u << 20;
    auto made = wasm::Engine::create(options);
    CHECK(made.has_value(), "the engine does not start");
    engine = *std::move(made);
    component = load("spin_network");
  }
  wasm::CompiledComponent load(const std::string& name) const {
    auto compiled = engine->load(KT_GUESTS "/" + name + ".wasm");
    CHECK(compiled.has_value(), compiled.error().what);
    return *std::move(compiled);
  }

  HostLoop host_loop;
  test::RealLoop calls;
  std::unique_ptr<wasm::Engine> engine;
  wasm::CompiledComponent component;
};

class Printed final : public wasm::GuestOutput {
 public:
  void write(wasm::OutputStream, std::string_view bytes) noexcept override {
    const std::lock_guard lock(mutex_);
    text_ += bytes;
  }
  std::string take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(text_, {});
  }

 private:
  std::mutex mutex_;
  std::string text_;
};

/// Of every call.
constexpr const char* kTrace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// What the guest is asked to do, as the records of one batch.
class Deeds {
 public:
  explicit Deeds(const std::vector<std::string>& texts) : texts_(texts) {
    for (const std::string& text : texts_) {
      Record record;
      record.data = as_bytes(text);
      record.partition_key = "key";
      record.sequence_number = "1";
      records_.push_back(record);
    }
  }
  std::span<const Record> span() const { return records_; }

 private:
  std::vector<std::string> texts_;
  std::vector<Record> records_;
};

class NetworkGuests : public ::testing::Test {
 protected:
  struct Rules {
    std::vector<std::string> allowed;
    std::vector<std::string> blocked;
    ConnectionPermits::Options limits;
    ClientTls tls;
    std::string directory = {};  ///< the guest's; empty: none
    bool reuses_connections = true;
    std::string plain_http2 = {};
    std::shared_ptr<OutboundPolicy> policy = nullptr;  ///< instead of `allowed` and `blocked`
  };

  static void SetUpTestSuite() {
    if (std::filesystem::exists(KT_GUESTS "/spin_network.wasm"))
      machine_ = std::make_unique<Machine>();
  }
  static void TearDownTestSuite() { machine_.reset(); }
  void SetUp() override {
    if (machine_ == nullptr)
      GTEST_SKIP() << "no Rust standard library for wasm32 here; see tools/guest-rust.sh";
  }

  std::unique_ptr<wasm::LinkedComponent> link(Rules rules) {
    return link(machine_->component, std::move(rules));
  }
  std::unique_ptr<wasm::LinkedComponent> link(const wasm::CompiledComponent& component,
                                              Rules rules) {
    OutboundRules::Options options;
    options.component = "guest";
    options.allowed = std::move(rules.allowed);
    options.blocked = *BlockedNetworks::parse(rules.blocked);
    NetworkCapability::Deps deps;
    deps.policy = rules.policy;
    if (!deps.policy)
      deps.policy = *OutboundRules::make(std::move(options), {machine_->host_loop.clock(), {}, {}});
    deps.reuses_connections = rules.reuses_connections;
    deps.plain_http2 = std::move(rules.plain_http2);
    permits_ = std::make_shared<ConnectionPermits>(std::move(rules.limits));
    deps.permits = permits_;
    deps.tls = std::make_shared<ClientTls>(std::move(rules.tls));
    auto host = std::make_shared<ComponentHost>(machine_->host_loop);
    host->add(CapabilityFamily::Network,
              std::make_shared<NetworkCapability>("guest", std::move(deps)));
    wasm::LinkOptions link_options;
    link_options.host = host;
    if (!rules.directory.empty()) {
      wasm::PreopenedDir dir;
      dir.host_path = rules.directory;
      dir.guest_path = "/";
      link_options.dirs.push_back(std::move(dir));
    }
    auto linked = wasm::LinkedComponent::link(*machine_->engine, component, link_options);
    CHECK(linked.has_value(), linked.error().what);
    return *std::move(linked);
  }

  /// What the guest printed, doing this in one call.
  std::string run(const wasm::LinkedComponent& component, const std::vector<std::string>& texts) {
    const Deeds deeds(texts);
    Printed printed;
    wasm::CallOptions options(std::chrono::seconds(20), &printed);
    options.trace = *parse_traceparent(kTrace);
    const auto done = machine_->calls.run(component.invoke(deeds.span(), options));
    EXPECT_TRUE(done.ok()) << done.message;
    return printed.take();
  }
  /// Connections that are held now, asked where they are counted.
  std::size_t permits_held() {
    std::promise<std::size_t> held;
    machine_->host_loop.loop().post([&] { held.set_value(permits_->held()); });
    return held.get_future().get();
  }

  std::string run(Rules rules, const std::string& text) {
    return run(*link(std::move(rules)), {text});
  }

  inline static std::unique_ptr<Machine> machine_;
  std::shared_ptr<ConnectionPermits> permits_;
};

/// Answers with what it was asked, and counts the connections it was asked on.
class Asked {
 public:
  http::ServerHandler handler() {
    return [this](http::ServerRequest request) { return answer(std::move(request)); };
  }
  std::uint16_t port() const { return server_.port(); }
  std::string place() const { return "127.0.0.1:" + std::to_string(port()); }
  std::size_t connections() {
    const std::lock_guard lock(mutex_);
    return peers_.size();
  }

 private:
  Task<http::Response> answer(http::ServerRequest request) {
    {
      const std::lock_guard lock(mutex_);
      peers_.insert(request.peer);
    }
    http::Response response;
    response.status = request.target == "/away" ? 302 : 200;
    if (request.target == "/away")
      response.headers.emplace_back("Location", "/elsewhere");
    response.body = request.method + " " + request.target + " of " +
                    std::string(request.header("host")) + " in " +
                    std::string(request.header("traceparent"));
    co_return response;
  }

  std::mutex mutex_;
  std::set<std::string> peers_;
  http::ServerUnderTest server_{http::ServerOptions(), handler()};
};

}  // namespace kt::host
