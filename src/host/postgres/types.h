// host/postgres/types.h — PostgreSQL's own types that an interface has a case for.
#pragma once
#include <kt_operations.h>
#include <libpq-fe.h>

#include <string_view>

namespace kt::host {

/// The numbers of pg_type, the same in every database.
enum PgTypeNumber : Oid {
  kPgBool = 16,
  kPgBytea = 17,
  kPgChar = 18,
  kPgInt8 = 20,
  kPgInt2 = 21,
  kPgInt4 = 23,
  kPgText = 25,
  kPgFloat4 = 700,
  kPgFloat8 = 701,
  kPgInt4Array = 1007,
  kPgTextArray = 1009,
  kPgBpcharArray = 1014,
  kPgVarcharArray = 1015,
  kPgInt8Array = 1016,
  kPgBpchar = 1042,
  kPgVarchar = 1043,
  kPgDate = 1082,
  kPgTime = 1083,
  kPgTimestamp = 1114,
  kPgTimestamptz = 1184,
  kPgInterval = 1186,
  kPgNumericArray = 1231,
  kPgNumeric = 1700,
  kPgUuid = 2950,
  kPgJsonb = 3802,
  kPgInt4Range = 3904,
  kPgNumRange = 3906,
  kPgInt8Range = 3926,
};

struct PgType {
  Oid number;
  kt_sql_type type;
  std::string_view name;  ///< empty: ask the server
};

/// What a column of the type is to a guest: KT_SQL_OTHER where no case fits.
PgType pg_type(Oid number);

}  // namespace kt::host
