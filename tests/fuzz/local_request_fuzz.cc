// Any bytes as a request of the embedded Kinesis: it answers, with 200 or an exception.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "local/service.h"
#include "runtime/virtual_clock.h"

namespace {

using namespace kt;

constexpr std::string_view kOperations[] = {
    "CreateStream", "DeleteStream", "DescribeStream", "GetRecords",       "GetShardIterator",
    "ListShards",   "ListStreams",  "MergeShards",    "PutRecord",        "PutRecords",
    "SplitShard",   "Nonsense",     "DescribeLimits", "UpdateShardCount", "DescribeStreamSummary"};

}  // namespace

/// The first byte picks the operation and the format, the rest is the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  VirtualClock clock;
  local::ModelOptions options;
  options.shards_max = 100;
  local::KinesisModel model(clock, options);
  const StreamArn stream = StreamArn::of("aws", "us-east-1", "000000000000", StreamName("s"));
  if (!model.create_stream(stream, 2))
    std::abort();
  local::Service service(model, clock, 1);
  http::ServerRequest request;
  request.method = "POST";
  const std::string_view name = kOperations[(data[0] & 0x7fU) % std::size(kOperations)];
  request.headers.emplace_back("x-amz-target", "Kinesis_20131202." + std::string(name));
  request.headers.emplace_back(
      "content-type", (data[0] & 0x80U) != 0 ? "application/x-amz-cbor-1.1" : "application/json");
  request.body.assign(reinterpret_cast<const char*>(data) + 1, size - 1);
  const int status = service.answer(request).response.status;
  if (status != 200 && status != 400)
    std::abort();
  return 0;
}
