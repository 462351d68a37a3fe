// wasm/host_call.h — What a guest asks of the host beside WASI, seen from C++.
//
// Why: every version of every interface a guest may import comes down to an operation with values
// (kt_operations.h). The capabilities behind them see only this: views of the arguments, and an
// answer or a refusal given once.
#pragma once
#include <kt_operations.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "model/trace_context.h"

struct kt_value;
struct kt_host_call;

namespace kt::wasm {

using HostOperation = kt_operation;
using HostFault = kt_host_fault;

/// An argument: a view that lives until the call is answered. What has another kind than the
/// operation's description gives it is a fault of the bridge: CHECKed.
class HostValue {
 public:
  explicit HostValue(const kt_value& raw) : raw_(&raw) {}

  bool is_none() const;
  bool is_boolean() const;
  bool is_integer() const;
  bool is_real() const;
  bool is_text() const;
  bool is_bytes() const;
  bool is_list() const;
  bool boolean() const;
  std::int64_t integer() const;
  double real() const;
  std::string_view text() const;
  ByteView bytes() const;
  /// Of a list.
  std::size_t size() const;
  HostValue operator[](std::size_t index) const;

 private:
  const kt_value* raw_;
};

/// The arguments of one call.
class HostArguments {
 public:
  HostArguments() = default;
  HostArguments(const kt_value* raw, std::size_t count) : raw_(raw), count_(count) {}

  std::size_t size() const { return count_; }
  HostValue operator[](std::size_t index) const;

 private:
  const kt_value* raw_ = nullptr;
  std::size_t count_ = 0;
};

/// Memory that an answer hands to the guest's side whole: bytes written here are copied only once
/// more, into the guest.
class HostBuffer {
 public:
  explicit HostBuffer(std::size_t size);
  static HostBuffer copy_of(ByteView bytes);
  HostBuffer(HostBuffer&& other) noexcept;
  HostBuffer& operator=(HostBuffer&& other) noexcept;
  ~HostBuffer();

  std::uint8_t* data() { return data_; }
  std::size_t size() const { return size_; }
  ByteView view() const { return ByteView(data_, size_); }
  /// Gives the memory up, to an answer.
  std::pair<std::uint8_t*, std::size_t> release();

 private:
  std::uint8_t* data_;
  std::size_t size_;
};

/// An answer, or a part of it.
class HostResult {
 public:
  using List = std::vector<HostResult>;

  HostResult() = default;  ///< none
  explicit HostResult(bool value) : value_(value) {}
  explicit HostResult(std::int64_t value) : value_(value) {}
  explicit HostResult(double value) : value_(value) {}
  explicit HostResult(std::string text) : value_(std::move(text)) {}
  explicit HostResult(HostBuffer bytes) : value_(std::move(bytes)) {}
  explicit HostResult(List items) : value_(std::move(items)) {}

  bool is_none() const { return std::holds_alternative<std::monostate>(value_); }
  const bool* boolean() const { return std::get_if<bool>(&value_); }
  const std::int64_t* integer() const { return std::get_if<std::int64_t>(&value_); }
  const double* real() const { return std::get_if<double>(&value_); }
  const std::string* text() const { return std::get_if<std::string>(&value_); }
  const HostBuffer* bytes() const { return std::get_if<HostBuffer>(&value_); }
  const List* list() const { return std::get_if<List>(&value_); }

 private:
  friend class HostCall;
  /// Written to `out`; buffers are given up. `lists` keeps what `out` points at.
  void lower(kt_value& out, std::vector<std::vector<kt_value>>& lists);

  std::variant<std::monostate, bool, std::int64_t, double, std::string, HostBuffer, List> value_;
};

/// A refusal: the fault and its words; some operations say more in `detail`.
struct HostRefusal {
  HostFault fault = KT_FAULT_OTHER;
  std::string message;
  HostResult detail;
};

/// A call under way. Answered or refused exactly once, from any thread; one that is dropped
/// unanswered is refused as interrupted.
class HostCall {
 public:
  HostCall(HostOperation operation, HostArguments arguments, kt_host_call* raw)
      : operation_(operation), arguments_(arguments), raw_(raw) {}
  HostCall(HostCall&& other) noexcept
      : operation_(other.operation_),
        arguments_(other.arguments_),
        raw_(std::exchange(other.raw_, nullptr)) {}
  HostCall& operator=(HostCall&&) = delete;
  ~HostCall();

  HostOperation operation() const { return operation_; }
  /// Valid until the call is answered.
  HostArguments arguments() const { return arguments_; }
  void answer(HostResult result);
  void refuse(HostRefusal refusal);

 private:
  HostOperation operation_;
  HostArguments arguments_;
  kt_host_call* raw_;
};

/// The calls of one instance. Both functions come on guest threads and must not block or throw.
class HostSession {
 public:
  virtual ~HostSession() = default;
  virtual void call(HostCall call) noexcept = 0;
  /// The instance is gone, nothing more comes. Calls under way must still be answered. The session
  /// deletes itself when it can.
  virtual void end() noexcept = 0;
};

/// What one component's instances may ask. Lives until the last of them is gone.
class Host {
 public:
  virtual ~Host() = default;
  /// At the first call of an instance, on a guest thread.
  virtual HostSession* begin() noexcept = 0;
  /// The same, with the trace of the call; for hosts that pass it on.
  virtual HostSession* begin_traced(const TraceContext&) noexcept { return begin(); }
};

}  // namespace kt::wasm
