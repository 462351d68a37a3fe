// model/limits.h — The service's limits, in one place.
//
// Source: "Quotas and limits" and the API reference of Amazon Kinesis Data Streams.
#pragma once
#include <chrono>
#include <cstddef>

namespace kt::limits {

inline constexpr int kGetRecordsPerSecond = 5;        ///< per shard, all consumers together
inline constexpr int kGetShardIteratorPerSecond = 5;  ///< per shard
inline constexpr std::size_t kReadBytesPerSecond = 2 * 1024 * 1024;  ///< per shard
inline constexpr int kRecordsPerGet = 10'000;
inline constexpr std::size_t kBytesPerGet = 10 * 1024 * 1024;
inline constexpr std::chrono::minutes kIteratorLife{5};
inline constexpr std::chrono::seconds kListTokenLife{300};
inline constexpr int kShardsPerList = 1000;  ///< default page; at most 10,000
inline constexpr int kShardsPerListMax = 10'000;
inline constexpr std::size_t kPushBytesPerSecond = 2 * 1024 * 1024;  ///< per consumer and shard
inline constexpr std::chrono::minutes kSubscriptionLife{5};
inline constexpr std::chrono::seconds kSubscribeAgainAfter{5};  ///< of one consumer to one shard
inline constexpr int kConsumersPerStream = 20;
inline constexpr int kConsumersCreating = 5;
inline constexpr int kRecordsPerPut = 500;
inline constexpr std::size_t kBytesPerPut = 10 * 1024 * 1024;
inline constexpr std::size_t kRecordBytes = 1024 * 1024;  ///< default; a stream may allow more
inline constexpr std::size_t kRecordBytesMax = 10 * 1024 * 1024;
inline constexpr std::size_t kWriteBytesPerSecond = 1024 * 1024;  ///< per shard
inline constexpr int kWriteRecordsPerSecond = 1000;               ///< per shard
inline constexpr std::size_t kPartitionKeyBytes = 256;
inline constexpr std::chrono::hours kRetentionMin{24};
inline constexpr std::chrono::hours kRetentionMax{8760};

}  // namespace kt::limits
