// What the client adds to a request: its signature.
#include <benchmark/benchmark.h>

#include "aws/signing.h"

namespace kt::aws {
namespace {

void sign_request(benchmark::State& state) {
  const Credentials credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
  const SigningScope scope("us-east-1", "kinesis");
  const WallTime date = *parse_rfc3339("2023-11-14T22:13:20Z");
  const std::string body(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    http::Request request;
    request.headers.emplace_back("Host", "127.0.0.1:4567");
    request.headers.emplace_back("Content-Type", "application/x-amz-cbor-1.1");
    request.headers.emplace_back("X-Amz-Target", "Kinesis_20131202.GetRecords");
    request.body = body;
    const auto is_signed = sign(request, credentials, scope, date);
    benchmark::DoNotOptimize(is_signed);
  }
  state.SetBytesProcessed(state.range(0) * static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(sign_request)->Arg(300)->Arg(1'000'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace kt::aws
