// spin_services.hpp — Spin's key-value stores, variables and outbound HTTP, with no generator.
//
// Needs spin_kinesis.hpp and stream_handler.hpp beside it. Include it in the file in which
// STREAM_HANDLER or SPIN_KINESIS_HANDLER stands, and call it while the handler runs:
//
//     auto store = spin_services::key_value::Store::open("default");
//     if (!store)
//       return store.error();  // "access-denied": the manifest does not name the store
//     if (auto why = store->set(record.partition_key(), record.data()))
//       return why;
//
// What a component may reach is in its manifest: key_value_stores, variables,
// allowed_outbound_hosts. A component imports the functions that it calls, and no others.
#pragma once
#include <spin_kinesis.hpp>
#include <stream_handler.hpp>
#include <type_traits>
#include <vector>

namespace spin_services {

/// Why something was not done: the interface's name for it, and its text if it has one. None: it
/// is.
using Failure = std::optional<std::string>;

/// A value, or why there is none.
template <class T>
class Answer {
 public:
  Answer(T value) : value_(std::move(value)) {}
  static Answer failed(std::string why) {
    Answer answer;
    answer.error_ = std::move(why);
    return answer;
  }
  explicit operator bool() const { return value_.has_value(); }
  T& operator*() { return *value_; }
  T* operator->() { return &*value_; }
  const std::string& error() const { return error_; }

 private:
  Answer() = default;
  std::optional<T> value_;
  std::string error_;
};

/// The canonical ABI's memory layout on wasm32. Written by the host, read here.
namespace abi {

using spin_kinesis::abi::Slice;
using stream_handler::abi::OptionalSlice;

/// Of every function of a store, and of variables.
struct Answer {
  std::uint8_t is_error;
  union {
    struct {
      std::uint8_t kind;
      Slice text;
    } error;
    std::uint32_t handle;
    std::uint8_t flag;
    OptionalSlice value;
    Slice slice;
  };
};
struct Header {
  Slice name;
  Slice value;
};
struct ResponseAnswer {
  std::uint8_t is_error;
  union {
    std::uint8_t error;
    struct {
      std::uint16_t status;
      OptionalSlice headers;
      OptionalSlice body;
    } value;
  };
};
#ifdef __wasm32__
static_assert(sizeof(Answer) == 16 && offsetof(Answer, value) == 4 && sizeof(Header) == 16);
static_assert(sizeof(ResponseAnswer) == 32 && offsetof(ResponseAnswer, value.body) == 20);
#define SPIN_SERVICES_IMPORT(module, name) \
  __attribute__((import_module("fermyon:spin/" module), import_name(name)))
#else
#define SPIN_SERVICES_IMPORT(module, name)
#endif
#define SPIN_SERVICES_STORE(name) SPIN_SERVICES_IMPORT("key-value@2.0.0", name)

extern "C" {
SPIN_SERVICES_STORE("[static]store.open")
void spin_services_open(const char* label, std::size_t size, Answer* out);
SPIN_SERVICES_STORE("[method]store.get")
void spin_services_get(std::uint32_t store, const char* key, std::size_t size, Answer* out);
SPIN_SERVICES_STORE("[method]store.set")
void spin_services_set(std::uint32_t store, const char* key, std::size_t size, const char* value,
                       std::size_t value_size, Answer* out);
SPIN_SERVICES_STORE("[method]store.delete")
void spin_services_delete(std::uint32_t store, const char* key, std::size_t size, Answer* out);
SPIN_SERVICES_STORE("[method]store.exists")
void spin_services_exists(std::uint32_t store, const char* key, std::size_t size, Answer* out);
SPIN_SERVICES_STORE("[method]store.get-keys")
void spin_services_get_keys(std::uint32_t store, Answer* out);
SPIN_SERVICES_STORE("[resource-drop]store")
void spin_services_drop(std::uint32_t store);
SPIN_SERVICES_IMPORT("variables@2.0.0", "get")
void spin_services_variable(const char* name, std::size_t size, Answer* out);
SPIN_SERVICES_IMPORT("http", "send-request")
void spin_services_send(std::uint32_t method, const char* url, std::size_t url_size,
                        const Header* headers, std::size_t header_count, const Header* parameters,
                        std::size_t parameter_count, std::uint32_t has_body, const char* body,
                        std::size_t body_size, ResponseAnswer* out);
}
#undef SPIN_SERVICES_STORE
#undef SPIN_SERVICES_IMPORT

}  // namespace abi

namespace detail {

/// Calls an import. What the host writes meanwhile is malloc's.
template <class Out, class Import, class... Arguments>
Out ask(Import import, Arguments... arguments) {
  const bool before = std::exchange(spin_kinesis::detail::in_handler, true);
  Out out = {};
  import(arguments..., &out);
  spin_kinesis::detail::in_handler = before;
  return out;
}

inline std::string take(abi::Slice slice) {
  std::string text(spin_kinesis::abi::text(slice));
  if (slice.size > 0)
    std::free(slice.data);
  return text;
}

/// The list's items, each made by `make`.
template <class Item, class Raw, class Make>
std::vector<Item> take_list(abi::Slice list, Make make) {
  std::vector<Item> items;
  const auto* raw = reinterpret_cast<const Raw*>(list.data);
  for (std::uint32_t index = 0; index < list.size; ++index)
    items.push_back(make(raw[index]));
  if (list.size > 0)
    std::free(list.data);
  return items;
}

using Names = const char* const[4];
inline constexpr Names kStoreErrors = {"store-table-full", "no-such-store", "access-denied",
                                       "other"};
inline constexpr Names kVariableErrors = {"invalid-name", "undefined", "provider", "other"};

/// Only the errors that have a text have one: the others leave it as it was, empty.
inline Failure failure(const abi::Answer& got, const Names& names) {
  if (!got.is_error)
    return std::nullopt;
  const std::string text = take(got.error.text);
  return names[got.error.kind & 3] + (text.empty() ? text : ": " + text);
}

}  // namespace detail

namespace key_value {

/// An open store. Errors: `access-denied`, `no-such-store`, `store-table-full`, `other: <text>`.
/// One that was moved from is none any more: `no-such-store`.
class Store {
 public:
  static Answer<Store> open(std::string_view label = "default") {
    const auto got = detail::ask<abi::Answer>(abi::spin_services_open, label.data(), label.size());
    if (auto why = failure(got))
      return Answer<Store>::failed(std::move(*why));
    return Store(got.handle);
  }
  Store(Store&& other) noexcept : handle_(std::exchange(other.handle_, std::nullopt)) {}
  Store& operator=(Store&& other) noexcept {
    Store taken(std::move(other));
    std::swap(handle_, taken.handle_);
    return *this;
  }
  ~Store() {
    if (handle_)
      abi::spin_services_drop(*handle_);
  }

  /// None: the store has no such key.
  Answer<std::optional<std::string>> get(std::string_view key) const {
    using Value = std::optional<std::string>;
    const auto got = ask(abi::spin_services_get, key.data(), key.size());
    if (auto why = failure(got))
      return Answer<Value>::failed(std::move(*why));
    return got.value.has ? Value(detail::take(got.value.value)) : Value();
  }
  Failure set(std::string_view key, std::string_view value) const {
    return failure(ask(abi::spin_services_set, key.data(), key.size(), value.data(), value.size()));
  }
  Failure remove(std::string_view key) const {
    return failure(ask(abi::spin_services_delete, key.data(), key.size()));
  }
  Answer<bool> exists(std::string_view key) const {
    const auto got = ask(abi::spin_services_exists, key.data(), key.size());
    if (auto why = failure(got))
      return Answer<bool>::failed(std::move(*why));
    return got.flag != 0;
  }
  /// All of them.
  Answer<std::vector<std::string>> keys() const {
    using Keys = std::vector<std::string>;
    const auto got = ask(abi::spin_services_get_keys);
    if (auto why = failure(got))
      return Answer<Keys>::failed(std::move(*why));
    return detail::take_list<std::string, abi::Slice>(got.slice, detail::take);
  }

 private:
  explicit Store(std::uint32_t handle) : handle_(handle) {}

  template <class Import, class... Arguments>
  abi::Answer ask(Import import, Arguments... arguments) const {
    if (handle_)
      return detail::ask<abi::Answer>(import, *handle_, arguments...);
    // Its handle's number may be another store's by now.
    abi::Answer none = {};
    none.is_error = 1;
    none.error.kind = 1;
    return none;
  }
  static Failure failure(const abi::Answer& got) {
    return detail::failure(got, detail::kStoreErrors);
  }

  std::optional<std::uint32_t> handle_;
};

}  // namespace key_value

namespace variables {

/// Errors: `undefined: <text>`, `invalid-name: <text>`, `provider: <text>`, `other: <text>`.
inline Answer<std::string> get(std::string_view name) {
  const auto got = detail::ask<abi::Answer>(abi::spin_services_variable, name.data(), name.size());
  if (auto why = detail::failure(got, detail::kVariableErrors))
    return Answer<std::string>::failed(std::move(*why));
  return detail::take(got.slice);
}

}  // namespace variables

namespace http {

enum class Method : std::uint8_t { Get, Post, Put, Delete, Patch, Head, Options };

struct Header {
  std::string name;
  std::string value;
};
struct Request {
  Method method = Method::Get;
  std::string url;
  std::vector<Header> headers = {};
  std::string body = {};
};
struct Response {
  unsigned status = 0;
  std::vector<Header> headers;
  std::string body;
};

/// Sends a request with its whole body, and waits for the whole response, of 128 MiB at most. Any
/// status is a response. Errors: `destination-not-allowed` (see allowed_outbound_hosts),
/// `invalid-url`, `request-error`, `runtime-error` (nothing was reached), `too-many-requests`.
inline Answer<Response> send(const Request& request) {
  const auto view = [](const std::string& text) {
    // The host only reads it.
    auto* data = const_cast<char*>(text.data());
    return abi::Slice{reinterpret_cast<std::uint8_t*>(data),
                      static_cast<std::uint32_t>(text.size())};
  };
  std::vector<abi::Header> headers;
  for (const Header& header : request.headers)
    headers.push_back({view(header.name), view(header.value)});
  const abi::Header none = {};
  const auto got = detail::ask<abi::ResponseAnswer>(
      abi::spin_services_send, static_cast<std::uint32_t>(request.method), request.url.data(),
      request.url.size(), headers.empty() ? &none : headers.data(), headers.size(), &none,
      std::size_t{0}, std::uint32_t{1}, request.body.data(), request.body.size());
  if (got.is_error) {
    static constexpr const char* kNames[] = {"success",       "destination-not-allowed",
                                             "invalid-url",   "request-error",
                                             "runtime-error", "too-many-requests"};
    return Answer<Response>::failed(got.error < 6 ? kNames[got.error] : "runtime-error");
  }
  Response response;
  response.status = got.value.status;
  if (got.value.headers.has)
    response.headers =
        detail::take_list<Header, abi::Header>(got.value.headers.value, [](const abi::Header& raw) {
          return Header{detail::take(raw.name), detail::take(raw.value)};
        });
  if (got.value.body.has)
    response.body = detail::take(got.value.body.value);
  return response;
}

}  // namespace http
}  // namespace spin_services

// What is imported, as wit-bindgen would describe it (printed by component_type.py). A module that
// describes one thing describes all: so its handler too, which spin_kinesis.hpp always does.
#define SPIN_SERVICES_COMPONENT_TYPE                                                             \
  ".section \".custom_section.component-type:spin-services\",\"G\",@,spin_services,comdat\n"     \
  ".byte 0,97,115,109,13,0,1,0,0,25,22,119,105,116,45,99,111,109,112,111,110,101\n"              \
  ".byte 110,116,45,101,110,99,111,100,105,110,103,4,0,7,135,8,1,65,2,1,65,11\n"                 \
  ".byte 1,66,25,1,113,4,16,115,116,111,114,101,45,116,97,98,108,101,45,102,117,108\n"           \
  ".byte 108,0,0,13,110,111,45,115,117,99,104,45,115,116,111,114,101,0,0,13,97,99\n"             \
  ".byte 99,101,115,115,45,100,101,110,105,101,100,0,0,5,111,116,104,101,114,1,115,0\n"          \
  ".byte 4,0,5,101,114,114,111,114,3,0,0,4,0,5,115,116,111,114,101,3,1,1\n"                      \
  ".byte 105,2,1,106,1,3,1,1,1,64,1,5,108,97,98,101,108,115,0,4,4,0\n"                           \
  ".byte 18,91,115,116,97,116,105,99,93,115,116,111,114,101,46,111,112,101,110,1,5,1\n"          \
  ".byte 104,2,1,112,125,1,107,7,1,106,1,8,1,1,1,64,2,4,115,101,108,102\n"                       \
  ".byte 6,3,107,101,121,115,0,9,4,0,17,91,109,101,116,104,111,100,93,115,116,111\n"             \
  ".byte 114,101,46,103,101,116,1,10,1,106,0,1,1,1,64,3,4,115,101,108,102,6\n"                   \
  ".byte 3,107,101,121,115,5,118,97,108,117,101,7,0,11,4,0,17,91,109,101,116,104\n"              \
  ".byte 111,100,93,115,116,111,114,101,46,115,101,116,1,12,1,64,2,4,115,101,108,102\n"          \
  ".byte 6,3,107,101,121,115,0,11,4,0,20,91,109,101,116,104,111,100,93,115,116,111\n"            \
  ".byte 114,101,46,100,101,108,101,116,101,1,13,1,106,1,127,1,1,1,64,2,4,115\n"                 \
  ".byte 101,108,102,6,3,107,101,121,115,0,14,4,0,20,91,109,101,116,104,111,100,93\n"            \
  ".byte 115,116,111,114,101,46,101,120,105,115,116,115,1,15,1,112,115,1,106,1,16,1\n"           \
  ".byte 1,1,64,1,4,115,101,108,102,6,0,17,4,0,22,91,109,101,116,104,111,100\n"                  \
  ".byte 93,115,116,111,114,101,46,103,101,116,45,107,101,121,115,1,18,3,0,28,102,101\n"         \
  ".byte 114,109,121,111,110,58,115,112,105,110,47,107,101,121,45,118,97,108,117,101,64,50\n"    \
  ".byte 46,48,46,48,5,0,1,66,5,1,113,4,12,105,110,118,97,108,105,100,45,110\n"                  \
  ".byte 97,109,101,1,115,0,9,117,110,100,101,102,105,110,101,100,1,115,0,8,112,114\n"           \
  ".byte 111,118,105,100,101,114,1,115,0,5,111,116,104,101,114,1,115,0,4,0,5,101\n"              \
  ".byte 114,114,111,114,3,0,0,1,106,1,115,1,1,1,64,1,4,110,97,109,101,115\n"                    \
  ".byte 0,2,4,0,3,103,101,116,1,3,3,0,28,102,101,114,109,121,111,110,58,115\n"                  \
  ".byte 112,105,110,47,118,97,114,105,97,98,108,101,115,64,50,46,48,46,48,5,1,1\n"              \
  ".byte 66,13,1,109,7,3,103,101,116,4,112,111,115,116,3,112,117,116,6,100,101,108\n"            \
  ".byte 101,116,101,5,112,97,116,99,104,4,104,101,97,100,7,111,112,116,105,111,110,115\n"       \
  ".byte 4,0,6,109,101,116,104,111,100,3,0,0,1,111,2,115,115,1,112,2,1,112\n"                    \
  ".byte 125,1,107,4,1,114,5,6,109,101,116,104,111,100,1,3,117,114,105,115,7,104\n"              \
  ".byte 101,97,100,101,114,115,3,6,112,97,114,97,109,115,3,4,98,111,100,121,5,4\n"              \
  ".byte 0,7,114,101,113,117,101,115,116,3,0,6,1,107,3,1,114,3,6,115,116,97\n"                   \
  ".byte 116,117,115,123,7,104,101,97,100,101,114,115,8,4,98,111,100,121,5,4,0,8\n"              \
  ".byte 114,101,115,112,111,110,115,101,3,0,9,1,109,6,7,115,117,99,99,101,115,115\n"            \
  ".byte 23,100,101,115,116,105,110,97,116,105,111,110,45,110,111,116,45,97,108,108,111,119\n"   \
  ".byte 101,100,11,105,110,118,97,108,105,100,45,117,114,108,13,114,101,113,117,101,115,116\n"  \
  ".byte 45,101,114,114,111,114,13,114,117,110,116,105,109,101,45,101,114,114,111,114,17,116\n"  \
  ".byte 111,111,45,109,97,110,121,45,114,101,113,117,101,115,116,115,4,0,10,104,116,116\n"      \
  ".byte 112,45,101,114,114,111,114,3,0,11,3,0,23,102,101,114,109,121,111,110,58,115\n"          \
  ".byte 112,105,110,47,104,116,116,112,45,116,121,112,101,115,5,2,2,3,0,2,7,114\n"              \
  ".byte 101,113,117,101,115,116,2,3,0,2,8,114,101,115,112,111,110,115,101,2,3,0\n"              \
  ".byte 2,10,104,116,116,112,45,101,114,114,111,114,1,66,9,2,3,2,1,3,4,0\n"                     \
  ".byte 7,114,101,113,117,101,115,116,3,0,0,2,3,2,1,4,4,0,8,114,101,115\n"                      \
  ".byte 112,111,110,115,101,3,0,2,2,3,2,1,5,4,0,10,104,116,116,112,45,101\n"                    \
  ".byte 114,114,111,114,3,0,4,1,106,1,3,1,5,1,64,1,3,114,101,113,1,0\n"                         \
  ".byte 6,4,0,12,115,101,110,100,45,114,101,113,117,101,115,116,1,7,3,0,17,102\n"               \
  ".byte 101,114,109,121,111,110,58,115,112,105,110,47,104,116,116,112,5,6,4,0,34,116\n"         \
  ".byte 114,105,103,103,101,114,45,107,105,110,101,115,105,115,58,115,100,107,47,115,101,114\n" \
  ".byte 118,105,99,101,115,64,48,46,49,46,48,4,0,11,14,1,0,8,115,101,114,118\n"                 \
  ".byte 105,99,101,115,3,0,0,0,47,9,112,114,111,100,117,99,101,114,115,1,12,112\n"              \
  ".byte 114,111,99,101,115,115,101,100,45,98,121,1,13,119,105,116,45,99,111,109,112,111\n"      \
  ".byte 110,101,110,116,7,48,46,50,53,52,46,50\n"                                               \
  ".text\n"

#define STREAM_HANDLER_COMPONENT_TYPE                                                           \
  ".section \".custom_section.component-type:stream-handler\",\"\",@\n"                         \
  ".byte 0,97,115,109,13,0,1,0,0,25,22,119,105,116,45,99,111,109,112,111,110,101\n"             \
  ".byte 110,116,45,101,110,99,111,100,105,110,103,4,0,7,237,5,1,65,2,1,65,7\n"                 \
  ".byte 1,66,15,1,112,125,1,107,115,1,114,7,4,100,97,116,97,0,13,112,97,114\n"                 \
  ".byte 116,105,116,105,111,110,45,107,101,121,115,17,101,120,112,108,105,99,105,116,45,104\n" \
  ".byte 97,115,104,45,107,101,121,1,15,115,101,113,117,101,110,99,101,45,110,117,109,98\n"     \
  ".byte 101,114,115,19,115,117,98,45,115,101,113,117,101,110,99,101,45,110,117,109,98,101\n"   \
  ".byte 114,119,26,97,112,112,114,111,120,105,109,97,116,101,45,97,114,114,105,118,97,108\n"   \
  ".byte 45,109,105,108,108,105,115,119,15,105,100,101,109,112,111,116,101,110,99,121,45,107\n" \
  ".byte 101,121,115,4,0,13,115,116,114,101,97,109,45,114,101,99,111,114,100,3,0,2\n"           \
  ".byte 1,114,4,12,115,116,97,114,116,45,109,105,108,108,105,115,119,10,101,110,100,45\n"      \
  ".byte 109,105,108,108,105,115,119,10,102,105,110,97,108,45,99,97,108,108,127,16,116,101\n"   \
  ".byte 114,109,105,110,97,116,101,100,45,101,97,114,108,121,127,4,0,6,119,105,110,100\n"      \
  ".byte 111,119,3,0,4,1,107,5,1,107,0,1,114,7,10,115,116,114,101,97,109,45\n"                  \
  ".byte 97,114,110,115,8,115,104,97,114,100,45,105,100,115,7,97,116,116,101,109,112,116\n"     \
  ".byte 121,20,109,105,108,108,105,115,45,98,101,104,105,110,100,45,108,97,116,101,115,116\n"  \
  ".byte 119,13,102,101,110,99,105,110,103,45,116,111,107,101,110,119,6,119,105,110,100,111\n"  \
  ".byte 119,6,12,119,105,110,100,111,119,45,115,116,97,116,101,7,4,0,13,98,97,116\n"           \
  ".byte 99,104,45,99,111,110,116,101,120,116,3,0,8,1,112,121,1,113,3,4,100,111\n"              \
  ".byte 110,101,0,0,11,102,97,105,108,101,100,45,102,114,111,109,1,121,0,12,102,97\n"          \
  ".byte 105,108,101,100,45,105,116,101,109,115,1,10,0,4,0,7,111,117,116,99,111,109\n"          \
  ".byte 101,3,0,11,1,114,2,7,111,117,116,99,111,109,101,12,12,119,105,110,100,111\n"           \
  ".byte 119,45,115,116,97,116,101,7,4,0,12,98,97,116,99,104,45,114,101,115,117,108\n"          \
  ".byte 116,3,0,13,3,0,35,116,114,105,103,103,101,114,45,107,105,110,101,115,105,115\n"        \
  ".byte 58,104,97,110,100,108,101,114,47,116,121,112,101,115,64,48,46,49,46,48,5,0\n"          \
  ".byte 2,3,0,0,13,115,116,114,101,97,109,45,114,101,99,111,114,100,2,3,0,0\n"                 \
  ".byte 13,98,97,116,99,104,45,99,111,110,116,101,120,116,2,3,0,0,12,98,97,116\n"              \
  ".byte 99,104,45,114,101,115,117,108,116,1,66,10,2,3,2,1,1,4,0,13,115,116\n"                  \
  ".byte 114,101,97,109,45,114,101,99,111,114,100,3,0,0,2,3,2,1,2,4,0,13\n"                     \
  ".byte 98,97,116,99,104,45,99,111,110,116,101,120,116,3,0,2,2,3,2,1,3,4\n"                    \
  ".byte 0,12,98,97,116,99,104,45,114,101,115,117,108,116,3,0,4,1,112,1,1,106\n"                \
  ".byte 1,5,1,115,1,64,2,7,99,111,110,116,101,120,116,3,7,114,101,99,111,114\n"                \
  ".byte 100,115,6,0,7,4,0,5,98,97,116,99,104,1,8,4,0,36,116,114,105,103\n"                     \
  ".byte 103,101,114,45,107,105,110,101,115,105,115,58,104,97,110,100,108,101,114,47,104,97\n"  \
  ".byte 110,100,108,101,64,48,46,49,46,48,5,4,4,0,44,116,114,105,103,103,101,114\n"            \
  ".byte 45,107,105,110,101,115,105,115,58,104,97,110,100,108,101,114,47,115,116,114,101,97\n"  \
  ".byte 109,45,104,97,110,100,108,101,114,64,48,46,49,46,48,4,0,11,20,1,0,14\n"                \
  ".byte 115,116,114,101,97,109,45,104,97,110,100,108,101,114,3,0,0,0,47,9,112,114\n"           \
  ".byte 111,100,117,99,101,114,115,1,12,112,114,111,99,101,115,115,101,100,45,98,121,1\n"      \
  ".byte 13,119,105,116,45,99,111,109,112,111,110,101,110,116,7,48,46,50,53,52,46,50\n"         \
  ".text\n"

#ifdef __wasm__
__asm__(SPIN_SERVICES_COMPONENT_TYPE);
#undef STREAM_HANDLER_DESCRIPTION
#define STREAM_HANDLER_DESCRIPTION __asm__(STREAM_HANDLER_COMPONENT_TYPE);
#endif
