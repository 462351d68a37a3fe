// redis/reply_reader.h — Bytes from a server to replies, within a bound.
//
// Why: hiredis knows the protocol, but would let a server make a reply of any size. Its reader
// builds ours through the functions it is given, and those count.
#pragma once
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "redis/reply.h"

struct redisReader;
struct redisReadTask;

namespace kt::redis {

class ReplyReader {
 public:
  explicit ReplyReader(std::size_t reply_max_bytes);
  ~ReplyReader();
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;

  /// Bytes as they came. After an error, here or in next(), nothing more can be read.
  Result<Unit> feed(std::string_view bytes);
  /// The next whole reply, or none yet. LimitExceeded, or Corrupt when it is not the protocol.
  Result<std::optional<RedisReply>> next();

 private:
  struct Functions;
  struct Release {
    void operator()(redisReader* reader) const;
  };

  /// Where the reply of a task goes; null when the bound is passed.
  RedisReply* place(const redisReadTask* task, std::size_t more_bytes);
  Result<std::optional<RedisReply>> failure() const;

  std::size_t max_;
  std::size_t built_ = 0;  // of the reply that is being read
  bool too_large_ = false;
  RedisReply root_;
  std::unique_ptr<redisReader, Release> reader_;
};

}  // namespace kt::redis
