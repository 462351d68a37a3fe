"""Every function of every version of the interfaces over servers, asked of real ones: allowed and denied."""

import re
import socket

import pytest
from apps import guest
from host_app import HostApp
from servers import MariaDb, Mosquitto, Postgres, Redis
from surface import Refused, ask


@pytest.fixture(scope="module")
def redis():
    with Redis() as server:
        yield server


@pytest.fixture(scope="module")
def postgres():
    with Postgres() as server:
        yield server


@pytest.fixture(scope="module")
def mariadb():
    with MariaDb() as server:
        yield server


@pytest.fixture(scope="module")
def mosquitto():
    with Mosquitto() as server:
        yield server


def octets(text):
    return "[" + ", ".join(str(byte) for byte in text.encode()) + "]"


def guest_of(word):
    return guest("real_servers_async" if word in ("redis3", "mqtt3", "mysql3", "postgres42a") else "real_servers")


def app_for(folder, word, *hosts):
    return HostApp(folder, guest_of(word), {"allowed_outbound_hosts": list(hosts)})


def versions(*blocking, asynchronous):
    """One run for the versions that one guest knows."""
    return pytest.mark.parametrize("words", [blocking, [asynchronous]], ids=["blocking", "asynchronous"])


# ---- Redis -------------------------------------------------------------------------------------------------------


class Subscriber:
    """A client of Redis's own protocol that waits for what is published."""

    def __init__(self, server, channel):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        self.socket.sendall(f"AUTH secret\r\nSUBSCRIBE {channel}\r\n".encode())
        self.read_until(b":1\r\n")

    def read_until(self, end):
        data = b""
        while not data.endswith(end):
            data += self.socket.recv(4096) or pytest.fail(f"the server hung up after {data}")
        return data


def redis_calls(word):
    first = word == "redis1"
    names = [f"{word}-{name}" for name in ("text", "count", "set")]
    text, count, members = names
    stored = octets("blue") if first else f"Some({octets('blue')})"
    calls = [
        ("set", [text, "blue"], "Ok(())"),
        ("get", [text], f"Ok({stored})"),
        ("get", ["nothing"], re.compile(r"^Ok\((\[\]|None)\)$")),
        ("incr", [count], "Ok(1)"),
        ("incr", [count], "Ok(2)"),
        ("incr", [text], re.compile("^Err")),
        ("sadd", [members, "a", "b", "c"], "Ok(3)"),
        ("srem", [members, "a", "x"], "Ok(1)"),
        ("smembers", [members], re.compile(r'^Ok\(\[("b", "c"|"c", "b")\]\)$')),
        ("execute", ["append", f"binary:{text}", "int64:-7"], "Ok([RedisResult::Int64(6)])"),
        ("execute", ["get", f"binary:{text}"], f"Ok([RedisResult::Binary({octets('blue-7')})])"),
        ("execute", ["ping"], 'Ok([RedisResult::Status("PONG")])'),
        ("execute", ["get", "binary:nothing"], "Ok([RedisResult::Nil])"),
        ("publish", [f"{word}-news", "hello"], "Ok(())"),
        ("del", names, "Ok(3)"),
    ]
    if not first:
        calls.insert(0, ("open", [], "Ok(())"))
        calls.append(("smembers", [text], re.compile(r"^Ok\(\[\]\)$")))
    return calls


@versions("redis1", "redis2", asynchronous="redis3")
def test_redis(words, tmp_path, redis, asked):
    subscribers = [Subscriber(redis, f"{word}-news") for word in words]
    ask(asked, app_for(tmp_path, words[0], redis.listed), {word: redis_calls(word) for word in words}, redis.address)
    for subscriber in subscribers:
        subscriber.read_until(b"hello\r\n")


# ---- PostgreSQL --------------------------------------------------------------------------------------------------

# What goes in, the type it is cast to, what comes back, and the server's own spelling of it.
PLAIN = [
    ("boolean:true", "bool", "Boolean(true)", "true"),
    ("int16:-32768", "int2", "Int16(-32768)", "-32768"),
    ("int32:-2147483648", "int4", "Int32(-2147483648)", "-2147483648"),
    ("int64:-9223372036854775808", "int8", "Int64(-9223372036854775808)", "-9223372036854775808"),
    ("floating32:1.5", "float4", "Floating32(1.5)", "1.5"),
    ("floating64:-0.1", "float8", "Floating64(-0.1)", "-0.1"),
    ("str:grüß 'dich' $1", "text", '''Str("grüß 'dich' $1")''', "grüß 'dich' $1"),
    ("str:", "varchar", 'Str("")', ""),
    ("binary:raw", "bytea", f"Binary({octets('raw')})", "\\\\x726177"),
]
NULL = [("db-null", "int4", "DbNull", None)]
TEMPORAL = [
    ("date:2024 2 29", "date", "Date((2024, 2, 29))", "2024-02-29"),
    ("time:13 30 59 123456000", "time", "Time((13, 30, 59, 123456000))", "13:30:59.123456"),
    ("datetime:2024 2 29 13 30 59 5000", "timestamp", "Datetime((2024, 2, 29, 13, 30, 59, 5000))",
     "2024-02-29 13:30:59.000005"),
    ("timestamp:1709213459", "timestamp", "Datetime((2024, 2, 29, 13, 30, 59, 0))", "2024-02-29 13:30:59"),
]


def bound(value, kind):
    return f"Some(({value}, RangeBoundKind::{kind}))"


JSON = '{"a": 1}'
RICH = [
    ("uuid:a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "uuid", 'Uuid("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")',
     "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ('jsonb:{"a": 1}', "jsonb", f"Jsonb({octets(JSON)})", '{\\"a\\": 1}'),
    ("decimal:-123456789012345678901234567890.00120", "numeric",
     'Decimal("-123456789012345678901234567890.00120")', "-123456789012345678901234567890.00120"),
    ("range-int32:[1,5)", "int4range",
     f"RangeInt32(({bound(1, 'Inclusive')}, {bound(5, 'Exclusive')}))", "[1,5)"),
    ("range-int64:[-9000000000,)", "int8range", f"RangeInt64(({bound(-9000000000, 'Inclusive')}, None))",
     "[-9000000000,)"),
    ("range-decimal:(0.5,1.50]", "numrange",
     f"RangeDecimal(({bound(chr(34) + '0.5' + chr(34), 'Exclusive')}, "
     f"{bound(chr(34) + '1.50' + chr(34), 'Inclusive')}))", "(0.5,1.50]"),
    ("array-int32:1,_,-3", "int4[]", "ArrayInt32([Some(1), None, Some(-3)])", "{1,NULL,-3}"),
    ("array-int64:9223372036854775807", "int8[]", "ArrayInt64([Some(9223372036854775807)])", "{9223372036854775807}"),
    ("array-decimal:1.50,_", "numeric[]", 'ArrayDecimal([Some("1.50"), None])', "{1.50,NULL}"),
    ("array-str:x,_,y z", "text[]", 'ArrayStr([Some("x"), None, Some("y z")])', '{x,NULL,\\"y z\\"}'),
    ("interval:5000000 3 14", "interval", "Interval(Interval { micros: 5000000, days: 3, months: 14 })",
     "1 year 2 mons 3 days 00:00:05"),
]
POSTGRES = {"postgres1": PLAIN + NULL, "postgres2": PLAIN + NULL, "postgres3": PLAIN + TEMPORAL + NULL,
            "postgres40": PLAIN + TEMPORAL + RICH + NULL, "postgres41": PLAIN + TEMPORAL + RICH + NULL,
            "postgres42": PLAIN + TEMPORAL + RICH + NULL, "postgres42a": PLAIN + TEMPORAL + RICH + NULL}


def round_trips(cases, query, cast):
    """Each value as it comes back, and what the server says that it got."""
    for parameter, kind, value, text in cases:
        shown = "DbValue::DbNull" if text is None else f'DbValue::Str("{text}")'
        yield query, [cast.format(kind), parameter], re.compile(
            re.escape(f"[[DbValue::{value}, {shown}]]"))


def postgres_calls(word):
    later = "-async" if word.endswith("a") else ""
    query, execute, table = f"query{later}", f"execute{later}", f"t_{word}"
    calls = [
        (execute, [f"CREATE TABLE {table} (id int4, name text)"], "Ok(0)"),
        (execute, [f"INSERT INTO {table} VALUES ($1, $2), (8, NULL)", "int32:7", "str:seven"], "Ok(2)"),
        (query, [f"SELECT id, name FROM {table} ORDER BY id"],
         re.compile(r'\[\[DbValue::Int32\(7\), DbValue::Str\("seven"\)\], \[DbValue::Int32\(8\), DbValue::DbNull\]\]')),
        (query, [f"SELECT id AS number FROM {table} WHERE false"],
         re.compile(r'Column \{ name: "number", data-type: DbDataType::Int32 \}\].* \[\]')),
        (query, ['SELECT $1::"char"::text', "int8:65"], re.compile(r'\[\[DbValue::Str\("A"\)\]\]')),
        (query, ["SELECT point(1, 2)"], re.compile("DbValue::Unsupported")),
        (query, ["SELECT * FROM nowhere"], re.compile('^Err.*QueryFailed.*nowhere.* does not exist')),
        *round_trips(POSTGRES[word], query, "SELECT $1::{0}, $1::{0}::text"),
    ]
    if word != "postgres1":
        calls.insert(0, (f"open{later}", [], "Ok(())"))
    if word == "postgres42a":
        calls += [("build-async", ["SELECT 4"], re.compile(r"\[\[DbValue::Int32\(4\)\]\]"))]
    return calls


@versions("postgres1", "postgres2", "postgres3", "postgres40", "postgres41", "postgres42", asynchronous="postgres42a")
def test_postgres(words, tmp_path, postgres, asked):
    app = app_for(tmp_path, words[0], postgres.listed)
    ask(asked, app, {word: postgres_calls(word) for word in words}, postgres.address)


def test_postgres_by_a_builder_with_a_root_of_the_guest_s(tmp_path, postgres, asked):
    root = (postgres.folder / "root.pem").read_text().replace("\n", "|")
    encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    calls = [("build", [encrypted], re.compile(r"\[\[DbValue::Boolean\(true\)\]\]")),
             ("set-ca-root", [root, encrypted], re.compile(r"\[\[DbValue::Boolean\(true\)\]\]")),
             ("set-ca-root", ["no certificate", encrypted], re.compile("^Err"))]
    address = postgres.address.replace("127.0.0.1", "localhost")
    listed = postgres.listed.replace("127.0.0.1", "localhost")
    app = app_for(tmp_path, "postgres41", listed)
    ask(asked, app, {"postgres41": calls, "postgres42": calls}, address)


def test_postgres_by_a_builder_trusts_nobody_else(tmp_path, postgres, asked):
    app = app_for(tmp_path, "postgres42", postgres.listed)
    refused = [("build", ["SELECT 1"], re.compile("^Err.*certificate"))]
    ask(asked, app, {"postgres41": refused, "postgres42": refused}, postgres.address + " sslmode=verify-full")


# ---- MySQL -------------------------------------------------------------------------------------------------------

MYSQL_TYPES = [
    ("boolean:true", "TINYINT", "Int8(1)", "1"),
    ("int8:-128", "TINYINT", "Int8(-128)", "-128"),
    ("int16:-32768", "SMALLINT", "Int16(-32768)", "-32768"),
    ("int32:-2147483648", "INT", "Int32(-2147483648)", "-2147483648"),
    ("int64:-9223372036854775808", "BIGINT", "Int64(-9223372036854775808)", "-9223372036854775808"),
    ("uint8:255", "TINYINT UNSIGNED", "Uint8(255)", "255"),
    ("uint16:65535", "SMALLINT UNSIGNED", "Uint16(65535)", "65535"),
    ("uint32:4294967295", "INT UNSIGNED", "Uint32(4294967295)", "4294967295"),
    ("uint64:18446744073709551615", "BIGINT UNSIGNED", "Uint64(18446744073709551615)", "18446744073709551615"),
    ("floating32:1.5", "FLOAT", "Floating32(1.5)", "1.5"),
    ("floating64:-0.1", "DOUBLE", "Floating64(-0.1)", "-0.1"),
    ("str:grüß 'dich' ?", "VARCHAR(40) CHARACTER SET utf8mb4", '''Str("grüß 'dich' ?")''', "grüß 'dich' ?"),
    ("binary:raw", "VARBINARY(9)", f"Binary({octets('raw')})", "raw"),
    ("db-null", "INT", "DbNull", None),
]


def mysql_calls(word):
    calls = [] if word == "mysql1" else [("open", [], "Ok(())")]
    calls += [("query", ["SELECT * FROM nowhere"], re.compile("^Err.*QueryFailed.*nowhere"))]
    for number, (parameter, kind, value, text) in enumerate(MYSQL_TYPES):
        table = f"{word}_{number}"
        shown = "DbValue::DbNull" if text is None else f'DbValue::Str("{text}")'
        calls += [
            ("execute", [f"CREATE TABLE {table} (v {kind})"], "Ok(())"),
            ("execute", [f"INSERT INTO {table} VALUES (?)", parameter], "Ok(())"),
            ("query", [f"SELECT v, CAST(v AS CHAR CHARACTER SET utf8mb4) FROM {table}"],
             re.compile(re.escape(f"[[DbValue::{value}, {shown}]]"))),
        ]
    return calls


@versions("mysql1", "mysql2", asynchronous="mysql3")
def test_mysql(words, tmp_path, mariadb, asked):
    app = app_for(tmp_path, words[0], mariadb.listed)
    ask(asked, app, {word: mysql_calls(word) for word in words}, mariadb.address)


# ---- MQTT --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["mqtt2", "mqtt3"])
def test_mqtt(word, tmp_path, mosquitto, asked):
    login = ["ann", "s3cret", "30"]
    calls = [("open", login, "Ok(())"),
             *(("publish", [*login, f"{word}/{quality}", "hello", quality], "Ok(())") for quality in "012"),
             ("publish", ["ann", "wrong", "30", f"{word}/0", "hello", "1"], re.compile("^Err"))]
    ask(asked, app_for(tmp_path, word, mosquitto.listed), {word: calls}, mosquitto.address)
    for quality in "012":
        line = rf"Received PUBLISH from guest \(d0, q{quality}, r0, m\d+, '{word}/{quality}', .*\(5 bytes\)\)"
        assert re.search(line, mosquitto.output), mosquitto.output


# ---- denied ------------------------------------------------------------------------------------------------------

# Each function that names a server, with how its version says no.
ONE = Refused(r"^Err\(Error .*error")
INVALID = Refused(r"^Err\(Error::InvalidAddress\)$")
FAILED = Refused(r'^Err\(\w+::ConnectionFailed\("the destination .* is not in .* allowed_outbound_hosts"\)')
NAMING = {
    "redis1": ([("publish", ["c", "p"]), ("get", ["k"]), ("set", ["k", "v"]), ("incr", ["k"]), ("del", ["k"]),
                ("sadd", ["k", "v"]), ("smembers", ["k"]), ("srem", ["k", "v"]), ("execute", ["ping"])], ONE),
    "redis2": ([("open", [])], INVALID),
    "redis3": ([("open", [])], INVALID),
    "mqtt2": ([("open", ["ann", "s3cret", "30"])], FAILED),
    "mqtt3": ([("open", ["ann", "s3cret", "30"])], FAILED),
    "mysql1": ([("query", ["SELECT 1"]), ("execute", ["SELECT 1"])], FAILED),
    "mysql2": ([("open", [])], FAILED),
    "mysql3": ([("open", [])], FAILED),
    "postgres1": ([("query", ["SELECT 1"]), ("execute", ["SELECT 1"])], FAILED),
    "postgres2": ([("open", [])], FAILED),
    "postgres3": ([("open", [])], FAILED),
    "postgres40": ([("open", [])], FAILED),
    "postgres41": ([("open", []), ("build", ["SELECT 1"])], FAILED),
    "postgres42": ([("open", []), ("build", ["SELECT 1"])], FAILED),
    "postgres42a": ([("open-async", []), ("build-async", ["SELECT 1"])], FAILED),
}
ASYNC = {"redis3", "mqtt3", "mysql3", "postgres42a"}


class Unreached:
    """Listens, and knows whether anybody came."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.settimeout(0)
        self.place = f"127.0.0.1:{self.socket.getsockname()[1]}"

    def address(self, word):
        login = "" if word.startswith("mqtt") else "user:password@"
        return f"{re.match('[a-z]+', word)[0]}://{login}{self.place}"

    def check(self):
        with self.socket, pytest.raises(BlockingIOError):
            self.socket.accept()


guests = pytest.mark.parametrize("words", [sorted(set(NAMING) - ASYNC), sorted(ASYNC)],
                                 ids=["blocking", "asynchronous"])


@guests
def test_a_server_that_is_not_listed(words, tmp_path, asked):
    server = Unreached()
    app = app_for(tmp_path, words[0], "redis://127.0.0.1:1", "https://*:*")
    calls = {word: [(*call, NAMING[word][1]) for call in NAMING[word][0]] for word in words}
    output = ask(asked, app, calls, {word: server.address(word) for word in words})
    for kind in ("redis", "mqtt", "mysql", "postgres"):
        assert f"To allow it, add '{kind}://{server.place}' to allowed_outbound_hosts" in output, output
    server.check()


@guests
def test_a_server_in_a_blocked_network(words, tmp_path, asked):
    server = Unreached()
    config = tmp_path / "runtime.toml"
    config.write_text('[outbound_networking]\nblock_networks = ["127.0.0.0/8"]\n')
    app = app_for(tmp_path / "app", words[0], "*://*:*")
    calls = {word: [(*call, Refused("^Err")) for call in NAMING[word][0]] for word in words}
    for word in {"mqtt2", "mqtt3"} & set(words):  # they connect when there is something to say
        calls[word] = [("publish", ["ann", "s3cret", "30", "t", "hello", "1"], Refused("^Err.*ConnectionFailed"))]
    ask(asked, app, calls, {word: server.address(word) for word in words}, "--runtime-config-file", config)
    server.check()
