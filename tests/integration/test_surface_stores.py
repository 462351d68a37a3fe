"""Every function of every version of the interfaces over stores, databases, variables and models, asked through the
program: allowed and denied."""

import http.server
import json
import re
import sqlite3

import pytest
from apps import guest
from host_app import HostApp, answers
from loopback import serving
from servers import Redis
from surface import Refused, hold

# What the guests call a function whose name in the contract is longer.
SHORT = {"keys": "get-keys", "all": "get-all", "rowid": "last-insert-rowid", "embed": "generate-embeddings"}
BATCH, ATOMICS = {"get-many", "set-many", "delete-many"}, {"increment", "current", "swap"}


def asked_for(command, asynchronous):
    """(interface, function) of a command of spin_stores or spin_stores_async."""
    interface, function, *_ = command.split(" ")
    if interface == "sqlite3":
        blocking = function.endswith("-sync") or not asynchronous
        function = SHORT.get(function.removesuffix("-sync"), function.removesuffix("-sync"))
        return ("sqlite31" if asynchronous else "sqlite30"), function if blocking else f"{function}-async"
    if interface in ("kv", "cas"):
        if function == "cas":
            return "atomics", "new"
        function = {"keys": "list-keys"}.get(function, function)
        return ("batch" if function in BATCH else "atomics" if function in ATOMICS else "bucket"), function
    if interface == "config1":
        return "config1", "get-config"
    return interface, SHORT.get(function, function)


def ask(asked, app, calls, *flags, asynchronous=False, **environment):
    """`calls` are (command, expected)."""
    got, output = answers(app, ["\n".join(command for command, _ in calls)], *flags, seconds=60, **environment)
    hold(asked, [(*asked_for(command, asynchronous), command, expected) for command, expected in calls], got)
    return output


def keys(first, second):
    """A list of both, in any order."""
    return re.compile(rf'\["{first}", "{second}"\]|\["{second}", "{first}"\]')


# ---- key-value ---------------------------------------------------------------------------------------------------


def key_value_calls(label):
    none = "None"
    for word in ("kv1", "kv2", "kv"):
        some = (lambda text: f'"{text}"') if word == "kv1" else (lambda text: f'Some("{text}")')
        yield from [
            (f"{word} open {label}", "()"),
            (f"{word} set a blue", "()"),
            (f"{word} set b {word}", "()"),
            (f"{word} get a", some("blue")),
            (f"{word} get nothing", Refused("NoSuchKey") if word == "kv1" else none),
            (f"{word} exists a", "true"),
            (f"{word} exists nothing", "false"),
            (f"{word} keys", keys("a", "b")),
            (f"{word} delete b", "()"),
            (f"{word} exists b", "false"),
        ]
    yield from [
        ("kv set-many x 1 y 2", "()"),
        ("kv get-many y z x", '[("y", Some("2")), ("z", None), ("x", Some("1"))]'),
        ("kv delete-many x y z", "()"),
        ("kv get x", none),
        ("kv increment n 5", "5"),
        ("kv increment n -7", "-2"),
        ("kv increment a 1", Refused("Other")),
        ("kv cas a", "()"),
        ("cas current", 'Some("blue")'),
        ("kv set a green", "()"),
        ("cas swap red", "failed"),
        ("cas current", 'Some("green")'),
        ("cas swap red", "()"),
        ("kv get a", 'Some("red")'),
        ("kv1 get a", '"red"'),
        ("kv1 close", "()"),
        ("kv1 get a", Refused("InvalidStore")),
    ]


ASYNCHRONOUS_KEY_VALUE = [
    ("kv3 open default", "()"), ("kv3 set a blue", "()"), ("kv3 get a", 'Some("blue")'),
    ("kv3 get nothing", "None"), ("kv3 exists a", "true"), ("kv3 set b 2", "()"),
    ("kv3 keys", keys("a", "b")), ("kv3 delete a", "()"), ("kv3 exists a", "false"),
    ("kv3 open other", Refused("AccessDenied"))]


def test_key_value_in_a_file(tmp_path, asked):
    app = HostApp(tmp_path, guest("spin_stores"), {"key_value_stores": ["default"]})
    calls = [*key_value_calls("default"), *((f"{word} open other", Refused("AccessDenied"))
                                            for word in ("kv1", "kv2", "kv"))]
    ask(asked, app, calls)
    with sqlite3.connect(app.state / "sqlite_key_value.db") as database:
        rows = dict(database.execute("SELECT key, value FROM spin_key_value WHERE store = 'default'"))
    assert rows == {"a": b"red", "n": (-2).to_bytes(8, "little", signed=True)}


def test_key_value_in_redis_and_in_another_file(tmp_path, asked):
    """The component may use the stores, which the operator configured, and no server."""
    with Redis() as server:
        config = tmp_path / "runtime.toml"
        config.write_text(f'[key_value_store.cache]\ntype = "redis"\nurl = "{server.address}"\n'
                          '[key_value_store.filed]\ntype = "spin"\npath = "filed.db"\n')
        app = HostApp(tmp_path / "app", guest("spin_stores"), {"key_value_stores": ["cache", "filed"]})
        assert not (tmp_path / "filed.db").exists()
        ask(asked, app, [*key_value_calls("cache"), ("kv2 open filed", "()"), ("kv2 set a here", "()"),
                         ("kv2 open default", Refused("AccessDenied"))], "--runtime-config-file", config)
    with sqlite3.connect(tmp_path / "filed.db") as database:
        assert database.execute("SELECT * FROM spin_key_value").fetchall() == [("filed", "a", b"here")]


def test_asynchronous_key_value_and_sqlite_and_variables(tmp_path, asked):
    app = HostApp(tmp_path, guest("spin_stores_async"),
                  {"key_value_stores": ["default"], "sqlite_databases": ["default"]},
                  variables={"place": {"default": "here"}}, component_variables={"greeting": "hello {{ place }}"})
    calls = [
        *ASYNCHRONOUS_KEY_VALUE,
        *sqlite_calls("sqlite3", asynchronous=True),
        ("sqlite3 open-sync default", "()"), ("sqlite3 execute-sync SELECT/**/1,2", "2 columns"),
        ("sqlite3 changes-sync", "0"), ("sqlite3 rowid-sync", "0"),
        ("sqlite3 open-sync other", Refused("AccessDenied")),
        ("variables3 get greeting", '"hello here"'), ("variables3 get place", Refused("Undefined")),
        ("variables3 get Bad", Refused("InvalidName")),
    ]
    ask(asked, app, calls, asynchronous=True)


# ---- SQLite ------------------------------------------------------------------------------------------------------

VALUES = "i:-9223372036854775808 r:-0.5 t:grüß b:raw n"


def statement(text):
    return text.replace(" ", "/**/")


def sqlite_calls(word, asynchronous=False):
    table, end = f"t_{word}", " ()" if asynchronous else ""
    yield from [
        (f"{word} open default", "()"),
        (f"{word} execute {statement(f'CREATE TABLE {table} (i, r, t, b, n)')}", f" []{end}"),
        (f"{word} execute {statement(f'INSERT INTO {table} VALUES (?, ?, ?, ?, ?)')} {VALUES}", f" []{end}"),
        *([(f"{word} rowid", "1"), (f"{word} changes", "1")] if word == "sqlite3" else []),
        (f"{word} execute {statement(f'SELECT * FROM {table}')}", f"i r t b n [{VALUES}]{end}"),
        (f"{word} execute {statement(f'SELECT typeof(i), typeof(r), typeof(t), typeof(b) FROM {table}')}",
         re.compile(r"\[t:integer t:real t:text t:blob\]")),
        (f"{word} execute SELEKT", Refused("Io.*syntax error")),
        (f"{word} open other", Refused("AccessDenied")),
    ]


def test_sqlite_in_a_file_that_another_program_reads(tmp_path, asked):
    app = HostApp(tmp_path, guest("spin_stores"), {"sqlite_databases": ["default"]})
    calls = [*sqlite_calls("sqlite1"), *sqlite_calls("sqlite2"), *sqlite_calls("sqlite3"),
             ("sqlite1 close", "()"), ("sqlite1 execute SELECT/**/1", Refused("InvalidConnection"))]
    ask(asked, app, calls)
    with sqlite3.connect(app.state / "sqlite_db.db") as database:
        for word in ("sqlite1", "sqlite2", "sqlite3"):
            rows = database.execute(f"SELECT * FROM t_{word}").fetchall()
            assert rows == [(-2**63, -0.5, "grüß", b"raw", None)], word


def test_sqlite_in_a_file_that_another_program_made(tmp_path, asked):
    app = HostApp(tmp_path, guest("spin_stores"), {"sqlite_databases": ["default", "audit"]})
    config = tmp_path / "runtime.toml"
    config.write_text('[sqlite_database.audit]\ntype = "spin"\npath = "audit.db"\n')
    app.state.mkdir()
    for path in (app.state / "sqlite_db.db", tmp_path / "audit.db"):
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE made (i INTEGER PRIMARY KEY, r REAL, t TEXT, b BLOB, n)")
            database.execute("INSERT INTO made VALUES (?, ?, ?, ?, ?)", (7, 2.5, "elsewhere", b"bytes", None))
    calls = []
    for label in ("default", "audit"):
        calls += [(f"sqlite2 open {label}", "()"),
                  (f"sqlite2 execute {statement('SELECT * FROM made')}",
                   "i r t b n [i:7 r:2.5 t:elsewhere b:bytes n]"),
                  (f"sqlite2 execute {statement('INSERT INTO made (t) VALUES (?)')} t:{label}", " []")]
    ask(asked, app, calls, "--runtime-config-file", config)
    for label, path in (("default", app.state / "sqlite_db.db"), ("audit", tmp_path / "audit.db")):
        with sqlite3.connect(path) as database:
            assert database.execute("SELECT i, t FROM made").fetchall() == [(7, "elsewhere"), (8, label)]


# ---- variables ---------------------------------------------------------------------------------------------------


def test_variables(tmp_path, asked):
    app = HostApp(tmp_path, guest("spin_stores"), variables={"place": {"default": "here"}, "secret": {"default": "x"}},
                  component_variables={"greeting": "hello {{ place }}", "empty": ""})
    calls = [
        ("config1 get greeting", '"hello here"'), ("config1 get secret", Refused("secret")),
        ("config1 get Bad", Refused("InvalidKey")),
        ("variables2 get greeting", '"hello here"'), ("variables2 get secret", Refused("Undefined.*secret")),
        ("variables2 get Bad", Refused("InvalidName")),
        ("config get greeting", 'Some("hello here")'), ("config get secret", "None"),
        ("config all", re.compile(r'^\[(\("empty", ""\), \("greeting", "hello here"\)|'
                                  r'\("greeting", "hello here"\), \("empty", ""\))\]$')),
    ]
    ask(asked, app, calls)


# ---- language models ---------------------------------------------------------------------------------------------


class Models(http.server.BaseHTTPRequestHandler):
    """Spin's own protocol, and OpenAI's: says back what it was asked."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        sent = json.loads(self.rfile.read(int(self.headers["content-length"])))
        words = f"{sent.get('model')} {self.headers['authorization']}"
        answer = {
            "/infer": lambda: {"text": f"{words} {sent['prompt']} {sent['options']['maxTokens']}",
                               "usage": {"promptTokenCount": 3, "generatedTokenCount": 4}},
            "/embed": lambda: {"embeddings": [[float(len(text)), 0.5] for text in sent["input"]],
                               "usage": {"promptTokenCount": 5}},
            "/v1/chat/completions": lambda: {
                "choices": [{"message": {"content": f"{words} {sent['messages'][0]['content']}"}}],
                "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}},
            "/v1/embeddings": lambda: {"data": [{"embedding": [1.5]}], "usage": {"prompt_tokens": 5}},
        }[self.path]()
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def models():
    with serving(Models) as address:
        yield f"http://{address}"


@pytest.mark.parametrize("api", ["default", "open_ai"])
def test_models_elsewhere(api, tmp_path, models, asked):
    config = tmp_path / "runtime.toml"
    config.write_text(f'[llm_compute]\ntype = "remote_http"\nurl = "{models}"\nauth_token = "tok"\n'
                      f'api_type = "{api}"\n')
    app = HostApp(tmp_path / "app", guest("spin_stores"), {"ai_models": ["own"]})
    own = api == "default"
    calls = []
    for word in ("llm1", "llm2"):
        calls += [
            (f"{word} infer own hi", re.compile("(?i)^own bearer tok hi.* 3 4$")),
            (f"{word} infer own hi more", re.compile(f"(?i)^own bearer tok hi{' 7' if own else ''} 3 4$")),
            (f"{word} embed own ab", "[[2.0, 0.5]] 5" if own else "[[1.5]] 5"),
            (f"{word} infer other hi", Refused("InvalidInput.*does not have access")),
            (f"{word} embed other hi", Refused("InvalidInput.*does not have access")),
        ]
    ask(asked, app, calls, "--runtime-config-file", config)


def test_models_that_are_not_built_in(tmp_path, asked):
    app = HostApp(tmp_path, guest("spin_stores"), {"ai_models": ["llama2-chat"]})
    said = Refused("RuntimeError.*Local LLM operations are not supported in this version of Spin")
    ask(asked, app, [("llm2 infer llama2-chat hi", said), ("llm2 embed llama2-chat hi", said)])
