#include "redis/reply_reader.h"

#include <hiredis/read.h>

#include <utility>

#include "base/check.h"

namespace kt::redis {

/// What hiredis calls while it reads. A null answer ends the reading with its out-of-memory error.
struct ReplyReader::Functions {
  static ReplyReader& self(const redisReadTask* task) {
    return *static_cast<ReplyReader*>(task->privdata);
  }
  static void* string(const redisReadTask* task, char* data, std::size_t size) {
    RedisReply* const reply = self(task).place(task, size);
    if (reply == nullptr)
      return nullptr;
    reply->kind = task->type == REDIS_REPLY_STATUS  ? RedisReply::Kind::Status
                  : task->type == REDIS_REPLY_ERROR ? RedisReply::Kind::Error
                                                    : RedisReply::Kind::Bulk;
    reply->text.assign(data, size);
    return reply;
  }
  static void* array(const redisReadTask* task, int count) {
    const auto items = static_cast<std::size_t>(count);
    RedisReply* const reply = self(task).place(task, items * sizeof(RedisReply));
    if (reply == nullptr)
      return nullptr;
    reply->kind = RedisReply::Kind::Array;
    reply->items.resize(items);
    return reply;
  }
  static void* integer(const redisReadTask* task, long long value) {
    RedisReply* const reply = self(task).place(task, 0);
    if (reply == nullptr)
      return nullptr;
    reply->kind = RedisReply::Kind::Integer;
    reply->integer = value;
    return reply;
  }
  static void* nil(const redisReadTask* task) { return self(task).place(task, 0); }
  // Everything hangs on root_, which the ReplyReader owns.
  static void release(void*) {}

  static inline redisReplyObjectFunctions table = {string, array, integer, nil, release};
};

void ReplyReader::Release::operator()(redisReader* reader) const {
  redisReaderFree(reader);
}

ReplyReader::ReplyReader(std::size_t reply_max_bytes)
    : max_(reply_max_bytes), reader_(redisReaderCreateWithFunctions(&Functions::table)) {
  CHECK(reader_ != nullptr, "out of memory");
  reader_->privdata = this;
}
ReplyReader::~ReplyReader() = default;

RedisReply* ReplyReader::place(const redisReadTask* task, std::size_t more_bytes) {
  built_ += sizeof(RedisReply) + more_bytes;
  if (built_ > max_) {
    too_large_ = true;
    return nullptr;
  }
  if (task->parent == nullptr) {
    root_ = RedisReply();
    return &root_;
  }
  auto* const parent = static_cast<RedisReply*>(task->parent->obj);
  const auto index = static_cast<std::size_t>(task->idx);
  CHECK(index < parent->items.size(), "a reply has more items than it said");
  return &parent->items[index];
}

Result<Unit> ReplyReader::feed(std::string_view bytes) {
  if (redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) == REDIS_OK)
    return Unit{};
  return fail(ErrorCode::Corrupt, std::string("not a Redis reply: ") + reader_->errstr);
}

Result<std::optional<RedisReply>> ReplyReader::next() {
  void* whole = nullptr;
  if (redisReaderGetReply(reader_.get(), &whole) != REDIS_OK)
    return failure();
  if (whole == nullptr) {
    // What has come of a value that is not whole counts as well.
    too_large_ = built_ + (reader_->len - reader_->pos) > max_;
    if (too_large_)
      return failure();
    return std::nullopt;
  }
  built_ = 0;
  return std::exchange(root_, RedisReply());
}

Result<std::optional<RedisReply>> ReplyReader::failure() const {
  if (too_large_)
    return fail(ErrorCode::LimitExceeded,
                "query result exceeds limit of " + std::to_string(max_) + " bytes");
  return fail(ErrorCode::Corrupt, std::string("not a Redis reply: ") + reader_->errstr);
}

}  // namespace kt::redis
