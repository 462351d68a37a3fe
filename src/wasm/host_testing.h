// wasm/host_testing.h — Arguments of a host call made without a guest, for tests of capabilities.
#pragma once
#include <memory>
#include <utility>

#include "wasm/host_call.h"

namespace kt::wasm {

/// Owns arguments and what they view; alive for as long as the call.
class TestArguments {
 public:
  explicit TestArguments(HostResult::List values);
  ~TestArguments();
  HostArguments view() const;

 private:
  struct Lowered;

  HostResult::List values_;
  std::unique_ptr<Lowered> lowered_;
};

/// A list made of values that cannot be copied: list_of(std::int64_t{1}, std::string("key")).
template <class... Values>
HostResult::List list_of(Values&&... values) {
  HostResult::List list;
  (list.push_back(HostResult(std::forward<Values>(values))), ...);
  return list;
}

}  // namespace kt::wasm
