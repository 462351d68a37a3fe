"""Handlers of each language call other services: all that its SDK offers, and the guide's listing, word by word.

One app has a component a handler, each with a stream of its own, and one server stands for all that they send to.
"""

import http.server
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from apps import toml
from harness import BINARY, ROOT, Process, clean_environment, free_port, kinesis, listening
from loopback import serving
from surface import imports_of
from test_examples import Hook
from toolchains import Cpp, Go, Rust

GUESTS = ROOT / "tests/guests/services"

EVERYTHING = """\
other store: access-denied
nothing: none
colour: blue
empty: 0 bytes
keys: colour,empty,
exists: true
exists: false
large: 67108864
greeting: hello
undefined: undefined
named badly: invalid-name
reply: 201 yes PATCH /a?b ada one order
empty reply: 201 yes GET / - 
other host: destination-not-allowed
no url: invalid-url
the: end
"""


def listing(language, block):
    """The handler that the guide's page shows under this heading."""
    text = (ROOT / f"docs/guide/{language}.md").read_text()
    section = re.search(r"^## Calling other services$(.*?)^## ", text, re.DOTALL | re.MULTILINE)[1]
    return re.search(rf"^```{block}\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)[1]


def command(page):
    """The template's, which makes {output}."""
    text = (ROOT / f"templates/{page}/content/spin.toml").read_text()
    return re.search(r'^command = "(.*)"$', text, re.MULTILINE)[1].replace("{{project-name | kebab_case}}", "{output}")


def build_cpp(folder, source):
    Cpp()
    shutil.copytree(ROOT / "templates/kinesis-cpp/content/sdk", folder / "sdk")
    (folder / "handler.cc").write_text(source)
    shell(folder, command("kinesis-cpp").format(output="app"), {})
    return folder / "app.wasm"


def build_go(folder, source):
    go = Go()
    folder.mkdir(parents=True)
    (folder / "main.go").write_text(source)
    (folder / "go.mod").write_text("module shop-orders\n\ngo 1.24\n\n"
                                   "require github.com/ogghead/spin-trigger-kinesis/sdk/go v1.0.0\n")
    go.prepare(folder)
    describe = re.search(r"`… && (go run .*?) shop-orders.wasm`", (ROOT / "docs/guide/go.md").read_text())[1]
    shell(folder, f'{command("kinesis-go").format(output="app")} && {describe} app.wasm', go.environment)
    return folder / "app.wasm"


def build_rust(folder, source):
    rust = Rust()
    (folder / "src").mkdir(parents=True)
    (folder / "src/lib.rs").write_text(source)
    manifest = (GUESTS / "rust/Cargo.toml").read_text()
    for line in re.findall(r"^```toml\n(.*?)^```$", (ROOT / "docs/guide/rust.md").read_text(), re.DOTALL | re.MULTILINE)[0]:
        assert line in manifest
    (folder / "Cargo.toml").write_text(manifest.replace("../../../../sdk/rust", str(ROOT / "sdk/rust")))
    shutil.copy(GUESTS / "rust/Cargo.lock", folder)
    rust.prepare(folder)
    shell(folder, "cargo build --locked --target wasm32-wasip1 --release", rust.environment)
    return shutil.copy(folder / "target/wasm32-wasip1/release/services.wasm", folder / "app.wasm")


def build_python(folder, python):
    shutil.copytree(GUESTS / "python", folder)
    (folder / "listing.py").write_text(listing("python", "python"))
    python.run("python3", "-m", "venv", ".venv", cwd=folder)
    python.run(".venv/bin/pip", "install", "-q", "spin-kinesis-sdk", "componentize-py", cwd=folder)
    world = re.search(r"write `-w ([\w-]+)` for `-w stream-handler`", (ROOT / "docs/guide/python.md").read_text())[1]
    # Its asynchronous form: no other test has one in Python, and what they import is the same.
    world = world.replace("handler", "handler-async")
    python.run(".venv/bin/componentize-py", "-w", world, "componentize", "app", "-o", "app.wasm", cwd=folder,
               VIRTUAL_ENV=folder / ".venv")
    return folder / "app.wasm"


def shell(folder, script, environment):
    done = subprocess.run(["nice", "sh", "-c", script], cwd=folder, capture_output=True, text=True, timeout=900,
                          env={**clean_environment(folder), **environment})
    assert done.returncode == 0, f"{script}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


class Server(Hook):
    """Says what it was sent."""

    def do_GET(self):
        body = self.read_body().decode()
        said = f"{self.command} {self.path} {self.headers.get('x-key', '-')} {body}".encode()
        self.server.taken.append(body)
        self.send_response(201)
        self.send_header("x-answer", "yes")
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_POST = do_PATCH = do_GET


@pytest.fixture
def server():
    one = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    one.taken = []
    with serving(one):
        yield one


class Services(Process):
    """`up --local` with a component for each of `handlers` (name: module). The one named denied may use none."""

    def __init__(self, folder, handlers, server):
        self.state = folder / "state"
        self.handlers = handlers
        address = f"http://127.0.0.1:{server.server_address[1]}"
        lines = ["spin_manifest_version = 2", "[application]", 'name = "services"',
                 "[application.trigger.kinesis]", "max_concurrent_invocations = 4"]
        for name, module in handlers.items():
            # Without what follows below a component may use nothing.
            lines += ["[[trigger.kinesis]]", f'component = "{name}"', 'shard_iterator_type = "TRIM_HORIZON"',
                      f'stream_arn = "arn:aws:kinesis:us-east-1:000000000000:stream/{name}"',
                      "shard_idle_wait_millis = 100", "maximum_retry_attempts = 1",
                      f"[component.{name}]", f"source = {toml(str(module))}"]
            if name != "denied":
                lines += ['key_value_stores = ["default"]', f"allowed_outbound_hosts = [{toml(address)}]",
                          f"[component.{name}.variables]", 'greeting = "hello"', f"server = {toml(address)}",
                          f"webhook = {toml(address + '/hook')}"]
        (folder / "spin.toml").write_text("\n".join(lines) + "\n")
        port = free_port()
        super().__init__([BINARY, "up", "--local", "--local-port", port, "-f", folder / "spin.toml", "--state-dir",
                          self.state], folder, "up", clean_environment(folder))
        self.wait_for(lambda: listening(port), 120, "the embedded Kinesis listens")
        self.client = kinesis(f"http://127.0.0.1:{port}")
        self.wait_for(lambda: set(handlers) <= set(self.client.list_streams()["StreamNames"]), 30, "its streams")

    def put(self, name, *payloads):
        self.client.put_records(StreamName=name, Records=[
            {"Data": payload.encode(), "PartitionKey": "ada"} for payload in payloads])

    def printed(self, name, stream="stdout"):
        path = self.state / f"logs/{name}_{stream}.txt"
        return path.read_text() if path.exists() else ""

    def wait_printed(self, name, text, stream="stdout"):
        self.wait_for(lambda: text in self.printed(name, stream), 60, lambda: f"{name} printed: {self.printed(name)}"
                      f"\n{self.printed(name, 'stderr')}")


@pytest.mark.timeout(900)
def test_handlers_of_each_language_call_other_services(tmp_path, python, server):
    with ThreadPoolExecutor(2) as builds:
        making = {
            "python": builds.submit(build_python, tmp_path / "python", python),
            "cpp": builds.submit(build_cpp, tmp_path / "cpp", (GUESTS / "cpp/services.cc").read_text()),
            "go": builds.submit(build_go, tmp_path / "go", (GUESTS / "go/main.go").read_text()),
            "cpp-listing": builds.submit(build_cpp, tmp_path / "cpp-listing", listing("cpp", "cpp")),
            "go-listing": builds.submit(build_go, tmp_path / "go-listing", listing("go", "go")),
            "rust-listing": builds.submit(build_rust, tmp_path / "rust-listing", listing("rust", "rust")),
        }
    modules = {name: made.result() for name, made in making.items()}
    everything, listings = ["cpp", "go", "python"], ["cpp-listing", "go-listing", "python", "rust-listing"]
    # What the SDKs of the others are refused is among `everything`.
    modules["denied"] = modules["rust-listing"]
    with Services(tmp_path, modules, server) as app:
        for name in everything:
            app.put(name, "everything")
            app.wait_printed(name, "the: end")
            assert app.printed(name) == EVERYTHING
        for name in listings:
            app.put(name, f"an order for {name}")
            app.wait_printed(name, "ada: sent")
            assert server.taken.count(f"an order for {name}") == 1
        app.put("denied", "an order for nobody")
        app.wait_printed("denied", "AccessDenied", "stderr")
        assert "sent" not in app.printed("denied") and "an order for nobody" not in server.taken


@pytest.mark.timeout(300)
def test_a_module_imports_the_functions_that_it_calls_and_no_others(tmp_path):
    def imported(module):
        return {name for name in imports_of(module.read_bytes()) if name[0] != "wasi_snapshot_preview1"}

    only = {("fermyon:spin/variables@2.0.0", "get")}
    assert imported(build_go(tmp_path / "go", ONLY_VARIABLES_IN_GO)) == only
    assert imported(build_cpp(tmp_path / "cpp", ONLY_VARIABLES_IN_CPP)) == only
    plain = build_go(tmp_path / "plain", (ROOT / "templates/kinesis-go/content/main.go").read_text())
    assert not imported(plain) and b"component-type" not in plain.read_bytes()


ONLY_VARIABLES_IN_GO = """\
package main

import (
	"fmt"

	_ "github.com/ogghead/spin-trigger-kinesis/sdk/go/keyvalue"
	_ "github.com/ogghead/spin-trigger-kinesis/sdk/go/outbound"
	"github.com/ogghead/spin-trigger-kinesis/sdk/go/stream"
	"github.com/ogghead/spin-trigger-kinesis/sdk/go/variables"
)

func init() {
	stream.Handle(func(stream.Context, []stream.Record) (stream.Result, error) {
		fmt.Println(variables.Get("greeting"))
		return stream.Done(), nil
	})
}

func main() {}
"""

ONLY_VARIABLES_IN_CPP = """\
#include <spin_services.hpp>

using namespace stream_handler;

Result handle(const Context&, Records) {
  std::puts(spin_services::variables::get("greeting")->c_str());
  return Result::done();
}
STREAM_HANDLER(handle)
"""
