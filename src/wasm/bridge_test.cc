// The C contract itself: a panic at any entry is an error, and null arguments are refused.
#include <gmock/gmock.h>
#include <kt_bridge.h>

#include <future>

#include "wasm/bridge_error.h"
#include "wasm/testing.h"

namespace kt::wasm {
namespace {

using ::testing::HasSubstr;

/// A component that has nothing.
constexpr std::uint8_t kTiny[] = {0, 'a', 's', 'm', 0x0d, 0, 1, 0};

/// Arms the panic and runs the entry, which must report it.
void expect_panic(const char* entry, const std::function<kt_error*()>& run) {
  SCOPED_TRACE(entry);
  kt_bridge_test_panic(entry);
  kt_error* error = run();
  kt_bridge_test_panic("");
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(kt_error_get_kind(error), KT_PANIC);
  EXPECT_THAT(kt_error_get_message(error), HasSubstr(entry));
  kt_error_free(error);
}

class Bridge : public ::testing::Test {
 protected:
  void SetUp() override {
    config_.worker_threads = 1;
    config_.instances_max = 2;
    config_.on_demand = EngineOptions().allocation == Allocation::OnDemand;
    config_.no_signal_traps = EngineOptions().trap_detection == TrapDetection::Checks;
    ASSERT_EQ(kt_engine_new(&config_, &engine_), nullptr);
    ASSERT_EQ(kt_component_load(engine_, guest("nothing").c_str(), &component_), nullptr);
    ASSERT_EQ(kt_link(engine_, component_, &options_, &linked_), nullptr);
  }
  void TearDown() override {
    kt_linked_free(linked_);
    kt_component_free(component_);
    kt_engine_free(engine_);
  }

  struct Ended {
    std::promise<std::pair<int, std::string>> promise;
  };
  static void on_done(void* context, const kt_result* result) {
    auto* ended = static_cast<Ended*>(context);
    ended->promise.set_value({result->kind, std::string(result->message, result->message_length)});
  }
  kt_invocation invocation(Ended& ended) {
    kt_invocation out = {};
    out.call_context = &ended;
    out.done = on_done;
    return out;
  }

  kt_engine_config config_ = {};
  kt_link_options options_ = {};
  kt_engine* engine_ = nullptr;
  kt_component* component_ = nullptr;
  kt_linked* linked_ = nullptr;
};

TEST_F(Bridge, TurnsAPanicAtEachReportingEntryIntoAnError) {
  const std::uint8_t byte = 0;
  kt_engine* engine = nullptr;
  kt_component* component = nullptr;
  kt_linked* linked = nullptr;
  kt_component_info info = {};
  Ended ended;
  const kt_invocation call = invocation(ended);
  expect_panic("kt_engine_new", [&] { return kt_engine_new(&config_, &engine); });
  expect_panic("kt_component_compile",
               [&] { return kt_component_compile(engine_, &byte, 1, &component); });
  expect_panic("kt_component_compose",
               [&] { return kt_component_compose(engine_, &byte, 1, nullptr, 0, &component); });
  expect_panic("kt_component_load", [&] { return kt_component_load(engine_, "x", &component); });
  expect_panic("kt_component_get_info", [&] { return kt_component_get_info(component_, &info); });
  expect_panic("kt_link", [&] { return kt_link(engine_, component_, &options_, &linked); });
  expect_panic("kt_invoke", [&] { return kt_invoke(linked_, &call, nullptr); });
  EXPECT_EQ(engine, nullptr);
  EXPECT_EQ(component, nullptr);
  EXPECT_EQ(linked, nullptr);
}

TEST_F(Bridge, SwallowsAPanicWhereNothingCanBeReported) {
  kt_call* call = nullptr;
  Ended ended;
  const kt_invocation invocation_ = invocation(ended);
  ASSERT_EQ(kt_invoke(linked_, &invocation_, &call), nullptr);
  ended.promise.get_future().wait();
  kt_bridge_test_panic("kt_call_interrupt");
  kt_call_interrupt(call);
  kt_bridge_test_panic("kt_call_free");
  kt_call_free(call);
  kt_bridge_test_panic("kt_linked_free");
  kt_linked_free(std::exchange(linked_, nullptr));
  kt_bridge_test_panic("kt_component_free");
  kt_component_free(std::exchange(component_, nullptr));
  kt_bridge_test_panic("kt_engine_free");
  kt_engine_free(std::exchange(engine_, nullptr));
  kt_error* error = kt_engine_new(nullptr, &engine_);
  ASSERT_NE(error, nullptr);
  kt_bridge_test_panic("kt_error_free");
  kt_error_free(error);
}

TEST_F(Bridge, TellsTheCallerOfAPanicOnAGuestThread) {
  Ended ended;
  const kt_invocation call = invocation(ended);
  kt_bridge_test_panic("call");
  ASSERT_EQ(kt_invoke(linked_, &call, nullptr), nullptr);
  const auto [kind, message] = ended.promise.get_future().get();
  EXPECT_EQ(kind, KT_CALL_PANIC);
  EXPECT_THAT(message, HasSubstr("asked for by a test"));
  Ended after;
  const kt_invocation next = invocation(after);
  ASSERT_EQ(kt_invoke(linked_, &next, nullptr), nullptr);
  EXPECT_EQ(after.promise.get_future().get().first, KT_OK);
}

void expect_invalid(kt_error* error) {
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(kt_error_get_kind(error), KT_INVALID);
  EXPECT_THAT(kt_error_get_message(error), HasSubstr("null"));
  kt_error_free(error);
}

TEST_F(Bridge, RefusesNullWhereAnObjectIsNeeded) {
  kt_component* component = nullptr;
  kt_linked* linked = nullptr;
  kt_invocation call = {};
  expect_invalid(kt_engine_new(nullptr, nullptr));
  expect_invalid(kt_engine_new(&config_, nullptr));
  expect_invalid(kt_component_compile(nullptr, nullptr, 0, &component));
  expect_invalid(kt_component_compile(engine_, nullptr, 5, &component));
  const kt_dependency nameless = {};
  expect_invalid(kt_component_compose(nullptr, nullptr, 0, nullptr, 0, &component));
  expect_invalid(kt_component_compose(engine_, nullptr, 5, nullptr, 0, &component));
  expect_invalid(kt_component_compose(engine_, kTiny, sizeof kTiny, nullptr, 1, &component));
  expect_invalid(kt_component_compose(engine_, kTiny, sizeof kTiny, &nameless, 1, &component));
  expect_invalid(kt_component_load(engine_, nullptr, &component));
  expect_invalid(kt_component_get_info(component_, nullptr));
  expect_invalid(kt_link(engine_, nullptr, &options_, &linked));
  expect_invalid(kt_link(engine_, component_, nullptr, &linked));
  expect_invalid(kt_invoke(nullptr, &call, nullptr));
  expect_invalid(kt_invoke(linked_, &call, nullptr));
  kt_engine_free(nullptr);
  kt_component_free(nullptr);
  kt_linked_free(nullptr);
  kt_call_free(nullptr);
  kt_call_interrupt(nullptr);
  kt_error_free(nullptr);
}

TEST_F(Bridge, RefusesACallOfAStreamWorldWithoutContextOrExtras) {
  kt_component* component = nullptr;
  kt_linked* linked = nullptr;
  ASSERT_EQ(kt_component_load(engine_, guest("stream_nothing").c_str(), &component), nullptr);
  ASSERT_EQ(kt_link(engine_, component, &options_, &linked), nullptr);
  EXPECT_EQ(kt_linked_get_world(linked), KT_WORLD_STREAM);
  EXPECT_EQ(kt_linked_get_world(linked_), KT_WORLD_KINESIS);
  EXPECT_EQ(kt_linked_get_world(nullptr), 0);
  Ended ended;
  kt_invocation call = invocation(ended);
  expect_invalid(kt_invoke(linked, &call, nullptr));
  const kt_batch_context context = {};
  const kt_record record = {};
  call.context = &context;
  call.records = &record;
  call.record_count = 1;
  expect_invalid(kt_invoke(linked, &call, nullptr));
  const kt_record_extra extra = {};
  call.extras = &extra;
  ASSERT_EQ(kt_invoke(linked, &call, nullptr), nullptr);
  EXPECT_EQ(ended.promise.get_future().get().first, KT_OK) << "an empty record is a record";
  kt_linked_free(linked);
  kt_component_free(component);
}

TEST_F(Bridge, RunsACallWhoseHandleNobodyWants) {
  Ended ended;
  const kt_invocation call = invocation(ended);
  ASSERT_EQ(kt_invoke(linked_, &call, nullptr), nullptr);
  EXPECT_EQ(ended.promise.get_future().get().first, KT_OK);
}

}  // namespace
}  // namespace kt::wasm
