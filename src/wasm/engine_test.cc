#include "wasm/engine.h"

#include <gmock/gmock.h>
#include <kt_bridge.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "wasm/testing.h"

namespace kt::wasm {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::unique_ptr<Engine> engine_with_cache(const std::string& dir) {
  EngineOptions options;
  options.worker_threads = 1;
  options.instances_max = 2;
  options.cache_dir = dir;
  auto engine = Engine::create(options);
  CHECK(engine.has_value(), engine.error().what);
  return *std::move(engine);
}

std::vector<fs::path> files(const std::string& dir, const char* extension) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(dir)) {
    if (entry.path().extension() == extension)
      out.push_back(entry.path());
  }
  return out;
}

using Compile = WasmTest;

std::string link_error(const Engine& engine, const char* name) {
  auto component = engine.load(guest(name));
  if (!component)
    return component.error().what;
  auto linked = LinkedComponent::link(engine, *component, LinkOptions());
  return linked ? "" : linked.error().what;
}

TEST_F(Compile, MakesAComponentOfACoreModule) {
  auto component = engine().load(guest("handler"));
  ASSERT_TRUE(component) << component.error().what;
  EXPECT_TRUE(component->from_core_module());
  EXPECT_FALSE(component->from_cache());
  EXPECT_THAT(component->exports(), Contains("handle-batch-records"));
  EXPECT_THAT(component->imports(), Contains(StartsWith("wasi:cli/stdout@0.2.")));
}

TEST_F(Compile, NamesAFileThatIsNotThere) {
  auto component = engine().load("/nowhere/handler.wasm");
  ASSERT_FALSE(component);
  EXPECT_EQ(component.error().code, ErrorCode::NotFound);
  EXPECT_THAT(component.error().what, HasSubstr("/nowhere/handler.wasm"));
}

TEST_F(Compile, SaysWhenAFileIsNoWebAssembly) {
  const TemporaryDir dir;
  const std::string path = dir.path() + "/app.wasm";
  std::ofstream(path) << "#!/bin/sh\necho I am a script\n";
  auto component = engine().load(path);
  ASSERT_FALSE(component);
  EXPECT_EQ(component.error().code, ErrorCode::Invalid);
  EXPECT_THAT(component.error().what, AllOf(HasSubstr(path), HasSubstr("not a WebAssembly file")));
}

TEST_F(Compile, RefusesBytesThatOnlyLookLikeWebAssembly) {
  EXPECT_THAT(engine().compile(as_bytes("")).error().what, HasSubstr("empty"));
  EXPECT_THAT(engine().compile(as_bytes("(component)")).error().what, HasSubstr("text"));
  const std::string_view core("\0asm\1\0\0\0garbage", 15);
  EXPECT_THAT(engine().compile(as_bytes(core)).error().what, HasSubstr("damaged"));
  const std::string_view future("\0asm\x63\0\0\0", 8);
  EXPECT_THAT(engine().compile(as_bytes(future)).error().what, HasSubstr("version"));
  const std::string_view component("\0asm\x0d\0\1\0\xff\xff\xff", 11);
  EXPECT_THAT(engine().compile(as_bytes(component)).error().what, HasSubstr("not valid"));
}

TEST_F(Compile, RefusesADirectory) {
  const TemporaryDir dir;
  auto component = engine().load(dir.path());
  ASSERT_FALSE(component);
  EXPECT_THAT(component.error().what, HasSubstr("not a regular file"));
}

TEST_F(Compile, RefusesACoreModuleThatIsNoHandler) {
  // The smallest module there is.
  const std::string_view empty("\0asm\1\0\0\0", 8);
  auto component = engine().compile(as_bytes(empty));
  ASSERT_FALSE(component);
  EXPECT_EQ(component.error().code, ErrorCode::Invalid);
  EXPECT_THAT(component.error().what, HasSubstr("does not export `handle-batch-records`"));
}

TEST_F(Compile, NamesTheMissingExport) {
  EXPECT_THAT(link_error(engine(), "missing"),
              AllOf(HasSubstr("does not export `handle-batch-records`"), HasSubstr("`run`")));
}

TEST_F(Compile, RefusesAnExportOfAnotherType) {
  EXPECT_THAT(link_error(engine(), "mistyped"),
              AllOf(HasSubstr("handle-batch-records"), HasSubstr("another type")));
}

TEST_F(Compile, RefusesTwoHandlersAndNamesBoth) {
  EXPECT_THAT(link_error(engine(), "doubled"),
              AllOf(HasSubstr("more than one handler"), HasSubstr("`handle-batch-records`"),
                    HasSubstr("`trigger-kinesis:handler/handle@0.1.0`")));
}

#if KT_BRIDGE_P3
TEST_F(Compile, RefusesTheTwoFormsOfTheSecondWorldTogether) {
  EXPECT_THAT(link_error(engine(), "both-forms"),
              AllOf(HasSubstr("more than one handler"), HasSubstr("handler/handle@0.1.0`"),
                    HasSubstr("handler/handle-async@0.1.0`")));
}
#endif

TEST_F(Compile, TakesEachPatchOfVersionZeroOneOfTheSecondWorldAndNoOther) {
  EXPECT_EQ(link("version_0_1_7")->world(), World::Stream);
  EXPECT_THAT(link_error(engine(), "version_0_2_0"),
              AllOf(HasSubstr("`trigger-kinesis:handler/handle@0.2.0`"), HasSubstr("0.1.x")));
}

TEST_F(Compile, RefusesAModuleThatShowsTwoHandlersAndNoType) {
  EXPECT_THAT(link_error(engine(), "odd"),
              AllOf(HasSubstr("more than one handler"), HasSubstr("`handle-batch-records`"),
                    HasSubstr("`trigger-kinesis:handler/handle@0.1.0#batch`")));
}

/// The guest in Rust, as if another version of wit-bindgen had made it.
std::string made_by_bindgen(const std::string& version) {
  std::ifstream file(guest("rust"), std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const std::string tool = "wit-bindgen-rust";
  const auto place = bytes.find(tool) + tool.size() + 1;
  const auto size = static_cast<unsigned char>(bytes[place - 1]);
  EXPECT_EQ(size, version.size()) << "the tests' version has another length";
  return bytes.replace(place, size, version);
}

TEST_F(Compile, RefusesAModuleWhoseTypesABindgenOfAnotherFormAttached) {
  if (!std::filesystem::exists(guest("rust")))
    GTEST_SKIP() << "no wasm32 standard library for Rust on this machine";
  for (const char* good : {"0.16.0", "0.5.99", "1.20.3"})
    EXPECT_TRUE(engine().compile(as_bytes(made_by_bindgen(good)))) << good;
  for (const std::string bad : {"0.4.11", "0.2.99", "0.x.16", "banana"}) {
    const auto refused = engine().compile(as_bytes(made_by_bindgen(bad)));
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, ErrorCode::Invalid);
    EXPECT_THAT(refused.error().what,
                HasSubstr("cannot adapt modules created with wit-bindgen version " + bad));
  }
}

TEST_F(Compile, NamesTheImportThatNobodyProvides) {
  EXPECT_THAT(link_error(engine(), "importing"),
              AllOf(HasSubstr("imports what nobody provides"),
                    HasSubstr("`acme:store/table@1.0.0`"), Not(HasSubstr("wasi:"))));
}

TEST_F(Compile, RefusesAComponentThatDoesNotFitItsMemoryLimit) {
  auto component = engine().load(guest("handler"));
  ASSERT_TRUE(component) << component.error().what;
  LinkOptions options;
  options.memory_limit_bytes = 64 << 10;
  auto linked = LinkedComponent::link(engine(), *component, options);
  ASSERT_FALSE(linked);
  EXPECT_THAT(linked.error().what, AllOf(HasSubstr("does not start"), HasSubstr("65536 bytes")));
}

TEST(CompileCache, IsUsedByTheNextEngine) {
  const TemporaryDir dir;
  const std::string cache = dir.path() + "/deep/cache";
  auto first = engine_with_cache(cache)->load(guest("handler"));
  ASSERT_TRUE(first) << first.error().what;
  EXPECT_FALSE(first->from_cache());
  EXPECT_EQ(first->cache_note(), "");
  struct stat status = {};
  ASSERT_EQ(stat(cache.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0700u);
  auto second = engine_with_cache(cache)->load(guest("handler"));
  ASSERT_TRUE(second) << second.error().what;
  EXPECT_TRUE(second->from_cache());
  EXPECT_TRUE(second->from_core_module());
}

TEST(CompileCache, CompilesADamagedEntryAnew) {
  const TemporaryDir dir;
  const std::string cache = dir.path() + "/cache";
  ASSERT_TRUE(engine_with_cache(cache)->load(guest("nothing")));
  ASSERT_EQ(files(cache, ".cwasm").size(), 1u);
  const fs::path entry = files(cache, ".cwasm")[0];
  {
    std::fstream file(entry, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(fs::file_size(entry) / 2));
    file.write("damage", 6);
  }
  EXPECT_FALSE(engine_with_cache(cache)->load(guest("nothing"))->from_cache());
  EXPECT_TRUE(engine_with_cache(cache)->load(guest("nothing"))->from_cache());
  fs::resize_file(entry, 10);
  EXPECT_FALSE(engine_with_cache(cache)->load(guest("nothing"))->from_cache());
}

TEST(CompileCache, IsNotNeeded) {
  const TemporaryDir dir;
  std::ofstream(dir.path() + "/file") << "in the way";
  auto component = engine_with_cache(dir.path() + "/file/cache")->load(guest("nothing"));
  ASSERT_TRUE(component) << component.error().what;
  EXPECT_THAT(component->cache_note(), HasSubstr(dir.path()));
}

TEST(CompileCache, IsNotTrustedWhenOthersCanWriteToIt) {
  const TemporaryDir dir;
  ASSERT_EQ(chmod(dir.path().c_str(), 0777), 0);
  auto component = engine_with_cache(dir.path())->load(guest("nothing"));
  ASSERT_TRUE(component) << component.error().what;
  EXPECT_THAT(component->cache_note(), HasSubstr("others can write"));
  EXPECT_TRUE(files(dir.path(), ".cwasm").empty());
}

TEST(Engine, TellsItsVersionAndAllocator) {
  EXPECT_THAT(std::string(bridge_version()), HasSubstr("wasmtime 48."));
  EXPECT_THAT(std::string(engine_with_cache("")->allocator()),
              ::testing::AnyOf("pool+pagemap-scan", "pool", "on-demand"));
}

TEST(Engine, WorksOnDemandToo) {
  EngineOptions options;
  options.allocation = Allocation::OnDemand;
  options.trap_detection = TrapDetection::Checks;
  auto engine = Engine::create(options);
  ASSERT_TRUE(engine) << engine.error().what;
  EXPECT_EQ((*engine)->allocator(), "on-demand");
  EXPECT_EQ(link_error(**engine, "handler"), "");
}

}  // namespace
}  // namespace kt::wasm
