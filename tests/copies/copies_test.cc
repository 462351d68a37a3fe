// From an answer's body to the batch of a call: no payload is copied, and the heap is asked once a
// page and a few times a batch, however many records there are. (The two copies before and behind
// are held by the tests of http/ and wasm/.)
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "aws/cbor.h"
#include "batch/batcher.h"
#include "stream/kinesis/answers.h"

namespace {
std::atomic<std::size_t> g_objects{0};
std::atomic<std::size_t> g_bytes{0};
}  // namespace

void* operator new(std::size_t size) {
  g_objects.fetch_add(1, std::memory_order_relaxed);
  g_bytes.fetch_add(size, std::memory_order_relaxed);
  if (void* const memory = std::malloc(size == 0 ? 1 : size))
    return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace kt {
namespace {

constexpr std::size_t kRecords = 10'000;
constexpr std::size_t kPayloadBytes = 200;

std::string answer_of(std::size_t count) {
  const std::string payload(kPayloadBytes, 'x');
  aws::CborWriter out(count * (kPayloadBytes + 200) + 200);
  out.map(3).text("MillisBehindLatest").integer(0).text("NextShardIterator").text("next");
  out.text("Records").array(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string number = std::to_string(100'000'000 + i);
    out.map(4).text("SequenceNumber").text("49590338271490256608559692538361571095921575" + number);
    out.text("ApproximateArrivalTimestamp").millis(1'700'000'000'000);
    out.text("Data").bytes(as_bytes(payload));
    out.text("PartitionKey").text("key-" + number);
  }
  return out.take();
}

/// Counts from its making on.
class Heap {
 public:
  std::size_t objects() const { return g_objects - objects_; }
  std::size_t bytes() const { return g_bytes - bytes_; }

 private:
  std::size_t objects_ = g_objects;
  std::size_t bytes_ = g_bytes;
};

struct Cut {
  std::size_t records = 0;
  std::size_t batches = 0;
  std::size_t payloads_elsewhere = 0;
};

Cut cut_all(const RecordPage& page, batch::Batcher& batcher) {
  Cut cut;
  const char* const begin = page.body.data();
  while (!batcher.empty()) {
    const auto batch = batcher.cut();
    ++cut.batches;
    cut.records += batch->records.size();
    for (const Record& record : batch->records) {
      const char* const data = as_text(record.data).data();
      const bool within = data >= begin && data + record.data.size() <= begin + page.body.size();
      cut.payloads_elsewhere += within ? 0 : 1;
    }
  }
  return cut;
}

TEST(ARecord, CostsNoHeapObjectAndNoCopyOnItsWayToTheGuest) {
  for (const std::size_t batch_size : {10u, 100u, 1000u}) {
    SCOPED_TRACE(batch_size);
    std::string body = answer_of(kRecords);
    const char* const read_into = body.data();
    const Heap heap;
    auto answer = stream::read_records(std::move(body));
    ASSERT_TRUE(answer) << answer.error().what;
    EXPECT_LE(heap.objects(), 10u) << "for the page";
    EXPECT_EQ(answer->page->body.data(), read_into);
    batch::Batcher::Options options;
    options.records_max = batch_size;
    batch::Batcher batcher(options);
    batcher.add(answer->page, 0, MonotonicTime());
    const Cut cut = cut_all(*answer->page, batcher);
    EXPECT_EQ(cut.records, kRecords);
    EXPECT_EQ(cut.batches, kRecords / batch_size);
    EXPECT_EQ(cut.payloads_elsewhere, 0u);
    EXPECT_LE(heap.objects(), 10 + 3 * cut.batches);
    EXPECT_LT(heap.bytes(), kRecords * kPayloadBytes) << "there is room for a copy of the payloads";
  }
}

TEST(AnAnswersMemory, ComesBackWhenTheLastBatchCutFromItIsGone) {
  const auto pool = std::make_shared<TextPool>(64u << 20);
  std::string body = pool->take(4u << 20);
  const char* const memory = body.data();
  body += answer_of(kRecords);
  auto answer = stream::read_records(std::move(body), pool);
  ASSERT_TRUE(answer) << answer.error().what;
  batch::Batcher batcher(batch::Batcher::Options{});
  batcher.add(answer->page, kRecords - 1, MonotonicTime());
  const std::weak_ptr<const RecordPage> page = std::exchange(answer->page, nullptr);
  auto batch = batcher.cut();
  EXPECT_EQ(pool->held_bytes(), 0u);
  batch.reset();
  EXPECT_TRUE(page.expired());
  EXPECT_GE(pool->held_bytes(), 4u << 20);
  EXPECT_EQ(pool->take(4u << 20).data(), memory);
}

}  // namespace
}  // namespace kt
