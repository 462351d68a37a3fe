// app/options.h — What a trigger and its process are set to, checked and with defaults.
//
// Why: defaults stand once, here and in the key table (app/keys.h), which a test compares.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/checkpoint.h"
#include "model/destination_address.h"
#include "model/ids.h"
#include "model/stream_arn.h"

namespace kt::app {

/// `[[trigger.kinesis]]`. Members beyond this version keep their default: another value is refused
/// when the manifest is read.
struct TriggerOptions {
  StreamArn stream_arn;
  int batch_size = 100;
  std::chrono::milliseconds shard_idle_wait{1000};
  std::chrono::milliseconds detector_poll{30'000};
  ApplicationName application_name;
  StartingPosition starting_position = Latest{};
  std::chrono::milliseconds maximum_batching_window{0};
  std::size_t maximum_batch_bytes = std::size_t{6} * 1024 * 1024;
  int parallelization_factor = 1;
  int maximum_retry_attempts = -1;  ///< -1: for ever
  std::chrono::seconds maximum_record_age{-1};
  bool bisect_batch_on_function_error = false;
  bool report_item_failures = false;             ///< function_response_types
  std::optional<DestinationAddress> on_failure;  ///< none: the directory of the application
  /// What no message of on_failure holds. None: as on_failure without value.
  std::optional<DestinationAddress> on_failure_overflow;
  bool on_failure_overflow_refused = false;  ///< "none": such a record waits
  std::string on_poison = "shard";
  std::size_t on_poison_max_keys = 1'000;  ///< of a shard, as are the next two
  std::size_t on_poison_max_records = 100'000;
  std::size_t on_poison_max_bytes = std::size_t{64} * 1024 * 1024;
  bool deaggregate = true;
  std::vector<std::string> filters;
  std::string on_non_json = "drop";
  std::chrono::seconds tumbling_window{0};
  std::string enhanced_fan_out;
  std::chrono::milliseconds handler_timeout{60'000};
  int instance_reuse = 1;
  bool enabled = true;

  // Parts of starting_position, joined once all keys are read.
  std::string shard_iterator_type = "LATEST";
  std::string starting_sequence_number;
  std::optional<WallTime> starting_position_timestamp;
};

enum class OnDataLoss { Fail, Continue };

/// `[application.trigger.kinesis]`.
struct ProcessOptions {
  std::string lease_store = "sqlite";
  std::string worker_id;  ///< empty: made from host and process
  std::chrono::milliseconds failover{3000};
  std::chrono::milliseconds drain_timeout{4000};
  std::chrono::milliseconds checkpoint_interval{0};
  std::chrono::milliseconds stall_timeout{0};  ///< 0: by the handler's time; -1: never
  OnDataLoss on_data_loss = OnDataLoss::Fail;
  std::size_t memory_budget_bytes = std::size_t{256} * 1024 * 1024;
  int max_concurrent_invocations = 0;   ///< 0: 8 per core
  std::size_t max_instance_memory = 0;  ///< bytes; 0: the engine's own bound
  std::string endpoint_url;             ///< empty: as the AWS environment says
};

/// One setting as `--print-config` shows it.
struct Setting {
  std::string key;
  std::string value;
  std::string origin;  ///< "default", "spin.toml:12", "--max-instance-memory", ...
};

}  // namespace kt::app
