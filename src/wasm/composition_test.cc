// Components of several: what satisfies what, and what a dependency may not do.
//
// The guests: `forwarding` imports the handler which any other guest of its world exports, so each
// of those can be its dependency.
#include <gmock/gmock.h>

#include <atomic>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "wasm/testing.h"

namespace kt::wasm {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kHandler = "handle-batch-records";

const std::vector<std::string> kSets = {"ai_models", "allowed_outbound_hosts", "environment",
                                        "files",     "key_value_stores",       "sqlite_databases",
                                        "variables"};

std::vector<std::string> all_but(const std::set<std::string>& sets) {
  std::vector<std::string> out = kSets;
  std::erase_if(out, [&](const std::string& set) { return sets.contains(set); });
  return out;
}

/// Refuses all and counts: whatever arrives here was not denied.
class CountingHost final : public Host {
 public:
  HostSession* begin() noexcept override { return new Session(*this); }
  std::atomic<int> asked = 0;

 private:
  class Session final : public HostSession {
   public:
    explicit Session(CountingHost& host) : host_(host) {}
    void call(HostCall call) noexcept override {
      ++host_.asked;
      HostRefusal refusal;
      refusal.fault = KT_FAULT_OTHER;
      refusal.message = "the host was asked";
      call.refuse(std::move(refusal));
    }
    void end() noexcept override { delete this; }

   private:
    CountingHost& host_;
  };
};

std::string bytes_of(const char* name) {
  std::ifstream file(guest(name), std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  CHECK(!bytes.empty(), guest(name));
  return bytes;
}

Dependency dependency(const char* name, std::string_view bytes) {
  Dependency out;
  out.name = name;
  out.bytes = as_bytes(bytes);
  return out;
}

/// The smallest component that imports and exports empty instances under these names.
std::string component_of(const std::vector<std::string>& imports,
                         const std::vector<std::string>& exports = {}) {
  std::string bytes("\0asm\x0d\0\x01\0", 8);
  const auto section = [&](int id, std::string_view content) {
    bytes += std::string(1, static_cast<char>(id)) + static_cast<char>(content.size());
    bytes += content;
  };
  const auto name = [](const std::string& text) {
    return std::string(1, '\0') + static_cast<char>(text.size()) + text;
  };
  section(7, std::string_view("\x01\x42\0", 3));  // a type: the instance that has nothing
  for (const std::string& import : imports)
    section(10, "\x01" + name(import) + std::string("\x05\0", 2));
  for (std::size_t i = 0; i < exports.size(); ++i) {
    section(5, std::string_view("\x01\x01\0", 3));                 // an instance that has nothing
    const char index = static_cast<char>(imports.size() + 2 * i);  // exporting makes another one
    section(11, "\x01" + name(exports[i]) + "\x05" + std::string(1, index) + std::string(1, '\0'));
  }
  return bytes;
}

class Composition : public WasmTest {
 protected:
  static void SetUpTestSuite() { set_up_with(Optimization::None); }

  struct Said {
    std::string text;  ///< what was printed, and the error
    int asked;         ///< how often the host was
  };

  static Result<CompiledComponent> compose(std::string_view main,
                                           const std::vector<Dependency>& dependencies) {
    return engine().compose(as_bytes(main), dependencies);
  }
  /// `name` as the dependency of a component that forwards to it.
  static CompiledComponent composed(const std::string& name, const std::vector<std::string>& sets) {
    const bool async = name.ends_with("_async");
    const std::string main = bytes_of(async ? "forwarding_async" : "forwarding");
    const std::string bytes = bytes_of(name.c_str());
    Dependency part = dependency(async ? "trigger-kinesis:handler/handle-async" : kHandler, bytes);
    part.inherits = sets;
    auto made = compose(main, {part});
    CHECK(made.has_value(), made.error().what);
    return *std::move(made);
  }

  Said call_of(const CompiledComponent& component, std::string record) {
    const auto host = std::make_shared<CountingHost>();
    LinkOptions options;
    options.host = host;
    options.environment = {{"PLACE", "here"}};
    options.dirs.resize(1);
    options.dirs[0].host_path = files_.path();
    options.dirs[0].guest_path = "/files";
    auto linked = LinkedComponent::link(engine(), component, options);
    CHECK(linked.has_value(), linked.error().what);
    TestRecords records;
    records.add(std::move(record));
    const std::size_t printed = output_.stdout_text().size();
    const Invocation done = call(**linked, records);
    return {output_.stdout_text().substr(printed) + done.message, host->asked};
  }

  void SetUp() override { std::ofstream(files_.path() + "/note") << "of the app"; }

  TemporaryDir files_;
};

TEST_F(Composition, DeniesEnvironmentAndFilesThatTheParentHas) {
  const CompiledComponent denied = composed("handler", all_but({"environment", "files"}));
  EXPECT_THAT(call_of(denied, "hello").text, HasSubstr("hello"));
  EXPECT_EQ(call_of(denied, "!env PLACE").text, "env: ");
  EXPECT_EQ(call_of(denied, "own env PLACE").text, "own here\n");
  EXPECT_EQ(call_of(denied, "!read /files/note").text, "cannot read /files/note");
  EXPECT_EQ(call_of(denied, "own read /files/note").text, "own of the app\n");
}
TEST_F(Composition, SharesTheSetsThatAreInherited) {
  const CompiledComponent environment = composed("handler", {"environment"});
  EXPECT_EQ(call_of(environment, "!env PLACE").text, "env: here");
  EXPECT_EQ(call_of(environment, "!read /files/note").text, "cannot read /files/note");
  const CompiledComponent files = composed("handler", {"files"});
  EXPECT_EQ(call_of(files, "!env PLACE").text, "env: ");
  EXPECT_EQ(call_of(files, "!read /files/note").text, "read: of the app");
}
TEST_F(Composition, GivesAFaultOfADependencyToItsCaller) {
  const CompiledComponent component = composed("handler", {});
  EXPECT_EQ(call_of(component, "!fail").text, "handler said no");
  EXPECT_THAT(call_of(component, "!trap").text, HasSubstr("unreachable"));
}

struct Denial {
  const char* record;
  const char* set;
  const char* text;  ///< of what the guest is told
};
struct Asking {
  const char* guest;
  std::vector<Denial> denials;
};

void PrintTo(const Asking& asking, std::ostream* out) {
  *out << asking.guest;
}

class Denials : public Composition, public ::testing::WithParamInterface<Asking> {
 protected:
  static std::set<std::string> sets() {
    std::set<std::string> out;
    for (const Denial& denial : GetParam().denials)
      out.insert(denial.set);
    return out;
  }
};

TEST_P(Denials, HoldUnlessTheSetIsInherited) {
  const CompiledComponent denied = composed(GetParam().guest, all_but(sets()));
  std::map<std::string, std::string> told;
  for (const Denial& denial : GetParam().denials) {
    const Said said = call_of(denied, denial.record);
    EXPECT_THAT(said.text, HasSubstr(denial.text)) << denial.record;
    EXPECT_EQ(said.asked, 0) << denial.record;
    told[denial.record] = said.text;
  }
  for (const std::string& set : sets()) {
    const CompiledComponent shared = composed(GetParam().guest, {set});
    for (const Denial& denial : GetParam().denials) {
      const Said said = call_of(shared, denial.record);
      const bool is_denied = said.asked == 0 && said.text == told[denial.record];
      EXPECT_EQ(is_denied, denial.set != set)
          << denial.record << " with " << set << ": " << said.text;
    }
  }
}

constexpr const char* kHosts = "allowed_outbound_hosts";

const Asking kBlocking[] = {
    {"spin_stores",
     {{"config1 get name", "variables", "Other(\"\\\"fermyon:spin/config\\\" is not permitted\")"},
      {"variables2 get name", "variables", "Undefined(\"name\")"},
      {"config get name", "variables", "Io(\"\\\"wasi:config/store\\\" is not permitted\")"},
      {"config all", "variables", "Io(\"\\\"wasi:config/store\\\" is not permitted\")"},
      {"kv1 open default", "key_value_stores", "AccessDenied"},
      {"kv1 get key", "key_value_stores", "AccessDenied"},
      {"kv2 open default", "key_value_stores", "AccessDenied"},
      {"kv open default", "key_value_stores", "AccessDenied"},
      {"sqlite1 open default", "sqlite_databases", "AccessDenied"},
      {"sqlite2 open default", "sqlite_databases", "AccessDenied"},
      {"sqlite3 open default", "sqlite_databases", "AccessDenied"},
      {"llm1 infer llama2-chat hello", "ai_models", "ModelNotSupported"},
      {"llm2 embed all-minilm-l6-v2 hello", "ai_models", "ModelNotSupported"}}},
    {"spin_servers",
     {{"redis1 get", kHosts, "Error"},
      {"redis2 get", kHosts, "Other(\"\\\"fermyon:spin/redis\\\" is not permitted\")"},
      {"mqtt2 publish0", kHosts, "Other(\"\\\"fermyon:spin/mqtt\\\" is not permitted\")"},
      {"mysql1 query", kHosts, "OtherError(\"\\\"fermyon:spin/mysql\\\" is not permitted\")"},
      {"mysql2 query", kHosts, "Other(\"\\\"fermyon:spin/mysql\\\" is not permitted\")"},
      {"postgres1 query", kHosts, "OtherError(\"\\\"fermyon:spin/postgres\\\" is not permitted\")"},
      {"postgres2 query", kHosts, "Other(\"\\\"fermyon:spin/postgres\\\" is not permitted\")"},
      {"postgres3 query", kHosts, "Other(\"\\\"spin:postgres/postgres\\\" is not permitted\")"},
      {"postgres40 query", kHosts, "Other(\"\\\"spin:postgres/postgres\\\" is not permitted\")"},
      {"postgres4 query", kHosts, "Other(\"\\\"spin:postgres/postgres\\\" is not permitted\")"},
      {"postgres4 build", kHosts, "Other(\"\\\"spin:postgres/postgres\\\" is not permitted\")"}}},
    {"spin_network",
     {{"get http example.com /", kHosts,
       "InternalError(Some(\"\\\"wasi:http/outgoing-handler\\\" is not permitted\"))"},
      {"spin http://example.com", kHosts, "destination-not-allowed"},
      {"tcp 127.0.0.1 9", kHosts, "access-denied"},
      {"udp 127.0.0.1 9", kHosts, "access-denied"},
      {"lookup example.com", kHosts, "access-denied"}}},
};
INSTANTIATE_TEST_SUITE_P(Blocking, Denials, ::testing::ValuesIn(kBlocking));

#if KT_BRIDGE_P3
const Asking kAsynchronous[] = {
    {"spin_stores_async",
     {{"variables3 get name", "variables", "Undefined(\"name\")"},
      {"kv3 open default", "key_value_stores", "AccessDenied"},
      {"sqlite3 open default", "sqlite_databases", "AccessDenied"}}},
    {"spin_servers_async",
     {{"redis3 get", kHosts, "Other(\"\\\"spin:redis/redis\\\" is not permitted\")"},
      {"mqtt3 publish0", kHosts, "Other(\"\\\"spin:mqtt/mqtt\\\" is not permitted\")"},
      {"mysql3 query", kHosts, "Other(\"\\\"spin:mysql/mysql\\\" is not permitted\")"},
      {"postgres4a query", kHosts, "Other(\"\\\"spin:postgres/postgres\\\" is not permitted\")"},
      {"postgres4a build", kHosts, "Other(\"\\\"spin:postgres/postgres\\\" is not permitted\")"}}},
    {"spin_network_async",
     {{"get http example.com /", kHosts,
       "InternalError(Some(\"\\\"wasi:http/client\\\" is not permitted\"))"}}},
};
INSTANTIATE_TEST_SUITE_P(Asynchronous, Denials, ::testing::ValuesIn(kAsynchronous));
#endif

/// What a dependency imports, and whether it is denied without any set and with these.
TEST_F(Composition, LeavesNothingOfASetToADependencyThatDoesNotInheritIt) {
  const std::map<std::string, std::vector<std::string>> interfaces = {
      {"ai_models", {"fermyon:spin/llm", "fermyon:spin/llm@2.0.0"}},
      {kHosts,
       {"fermyon:spin/http",
        "fermyon:spin/mysql",
        "fermyon:spin/postgres",
        "fermyon:spin/redis",
        "fermyon:spin/mqtt@2.0.0",
        "fermyon:spin/mysql@2.0.0",
        "fermyon:spin/postgres@2.0.0",
        "fermyon:spin/redis@2.0.0",
        "spin:mqtt/mqtt@3.0.0",
        "spin:mysql/mysql@3.0.0",
        "spin:postgres/postgres@3.0.0",
        "spin:postgres/postgres@4.0.0",
        "spin:postgres/postgres@4.2.0",
        "spin:redis/redis@3.0.0",
        "wasi:http/client@0.3.0",
        "wasi:http/client@0.3.0-rc-2026-03-15",
        "wasi:http/outgoing-handler@0.2.0",
        "wasi:http/outgoing-handler@0.2.0-rc-2023-11-10",
        "wasi:http/outgoing-handler@0.2.9",
        "wasi:sockets/ip-name-lookup@0.2.6",
        "wasi:sockets/ip-name-lookup@0.3.0",
        "wasi:sockets/tcp-create-socket@0.2.6",
        "wasi:sockets/tcp@0.2.6",
        "wasi:sockets/types@0.3.0",
        "wasi:sockets/udp-create-socket@0.2.6",
        "wasi:sockets/udp@0.2.6"}},
      {"environment", {"wasi:cli/environment@0.2.0", "wasi:cli/environment@0.3.0"}},
      {"files", {"wasi:filesystem/preopens@0.2.3", "wasi:filesystem/preopens@0.3.0"}},
      {"key_value_stores",
       {"fermyon:spin/key-value", "fermyon:spin/key-value@2.0.0", "spin:key-value/key-value@3.0.0",
        "wasi:keyvalue/store@0.2.0-draft2", "wasi:keyvalue/batch@0.2.0-draft2",
        "wasi:keyvalue/atomics@0.2.0-draft2"}},
      {"sqlite_databases",
       {"fermyon:spin/sqlite", "fermyon:spin/sqlite@2.0.0", "spin:sqlite/sqlite@3.0.0",
        "spin:sqlite/sqlite@3.1.0"}},
      {"variables",
       {"fermyon:spin/config", "fermyon:spin/variables@2.0.0", "spin:variables/variables@3.0.0",
        "wasi:config/store@0.2.0-draft-2024-09-27"}},
      {"",  // never denied
       {"wasi:cli/stdout@0.2.0", "wasi:cli/stderr@0.2.0", "wasi:clocks/wall-clock@0.2.0",
        "wasi:random/random@0.2.0", "wasi:io/streams@0.2.0", "wasi:http/types@0.2.0",
        "wasi:filesystem/types@0.2.0", "wasi:sockets/network@0.2.0", "wasi:otel/tracing@0.2.0-rc.2",
        "acme:codec/avro@1.0.0", "some-name"}},
  };
  const std::string main = component_of({"a:b/c"});
  for (const auto& [set, names] : interfaces) {
    for (const std::string& name : names) {
      const std::string bytes = component_of({name}, {"a:b/c"});
      Dependency part = dependency("a:b/c", bytes);
      for (const bool shared : {false, true}) {
        part.inherits = shared ? std::vector<std::string>{set} : all_but({set});
        const auto component = compose(main, {part});
        ASSERT_TRUE(component) << name << ": " << component.error().what;
        ASSERT_EQ(component->imports().size(), 1U) << name;
        const bool is_refused = component->imports()[0].starts_with("refused-");
        EXPECT_EQ(is_refused, !shared && !set.empty()) << name << component->imports()[0];
      }
      part.inherits_all = true;
      part.inherits.clear();
      EXPECT_THAT(compose(main, {part})->imports(), Not(Contains(HasSubstr("refused-")))) << name;
    }
  }
}

TEST_F(Composition, MatchesImportsByTheName) {
  const struct {
    const char* name;
    const char* import;
    bool matches;
  } cases[] = {
      {"foo:bar/baz@0.1.0", "foo:bar/baz@0.1.0", true},
      {"foo:bar/baz", "foo:bar/baz@0.1.0", true},
      {"foo:bar/baz", "foo:bar/baz", true},
      {"foo:bar", "foo:bar/baz@0.1.0", true},
      {"foo:bar", "foo:bar/baz", true},
      {"foo:bar@0.1.0", "foo:bar/baz@0.1.0", true},
      {"foo-bar", "foo-bar", true},
      {"foo:bar/baz@0.1.0", "foo:bar/baz", false},
      {"foo:bar/baz@0.1.0", "foo:bar/baz@0.1.1", false},
      {"foo:bar/baz", "foo:bar/bub", false},
      {"foo:bar/baz", "foo:bar/bub@0.1.0", false},
      {"foo:bar/baz", "foo:bar/baz-bub", false},
      {"foo:bar/baz", "foo-bar", false},
      {"foo:bar", "foo:bub/bib", false},
      {"foo:bar", "foo-bar", false},
      {"foo:bar@0.1.0", "foo:bar/baz", false},
      {"foo", "foo-bar", false},
      {"foo-bar", "foo:foo-bar/foo-bar", false},
      {"", "foo-bar", false},
  };
  for (const auto& [name, import, matches] : cases) {
    const std::string bytes = component_of({}, {import});
    const auto component = compose(component_of({import}), {dependency(name, bytes)});
    EXPECT_EQ(component.has_value(), matches) << name << " for " << import;
    if (!matches) {
      EXPECT_THAT(
          component.error().what,
          HasSubstr(std::string("dependency '") + name +
                    "' doesn't match any imports of the component, which imports " + import));
    }
  }
}
TEST_F(Composition, LeavesImportsThatNoDependencyHasAsTheyAre) {
  const std::string bytes = component_of({"p:q/r@1.0.0"}, {"a:b/c"});
  const auto component = compose(component_of({"a:b/c", "x:y/z"}), {dependency("a:b", bytes)});
  ASSERT_TRUE(component) << component.error().what;
  EXPECT_THAT(component->imports(), ElementsAre("p:q/r@1.0.0", "x:y/z"));
}
TEST_F(Composition, TakesTheExportThatIsNamed) {
  const std::string main = component_of({"a:b/c", "a:b/d"});
  const std::string bytes = component_of({}, {"p:q/r"});
  Dependency part = dependency("a:b", bytes);
  part.exported = "p:q/r";
  EXPECT_TRUE(compose(main, {part}));
  part.exported = "p:q/s";
  EXPECT_THAT(compose(main, {part}).error().what,
              HasSubstr("dependency 'a:b' doesn't export 'p:q/s' to satisfy import 'a:b/c'"));
}
TEST_F(Composition, RefusesWhatDoesNotFit) {
  const std::string main = component_of({"a:b/c", "a:b/d"});
  const std::string both = component_of({}, {"a:b/c", "a:b/d"});
  EXPECT_THAT(compose(main, {dependency("a:b", both), dependency("a:b/d", both)}).error().what,
              HasSubstr("the component has dependency conflicts: import 'a:b/d' satisfied by "
                        "dependencies: 'a:b, a:b/d'"));
  const std::string one = component_of({}, {"a:b/c"});
  EXPECT_THAT(compose(main, {dependency("a:b", one)}).error().what,
              HasSubstr("dependency 'a:b' doesn't export 'a:b/d' to satisfy import 'a:b/d'"));
  const std::string instance = component_of({}, {kHandler});
  EXPECT_THAT(
      compose(bytes_of("forwarding"), {dependency(kHandler, instance)}).error().what,
      HasSubstr("dependency 'handle-batch-records' exports 'handle-batch-records' which is not "
                "compatible with import 'handle-batch-records'"));
  EXPECT_TRUE(compose(main, {dependency("a:b/c", both), dependency("a:b/d", both)}));
}
TEST_F(Composition, RefusesWhatIsNoComponentAndSaysWhichDependency) {
  const std::string main = component_of({"a:b/c"});
  const std::string whole = component_of({"wasi:cli/environment@0.2.0"}, {"a:b/c"});
  EXPECT_THAT(compose(main, {dependency("a:b", "no wasm")}).error().what,
              HasSubstr("dependency 'a:b': this is not a WebAssembly file"));
  for (std::size_t size = 9; size < whole.size(); ++size) {
    const auto cut = compose(main, {dependency("a:b", std::string_view(whole).substr(0, size))});
    EXPECT_FALSE(cut) << size;
  }
  EXPECT_FALSE(compose("no wasm", {dependency("a:b", whole)}));
  EXPECT_FALSE(compose(main.substr(0, main.size() - 1), {dependency("a:b", whole)}));
}
TEST_F(Composition, IsCachedWithWhatIsDenied) {
  const TemporaryDir cache;
  EngineOptions options;
  options.worker_threads = 1;
  options.instances_max = 1;
  options.cache_dir = cache.path() + "/code";
  const auto cached = Engine::create(options);
  ASSERT_TRUE(cached) << cached.error().what;
  const std::string main = component_of({"a:b/c", "wasi:cli/environment@0.2.0"});
  const std::string bytes = component_of({"wasi:cli/environment@0.2.0"}, {"a:b/c"});
  std::vector<Dependency> parts = {dependency("a:b", bytes)};
  EXPECT_FALSE((*cached)->compose(as_bytes(main), parts)->from_cache());
  const auto again = (*cached)->compose(as_bytes(main), parts);
  EXPECT_TRUE(again->from_cache());
  EXPECT_THAT(again->imports(),
              ElementsAre("refused-wasi:cli/environment@0.2.0", "wasi:cli/environment@0.2.0"));
  parts[0].inherits = {"environment"};
  const auto shared = (*cached)->compose(as_bytes(main), parts);
  EXPECT_FALSE(shared->from_cache());
  EXPECT_THAT(shared->imports(), ElementsAre("wasi:cli/environment@0.2.0"));
}
TEST_F(Composition, BoundsTheNumberOfDependencies) {
  const std::string bytes = component_of({}, {"a:b/c"});
  const std::vector<Dependency> many(65, dependency("a:b", bytes));
  EXPECT_THAT(compose(component_of({"a:b/c"}), many).error().what,
              HasSubstr("65 dependencies, at most 64"));
}

}  // namespace
}  // namespace kt::wasm
