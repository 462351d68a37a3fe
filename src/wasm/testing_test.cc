#include <filesystem>

#include "wasm/testing.h"

namespace kt::wasm {

TemporaryDir::TemporaryDir() {
  std::string pattern = ::testing::TempDir() + "kt_wasm_XXXXXX";
  CHECK(mkdtemp(pattern.data()) != nullptr, "no temporary directory");
  path_ = pattern;
}
TemporaryDir::~TemporaryDir() {
  std::error_code ignored;
  std::filesystem::permissions(path_, std::filesystem::perms::owner_all, ignored);
  std::filesystem::remove_all(path_, ignored);
}

void RecordingOutput::write(OutputStream stream, std::string_view bytes) noexcept {
  std::function<void()> then;
  {
    const std::scoped_lock lock(mutex_);
    (stream == OutputStream::Stdout ? out_ : err_) += bytes;
    if (then_ && out_.find(awaited_) != std::string::npos)
      then = std::exchange(then_, nullptr);
  }
  if (then)
    then();
}
void RecordingOutput::when_printed(std::string text, std::function<void()> then) {
  const std::scoped_lock lock(mutex_);
  awaited_ = std::move(text);
  then_ = std::move(then);
}
std::string RecordingOutput::stdout_text() const {
  const std::scoped_lock lock(mutex_);
  return out_;
}
std::string RecordingOutput::stderr_text() const {
  const std::scoped_lock lock(mutex_);
  return err_;
}

TestRecords& TestRecords::add(std::string data, std::string key, std::string sequence) {
  if (sequence.empty())
    sequence = std::to_string(owned_.size() + 1);
  owned_.push_back(std::make_unique<Owned>());
  Owned& owned = *owned_.back();
  owned.data = std::move(data);
  owned.key = std::move(key);
  owned.sequence = std::move(sequence);
  return *this;
}
TestRecords& TestRecords::in_aggregate(std::uint32_t sub_sequence, std::string explicit_hash_key) {
  owned_.back()->sub_sequence = sub_sequence;
  owned_.back()->hash_key = std::move(explicit_hash_key);
  return *this;
}
std::span<const Record> TestRecords::span() {
  records_.clear();
  for (const auto& owned : owned_) {
    Record record;
    record.data = as_bytes(owned->data);
    record.partition_key = owned->key;
    record.sequence_number = owned->sequence;
    record.approximate_arrival = WallTime(std::chrono::milliseconds(1700000000250));
    record.encryption = EncryptionType::Kms;
    record.sub_sequence = owned->sub_sequence;
    record.in_aggregate = !owned->hash_key.empty();
    record.explicit_hash_key = owned->hash_key;
    records_.push_back(record);
  }
  return records_;
}

std::unique_ptr<Loop> WasmTest::shared_loop_;
std::unique_ptr<Engine> WasmTest::engine_;

void WasmTest::SetUpTestSuite() {
  set_up_with(Optimization::Speed);
}

void WasmTest::set_up_with(Optimization optimization) {
  shared_loop_ = std::make_unique<Loop>();
  EngineOptions options;
  options.worker_threads = 2;
  options.instances_max = 8;
  options.optimization = optimization;
  auto engine = Engine::create(options);
  ASSERT_TRUE(engine) << engine.error().what;
  engine_ = *std::move(engine);
}
void WasmTest::TearDownTestSuite() {
  engine_.reset();
  shared_loop_.reset();
}

std::unique_ptr<LinkedComponent> WasmTest::link(const char* name, LinkOptions options) {
  auto component = engine().load(guest(name));
  CHECK(component.has_value(), component.error().what);
  auto linked = LinkedComponent::link(engine(), *component, options);
  CHECK(linked.has_value(), linked.error().what);
  return *std::move(linked);
}

Task<Result<Unit>> WasmTest::keep(Task<Invocation> task, std::optional<Invocation>& out) {
  out = co_await std::move(task);
  co_return Unit{};
}

Invocation WasmTest::serve(const LinkedComponent& component, TestRecords& records, TaskGroup& group,
                           std::chrono::milliseconds timeout) {
  std::optional<Invocation> out;
  CallOptions options(timeout, &output_);
  options.context = context_;
  group.spawn(keep(component.invoke(records.span(), options), out));
  serve_until_empty(group);
  return *out;
}

void WasmTest::serve_until_empty(TaskGroup& group) {
  auto keep_alive = asio::make_work_guard(loop_.context());
  loop_.context().restart();
  while (!group.empty())
    loop_.context().run_one();
}

Invocation WasmTest::call(const LinkedComponent& component, TestRecords& records,
                          std::chrono::milliseconds timeout) {
  TaskGroup group(loop_);
  return serve(component, records, group, timeout);
}

Invocation WasmTest::cancel_when_printed(const LinkedComponent& component, TestRecords& records,
                                         const char* text) {
  TaskGroup group(loop_);
  output_.when_printed(text, [&] { loop_.post([&group] { group.cancel(); }); });
  return serve(component, records, group, std::chrono::seconds(60));
}

Invocation WasmTest::command(const LinkedComponent& component, const char* data,
                             std::chrono::milliseconds timeout) {
  TestRecords records;
  records.add(data);
  return call(component, records, timeout);
}

}  // namespace kt::wasm
