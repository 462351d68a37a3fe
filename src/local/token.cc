#include "local/token.h"

#include "aws/base64.h"

namespace kt::local {
namespace {

constexpr std::uint64_t kIteratorKind = 0x4b54'4954'4552'3031;
constexpr std::uint64_t kListKind = 0x4b54'4c49'5354'3031;
constexpr std::uint64_t kConsumerListKind = 0x4b54'434f'4e53'3031;
constexpr std::size_t kTokenBytesMax = 2048;

/// FNV-1a: tells our tokens from garbage. It guards against accidents, not against forgery.
std::uint64_t checksum(std::string_view bytes, std::uint64_t kind) {
  std::uint64_t hash = 0xcbf29ce484222325ULL ^ kind;
  for (const char c : bytes)
    hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3ULL;
  return hash;
}

class Packer {
 public:
  Packer& number(std::uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8)
      bytes_.push_back(static_cast<char>(value >> shift));
    return *this;
  }
  Packer& time(WallTime t) {
    return number(static_cast<std::uint64_t>(t.time_since_epoch().count()));
  }
  Packer& text(std::string_view t) {
    number(t.size());
    bytes_.append(t);
    return *this;
  }
  std::string seal(std::uint64_t kind) {
    number(checksum(bytes_, kind));
    std::string out;
    aws::append_base64(out, as_bytes(bytes_));
    return out;
  }

 private:
  std::string bytes_;
};

class Unpacker {
 public:
  Unpacker(std::string_view text, std::uint64_t kind) {
    if (text.size() > kTokenBytesMax)
      return;
    auto decoded = aws::decode_base64(text);
    if (!decoded || decoded->size() < 8)
      return;
    bytes_ = std::move(*decoded);
    at_ = bytes_.size() - 8;
    end_ = bytes_.size();
    const std::uint64_t sum = number();
    end_ = bytes_.size() - 8;
    at_ = 0;
    good_ = sum == checksum(std::string_view(bytes_).substr(0, end_), kind);
  }
  std::uint64_t number() {
    if (end_ - at_ < 8) {
      good_ = false;
      return 0;
    }
    std::uint64_t value = 0;
    for (unsigned i = 0; i < 8; ++i)
      value |= std::uint64_t{static_cast<std::uint8_t>(bytes_[at_ + i])} << (8 * i);
    at_ += 8;
    return value;
  }
  WallTime time() {
    return WallTime(std::chrono::milliseconds(static_cast<std::int64_t>(number())));
  }
  std::string text() {
    const std::uint64_t size = number();
    if (!good_ || size > end_ - at_) {
      good_ = false;
      return {};
    }
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }
  bool complete() const { return good_ && at_ == end_; }
  bool good() const { return good_; }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
  bool good_ = false;
};

}  // namespace

std::string encode(const IteratorToken& t) {
  Packer packer;
  packer.text(t.stream_arn).number(t.stream_uid).number(t.shard).number(t.index).time(t.issued);
  return packer.seal(kIteratorKind);
}

std::string encode(const ListToken& t) {
  Packer packer;
  packer.text(t.stream_arn).number(t.stream_uid).number(t.next_shard).time(t.issued);
  packer.number(t.filter ? 1 : 0);
  if (t.filter) {
    packer.number(static_cast<std::uint64_t>(t.filter->type));
    packer.text(t.filter->shard ? t.filter->shard->view() : std::string_view());
    packer.number(t.filter->time ? 1 : 0).time(t.filter->time.value_or(WallTime()));
  }
  return packer.seal(kListKind);
}

std::string encode(const ConsumerListToken& t) {
  Packer packer;
  packer.number(t.stream_uid).text(t.after).time(t.issued);
  return packer.seal(kConsumerListKind);
}

std::optional<ConsumerListToken> decode_consumer_token(std::string_view text) {
  Unpacker in(text, kConsumerListKind);
  if (!in.good())
    return std::nullopt;
  ConsumerListToken t;
  t.stream_uid = in.number();
  t.after = in.text();
  t.issued = in.time();
  if (!in.complete())
    return std::nullopt;
  return t;
}

std::optional<IteratorToken> decode_iterator(std::string_view text) {
  Unpacker in(text, kIteratorKind);
  if (!in.good())
    return std::nullopt;
  IteratorToken t;
  t.stream_arn = in.text();
  t.stream_uid = in.number();
  t.shard = static_cast<std::uint32_t>(in.number());
  t.index = in.number();
  t.issued = in.time();
  if (!in.complete())
    return std::nullopt;
  return t;
}

std::optional<ListToken> decode_list_token(std::string_view text) {
  Unpacker in(text, kListKind);
  if (!in.good())
    return std::nullopt;
  ListToken t;
  t.stream_arn = in.text();
  t.stream_uid = in.number();
  t.next_shard = static_cast<std::uint32_t>(in.number());
  t.issued = in.time();
  if (in.number() != 0) {
    ShardFilter filter;
    filter.type = static_cast<ShardFilterType>(in.number());
    const std::string shard = in.text();
    if (!shard.empty())
      filter.shard = ShardId(shard);
    const bool timed = in.number() != 0;
    const WallTime time = in.time();
    if (timed)
      filter.time = time;
    t.filter = std::move(filter);
  }
  if (!in.complete())
    return std::nullopt;
  return t;
}

}  // namespace kt::local
