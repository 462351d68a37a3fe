// The seam between guests and capabilities: what each version of the stores' interfaces makes of
// its functions, refusals and data, and how a call ends whose guest or host is gone.
#include "wasm/host_call.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <map>

#include "wasm/testing.h"

namespace kt::wasm {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;

HostResult text(std::string_view value) {
  return HostResult(std::string(value));
}
HostResult bytes(std::string_view value) {
  return HostResult(HostBuffer::copy_of(as_bytes(value)));
}
HostResult integer(std::size_t value) {
  return HostResult(static_cast<std::int64_t>(value));
}
template <class... Items>
HostResult list(Items... items) {
  HostResult::List all;
  (all.push_back(std::move(items)), ...);
  return HostResult(std::move(all));
}
std::string_view text_of(ByteView view) {
  return std::string_view(reinterpret_cast<const char*>(view.data()), view.size());
}

/// What a label, a name, a model or a key called "denied", "missing", ... is refused with.
const std::map<std::string, HostFault, std::less<>> kRefusals = {{"denied", KT_FAULT_ACCESS_DENIED},
                                                                 {"missing", KT_FAULT_NOT_FOUND},
                                                                 {"bad", KT_FAULT_INVALID},
                                                                 {"many", KT_FAULT_TOO_MANY},
                                                                 {"full", KT_FAULT_FULL},
                                                                 {"away", KT_FAULT_UNAVAILABLE},
                                                                 {"query", KT_FAULT_QUERY},
                                                                 {"broken", KT_FAULT_OTHER},
                                                                 {"ended", KT_FAULT_INTERRUPTED}};

/// Maps in memory, one store for every label. Answers at once, but for keys that begin with "held":
/// those calls wait for `answer_held`; one for "dropped" is dropped unanswered.
class FakeHost final : public Host {
 public:
  HostSession* begin() noexcept override {
    const std::scoped_lock lock(mutex_);
    ++sessions_begun;
    return new Session(*this);
  }

  void when_held(std::function<void()> then) { then_ = std::move(then); }
  /// Answers what is held, the last first.
  void answer_held() {
    std::vector<HostCall> held;
    {
      const std::scoped_lock lock(mutex_);
      held.swap(held_);
    }
    while (!held.empty()) {
      const std::string key(held.back().arguments()[1].text());
      held.back().answer(bytes("value of " + key));
      held.pop_back();
    }
  }
  /// The handles still open.
  std::size_t open_count() {
    const std::scoped_lock lock(mutex_);
    return open_.size();
  }
  /// Blocks until every session has ended.
  bool all_ended() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, [this] { return sessions_ended == sessions_begun; });
  }

  std::size_t held_max = 1;  ///< as many are held until all are answered
  std::map<std::string, std::string> data;
  std::vector<HostOperation> operations;  ///< all but opening and closing
  std::size_t sessions_begun = 0;
  std::size_t sessions_ended = 0;
  bool closed_a_stranger = false;

 private:
  class Session final : public HostSession {
   public:
    explicit Session(FakeHost& host) : host_(host) {}
    void call(HostCall call) noexcept override { host_.serve(std::move(call)); }
    void end() noexcept override {
      host_.ended();
      delete this;
    }

   private:
    FakeHost& host_;
  };

  void ended() {
    const std::scoped_lock lock(mutex_);
    ++sessions_ended;
    changed_.notify_all();
  }

  void serve(HostCall call) {
    std::unique_lock lock(mutex_);
    const HostArguments a = call.arguments();
    switch (call.operation()) {
      case KT_KEY_VALUE_OPEN:
      case KT_SQLITE_OPEN:
        if (refused(call, a[0].text()))
          return;
        open_[++last_handle_] = std::string(a[0].text());
        return call.answer(HostResult(last_handle_));
      case KT_KEY_VALUE_CLOSE:
      case KT_SQLITE_CLOSE:
        closed_a_stranger |= open_.erase(a[0].integer()) == 0;
        return call.answer(HostResult());
      default:
        operations.push_back(call.operation());
    }
    if (call.operation() < KT_KEY_VALUE_OPEN)
      return variable(std::move(call));
    if (call.operation() < KT_SQLITE_OPEN)
      return key_value(std::move(call), lock);
    if (call.operation() < KT_REDIS_OPEN)
      return sqlite(std::move(call));
    return llm(std::move(call));
  }

  static bool refused(HostCall& call, std::string_view name) {
    const auto found = kRefusals.find(name);
    if (found == kRefusals.end())
      return false;
    HostRefusal refusal;
    refusal.fault = found->second;
    refusal.message = std::string(name) + " it is";
    call.refuse(std::move(refusal));
    return true;
  }

  static void variable(HostCall call) {
    if (call.operation() == KT_VARIABLES_ALL)
      return call.answer(
          list(list(text("greeting"), text("hello")), list(text("empty"), text(""))));
    const std::string name(call.arguments()[0].text());
    if (!refused(call, name))
      call.answer(text("value of " + name));
  }

  HostResult stored(std::string_view key) {
    const auto found = data.find(std::string(key));
    return found == data.end() ? HostResult() : bytes(found->second);
  }

  void key_value(HostCall call, std::unique_lock<std::mutex>& lock) {
    const HostArguments a = call.arguments();
    CHECK(open_.contains(a[0].integer()), "a call with a handle that is closed");
    const HostOperation operation = call.operation();
    if (operation == KT_KEY_VALUE_KEYS)
      return keys(std::move(call));
    if (operation >= KT_KEY_VALUE_GET_MANY && operation <= KT_KEY_VALUE_DELETE_MANY)
      return many(std::move(call));
    const std::string key(a[1].text());
    if (key == "dropped" || refused(call, key))
      return;
    if (key == "odd")
      return call.answer(integer(5));
    if (key.starts_with("held"))
      return hold(std::move(call), lock);
    switch (operation) {
      case KT_KEY_VALUE_GET:
        return call.answer(stored(key));
      case KT_KEY_VALUE_SET:
        data[key] = text_of(a[2].bytes());
        return call.answer(HostResult());
      case KT_KEY_VALUE_DELETE:
        data.erase(key);
        return call.answer(HostResult());
      case KT_KEY_VALUE_EXISTS:
        return call.answer(HostResult(data.contains(key)));
      case KT_KEY_VALUE_INCREMENT:
        return call.answer(HostResult(number_ += a[2].integer()));
      default:
        return swap(std::move(call), key);
    }
  }

  void hold(HostCall call, std::unique_lock<std::mutex>& lock) {
    held_.push_back(std::move(call));
    const bool all = held_.size() == held_max;
    lock.unlock();
    if (all)
      then_();
  }

  void keys(HostCall call) {
    if (refused(call, open_[call.arguments()[0].integer()].substr(3)))
      return;
    HostResult::List all;
    for (const auto& [key, value] : data)
      all.push_back(text(key));
    call.answer(HostResult(std::move(all)));
  }

  void many(HostCall call) {
    const HostArguments a = call.arguments();
    HostResult::List found;
    for (std::size_t i = 0; i < a[1].size(); ++i) {
      const HostValue item = a[1][i];
      if (call.operation() == KT_KEY_VALUE_GET_MANY)
        found.push_back(list(text(item.text()), stored(item.text())));
      else if (call.operation() == KT_KEY_VALUE_SET_MANY)
        data[std::string(item[0].text())] = text_of(item[1].bytes());
      else
        data.erase(std::string(item.text()));
    }
    const bool get = call.operation() == KT_KEY_VALUE_GET_MANY;
    call.answer(get ? HostResult(std::move(found)) : HostResult());
  }

  void swap(HostCall call, const std::string& key) {
    const HostArguments a = call.arguments();
    CHECK(call.operation() == KT_KEY_VALUE_SWAP, "an operation of no known number");
    const auto found = data.find(key);
    const bool same = a[2].is_none()
                          ? found == data.end()
                          : found != data.end() && found->second == text_of(a[2].bytes());
    if (same) {
      data[key] = text_of(a[3].bytes());
      return call.answer(HostResult());
    }
    HostRefusal refusal;
    refusal.fault = KT_FAULT_CONFLICT;
    refusal.message = "somebody wrote";
    refusal.detail = stored(key);
    call.refuse(std::move(refusal));
  }

  /// A statement gives the parameters back as a row, and an empty row.
  void sqlite(HostCall call) {
    const HostArguments a = call.arguments();
    if (call.operation() == KT_SQLITE_CHANGES)
      return call.answer(integer(7));
    if (call.operation() == KT_SQLITE_LAST_ROWID)
      return call.answer(HostResult(std::int64_t{-8}));
    if (refused(call, a[1].text()))
      return;
    HostResult::List columns;
    HostResult::List row;
    for (std::size_t i = 0; i < a[2].size(); ++i) {
      columns.push_back(text("c" + std::to_string(i)));
      const HostValue value = a[2][i];
      if (value.is_none())
        row.emplace_back();
      else if (value.is_integer())
        row.emplace_back(value.integer());
      else if (value.is_real())
        row.emplace_back(value.real());
      else
        row.push_back(value.is_text() ? text(value.text()) : bytes(text_of(value.bytes())));
    }
    call.answer(list(HostResult(std::move(columns)),
                     list(HostResult(std::move(row)), HostResult(HostResult::List()))));
  }

  static void llm(HostCall call) {
    const HostArguments a = call.arguments();
    if (refused(call, a[0].text()))
      return;
    if (call.operation() == KT_LLM_EMBED) {
      HostResult::List vectors;
      for (std::size_t i = 0; i < a[1].size(); ++i)
        vectors.push_back(
            list(HostResult(static_cast<double>(a[1][i].text().size())), HostResult(0.5)));
      return call.answer(list(HostResult(std::move(vectors)), integer(a[1].size())));
    }
    std::string said(a[1].text());
    for (std::size_t i = 2; i < a.size(); ++i) {
      const bool real = a[i].is_real();
      said += "," + std::to_string(real ? std::llround(a[i].real() * 1000) : a[i].integer());
    }
    call.answer(list(text(said), integer(11), integer(12)));
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::int64_t, std::string> open_;
  std::int64_t last_handle_ = std::int64_t{1} << 40;  // no guest's number is as large
  std::int64_t number_ = 0;
  std::vector<HostCall> held_;
  std::function<void()> then_ = [] {};
};

class HostCalls : public WasmTest {
 protected:
  static void TearDownTestSuite() {
    compiled_.clear();
    WasmTest::TearDownTestSuite();
  }

  std::unique_ptr<LinkedComponent> guest_of(const char* name) {
    if (!compiled_.contains(name)) {
      auto component = engine().load(guest(name));
      CHECK(component.has_value(), component.error().what);
      compiled_.emplace(name, *std::move(component));
    }
    LinkOptions options;
    options.host = host_;
    auto linked = LinkedComponent::link(engine(), compiled_.at(name), options);
    CHECK(linked.has_value(), linked.error().what);
    return *std::move(linked);
  }
  /// What the guest prints for these lines, each one's result in a line.
  std::string run(const char* name, const char* script) {
    auto component = guest_of(name);
    TestRecords records;
    records.add(script);
    const std::size_t printed = output_.stdout_text().size();
    const Invocation done = call(*component, records);
    EXPECT_TRUE(done.ok()) << wasm::name(done.kind) << ": " << done.message;
    return output_.stdout_text().substr(printed);
  }
  std::string sync(const char* script) { return run("spin_stores", script); }
  std::string async(const char* script) { return run("spin_stores_async", script); }

  std::shared_ptr<FakeHost> host_ = std::make_shared<FakeHost>();

 private:
  /// Compiling them takes longer than the tests.
  static inline std::map<std::string, CompiledComponent, std::less<>> compiled_;
};

TEST_F(HostCalls, ReadVariables) {
  EXPECT_EQ(sync("variables2 get greeting\nconfig1 get greeting\nconfig get greeting\nconfig all"),
            "\"value of greeting\"\n\"value of greeting\"\nSome(\"value of greeting\")\n"
            "[(\"greeting\", \"hello\"), (\"empty\", \"\")]\n");
}

TEST_F(HostCalls, WordARefusedVariableAsEachVersionDoes) {
  EXPECT_EQ(sync("variables2 get bad\nvariables2 get missing\nvariables2 get broken\n"
                 "variables2 get away\nvariables2 get ended"),
            "Error::InvalidName(\"bad it is\")\nError::Undefined(\"missing it is\")\n"
            "Error::Provider(\"broken it is\")\nError::Provider(\"away it is\")\n"
            "Error::Other(\"ended it is\")\n");
  EXPECT_EQ(sync("config1 get bad\nconfig1 get missing\nconfig1 get broken\nconfig1 get ended"),
            "Error::InvalidKey(\"bad it is\")\nError::Provider(\"missing it is\")\n"
            "Error::Other(\"broken it is\")\nError::Other(\"ended it is\")\n");
  EXPECT_EQ(sync("config get bad\nconfig get missing\nconfig get broken\nconfig get ended"),
            "None\nNone\nError::Upstream(\"broken it is\")\nError::Io(\"ended it is\")\n");
}

TEST_F(HostCalls, KeepValuesInStoresOfEachVersion) {
  EXPECT_EQ(sync("kv2 open default\nkv2 get a\nkv2 set a one\nkv2 set b -\nkv2 get a\nkv2 get b\n"
                 "kv2 exists a\nkv2 keys\nkv2 delete a\nkv2 exists a\nkv2 keys"),
            "()\nNone\n()\n()\nSome(\"one\")\nSome(\"\")\ntrue\n[\"a\", \"b\"]\n()\nfalse\n"
            "[\"b\"]\n");
  EXPECT_EQ(sync("kv1 open default\nkv1 get a\nkv1 set a one\nkv1 get a\nkv1 get b\nkv1 exists a\n"
                 "kv1 keys\nkv1 delete a\nkv1 exists a\nkv1 close\nkv1 get b\nkv1 close"),
            "()\nError::NoSuchKey\n()\n\"one\"\n\"\"\ntrue\n[\"a\", \"b\"]\n()\nfalse\n()\n"
            "Error::InvalidStore\n()\n");
  EXPECT_EQ(sync("kv open default\nkv get a\nkv set a one\nkv get a\nkv exists a\nkv delete a\n"
                 "kv exists a\nkv set-many x 1 y - z 3\nkv get-many y nowhere z\n"
                 "kv delete-many x nowhere\nkv keys\nkv increment n 5\nkv increment n -7"),
            "()\nNone\n()\nSome(\"one\")\ntrue\n()\nfalse\n()\n"
            "[(\"y\", Some(\"\")), (\"nowhere\", None), (\"z\", Some(\"3\"))]\n()\n"
            "KeyResponse { keys: [\"b\", \"y\", \"z\"], cursor: None }\n5\n-2\n");
}

TEST_F(HostCalls, WordARefusedStoreAsEachVersionDoes) {
  EXPECT_EQ(sync("kv2 open denied\nkv2 open missing\nkv2 open many\nkv2 open broken\n"
                 "kv2 open default\nkv2 get many\nkv2 set away x\nkv2 delete full\nkv2 exists bad"),
            "Error::AccessDenied\nError::NoSuchStore\nError::StoreTableFull\n"
            "Error::Other(\"broken it is\")\n()\nError::Other(\"many it is\")\n"
            "Error::Other(\"away it is\")\nError::Other(\"full it is\")\n"
            "Error::Other(\"bad it is\")\n");
  EXPECT_EQ(sync("kv1 open denied\nkv1 open missing\nkv1 open many\n"
                 "kv1 open broken\nkv1 use 77\nkv1 set a b\nkv1 keys\nkv1 open default\n"
                 "kv1 get broken"),
            "Error::AccessDenied\nError::NoSuchStore\nError::StoreTableFull\n"
            "Error::Io(\"broken it is\")\n()\nError::InvalidStore\nError::InvalidStore\n()\n"
            "Error::Io(\"broken it is\")\n");
  EXPECT_EQ(sync("kv open denied\nkv open missing\nkv open many\nkv open default\nkv keys next\n"
                 "kv get broken\nkv increment bad 1\nkv cas broken"),
            "Error::AccessDenied\nError::NoSuchStore\nError::Other(\"many it is\")\n()\n"
            "Error::Other(\"list-keys: there are no cursors, a listing is whole\")\n"
            "Error::Other(\"broken it is\")\nError::Other(\"bad it is\")\n"
            "Error::Other(\"broken it is\")\n");
}

TEST_F(HostCalls, SwapOnlyWhatTheGuestSaw) {
  EXPECT_EQ(sync("kv open default\nkv cas a\ncas swap one\nkv get a\n"  // absent, as seen
                 "kv cas a\nkv set a two\ncas swap three\nkv get a\n"   // somebody wrote
                 "cas swap three\nkv get a\n"                           // the handle is renewed
                 "kv cas a\nkv delete a\ncas current\ncas swap four\nkv get a\n"
                 "kv cas a\nkv drop\ncas swap five\ncas current"),
            "()\n()\n()\nSome(\"one\")\n()\n()\nfailed\nSome(\"two\")\n()\nSome(\"three\")\n"
            "()\n()\nNone\n()\nSome(\"four\")\n()\n()\n()\nnothing is open\n");
  EXPECT_EQ(host_->data["a"], "five");
}

TEST_F(HostCalls, KeepNoMoreForSwapsThanALimit) {
  EXPECT_EQ(
      sync("kv open default\nkv set large @1048576\nkv cas-until-refused large\n"
           "kv cas-drop-one\nkv cas-until-refused large"),
      "()\n()\n31 Error::Other(\"the open compare-and-swap handles hold more than 32 MiB: "
      "drop some\")\ntrue\n31 Error::Other(\"the open compare-and-swap handles hold more than "
      "32 MiB: drop some\")\n");
}

TEST_F(HostCalls, AskSqliteOfEachVersion) {
  const std::string all = "execute echo i:-9223372036854775808 r:0.5 t:text b:blob b:- n";
  const std::string row =
      "c0 c1 c2 c3 c4 c5 [i:-9223372036854775808 r:0.5 t:text b:blob b: n | ]\n";
  EXPECT_EQ(sync(("sqlite1 open default\nsqlite1 " + all + "\nsqlite1 execute nothing\n" +
                  "sqlite1 close\nsqlite1 execute nothing\nsqlite1 close")
                     .c_str()),
            "()\n" + row + " [ | ]\n()\nError::InvalidConnection\n()\n");
  EXPECT_EQ(sync(("sqlite2 open default\nsqlite2 " + all + "\nsqlite2 drop").c_str()),
            "()\n" + row + "()\n");
  EXPECT_EQ(
      sync(("sqlite3 open default\nsqlite3 " + all + "\nsqlite3 changes\nsqlite3 rowid").c_str()),
      "()\n" + row + "7\n-8\n");
}

TEST_F(HostCalls, WordARefusedStatementAsEachVersionDoes) {
  for (const std::string version : {"1", "2", "3"}) {
    std::string script;
    for (const char* line : {"open denied", "open missing", "open many", "open default",
                             "execute query", "execute full", "execute bad"})
      script += "sqlite" + version + " " + line + "\n";
    EXPECT_EQ(sync(script.c_str()),
              "Error::AccessDenied\nError::NoSuchDatabase\nError::Io(\"many it is\")\n()\n"
              "Error::Io(\"query it is\")\nError::DatabaseFull\nError::Io(\"bad it is\")\n");
  }
}

TEST_F(HostCalls, AskModels) {
  for (const std::string version : {"llm1", "llm2"}) {
    std::string script;
    for (const char* line :
         {" infer m hi", " infer m hi own", " embed m a bcd", " embed m", " infer denied hi",
          " infer missing hi", " embed bad x", " embed broken x"})
      script += version + line + "\n";
    EXPECT_EQ(sync(script.c_str()),
              "hi,100,1100,64,800,40,900 11 12\nhi,7,1500,8,250,9,750 11 12\n"
              "[[1.0, 0.5], [3.0, 0.5]] 2\n[] 0\nError::InvalidInput(\"denied it is\")\n"
              "Error::ModelNotSupported\nError::InvalidInput(\"bad it is\")\n"
              "Error::RuntimeError(\"broken it is\")\n");
  }
}

TEST_F(HostCalls, CarryLargeDataWhole) {
  EXPECT_EQ(sync("kv2 open default\nkv2 set large @1048576\nkv2 get large\nkv1 open default\n"
                 "kv1 get large\nkv open default\nkv get-many large\nsqlite2 open default\n"
                 "sqlite2 execute echo b:@1048576 n"),
            "()\n()\nSome(\"1048576 bytes\")\n()\n\"1048576 bytes\"\n()\n"
            "[(\"large\", Some(\"1048576 bytes\"))]\n()\nc0 c1 [b:1048576 bytes n | ]\n");
  EXPECT_EQ(host_->data["large"].size(), 1048576u);
}

TEST_F(HostCalls, CloseWhatTheGuestDropsAndWhatItLeaves) {
  sync(
      "kv2 open default\nkv2 drop\nkv2 open default\nkv2 open other\nkv1 open default\n"
      "kv open default\nkv cas a\nsqlite1 open default\nsqlite2 open default\n"
      "sqlite3 open default");
  ASSERT_TRUE(host_->all_ended());
  EXPECT_EQ(host_->open_count(), 0u);
  EXPECT_FALSE(host_->closed_a_stranger);
}

TEST_F(HostCalls, BeginASessionOnlyWhenTheGuestAsks) {
  sync("hello");
  EXPECT_EQ(host_->sessions_begun, 0u);
}

TEST_F(HostCalls, TellTheGuestThatACallWasDropped) {
  EXPECT_EQ(sync("kv2 open default\nkv2 get dropped\nkv2 get a"),
            "()\nError::Other(\"the call was interrupted\")\nNone\n");
}

TEST_F(HostCalls, TellTheGuestOfAnAnswerOfAnotherKind) {
  EXPECT_EQ(sync("kv2 open default\nkv2 get odd\nkv2 exists odd"),
            "()\nError::Other(\"the host answered with something else than bytes\")\n"
            "Error::Other(\"the host answered with something else than a boolean\")\n");
}

TEST_F(HostCalls, AreTheSameForComponents) {
  const char* script = "kv2 open default\nkv2 set a one\nkv2 keys\nsqlite3 open missing";
  EXPECT_EQ(run("spin_stores_component", script), "()\n()\n[\"a\"]\nError::NoSuchDatabase\n");
#if KT_BRIDGE_P3
  EXPECT_EQ(run("spin_stores_async_component", "kv3 open default\nkv3 keys\nsqlite3 open missing"),
            "()\n[\"a\"] ()\nError::NoSuchDatabase\n");
#endif
}

TEST_F(HostCalls, EndWithTheGuestThatIsInterrupted) {
  for (const char* name : {"spin_stores", "spin_stores_async"}) {
    if (!KT_BRIDGE_P3 && std::string_view(name) == "spin_stores_async")
      continue;
    auto component = guest_of(name);
    TestRecords records;
    records.add(std::string_view(name) == "spin_stores" ? "kv2 open default\nkv2 get held"
                                                        : "kv3 open default\nkv3 get held");
    TaskGroup group(loop_);
    host_->when_held([&] { loop_.post([&group] { group.cancel(); }); });
    std::optional<Invocation> out;
    group.spawn(keep(component->invoke(records.span(), CallOptions(60s, &output_)), out));
    serve_until_empty(group);
    ASSERT_TRUE(out);
    EXPECT_EQ(out->kind, InvocationKind::Interrupted);
    EXPECT_LT(out->stats.call, 10s);
    ASSERT_TRUE(host_->all_ended());
    EXPECT_EQ(host_->open_count(), 0u);
    host_->answer_held();  // nobody waits any more
    host_->when_held([] {});
  }
  EXPECT_EQ(sync("kv2 open default\nkv2 get a"), "()\nNone\n");
}

TEST_F(HostCalls, EndWithTheGuestWhoseTimeIsOver) {
  auto component = guest_of("spin_stores");
  const Invocation done = command(*component, "kv2 open default\nkv2 get held", 50ms);
  EXPECT_EQ(done.kind, InvocationKind::TimedOut);
  host_->answer_held();
}

TEST_F(HostCalls, AreRefusedByNameWhereThereIsNoHost) {
  auto component = engine().load(guest("spin_stores"));
  ASSERT_TRUE(component) << component.error().what;
  const auto linked = LinkedComponent::link(engine(), *component, LinkOptions());
  ASSERT_FALSE(linked);
  EXPECT_THAT(linked.error().what,
              AllOf(HasSubstr("imports what nobody provides"), HasSubstr("`fermyon:spin/config`"),
                    HasSubstr("`wasi:keyvalue/atomics@0.2.0-draft2`")));
}

#if KT_BRIDGE_P3
TEST_F(HostCalls, ServeAsynchronousVersions) {
  EXPECT_EQ(async("variables3 get greeting\nvariables3 get missing\nvariables3 get bad\n"
                  "variables3 get broken"),
            "\"value of greeting\"\nError::Undefined(\"missing it is\")\n"
            "Error::InvalidName(\"bad it is\")\nError::Provider(\"broken it is\")\n");
  EXPECT_EQ(async("kv3 open denied\nkv3 open missing\nkv3 open many\nkv3 open default\nkv3 get a\n"
                  "kv3 set a one\nkv3 set b -\nkv3 get a\nkv3 get b\nkv3 exists a\nkv3 keys\n"
                  "kv3 keys unread\nkv3 delete a\nkv3 exists a\nkv3 keys\nkv3 get broken\n"
                  "kv3 get dropped\nkv3 drop"),
            "Error::AccessDenied\nError::NoSuchStore\nError::StoreTableFull\n()\nNone\n()\n()\n"
            "Some(\"one\")\nSome(\"\")\ntrue\n[\"a\", \"b\"] ()\n()\n()\nfalse\n[\"b\"] ()\n"
            "Error::Other(\"broken it is\")\n"
            "Error::Other(\"the call was interrupted\")\n()\n");
  EXPECT_EQ(async("sqlite3 open denied\nsqlite3 open default\nsqlite3 execute echo i:5 r:0.5 t:x "
                  "b:y n\nsqlite3 execute query\nsqlite3 changes\nsqlite3 rowid\nsqlite3 drop\n"
                  "sqlite3 open-sync default\nsqlite3 execute-sync echo\nsqlite3 changes-sync\n"
                  "sqlite3 rowid-sync"),
            "Error::AccessDenied\n()\nc0 c1 c2 c3 c4 [i:5 r:0.5 t:x b:y n | ] ()\n"
            "Error::Io(\"query it is\")\n7\n-8\n()\n()\n0 columns\n7\n-8\n");
  ASSERT_TRUE(host_->all_ended());
  EXPECT_EQ(host_->open_count(), 0u);
}

TEST_F(HostCalls, EndAStreamOfKeysWithWhatWentWrong) {
  EXPECT_EQ(async("kv3 open of-broken\nkv3 keys\nkv3 open of-missing\nkv3 keys"),
            "()\n[] Error::Other(\"broken it is\")\n()\n[] Error::NoSuchStore\n");
}

TEST_F(HostCalls, CarryLargeDataWholeThroughAsynchronousFunctions) {
  host_->data["a"] = "";
  for (int i = 0; i < 3000; ++i)
    host_->data["key " + std::to_string(i)] = "";
  const std::string said = async(
      "kv3 open default\nkv3 set large @1048576\nkv3 get large\nsqlite3 open default\n"
      "sqlite3 execute echo b:@1048576 b:-\nkv3 keys");
  EXPECT_THAT(said, HasSubstr("Some(\"1048576 bytes\")\n()\nc0 c1 [b:1048576 bytes b: | ] ()\n"));
  EXPECT_THAT(said, EndsWith("\"key 999\", \"large\"] ()\n"));
  EXPECT_EQ(std::ranges::count(said, ','), 3001);
}

TEST_F(HostCalls, AreServedAtOnceWhereTheGuestWaitsForSeveral) {
  host_->held_max = 2;
  host_->when_held([this] { host_->answer_held(); });
  EXPECT_EQ(async("kv3 open default\nkv3 both held-1 held-2"),
            "()\nthe second is there\nSome(\"value of held-1\") Some(\"value of held-2\")\n");
}
#endif

}  // namespace
}  // namespace kt::wasm
