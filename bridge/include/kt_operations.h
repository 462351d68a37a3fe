/* kt_operations.h — What a guest may ask of the host, and how the host may refuse.
 *
 * The numbers are the contract between the interfaces that the bridge provides and the capabilities
 * in C++ behind them. This header stands alone, so that capabilities need not know the bridge.
 */
#ifndef KT_OPERATIONS_H
#define KT_OPERATIONS_H

/* Why the host did not do it. */
typedef enum {
  KT_FAULT_OTHER = 1,
  KT_FAULT_ACCESS_DENIED = 2, /* the component may not */
  KT_FAULT_NOT_FOUND = 3,     /* no such store, table, model, variable */
  KT_FAULT_INVALID = 4,       /* an argument is wrong: a name, an address, a parameter */
  KT_FAULT_TOO_MANY = 5,      /* too many handles are open, too many requests */
  KT_FAULT_FULL = 6,          /* the store has no room */
  KT_FAULT_UNAVAILABLE = 7,   /* the service cannot be reached, or the connection is lost */
  KT_FAULT_TYPE = 8,          /* a value cannot be converted */
  KT_FAULT_QUERY = 9,         /* the service refused the statement; detail by the operation */
  KT_FAULT_CONFLICT = 10,     /* compare and swap: somebody else wrote; detail by the operation */
  KT_FAULT_INTERRUPTED = 11,  /* the instance has ended */
} kt_host_fault;

/* Values of PostgreSQL and MySQL.
 *
 * A parameter is `none` (null of any type) or [integer type, payload]. A result is a list of
 * columns and a list of rows; a row is a list with one payload for each column, read by the
 * column's type, or `none` for null. A column is [text name, integer type, text name of the type at
 * the server]. Integers are within the range of their type, whichever side gives them.
 *
 * Payloads, and in brackets the type at PostgreSQL that has them (as a parameter it is sent so; its
 * columns have it) and at MySQL:
 */
typedef enum {
  KT_SQL_BOOLEAN = 1,  /* boolean [bool]; MySQL: a parameter only, sent as 0 or 1 */
  KT_SQL_INT8 = 2,     /* integer ["char"; no column has it] [TINYINT] */
  KT_SQL_INT16 = 3,    /* integer [int2] [SMALLINT] */
  KT_SQL_INT32 = 4,    /* integer [int4] [MEDIUMINT, INT] */
  KT_SQL_INT64 = 5,    /* integer [int8] [BIGINT] */
  KT_SQL_UINT8 = 6,    /* integer; this and the next three MySQL only [TINYINT UNSIGNED] */
  KT_SQL_UINT16 = 7,   /* integer [SMALLINT UNSIGNED] */
  KT_SQL_UINT32 = 8,   /* integer [MEDIUMINT UNSIGNED, INT UNSIGNED] */
  KT_SQL_UINT64 = 9,   /* integer: its 64 bits, so negative from 2^63 on [BIGINT UNSIGNED] */
  KT_SQL_FLOAT32 = 10, /* real that fits in 32 bits [float4] [FLOAT] */
  KT_SQL_FLOAT64 = 11, /* real [float8] [DOUBLE] */
  KT_SQL_TEXT = 12,    /* text [text, varchar, bpchar; a parameter also for name, unknown and enums]
                          [CHAR, VARCHAR, TEXT of any size: those without the flag BINARY] */
  KT_SQL_BINARY = 13,  /* bytes [bytea] [the same with the flag BINARY: BINARY, VARBINARY, BLOB] */

  /* From here on PostgreSQL only. The host checks what it is given (INVALID). */
  KT_SQL_DATE = 14, /* [integer year (32 bits), integer month 1..12, integer day 1..31] [date] */
  KT_SQL_TIME = 15, /* [integer hour 0..23, integer minute, integer second, integer nanosecond
                       0..999999999 (the server keeps microseconds)] [time] */
  KT_SQL_DATETIME = 16, /* [the three of DATE, the four of TIME], seven integers, in UTC [timestamp;
                           columns also timestamptz] */
  KT_SQL_TIMESTAMP = 17,   /* integer seconds since 1970; a parameter only [timestamptz] */
  KT_SQL_UUID = 18,        /* text, results in lower case with hyphens [uuid] */
  KT_SQL_JSONB = 19,       /* bytes: JSON without the version byte [jsonb; a parameter also json] */
  KT_SQL_DECIMAL = 20,     /* text: base 10, "-12.340", never an exponent; "NaN", "Infinity" and
                              "-Infinity" [numeric] */
  KT_SQL_RANGE_INT32 = 21, /* [lower, upper], each `none` (unbounded) or [integer, boolean
                              inclusive]; the empty range is 0 to 0, both exclusive [int4range] */
  KT_SQL_RANGE_INT64 = 22, /* the same [int8range] */
  KT_SQL_RANGE_DECIMAL = 23, /* the same with text as DECIMAL, the empty one of "0" [numrange] */
  KT_SQL_ARRAY_INT32 = 24,   /* list of integer or none, one dimension [int4[]] */
  KT_SQL_ARRAY_INT64 = 25,   /* list of integer or none [int8[]] */
  KT_SQL_ARRAY_DECIMAL = 26, /* list of text or none [numeric[]] */
  KT_SQL_ARRAY_TEXT = 27,    /* list of text or none [text[], varchar[], bpchar[]] */
  KT_SQL_INTERVAL = 28, /* [integer microseconds, integer days, integer months], the last two of 32
                           bits [interval] */

  KT_SQL_OTHER = 29, /* a column of any other type, never a parameter. PostgreSQL: bytes as the
                        server sent them in its binary format. MySQL: `none`; a value that is not
                        null refuses the query with TYPE, naming the column */
} kt_sql_type;

/* Refusals of PostgreSQL and MySQL. OPEN: whatever else than OTHER is a failed connection to the
 * guest: ACCESS_DENIED ("address ... is not permitted"), INVALID, TOO_MANY, UNAVAILABLE. EXECUTE
 * and QUERY: INVALID (a parameter that is wrong in itself: a date, a uuid, JSON), TYPE (a value
 * cannot be converted), UNAVAILABLE (the connection is lost), TOO_MANY, QUERY (the server refused
 * the statement; a parameter is not of the type that the statement wants; the result exceeds the
 * limit), OTHER.
 *
 * With QUERY the message says all in one text. PostgreSQL has a detail where the server sent an
 * error: [text severity, text SQLSTATE, text message, text or none detail, list of [text name, text
 * value]], the list of what else it sent, of these names in this order: column, constraint,
 * routine, hint, table, datatype, schema, file, line, where_. Otherwise, and for MySQL, the detail
 * is none.
 */

/* Operations: the capability in the second byte. Arguments in parentheses, then the answer; a
 * handle is an integer that the host chose; `none` answers what has no result. */
typedef enum {
  /* Variables of the component. */
  KT_VARIABLES_GET = 0x0100, /* (text name): text. NOT_FOUND, INVALID (name), OTHER (provider) */
  KT_VARIABLES_ALL = 0x0101, /* (): list of [text name, text value] */

  /* Key-value stores. */
  KT_KEY_VALUE_OPEN = 0x0200,        /* (text label): handle. ACCESS_DENIED, NOT_FOUND, TOO_MANY */
  KT_KEY_VALUE_CLOSE = 0x0201,       /* (handle) */
  KT_KEY_VALUE_GET = 0x0202,         /* (handle, text key): bytes or none */
  KT_KEY_VALUE_SET = 0x0203,         /* (handle, text key, bytes): none */
  KT_KEY_VALUE_DELETE = 0x0204,      /* (handle, text key): none */
  KT_KEY_VALUE_EXISTS = 0x0205,      /* (handle, text key): boolean */
  KT_KEY_VALUE_KEYS = 0x0206,        /* (handle): list of text */
  KT_KEY_VALUE_GET_MANY = 0x0207,    /* (handle, list of text): list of [text, bytes or none] */
  KT_KEY_VALUE_SET_MANY = 0x0208,    /* (handle, list of [text, bytes]): none */
  KT_KEY_VALUE_DELETE_MANY = 0x0209, /* (handle, list of text): none */
  KT_KEY_VALUE_INCREMENT = 0x020a,   /* (handle, text key, integer): integer. TYPE */
  KT_KEY_VALUE_SWAP = 0x020b,        /* (handle, text key, bytes or none expected, bytes new): none.
                                        CONFLICT with bytes or none: what is stored */

  /* SQLite databases. A value is none, integer, real, text or bytes. */
  KT_SQLITE_OPEN = 0x0300,       /* (text label): handle. ACCESS_DENIED, NOT_FOUND, TOO_MANY */
  KT_SQLITE_CLOSE = 0x0301,      /* (handle) */
  KT_SQLITE_EXECUTE = 0x0302,    /* (handle, text statement, list of values):
                                    [list of text columns, list of rows: list of values]. QUERY */
  KT_SQLITE_CHANGES = 0x0303,    /* (handle): integer */
  KT_SQLITE_LAST_ROWID = 0x0304, /* (handle): integer */

  /* Redis. TYPE is for a value of the wrong type only; the rest are UNAVAILABLE and OTHER, whose
   * words the guest reads. */
  KT_REDIS_OPEN = 0x0400,     /* (text address): handle. INVALID, ACCESS_DENIED, TOO_MANY */
  KT_REDIS_CLOSE = 0x0401,    /* (handle) */
  KT_REDIS_PUBLISH = 0x0402,  /* (handle, text channel, bytes): none */
  KT_REDIS_GET = 0x0403,      /* (handle, text key): bytes or none */
  KT_REDIS_SET = 0x0404,      /* (handle, text key, bytes): none */
  KT_REDIS_INCR = 0x0405,     /* (handle, text key): integer. TYPE */
  KT_REDIS_DEL = 0x0406,      /* (handle, list of text): integer */
  KT_REDIS_SADD = 0x0407,     /* (handle, text key, list of text): integer. TYPE */
  KT_REDIS_SMEMBERS = 0x0408, /* (handle, text key): list of text. TYPE */
  KT_REDIS_SREM = 0x0409,     /* (handle, text key, list of text): integer. TYPE */
  KT_REDIS_EXECUTE = 0x040a,  /* (handle, text command, list of integer or bytes): list of none,
                                 text (a status), integer or bytes: one for a plain reply, one for
                                 each element of an array or set, inner ones in their place; a
                                 boolean is 0 or 1, other numbers are bytes; a map is OTHER */

  /* PostgreSQL; values and refusals as above. */
  KT_POSTGRES_OPEN = 0x0500,  /* (text address, text or none: PEM of a root certificate): handle */
  KT_POSTGRES_CLOSE = 0x0501, /* (handle) */
  KT_POSTGRES_EXECUTE = 0x0502,    /* (handle, text statement, list of parameters): integer rows */
  KT_POSTGRES_QUERY = 0x0503,      /* (handle, text statement, list of parameters):
                                      [list of columns, list of rows], columns also without rows */
  KT_POSTGRES_CHECK_ROOT = 0x0504, /* (text PEM): none. INVALID: it is no certificate */

  /* MySQL and MariaDB; values and refusals as above. */
  KT_MYSQL_OPEN = 0x0600,    /* (text address): handle */
  KT_MYSQL_CLOSE = 0x0601,   /* (handle) */
  KT_MYSQL_EXECUTE = 0x0602, /* (handle, text statement, list of parameters): none */
  KT_MYSQL_QUERY = 0x0603,   /* as KT_POSTGRES_QUERY */

  /* MQTT. */
  KT_MQTT_OPEN = 0x0700,    /* (text address, text user, text password, integer keep-alive seconds
                               >= 0): handle. INVALID (the address), ACCESS_DENIED ("address ... is
                               not permitted"), TOO_MANY, UNAVAILABLE */
  KT_MQTT_CLOSE = 0x0701,   /* (handle) */
  KT_MQTT_PUBLISH = 0x0702, /* (handle, text topic, bytes, integer QoS 0..2): none, when the
                               broker has it, or for QoS 0 when it is sent. UNAVAILABLE, OTHER */

  /* Language models. */
  KT_LLM_INFER = 0x0800, /* (text model, text prompt, integer max tokens, real repeat penalty,
                            integer its last-n, real temperature, integer top-k, real top-p):
                            [text, integer prompt tokens, integer generated tokens] */
  KT_LLM_EMBED = 0x0801, /* (text model, list of text): [list of list of real, integer tokens] */

  /* Outbound network: policy only, the bridge connects. */
  KT_NETWORK_MAY_REACH = 0x0900,   /* (text scheme, text host, integer port): boolean */
  KT_NETWORK_MAY_CONNECT = 0x0901, /* (text protocol "tcp" or "udp", text address, integer port):
                                      boolean: by the allowed hosts and the blocked networks */
  KT_NETWORK_IS_BLOCKED = 0x0902,  /* (text address): boolean: by the blocked networks */
  KT_NETWORK_ENTER = 0x0903,   /* (text use: "http", "socket"): handle of a permit. TOO_MANY. Waits
                                  where the use waits */
  KT_NETWORK_LEAVE = 0x0904,   /* (handle) */
  KT_NETWORK_TLS = 0x0905,     /* (text host): [boolean platform roots, boolean well-known roots,
                                  bytes or none: PEM roots, bytes or none: PEM client certificate,
                                  bytes or none: PEM private key] */
  KT_NETWORK_BEGIN_REQUEST = 0x0906, /* (text method, text scheme, text host, integer port):
                                        [integer request, list of [text name, text value] headers
                                        to set: trace context, boolean open connections may be used,
                                        boolean the server speaks HTTP/2 without TLS] */
  KT_NETWORK_END_REQUEST = 0x0907,   /* (request, integer status or none, text error or none): none.
                                        Neither: nobody waited for the answer */

  /* Telemetry of guests: the records of wasi:otel@0.2.0-rc.2 as lists of their fields in their
   * order, without names. An enum is the number of its case, a variant [number, payload or none],
   * flags a boolean (there is one), an unsigned number the integer of its bits. metric-data's
   * variants are numbered 0 to 3 whatever their type of number is: gauge, sum, histogram,
   * exponential histogram. What cannot be used is dropped: only METRICS refuses. */
  KT_OTEL_SPAN_START = 0x0a00,    /* (span-context): none */
  KT_OTEL_SPAN_END = 0x0a01,      /* (span-data): none */
  KT_OTEL_OUTER_CONTEXT = 0x0a02, /* (): span-context */
  KT_OTEL_METRICS = 0x0a03,       /* (resource-metrics): none. INVALID, TOO_MANY */
  KT_OTEL_LOG = 0x0a04,           /* (log-record): none */
} kt_operation;

#endif
