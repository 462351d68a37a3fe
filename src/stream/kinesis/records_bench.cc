// What reading one GetRecords answer costs, by record size and protocol.
#include <benchmark/benchmark.h>

#include "aws/base64.h"
#include "aws/cbor.h"
#include "runtime/random.h"
#include "stream/kinesis/records_reader.h"

namespace kt::stream {
namespace {

struct Sample {
  std::string sequence;
  std::string key;
  std::string data;
};

std::vector<Sample> samples(std::size_t count, std::size_t bytes) {
  Random random(7);
  std::vector<Sample> made(count);
  for (std::size_t i = 0; i < count; ++i) {
    made[i].sequence =
        "4968047188008830546166074941761408721188984418811" + std::to_string(1'000'000 + i);
    made[i].key = "device-" + std::to_string(random.below(1'000'000));
    for (std::size_t b = 0; b < bytes; ++b)
      made[i].data.push_back(static_cast<char>(random.next()));
  }
  return made;
}

std::string cbor_answer(const std::vector<Sample>& records) {
  aws::CborWriter w;
  w.map(3).text("Records").array(records.size());
  for (const Sample& sample : records) {
    w.map(5).text("SequenceNumber").text(sample.sequence);
    w.text("ApproximateArrivalTimestamp").millis(1'795'384'434'862);
    w.text("Data").bytes(as_bytes(sample.data)).text("PartitionKey").text(sample.key);
    w.text("EncryptionType").text("KMS");
  }
  w.text("NextShardIterator").text(std::string(220, 'A')).text("MillisBehindLatest").integer(0);
  return w.take();
}

std::string json_answer(const std::vector<Sample>& records) {
  std::string out = R"({"MillisBehindLatest":0,"NextShardIterator":")" + std::string(220, 'A') +
                    R"(","Records":[)";
  for (const Sample& sample : records) {
    out += out.back() == '[' ? "" : ",";
    out += R"({"ApproximateArrivalTimestamp":1795384434.862,"Data":")";
    aws::append_base64(out, as_bytes(sample.data));
    out += R"(","EncryptionType":"KMS","PartitionKey":")" + sample.key + R"(","SequenceNumber":")" +
           sample.sequence + "\"}";
  }
  return out + "]}";
}

void report(benchmark::State& state, std::size_t records, std::size_t bytes) {
  state.counters["per_record"] = benchmark::Counter(
      static_cast<double>(records),
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.SetBytesProcessed(static_cast<std::int64_t>(records * bytes) *
                          static_cast<std::int64_t>(state.iterations()));
}

template <class Read>
void run(benchmark::State& state, std::string (*make)(const std::vector<Sample>&), Read read) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto bytes = static_cast<std::size_t>(state.range(1));
  const std::string answer = make(samples(count, bytes));
  for (auto _ : state) {
    state.PauseTiming();
    std::string body;
    body.reserve(answer.size() + 64);
    body = answer;
    state.ResumeTiming();
    auto page = read(std::move(body), nullptr);
    if (!page || page->page->records.size() != count)
      state.SkipWithError("the answer was not read");
    benchmark::DoNotOptimize(page);
    state.PauseTiming();
    page = RecordsAnswer();
    state.ResumeTiming();
  }
  report(state, count, bytes);
}

void read_cbor(benchmark::State& state) {
  run(state, cbor_answer, read_cbor_records);
}
void read_json(benchmark::State& state) {
  run(state, json_answer, read_json_records);
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  for (const auto& [count, bytes] :
       {std::pair{10'000, 200}, {10'000, 100}, {1000, 1000}, {100, 10'000}})
    benchmark->Args({count, bytes});
}

BENCHMARK(read_cbor)->Apply(sizes)->Unit(benchmark::kMicrosecond);
BENCHMARK(read_json)->Apply(sizes)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace kt::stream
