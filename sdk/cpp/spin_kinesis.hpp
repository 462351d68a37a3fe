// spin_kinesis.hpp — A handler of `fermyon:spin-kinesis@2.0.0` in C++, with no generator.
//
// Write a function and name it once:
//
//     #include <spin_kinesis.hpp>
//
//     spin_kinesis::Result handle(spin_kinesis::Records records) {
//       for (spin_kinesis::Record record : records) {
//         ... record.data(), record.partition_key(), record.sequence_number()
//       }
//       return spin_kinesis::Result::ok();
//     }
//     SPIN_KINESIS_HANDLER(handle)
//
//     clang++ --target=wasm32-wasi -mexec-model=reactor -fno-exceptions -fno-rtti -O2 ...
//
// The result is a core module that describes itself: the trigger makes it a component at load.
// Everything a Record returns is a view that lives until the handler returns.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace spin_kinesis {

enum class EncryptionType : std::uint8_t { None = 0, Kms = 1 };

/// The canonical ABI's memory layout on wasm32. Written by the host, read here.
namespace abi {

struct Slice {
  std::uint8_t* data;
  std::uint32_t size;
};
struct OptionalU64 {
  std::uint8_t has;
  std::uint64_t value;
};
struct OptionalEnum {
  std::uint8_t has;
  std::uint8_t value;
};
struct Record {
  Slice data;
  Slice partition_key;
  Slice sequence_number;
  OptionalU64 arrival;
  OptionalEnum encryption;
};
struct HandlerResult {
  std::uint8_t is_error;
  struct {
    std::uint8_t tag;
    Slice message;
  } error;
};
#ifdef __wasm32__
static_assert(sizeof(Record) == 48 && offsetof(Record, arrival) == 24);
static_assert(offsetof(Record, encryption) == 40);
static_assert(sizeof(HandlerResult) == 16 && offsetof(HandlerResult, error) == 4);
#endif

inline std::string_view text(const Slice& slice) {
  return slice.size == 0 ? std::string_view()
                         : std::string_view(reinterpret_cast<const char*>(slice.data), slice.size);
}

}  // namespace abi

/// One record: a view, cheap to copy.
class Record {
 public:
  explicit Record(const abi::Record* raw) : raw_(raw) {}

  std::string_view data() const { return abi::text(raw_->data); }
  std::string_view partition_key() const { return abi::text(raw_->partition_key); }
  std::string_view sequence_number() const { return abi::text(raw_->sequence_number); }
  /// UNIX seconds.
  std::optional<std::uint64_t> approximate_arrival() const {
    if (!raw_->arrival.has)
      return std::nullopt;
    return raw_->arrival.value;
  }
  std::optional<EncryptionType> encryption() const {
    if (!raw_->encryption.has)
      return std::nullopt;
    return static_cast<EncryptionType>(raw_->encryption.value);
  }

 private:
  const abi::Record* raw_;
};

/// A batch, in the order of the shard: `Record` is a view of a `Raw`.
template <class Record, class Raw>
class BatchOf {
 public:
  BatchOf(const Raw* first, std::size_t count) : first_(first), count_(count) {}

  class Iterator {
   public:
    explicit Iterator(const Raw* at) : at_(at) {}
    Record operator*() const { return Record(at_); }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    friend bool operator==(Iterator a, Iterator b) { return a.at_ == b.at_; }
    friend bool operator!=(Iterator a, Iterator b) { return a.at_ != b.at_; }

   private:
    const Raw* at_;
  };

  std::size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  Record operator[](std::size_t index) const { return Record(first_ + index); }
  Iterator begin() const { return Iterator(first_); }
  Iterator end() const { return Iterator(first_ + count_); }

 private:
  const Raw* first_;
  std::size_t count_;
};

using Records = BatchOf<Record, abi::Record>;

/// ok(), or error(text): then the whole batch comes again.
class Result {
 public:
  static Result ok() { return Result(); }
  static Result error(std::string message) {
    Result result;
    result.message_ = std::move(message);
    return result;
  }
  const std::optional<std::string>& message() const { return message_; }

 private:
  std::optional<std::string> message_;
};

/// Where the host puts payloads and strings: a bump allocator that is emptied after each call.
/// Three calls of malloc and free a record would cost more than copying small records.
class Arena {
 public:
  void* take(std::size_t size) {
    if (size > static_cast<std::size_t>(end_ - at_) && !grow(size))
      return nullptr;
    char* taken = at_;
    at_ += size;
    return taken;
  }
  void clear() {
    while (chunks_ != nullptr) {
      Chunk* next = chunks_->next;
      std::free(chunks_);
      chunks_ = next;
    }
    at_ = first_;
    end_ = first_ + sizeof first_;
    chunk_size_ = kChunkMin;
  }

 private:
  struct Chunk {
    Chunk* next;
  };
  static constexpr std::size_t kChunkMin = std::size_t{64} << 10;
  static constexpr std::size_t kChunkMax = std::size_t{1} << 20;

  bool grow(std::size_t size) {
    const std::size_t room = size > chunk_size_ ? size : chunk_size_;
    auto* chunk = static_cast<Chunk*>(std::malloc(sizeof(Chunk) + room));
    if (chunk == nullptr)
      return false;
    chunk->next = chunks_;
    chunks_ = chunk;
    at_ = reinterpret_cast<char*>(chunk + 1);
    end_ = at_ + room;
    if (chunk_size_ < kChunkMax)
      chunk_size_ *= 2;
    return true;
  }

  char first_[8 << 10];
  char* at_ = first_;
  char* end_ = first_ + sizeof first_;
  Chunk* chunks_ = nullptr;
  std::size_t chunk_size_ = kChunkMin;
};

namespace detail {

inline Arena arena;
inline bool in_handler = false;

/// The host asks for memory. Bytes and strings of the batch come before the handler runs and have
/// alignment 1; everything else may be kept by whoever asked, and is malloc's.
inline void* allocate(void* old, std::size_t old_size, std::size_t align, std::size_t size) {
  if (size == 0)
    return reinterpret_cast<void*>(align);
  void* memory = nullptr;
  if (align > 1 || in_handler) {
    memory = std::realloc(old_size == 0 ? nullptr : old, size);
  } else {
    memory = arena.take(size);
    if (memory != nullptr && old_size > 0)
      std::memcpy(memory, old, old_size < size ? old_size : size);
  }
  if (memory == nullptr)
    __builtin_trap();
  return memory;
}

template <class Handler>
abi::HandlerResult* call(Handler handler, abi::Record* records, std::size_t count) {
  static abi::HandlerResult out;
  out = {};
  in_handler = true;
  {
    const Result result = handler(Records(records, count));
    if (const auto& message = result.message()) {
      out.is_error = 1;
      out.error.message.size = static_cast<std::uint32_t>(message->size());
      out.error.message.data = static_cast<std::uint8_t*>(allocate(nullptr, 0, 1, message->size()));
      std::memcpy(out.error.message.data, message->data(), message->size());
    }
  }
  // A module of this kind has no exit that would write what is buffered.
  std::fflush(nullptr);
  in_handler = false;
  arena.clear();
  if (count > 0)
    std::free(records);
  return &out;
}

inline void after_return(abi::HandlerResult* result) {
  if (result->is_error && result->error.message.size > 0)
    std::free(result->error.message.data);
}

}  // namespace detail
}  // namespace spin_kinesis

// The type of the module as a component: world `spin-kinesis` (printed by component_type.py).
#define SPIN_KINESIS_COMPONENT_TYPE                                                              \
  ".section \".custom_section.component-type:spin-kinesis\",\"\",@\n"                            \
  ".byte 0,97,115,109,13,0,1,0,0,25,22,119,105,116,45,99,111,109,112,111,110,101\n"              \
  ".byte 110,116,45,101,110,99,111,100,105,110,103,4,0,7,207,3,1,65,2,1,65,14\n"                 \
  ".byte 1,66,11,1,113,2,4,78,79,78,69,0,0,3,75,77,83,0,0,4,0,15\n"                              \
  ".byte 101,110,99,114,121,112,116,105,111,110,45,116,121,112,101,3,0,0,1,112,125,1\n"          \
  ".byte 114,1,5,105,110,110,101,114,2,4,0,4,98,108,111,98,3,0,3,1,107,119\n"                    \
  ".byte 1,107,1,1,114,5,4,100,97,116,97,4,13,112,97,114,116,105,116,105,111,110\n"              \
  ".byte 45,107,101,121,115,15,115,101,113,117,101,110,99,101,45,110,117,109,98,101,114,115\n"   \
  ".byte 29,97,112,112,114,111,120,105,109,97,116,101,45,97,114,114,105,118,97,108,45,116\n"     \
  ".byte 105,109,101,115,116,97,109,112,5,15,101,110,99,114,121,112,116,105,111,110,45,116\n"    \
  ".byte 121,112,101,6,4,0,14,107,105,110,101,115,105,115,45,114,101,99,111,114,100,3\n"         \
  ".byte 0,7,1,113,1,5,111,116,104,101,114,1,115,0,4,0,5,101,114,114,111,114\n"                  \
  ".byte 3,0,9,3,0,40,102,101,114,109,121,111,110,58,115,112,105,110,45,107,105,110\n"           \
  ".byte 101,115,105,115,47,107,105,110,101,115,105,115,45,116,121,112,101,115,64,50,46,48\n"    \
  ".byte 46,48,5,0,2,3,0,0,4,98,108,111,98,3,0,4,98,108,111,98,3,0\n"                            \
  ".byte 1,2,3,0,0,14,107,105,110,101,115,105,115,45,114,101,99,111,114,100,3,0\n"               \
  ".byte 14,107,105,110,101,115,105,115,45,114,101,99,111,114,100,3,0,3,2,3,0,0\n"               \
  ".byte 15,101,110,99,114,121,112,116,105,111,110,45,116,121,112,101,3,0,15,101,110,99\n"       \
  ".byte 114,121,112,116,105,111,110,45,116,121,112,101,3,0,5,2,3,0,0,5,101,114\n"               \
  ".byte 114,111,114,3,0,5,101,114,114,111,114,3,0,7,1,112,4,1,106,0,1,8\n"                      \
  ".byte 1,64,1,7,114,101,99,111,114,100,115,9,0,10,4,0,20,104,97,110,100,108\n"                 \
  ".byte 101,45,98,97,116,99,104,45,114,101,99,111,114,100,115,1,11,4,0,39,102,101\n"            \
  ".byte 114,109,121,111,110,58,115,112,105,110,45,107,105,110,101,115,105,115,47,115,112,105\n" \
  ".byte 110,45,107,105,110,101,115,105,115,64,50,46,48,46,48,4,0,11,18,1,0,12\n"                \
  ".byte 115,112,105,110,45,107,105,110,101,115,105,115,3,0,0,0,68,9,112,114,111,100\n"          \
  ".byte 117,99,101,114,115,1,12,112,114,111,99,101,115,115,101,100,45,98,121,2,13,119\n"        \
  ".byte 105,116,45,99,111,109,112,111,110,101,110,116,7,48,46,50,54,50,46,48,13,119\n"          \
  ".byte 105,116,45,98,105,110,100,103,101,110,45,99,6,48,46,54,51,46,48\n"                      \
  ".text\n"

#ifdef __wasm__
/// Makes `handler` the module's handler. Once a module, at namespace scope.
#define SPIN_KINESIS_HANDLER(handler)                                                          \
  __asm__(SPIN_KINESIS_COMPONENT_TYPE);                                                        \
  extern "C" {                                                                                 \
  __attribute__((export_name("cabi_realloc"))) void* cabi_realloc(void* old, size_t old_size,  \
                                                                  size_t align, size_t size) { \
    return spin_kinesis::detail::allocate(old, old_size, align, size);                         \
  }                                                                                            \
  __attribute__((export_name("handle-batch-records"))) void* spin_kinesis_entry(               \
      spin_kinesis::abi::Record* records, size_t count) {                                      \
    return spin_kinesis::detail::call(handler, records, count);                                \
  }                                                                                            \
  __attribute__((export_name("cabi_post_handle-batch-records"))) void spin_kinesis_post(       \
      spin_kinesis::abi::HandlerResult* result) {                                              \
    spin_kinesis::detail::after_return(result);                                                \
  }                                                                                            \
  }
#endif
