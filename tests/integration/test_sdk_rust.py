"""Guests of the Rust SDK beside guests of the original's: the same records, the same effects."""

import os
import re
import subprocess

import pytest

from apps import App
from harness import ROOT, Consumer, create_stream, stream_arn
from toolchains import CACHE, Rust

GUESTS = ROOT / "tests/guests"


@pytest.fixture(scope="module")
def guests(tmp_path_factory):
    folder = tmp_path_factory.mktemp("guests")
    rust = Rust()
    return {name: rust.guest(GUESTS / name, folder / f"{name}.wasm") for name in ("original_macro", "original_sdk")}


RECORDS = {
    "ok": [b"text", b"", bytes(range(256)), "żółw".encode()],
    "error text": [b"before", b"!fail", b"behind"],
    "trap": [b"before", b"!trap"],
}


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("case", RECORDS)
def test_both_do_the_same_with_the_same_records(service, client, tmp_path, guests, case):
    name = "as-the-original-" + case.replace(" ", "-")
    create_stream(client, name, 1)
    client.put_records(StreamName=name, Records=[{"Data": data, "PartitionKey": f"key {number}"}
                                                 for number, data in enumerate(RECORDS[case])])
    seen = {}
    for guest, source in guests.items():
        app = App(tmp_path / guest, stream_arn(client, name), source=source, shard_iterator_type="TRIM_HORIZON",
                  maximum_retry_attempts=1, shard_idle_wait_millis=100)
        with Consumer(app, service.endpoint) as consumer:
            printed = 1 if case == "ok" else 2
            consumer.wait_for(lambda: app.guest_bytes().count(b"call with") >= printed, 60, "the calls")
            if case != "ok":
                consumer.wait_for(lambda: list(app.state.glob("failed/**/*.json")), 30, "the batch is given up")
            consumer.kill()
        errors = app.state / "logs/recorder_stderr.txt"
        said = errors.read_text() if errors.exists() else ""
        seen[guest] = (app.guest_bytes(), re.sub(r"src/\S+:\d+:\d+|thread '.*?' \(\d+\)", "", said),
                       sorted(set(re.findall(r"poison record of key \d+|unreachable", consumer.output))))
    assert seen["original_macro"] == seen["original_sdk"]
    stdout, stderr, log = seen["original_sdk"]
    assert stdout.count(b"call with") >= (1 if case == "ok" else 2)
    assert ("poison record of key 1" in stderr and log) or case != "error text", (stderr, log)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("arguments", [
    ["cargo", "test", "--locked", "--workspace"],
    ["cargo", "build", "--locked", "--workspace", "--no-default-features"],
    ["cargo", "package", "--allow-dirty", "-p", "spin-kinesis-macro"],
    ["./generate", "--check"],
], ids=" ".join)
def test_the_sdk_passes(arguments):
    rust = Rust()
    done = subprocess.run(["nice", *arguments], cwd=ROOT / "sdk/rust", capture_output=True, text=True, timeout=1200,
                          env={**os.environ, **rust.environment, "CARGO_TARGET_DIR": str(CACHE / "sdk-rust")})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
