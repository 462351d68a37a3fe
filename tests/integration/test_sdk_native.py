"""Guests of the SDKs beside guests of the original's: the same records, the same effects."""

import os
import re
import subprocess

import pytest

from apps import App
from harness import ROOT, Consumer, create_stream, stream_arn
from toolchains import CACHE, Go, Rust

GUESTS = ROOT / "tests/guests"


@pytest.fixture(scope="module")
def guests(tmp_path_factory):
    folder = tmp_path_factory.mktemp("guests")
    rust = Rust()
    built = {name: rust.guest(GUESTS / name, folder / f"{name}.wasm") for name in ("original_macro", "original_sdk")}
    return {**built, "go_kinesis": Go().guest(GUESTS / "go_kinesis", folder / "go_kinesis.wasm")}


RECORDS = {
    "ok": [b"text", b"", bytes(range(256)), "żółw".encode()],
    "error text": [b"before", b"!fail", b"behind"],
    "trap": [b"before", b"!trap"],
}


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("case", RECORDS)
def test_all_do_the_same_with_the_same_records(service, client, tmp_path, guests, case):
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
                       sorted(set(re.findall(r"poison record of key \d+", consumer.output))))
    assert seen["original_macro"] == seen["original_sdk"]
    stdout, stderr, log = seen["original_sdk"]
    if case == "trap":  # it says in another way why it crashed
        seen["go_kinesis"] = (seen["go_kinesis"][0], stderr, seen["go_kinesis"][2])
    assert seen["go_kinesis"] == seen["original_sdk"]
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


@pytest.mark.timeout(600)
def test_the_go_sdk_passes():
    go = Go()
    for folder in ("sdk/go", "examples/anomaly-detector"):
        done = subprocess.run(["nice", "go", "test", "./..."], cwd=ROOT / folder, capture_output=True, text=True,
                              env={**os.environ, **go.environment}, timeout=600)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_cpp_sdk_passes(tmp_path):
    program = tmp_path / "helpers"
    subprocess.run(["nice", "clang++-19", "-std=c++20", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined",
                    f"-I{ROOT}/sdk/cpp", *(ROOT / "sdk/cpp").glob("*_test.cc"), "-lgtest", "-lgmock", "-lgtest_main",
                    "-pthread", "-o", program], check=True)
    subprocess.run([program], check=True)
