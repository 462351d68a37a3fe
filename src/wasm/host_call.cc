#include "wasm/host_call.h"

#include <kt_bridge.h>

#include <bit>
#include <cstring>
#include <tuple>

#include "base/check.h"

namespace kt::wasm {

bool HostValue::is_none() const {
  return raw_->kind == KT_VALUE_NONE;
}
bool HostValue::is_boolean() const {
  return raw_->kind == KT_VALUE_BOOLEAN;
}
bool HostValue::is_integer() const {
  return raw_->kind == KT_VALUE_INTEGER;
}
bool HostValue::is_real() const {
  return raw_->kind == KT_VALUE_REAL;
}
bool HostValue::is_text() const {
  return raw_->kind == KT_VALUE_TEXT;
}
bool HostValue::is_bytes() const {
  return raw_->kind == KT_VALUE_BYTES;
}
bool HostValue::is_list() const {
  return raw_->kind == KT_VALUE_LIST;
}

bool HostValue::boolean() const {
  CHECK(is_boolean(), "a host call's argument is no boolean");
  return raw_->number != 0;
}

std::int64_t HostValue::integer() const {
  CHECK(is_integer(), "a host call's argument is no integer");
  return static_cast<std::int64_t>(raw_->number);
}

double HostValue::real() const {
  CHECK(is_real(), "a host call's argument is no real number");
  return std::bit_cast<double>(raw_->number);
}

std::string_view HostValue::text() const {
  CHECK(is_text(), "a host call's argument is no text");
  return std::string_view(static_cast<const char*>(raw_->data), raw_->length);
}

ByteView HostValue::bytes() const {
  CHECK(is_bytes(), "a host call's argument is no bytes");
  return ByteView(static_cast<const std::uint8_t*>(raw_->data), raw_->length);
}

std::size_t HostValue::size() const {
  CHECK(is_list(), "a host call's argument is no list");
  return raw_->length;
}

HostValue HostValue::operator[](std::size_t index) const {
  CHECK(index < size(), "a host call's list is shorter");
  return HostValue(static_cast<const kt_value*>(raw_->data)[index]);
}

HostValue HostArguments::operator[](std::size_t index) const {
  CHECK(index < count_, "a host call has fewer arguments");
  return HostValue(raw_[index]);
}

HostBuffer::HostBuffer(std::size_t size) : data_(kt_buffer_new(size)), size_(size) {}

HostBuffer HostBuffer::copy_of(ByteView bytes) {
  HostBuffer buffer(bytes.size());
  if (!bytes.empty())
    std::memcpy(buffer.data_, bytes.data(), bytes.size());
  return buffer;
}

HostBuffer::HostBuffer(HostBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

HostBuffer& HostBuffer::operator=(HostBuffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

HostBuffer::~HostBuffer() {
  if (data_ != nullptr)
    kt_buffer_free(data_, size_);
}

std::pair<std::uint8_t*, std::size_t> HostBuffer::release() {
  return {std::exchange(data_, nullptr), std::exchange(size_, 0)};
}

void HostResult::lower(kt_value& out, std::vector<std::vector<kt_value>>& lists) {
  out = {};
  if (const bool* flag = boolean()) {
    out.kind = KT_VALUE_BOOLEAN;
    out.number = *flag ? 1 : 0;
  } else if (const std::int64_t* number = integer()) {
    out.kind = KT_VALUE_INTEGER;
    out.number = static_cast<std::uint64_t>(*number);
  } else if (const double* fraction = real()) {
    out.kind = KT_VALUE_REAL;
    out.number = std::bit_cast<std::uint64_t>(*fraction);
  } else if (const std::string* words = text()) {
    out.kind = KT_VALUE_TEXT;
    out.data = words->data();
    out.length = words->size();
  } else if (auto* buffer = std::get_if<HostBuffer>(&value_)) {
    out.kind = KT_VALUE_BUFFER;
    std::tie(out.data, out.length) = buffer->release();
  } else if (auto* items = std::get_if<List>(&value_)) {
    std::vector<kt_value> lowered(items->size());
    for (std::size_t i = 0; i < items->size(); ++i)
      (*items)[i].lower(lowered[i], lists);
    out.kind = KT_VALUE_LIST;
    out.data = lowered.data();
    out.length = lowered.size();
    lists.push_back(std::move(lowered));
  }
}

HostCall::~HostCall() {
  if (raw_ == nullptr)
    return;
  HostRefusal refusal;
  refusal.fault = KT_FAULT_INTERRUPTED;
  refusal.message = "the call was interrupted";
  refuse(std::move(refusal));
}

void HostCall::answer(HostResult result) {
  CHECK(raw_ != nullptr, "a host call was answered twice");
  std::vector<std::vector<kt_value>> lists;
  kt_value value;
  result.lower(value, lists);
  kt_host_answer(std::exchange(raw_, nullptr), &value);
}

void HostCall::refuse(HostRefusal refusal) {
  CHECK(raw_ != nullptr, "a host call was answered twice");
  std::vector<std::vector<kt_value>> lists;
  kt_value detail;
  refusal.detail.lower(detail, lists);
  kt_host_refuse(std::exchange(raw_, nullptr), refusal.fault, refusal.message.data(),
                 refusal.message.size(), &detail);
}

}  // namespace kt::wasm
