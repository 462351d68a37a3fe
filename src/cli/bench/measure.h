// cli/bench/measure.h — What is measured, one function each.
#pragma once
#include <string>

#include "cli/bench/peers.h"
#include "cli/bench/rig.h"

namespace kt::cli {

/// A batch's size and its records'.
struct Shape {
  std::size_t batch_size = 100;
  std::size_t record_bytes = 200;
};

/// The least that the parts cost by themselves, in CPU microseconds a record.
struct Floor {
  double client_micros = 0;    ///< sign, send, receive, decode a canned answer
  double instance_micros = 0;  ///< a call with no record: fresh instance, a line printed
  double lowering_micros = 0;  ///< what the records add to it
  double total() const { return client_micros + instance_micros + lowering_micros; }
};
Result<Floor> measure_floor(Rig& canned, const Shape& shape);

struct Throughput {
  std::size_t records = 0;
  double wall_seconds = 0;
  double cpu_seconds = 0;
  double micros_a_record() const { return cpu_seconds * 1e6 / static_cast<double>(records); }
};
/// Consumes a filled stream of `records` records from its start, unpaced.
Result<Throughput> measure_throughput(Rig& rig, const StreamArn& stream, const Shape& shape,
                                      std::size_t records);

struct Latency {
  std::size_t records = 0;
  double mean_ms = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  double max_ms = 0;
};
/// How records reach the consumer.
enum class Way { Polled, Pushed };
/// Puts `rate` records a second for that long and takes the time from before the put to the start
/// of the guest call. Default settings, service limits.
Result<Latency> measure_latency(Rig& rig, const StreamArn& stream, Way way, int rate,
                                Duration how_long);

struct Memory {
  double first_megabytes = 0;  ///< at the first start, which compiles the component
  double megabytes = 0;        ///< at a later start
  double cpu_percent = 0;      ///< while idle
};
/// `trigger-kinesis up` in a process of its own on a stream of `shards` shards, after some
/// records and a while of idling; started twice.
Result<Memory> measure_memory(Rig& rig, const std::string& dir, std::uint16_t service_port,
                              int shards);

}  // namespace kt::cli
