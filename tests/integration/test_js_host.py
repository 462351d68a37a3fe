"""What a handler in JavaScript may ask of the host: requests, stores, variables, databases; granted and denied."""

import http.server
import json
import shutil
import threading

import pytest

from apps import toml
from harness import ROOT, free_port
from host_app import HostApp, answers
from loopback import serving
from servers import Redis

pytestmark = pytest.mark.timeout(200)


class Web(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    ended = threading.Event()
    both = threading.Barrier(2)

    def answer(self, body, status=200, **headers):
        self.send_response(status)
        self.send_header("x-served", self.command)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        if self.path == "/slow":
            self.ended.wait(60)
        elif self.path == "/both":  # is answered when two ask at one time
            self.both.wait(30)
        elif self.path == "/moved":
            return self.answer(b"", 302, location="/hello?moved")
        elif self.path == "/half":
            self.send_response(200)
            self.send_header("content-length", "1000")
            self.end_headers()
            self.wfile.write(b"half")
            self.close_connection = True
            return None
        elif self.path == "/large":
            return self.answer(b"x" * 3_000_000)
        elif self.path == "/json":
            return self.answer(json.dumps({"number": 7}).encode(), content_type="application/json")
        return self.answer(b"hello" + self.path.partition("?")[2].encode())

    do_HEAD = do_GET

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        asked = self.headers["x-asked"].encode()  # read as Latin-1
        self.answer(b" ".join([body, asked, self.headers["content-type"].encode()]))

    def do_PUT(self):
        length, kinds = 0, set()
        while (size := int(self.rfile.readline() or b"0", 16)) > 0:
            kinds |= set(self.rfile.read(size))
            length += size
            self.rfile.readline()
        self.rfile.readline()
        self.answer(f"{length} {bytes(sorted(kinds)).decode()}".encode())

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A client that breaks off is what some tests want."""


@pytest.fixture(scope="module")
def web():
    with serving(Server(("127.0.0.1", 0), Web)) as address:
        yield f"http://{address}"
        Web.ended.set()


@pytest.fixture(scope="module")
def built(tmp_path_factory, node):
    """Builds a guest of tests/guests/js for a world, once."""
    folder = tmp_path_factory.mktemp("js-host")
    shutil.copytree(ROOT / "tests/guests/js", folder / "guests")
    (folder / "guests/node_modules").mkdir()
    (folder / "guests/node_modules/spin-kinesis-sdk").symlink_to(node.sdk_folder())
    made = {}

    def build(name, world):
        if (name, world) not in made:
            output = folder / f"{name}-{world}.wasm"
            node.run("node", node.sdk_folder() / "bin/spin-kinesis-build.js", f"{name}.js", "-o", output, "--world", world,
                     cwd=folder / "guests")
            made[name, world] = output
        return made[name, world]
    build.cache = folder / "cache"
    return build


def asked(app, built, commands, *flags):
    """By command, what the guest printed."""
    lines, output = answers(app, commands, *flags, seconds=90, XDG_CACHE_HOME=built.cache)
    assert "trapped" not in output, output
    return dict(zip(commands, lines, strict=True)), output


def test_a_handler_sends_requests(tmp_path, web, built):
    app = HostApp(tmp_path, built("requests", "stream-handler-async"), {"allowed_outbound_hosts": [web]})
    urls = {"fetch": "/hello", "post": "/echo text", "upload": "/", "json": "/json", "status": "/hello", "pieces": "/large",
            "first": "/large", "together": "/both", "timeout": "/slow", "header": "/hello"}
    commands = [f"{deed} {web}{path}" for deed, path in urls.items()]
    commands += [f"fetch {web}/moved", f"fetch {web}/half", f"break-off {web}/", "race 60000", "fetch nowhere"]
    lines, _ = asked(app, built, commands)
    for command, expected in {
        f"fetch {web}/hello": "fetch 200 GET hello",
        f"post {web}/echo text": "post 200 POST text gr\u00fcn text/plain;charset=UTF-8",
        f"upload {web}/": "upload 200 PUT 300000 abc",
        f"json {web}/json": "json 7",
        f"status {web}/hello": "status 200",
        f"pieces {web}/large": "pieces 3000000",
        f"first {web}/large": "first true",
        f"together {web}/both": "together 200,200",
        f"timeout {web}/slow": "timeout failed: TimeoutError - the operation took longer than 200 ms",
        f"header {web}/hello": "header failed: TypeError - headers accept, host, user-agent: one of them is the host's to set",
        f"fetch {web}/moved": "fetch 200 GET hellomoved",
        f"break-off {web}/": "break-off failed: RangeError - no more",
        "race 60000": "race won",
        "fetch nowhere": 'fetch failed: TypeError - "nowhere" is no absolute address',
    }.items():
        assert lines[command] == expected, lines
    assert lines[f"fetch {web}/half"].startswith("fetch failed: TypeError "), lines


STORES = {
    "set colour blue": "set set",
    "get colour": "get blue",
    "get nothing": "get null",
    "keys": "keys colour,seed",
    "delete colour": "delete false",
    "variable greeting": "variable Ann at home",
    "sql SELECT_?_AS_a,_?_AS_b,_?_AS_c,_length(?)_AS_d": 'sql [{"a":7,"b":"x","c":null,"d":1}]',
    "variable other": 'variable failed: HostError undefined variable "other": undefined: ',
    "open secret": 'open failed: HostError access-denied key-value store "secret": access denied: '
                   'the component\'s key_value_stores must name "secret"',
}


@pytest.mark.parametrize("guest,world", [("requests", "stream-handler-async"), ("stores", "spin-kinesis")])
def test_a_handler_keeps_values_and_reads_variables(tmp_path, built, guest, world):
    with Redis() as server:
        redis = server.address
        granted = {"key_value_stores": ["default"], "sqlite_databases": ["default"], "allowed_outbound_hosts": [server.listed]}
        app = HostApp(tmp_path, built(guest, world), granted,
                      variables={"name": {"required": True}}, component_variables={"greeting": "{{ name }} at home"})
        lines, _ = asked(app, built, ["count seed", f"redis {redis}", *STORES], "--variable", "name=Ann")
    assert lines["count seed"] == "count 1"
    assert lines[f"redis {redis}"] == 'redis [42,"42",2,["a","b"],1,null,null,"7"]', lines
    for command, expected in STORES.items():
        assert lines[command].startswith(expected), lines


def test_what_is_not_granted_is_denied(tmp_path, web, built):
    app = HostApp(tmp_path, built("requests", "stream-handler-async"))
    redis = f"redis://127.0.0.1:{free_port()}"
    lines, output = asked(app, built, [f"fetch {web}/hello?secret", "get colour", "variable greeting", "sql SELECT_1", f"redis {redis}"])
    assert lines[f"fetch {web}/hello?secret"] == (
        f'fetch failed: TypeError HTTP-request-denied GET {web}/hello: the component\'s allowed_outbound_hosts do not list {toml(web)}')
    assert "HostError access-denied" in lines["get colour"] and "key_value_stores" in lines["get colour"], lines
    assert "HostError undefined" in lines["variable greeting"], lines
    assert "HostError access-denied" in lines["sql SELECT_1"] and "sqlite_databases" in lines["sql SELECT_1"], lines
    assert lines[f"redis {redis}"].startswith("redis failed: HostError invalid-address"), lines
    assert "allowed_outbound_hosts" in output, output
