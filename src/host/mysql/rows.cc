#include "host/mysql/rows.h"

#include <cstring>
#include <utility>

#include "base/utf8.h"
#include "host/capability.h"

namespace kt::host {

namespace {

struct Kind {
  kt_sql_type type;
  const char* name;
};

Kind number_kind(enum_field_types type, bool is_unsigned) {
  switch (type) {
    case MYSQL_TYPE_TINY:
      return {is_unsigned ? KT_SQL_UINT8 : KT_SQL_INT8, "tinyint"};
    case MYSQL_TYPE_SHORT:
      return {is_unsigned ? KT_SQL_UINT16 : KT_SQL_INT16, "smallint"};
    case MYSQL_TYPE_INT24:
      return {is_unsigned ? KT_SQL_UINT32 : KT_SQL_INT32, "mediumint"};
    case MYSQL_TYPE_LONG:
      return {is_unsigned ? KT_SQL_UINT32 : KT_SQL_INT32, "int"};
    case MYSQL_TYPE_LONGLONG:
      return {is_unsigned ? KT_SQL_UINT64 : KT_SQL_INT64, "bigint"};
    case MYSQL_TYPE_FLOAT:
      return {KT_SQL_FLOAT32, "float"};
    case MYSQL_TYPE_DOUBLE:
      return {KT_SQL_FLOAT64, "double"};
    default:
      return {KT_SQL_OTHER, ""};
  }
}

Kind text_kind(enum_field_types type, bool binary) {
  const kt_sql_type kind = binary ? KT_SQL_BINARY : KT_SQL_TEXT;
  switch (type) {
    case MYSQL_TYPE_STRING:
      return {kind, binary ? "binary" : "char"};
    case MYSQL_TYPE_VAR_STRING:
    case MYSQL_TYPE_VARCHAR:
      return {kind, binary ? "varbinary" : "varchar"};
    case MYSQL_TYPE_TINY_BLOB:
    case MYSQL_TYPE_BLOB:
    case MYSQL_TYPE_MEDIUM_BLOB:
    case MYSQL_TYPE_LONG_BLOB:
      return {kind, binary ? "blob" : "text"};
    default:
      return {KT_SQL_OTHER, ""};
  }
}

const char* other_name(enum_field_types type) {
  switch (type) {
    case MYSQL_TYPE_DECIMAL:
    case MYSQL_TYPE_NEWDECIMAL:
      return "decimal";
    case MYSQL_TYPE_DATE:
    case MYSQL_TYPE_NEWDATE:
      return "date";
    case MYSQL_TYPE_TIME:
    case MYSQL_TYPE_TIME2:
      return "time";
    case MYSQL_TYPE_DATETIME:
    case MYSQL_TYPE_DATETIME2:
      return "datetime";
    case MYSQL_TYPE_TIMESTAMP:
    case MYSQL_TYPE_TIMESTAMP2:
      return "timestamp";
    case MYSQL_TYPE_YEAR:
      return "year";
    case MYSQL_TYPE_BIT:
      return "bit";
    case MYSQL_TYPE_JSON:
      return "json";
    case MYSQL_TYPE_GEOMETRY:
      return "geometry";
    case MYSQL_TYPE_NULL:
      return "null";
    default:
      return "unknown";
  }
}

template <class Number>
Number from_machine(const char* bytes) {
  Number number{};
  std::memcpy(&number, bytes, sizeof number);
  return number;
}

bool is_text_or_bytes(kt_sql_type type) {
  return type == KT_SQL_TEXT || type == KT_SQL_BINARY;
}

}  // namespace

MysqlColumn mysql_column(const MYSQL_FIELD& field) {
  MysqlColumn column;
  column.name.assign(field.name, field.name_length);
  Kind kind = number_kind(field.type, (field.flags & UNSIGNED_FLAG) != 0);
  if (kind.type == KT_SQL_OTHER)
    kind = text_kind(field.type, (field.flags & BINARY_FLAG) != 0);
  column.type = kind.type;
  column.type_name = kind.type == KT_SQL_OTHER ? other_name(field.type) : kind.name;
  return column;
}

MysqlRow::MysqlRow(const std::vector<MysqlColumn>& columns)
    : columns_(columns), places_(columns.size()), binds_(columns.size()) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    MYSQL_BIND& bind = binds_[i];
    Place& place = places_[i];
    bind.length = &place.length;
    bind.is_null = &place.is_null;
    bind.error = &place.truncated;
    bind.buffer = place.number;
    const kt_sql_type type = columns[i].type;
    if (is_text_or_bytes(type) || type == KT_SQL_OTHER) {
      bind.buffer_type = type == KT_SQL_TEXT ? MYSQL_TYPE_STRING : MYSQL_TYPE_BLOB;
      bind.buffer_length = 0;
      continue;
    }
    bind.buffer_type = type == KT_SQL_FLOAT32   ? MYSQL_TYPE_FLOAT
                       : type == KT_SQL_FLOAT64 ? MYSQL_TYPE_DOUBLE
                                                : MYSQL_TYPE_LONGLONG;
    bind.is_unsigned = type >= KT_SQL_UINT8 && type <= KT_SQL_UINT64 ? 1 : 0;
    bind.buffer_length = sizeof place.number;
  }
}

std::size_t MysqlRow::bytes() const {
  std::size_t bytes = sizeof(HostResult::List);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    bytes += sizeof(HostResult);
    if (is_text_or_bytes(columns_[i].type) && places_[i].is_null == 0)
      bytes += places_[i].length;
  }
  return bytes;
}

tl::expected<HostResult, HostRefusal> MysqlRow::read(const Libmariadb& library,
                                                     MYSQL_STMT* statement) {
  HostResult::List values;
  values.reserve(columns_.size());
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (places_[i].is_null != 0) {
      values.emplace_back();
      continue;
    }
    auto read = value(library, statement, i);
    if (!read) {
      HostRefusal why = std::move(read).error();
      why.message = "column " + columns_[i].name + " cannot be converted: " + why.message;
      return tl::unexpected<HostRefusal>(std::move(why));
    }
    values.push_back(*std::move(read));
  }
  return HostResult(std::move(values));
}

tl::expected<HostResult, HostRefusal> MysqlRow::value(const Libmariadb& library,
                                                      MYSQL_STMT* statement, std::size_t column) {
  const kt_sql_type type = columns_[column].type;
  Place& place = places_[column];
  if (type == KT_SQL_OTHER)
    return refuse(KT_FAULT_TYPE, "its type is " + columns_[column].type_name);
  if (type == KT_SQL_FLOAT32)
    return HostResult(static_cast<double>(from_machine<float>(place.number)));
  if (type == KT_SQL_FLOAT64)
    return HostResult(from_machine<double>(place.number));
  if (!is_text_or_bytes(type))
    return HostResult(from_machine<std::int64_t>(place.number));
  std::string text;
  wasm::HostBuffer bytes(type == KT_SQL_BINARY ? place.length : 0);
  if (type == KT_SQL_TEXT)
    text.resize(place.length);
  MYSQL_BIND bind = binds_[column];
  bind.buffer = type == KT_SQL_TEXT ? text.data() : reinterpret_cast<char*>(bytes.data());
  bind.buffer_length = place.length;
  const bool fetched =
      place.length == 0 ||
      library.stmt_fetch_column(statement, &bind, static_cast<unsigned>(column), 0) == 0;
  if (!fetched)
    return refuse(KT_FAULT_TYPE, "it cannot be read");
  if (type == KT_SQL_BINARY)
    return HostResult(std::move(bytes));
  if (!is_utf8(text))
    return refuse(KT_FAULT_TYPE, "text that is not UTF-8");
  return HostResult(std::move(text));
}

}  // namespace kt::host
