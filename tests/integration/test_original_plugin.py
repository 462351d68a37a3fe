"""Users of the original plugin change nothing: a guest built as its template builds it, with its manifest, runs.

The guest is what the original SDK's macro makes of a handler: wit-bindgen 0.16, a core module that the trigger is to make
a component of."""

import re
import shutil
import signal
import sys

import pytest

from harness import BINARY, ROOT, Consumer, Process, clean_environment, create_stream, stream_arn
from spin_launcher import install
from toolchains import Rust
from wasm_binary import leb, sections

# Every key that the original's template writes, and no other.
MANIFEST = """spin_manifest_version = 2

[application]
name = "hello_kinesis"
version = "0.1.0"
authors = ["Ann <ann@example.com>"]
description = ""

[[trigger.kinesis]]
component = "hello-kinesis"
stream_arn = "{arn}"
batch_size = 10
shard_idle_wait_millis = 1000
detector_poll_millis = 30000
shard_iterator_type = "TRIM_HORIZON"

[component.hello-kinesis]
source = "target/wasm32-wasi/release/hello_kinesis.wasm"

[component.hello-kinesis.build]
command = "cargo build --target wasm32-wasi --release"
watch = ["src/**/*.rs", "Cargo.toml"]
"""


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    return Rust().guest(ROOT / "tests/guests/original_macro", tmp_path_factory.mktemp("guest") / "original.wasm")


@pytest.fixture
def app(client, stream_name, tmp_path, module):
    create_stream(client, stream_name, 1)
    folder = tmp_path / "hello_kinesis"
    (folder / "target/wasm32-wasi/release").mkdir(parents=True)
    shutil.copy(module, folder / "target/wasm32-wasi/release/hello_kinesis.wasm")
    (folder / "spin.toml").write_text(MANIFEST.format(arn=stream_arn(client, stream_name)))
    client.put_records(StreamName=stream_name, Records=[
        {"Data": f"record {number}".encode(), "PartitionKey": f"key-{number}"} for number in range(25)])
    return folder


def custom_sections(wasm):
    """Names of a module's custom sections, with their bytes."""
    for kind, start, end in sections(wasm):
        if kind == 0:
            length, name = leb(wasm, start)
            yield wasm[name:name + length].decode(), wasm[name + length:end]


def test_the_guest_is_a_core_module_as_the_original_sdk_makes_it(module):
    wasm = module.read_bytes()
    assert wasm[:8] == b"\0asm\1\0\0\0", "a core module"
    described = {name: data for name, data in custom_sections(wasm) if name.startswith("component-type")}
    assert any(b"handle-batch-records" in data and b"wit-bindgen-rust" in data and b"0.16.0" in data
               for data in described.values()), sorted(described)


def handled(text):
    """The data of each record, in the order in which the handler saw it."""
    return [bytes.fromhex(found).decode() for found in re.findall(r" key-\d+ ([0-9a-f]+)\n", text)]


def expect_all(text):
    assert handled(text) == [f"record {number}" for number in range(25)]
    assert re.findall(r"call with (\d+) records", text) == ["10", "10", "5"], "batch_size = 10"


def test_it_runs_under_spin(service, app, tmp_path):
    install(tmp_path / "spin-data", "trigger-kinesis", BINARY)
    environment = clean_environment(tmp_path, AWS_ENDPOINT_URL_KINESIS=service.endpoint,
                                    SPIN_DATA_DIR=tmp_path / "spin-data")
    launcher = [sys.executable, ROOT / "tests/integration/spin_launcher.py", "up", "-f", app / "spin.toml"]
    handles_all(Process(launcher, app, "spin", environment), app)


class Unchanged:
    """The app as `Consumer` wants it."""

    def __init__(self, folder):
        self.folder, self.manifest, self.state = folder, folder / "spin.toml", folder / ".spin"


def test_it_runs_by_itself(service, app):
    handles_all(Consumer(Unchanged(app), service.endpoint), app)


def handles_all(process, app):
    out = app / ".spin/logs/hello-kinesis_stdout.txt"
    with process:
        process.wait_for(lambda: out.exists() and len(handled(out.read_text())) >= 25, 40, "25 records are handled")
        process.signal(signal.SIGTERM)
        assert process.wait(15) == 0, process.output
    expect_all(out.read_text())
