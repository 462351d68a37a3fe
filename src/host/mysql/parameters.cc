#include "host/mysql/parameters.h"

#include <kt_operations.h>

#include <cstring>
#include <utility>

#include "host/capability.h"

namespace kt::host {

namespace {

template <class Number>
std::string machine_bytes(Number number) {
  std::string bytes(sizeof number, '\0');
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

}  // namespace

tl::expected<MysqlParameters, HostRefusal> MysqlParameters::encode(wasm::HostValue list) {
  MysqlParameters parameters;
  for (std::size_t i = 0; i < list.size(); ++i) {
    Value& value = parameters.values_.emplace_back();
    if (list[i].is_none())
      continue;
    const auto type = static_cast<kt_sql_type>(list[i][0].integer());
    const wasm::HostValue payload = list[i][1];
    switch (type) {
      case KT_SQL_BOOLEAN:
        value.type = MYSQL_TYPE_LONGLONG;
        value.bytes = machine_bytes(std::int64_t{payload.boolean()});
        break;
      case KT_SQL_INT8:
      case KT_SQL_INT16:
      case KT_SQL_INT32:
      case KT_SQL_INT64:
      case KT_SQL_UINT8:
      case KT_SQL_UINT16:
      case KT_SQL_UINT32:
      case KT_SQL_UINT64:
        value.type = MYSQL_TYPE_LONGLONG;
        value.is_unsigned = type >= KT_SQL_UINT8;
        value.bytes = machine_bytes(payload.integer());
        break;
      case KT_SQL_FLOAT32:
        value.type = MYSQL_TYPE_FLOAT;
        value.bytes = machine_bytes(static_cast<float>(payload.real()));
        break;
      case KT_SQL_FLOAT64:
        value.type = MYSQL_TYPE_DOUBLE;
        value.bytes = machine_bytes(payload.real());
        break;
      case KT_SQL_TEXT:
        value.type = MYSQL_TYPE_STRING;
        value.bytes = payload.text();
        break;
      case KT_SQL_BINARY:
        value.type = MYSQL_TYPE_BLOB;
        value.bytes = as_text(payload.bytes());
        break;
      default:
        return refuse(KT_FAULT_INVALID, "parameter " + std::to_string(i + 1) +
                                            ": MySQL has no parameters of this type");
    }
    value.length = value.bytes.size();
  }
  return parameters;
}

MYSQL_BIND* MysqlParameters::binds() {
  binds_.assign(values_.size(), MYSQL_BIND{});
  for (std::size_t i = 0; i < values_.size(); ++i) {
    Value& value = values_[i];
    MYSQL_BIND& bind = binds_[i];
    bind.buffer_type = value.type;
    bind.is_unsigned = value.is_unsigned ? 1 : 0;
    bind.buffer = value.bytes.data();
    bind.buffer_length = value.length;
    bind.length = &value.length;
  }
  return binds_.data();
}

}  // namespace kt::host
