// local/token.h — Shard iterators and paging tokens: opaque text that survives a restart.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "local/requests.h"

namespace kt::local {

/// What a shard iterator means: the next record to read, and since when it is valid.
struct IteratorToken {
  std::string stream_arn;
  std::uint64_t stream_uid = 0;  ///< an iterator does not outlive its stream
  std::uint32_t shard = 0;
  std::uint64_t index = 0;
  WallTime issued;
};

/// What a ListShards token means: the request, where it goes on, and since when it is valid.
struct ListToken {
  std::string stream_arn;
  std::uint64_t stream_uid = 0;
  std::uint32_t next_shard = 0;
  std::optional<ShardFilter> filter;
  WallTime issued;
};

/// What a ListStreamConsumers token means.
struct ConsumerListToken {
  std::uint64_t stream_uid = 0;
  std::string after;  ///< the last name of the page before
  WallTime issued;
};

std::string encode(const ConsumerListToken& token);
std::optional<ConsumerListToken> decode_consumer_token(std::string_view text);
std::string encode(const IteratorToken& token);
std::string encode(const ListToken& token);
/// None for any text that encode() did not make.
std::optional<IteratorToken> decode_iterator(std::string_view text);
std::optional<ListToken> decode_list_token(std::string_view text);

}  // namespace kt::local
