// host/mysql/parameters.h — A guest's parameters as libmariadb sends them.
#pragma once
#include <mysql.h>

#include <deque>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "wasm/host_call.h"

namespace kt::host {

class MysqlParameters {
 public:
  /// Refused: INVALID, a type that MySQL does not have.
  static tl::expected<MysqlParameters, wasm::HostRefusal> encode(wasm::HostValue list);

  std::size_t size() const { return values_.size(); }
  /// Valid until the next call, or until this is moved.
  MYSQL_BIND* binds();

 private:
  struct Value {
    enum_field_types type = MYSQL_TYPE_NULL;
    bool is_unsigned = false;
    std::string bytes;  // numbers as the machine keeps them
    unsigned long length = 0;
  };

  std::deque<Value> values_;
  std::vector<MYSQL_BIND> binds_;
};

}  // namespace kt::host
