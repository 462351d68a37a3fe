#include "host/postgres/types.h"

#include <algorithm>
#include <iterator>

namespace kt::host {

namespace {

/// By number. The others are types that are often met.
constexpr PgType kTypes[] = {
    {kPgBool, KT_SQL_BOOLEAN, "bool"},
    {kPgBytea, KT_SQL_BINARY, "bytea"},
    {kPgChar, KT_SQL_OTHER, "char"},
    {19, KT_SQL_OTHER, "name"},
    {kPgInt8, KT_SQL_INT64, "int8"},
    {kPgInt2, KT_SQL_INT16, "int2"},
    {kPgInt4, KT_SQL_INT32, "int4"},
    {24, KT_SQL_OTHER, "regproc"},
    {kPgText, KT_SQL_TEXT, "text"},
    {26, KT_SQL_OTHER, "oid"},
    {114, KT_SQL_OTHER, "json"},
    {142, KT_SQL_OTHER, "xml"},
    {199, KT_SQL_OTHER, "_json"},
    {600, KT_SQL_OTHER, "point"},
    {650, KT_SQL_OTHER, "cidr"},
    {kPgFloat4, KT_SQL_FLOAT32, "float4"},
    {kPgFloat8, KT_SQL_FLOAT64, "float8"},
    {705, KT_SQL_OTHER, "unknown"},
    {790, KT_SQL_OTHER, "money"},
    {829, KT_SQL_OTHER, "macaddr"},
    {869, KT_SQL_OTHER, "inet"},
    {1000, KT_SQL_OTHER, "_bool"},
    {1005, KT_SQL_OTHER, "_int2"},
    {kPgInt4Array, KT_SQL_ARRAY_INT32, "_int4"},
    {kPgTextArray, KT_SQL_ARRAY_TEXT, "_text"},
    {kPgBpcharArray, KT_SQL_ARRAY_TEXT, "_bpchar"},
    {kPgVarcharArray, KT_SQL_ARRAY_TEXT, "_varchar"},
    {kPgInt8Array, KT_SQL_ARRAY_INT64, "_int8"},
    {1021, KT_SQL_OTHER, "_float4"},
    {1022, KT_SQL_OTHER, "_float8"},
    {kPgBpchar, KT_SQL_TEXT, "bpchar"},
    {kPgVarchar, KT_SQL_TEXT, "varchar"},
    {kPgDate, KT_SQL_DATE, "date"},
    {kPgTime, KT_SQL_TIME, "time"},
    {kPgTimestamp, KT_SQL_DATETIME, "timestamp"},
    {kPgTimestamptz, KT_SQL_DATETIME, "timestamptz"},
    {kPgInterval, KT_SQL_INTERVAL, "interval"},
    {kPgNumericArray, KT_SQL_ARRAY_DECIMAL, "_numeric"},
    {1266, KT_SQL_OTHER, "timetz"},
    {1560, KT_SQL_OTHER, "bit"},
    {1562, KT_SQL_OTHER, "varbit"},
    {kPgNumeric, KT_SQL_DECIMAL, "numeric"},
    {2205, KT_SQL_OTHER, "regclass"},
    {2249, KT_SQL_OTHER, "record"},
    {2278, KT_SQL_OTHER, "void"},
    {kPgUuid, KT_SQL_UUID, "uuid"},
    {2951, KT_SQL_OTHER, "_uuid"},
    {3614, KT_SQL_OTHER, "tsvector"},
    {3615, KT_SQL_OTHER, "tsquery"},
    {kPgJsonb, KT_SQL_JSONB, "jsonb"},
    {3807, KT_SQL_OTHER, "_jsonb"},
    {kPgInt4Range, KT_SQL_RANGE_INT32, "int4range"},
    {kPgNumRange, KT_SQL_RANGE_DECIMAL, "numrange"},
    {3908, KT_SQL_OTHER, "tsrange"},
    {3910, KT_SQL_OTHER, "tstzrange"},
    {3912, KT_SQL_OTHER, "daterange"},
    {kPgInt8Range, KT_SQL_RANGE_INT64, "int8range"},
};

}  // namespace

PgType pg_type(Oid number) {
  const auto found = std::ranges::lower_bound(kTypes, number, {}, &PgType::number);
  if (found != std::end(kTypes) && found->number == number)
    return *found;
  return PgType{number, KT_SQL_OTHER, ""};
}

}  // namespace kt::host
