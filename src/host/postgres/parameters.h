// host/postgres/parameters.h — A guest's parameters as libpq sends them.
//
// Why: a parameter goes with the type that its case has, so that the server need not be asked
// first. Where a value fits several types (text, a point in time, JSON) the server infers the
// type from the statement, and the value goes in a notation that all of them read.
#pragma once
#include <libpq-fe.h>

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "wasm/host_call.h"

namespace kt::host {

class PgParameters {
 public:
  /// Refused: INVALID, a value that is wrong in itself.
  static tl::expected<PgParameters, wasm::HostRefusal> encode(wasm::HostValue list);

  std::size_t size() const { return values_.size(); }
  const Oid* types() const { return types_.data(); }
  const int* formats() const { return formats_.data(); }
  const int* lengths() const { return lengths_.data(); }
  /// Valid until the next call, or until this is moved.
  const char* const* values();

 private:
  void add(Oid type, int format, std::string value);
  void add_null();

  std::vector<Oid> types_;
  std::vector<int> formats_;
  std::vector<int> lengths_;
  std::vector<std::string> values_;
  std::vector<bool> nulls_;
  std::vector<const char*> pointers_;
};

}  // namespace kt::host
