"""Each kind of bad input gives one clear message and its exit code: 2 wrong configuration, 1 failed while running."""

import os
import shutil
import subprocess

import pytest

from apps import App, guest
from harness import (BINARY, Consumer, Process, clean_environment, create_stream, delivered, free_port, put_in_order,
                     stream_arn, wait_until)


@pytest.fixture
def arn(client, stream_name):
    create_stream(client, stream_name, 1)
    return stream_arn(client, stream_name)


def refused(app, endpoint, code, *fragments, environment=None, seconds=20):
    """Runs `up`, wants it to end by itself with `code`, and one message that has every fragment."""
    with Consumer(app, endpoint, environment=environment) as consumer:
        status = consumer.wait(seconds)
        output = consumer.output
    assert status == code, output
    messages = [line for line in output.splitlines() if line.lower().lstrip().startswith("error")]
    assert len(messages) == 1, f"not one message:\n{output}"
    for fragment in fragments:
        assert fragment in output, f"no {fragment!r} in:\n{output}"
    return output


def test_an_unknown_key(service, arn, tmp_path):
    app = App(tmp_path, arn, bach_size=5)
    refused(app, service.endpoint, 2, "spin.toml", "bach_size", "batch_size")


def test_a_value_out_of_range(service, arn, tmp_path):
    refused(App(tmp_path, arn, batch_size=10_001), service.endpoint, 2, "batch_size", "10000")


def test_a_manifest_that_is_no_toml(service, arn, tmp_path):
    app = App(tmp_path, arn)
    app.manifest.write_text("[[trigger.kinesis\n")
    refused(app, service.endpoint, 2, "spin.toml", "1")


def test_a_missing_manifest(service, arn, tmp_path):
    app = App(tmp_path, arn)
    app.manifest.unlink()
    refused(app, service.endpoint, 2, "spin.toml")


def test_a_missing_component_file(service, arn, tmp_path):
    refused(App(tmp_path, arn, source=tmp_path / "gone.wasm"), service.endpoint, 2, "gone.wasm")


def test_a_file_that_is_no_wasm(service, arn, tmp_path):
    text = tmp_path / "text.wasm"
    text.write_text("this is not WebAssembly")
    refused(App(tmp_path, arn, source=text), service.endpoint, 2, "text.wasm")


@pytest.mark.parametrize("name, fragments", [
    ("missing", ("handle-batch-records",)),
    ("doubled", ("handle-batch-records", "trigger-kinesis:handler")),
    ("importing", ("acme:store/table",)),
])
def test_a_component_with_the_wrong_exports_or_imports(service, arn, tmp_path, name, fragments):
    refused(App(tmp_path, arn, source=guest(name)), service.endpoint, 2, "recorder", *fragments)


@pytest.mark.parametrize("bad", ["orders", "arn:aws:sqs:us-east-1:000000000000:orders",
                                 "arn:aws:kinesis:us-east-1:000000000000:stream/"])
def test_a_bad_arn(service, tmp_path, bad):
    refused(App(tmp_path, bad), service.endpoint, 2, "stream_arn", bad)


def test_a_stream_that_does_not_exist(service, tmp_path):
    app = App(tmp_path, "arn:aws:kinesis:us-east-1:000000000000:stream/nowhere")
    refused(app, service.endpoint, 2, "nowhere")


def test_no_credentials(service, arn, tmp_path):
    environment = clean_environment(tmp_path, AWS_ENDPOINT_URL_KINESIS=service.endpoint, AWS_ACCESS_KEY_ID=None,
                                    AWS_SECRET_ACCESS_KEY=None)
    refused(App(tmp_path, arn), service.endpoint, 2, "credentials", environment=environment, seconds=60)


def test_no_region_is_needed_but_no_manifest_is_an_error_that_names_the_flag(tmp_path):
    with Process([BINARY, "up"], tmp_path, "up", clean_environment(tmp_path)) as process:
        assert process.wait(20) == 2
        assert "spin.toml" in process.output and "-f" in process.output


def test_an_unknown_subcommand(tmp_path):
    with Process([BINARY, "upp"], tmp_path, "upp", clean_environment(tmp_path)) as process:
        assert process.wait(20) == 2
        assert "upp" in process.output


# A mount of our own needs root, or a kernel that lets users have mount namespaces.
UNSHARE = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]


def can_mount():
    probe = [*UNSHARE, "sh", "-c", "mount -t tmpfs -o size=64k none /mnt"]
    return shutil.which("unshare") and subprocess.run(probe, capture_output=True).returncode == 0


needs_mount = pytest.mark.skipif(not can_mount(), reason="this machine lets us mount nothing")


class MountedConsumer(Process):
    """`up` with a small tmpfs as its state directory, in a mount namespace of its own."""

    def __init__(self, app, endpoint, options):
        app.state.mkdir(parents=True, exist_ok=True)
        script = f'mount -t tmpfs -o {options} none "$0" && exec "$@"'
        command = [*UNSHARE, "sh", "-c", script, app.state, BINARY, "up", "-f", app.manifest, "--state-dir", app.state]
        super().__init__(command, app.folder, "up",
                         clean_environment(app.folder, AWS_ENDPOINT_URL_KINESIS=endpoint))

    def inside(self, path):
        """The file as this process sees it."""
        return f"/proc/{self.child.pid}/root{path}"


@needs_mount
def test_a_read_only_state_directory(service, arn, tmp_path):
    app = App(tmp_path, arn)
    with MountedConsumer(app, service.endpoint, "ro,size=1m") as consumer:
        assert consumer.wait(20) == 2, consumer.output
        assert str(app.state) in consumer.output


@needs_mount
def test_a_disk_that_is_full_from_the_start(service, arn, tmp_path):
    app = App(tmp_path, arn)
    with MountedConsumer(app, service.endpoint, "size=4k") as consumer:
        assert consumer.wait(20) == 2, consumer.output
        assert str(app.state) in consumer.output


def fill(path):
    with open(path, "wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"x" * 4096)
        except OSError:
            pass


@needs_mount
def test_a_disk_that_fills_while_running_loses_nothing(service, client, arn, stream_name, tmp_path):
    app = App(tmp_path, arn, shard_iterator_type="TRIM_HORIZON", shard_idle_wait_millis=200)
    put_in_order(client, stream_name, [("k", 0)])

    def handled():  # the guests' output files lie on the full disk, this process's output does not
        return {number for _, number in delivered(consumer.output.encode())}

    with MountedConsumer(app, service.endpoint, "size=16m") as consumer:
        filler = consumer.inside(app.state / "filler")
        consumer.wait_for(lambda: 0 in handled(), 30, "the first record")
        fill(filler)
        for number in range(1, 20):
            put_in_order(client, stream_name, [("k", number)])
        # A checkpoint may find room in the pages that its file has already; if not, it is said.
        message = f"{app.state}/kinesis.db: database or disk is full"
        consumer.wait_for(lambda: 19 in handled() or message in consumer.output, 30, "progress or a message")
        os.unlink(filler)
        consumer.wait_for(lambda: set(range(20)) <= handled(), 30, "every record")
        consumer.signal(15)
        assert consumer.wait(20) == 0, consumer.output


def test_nothing_listens_at_the_endpoint(tmp_path):
    """The service may come back: it is waited for, said so, and a signal still ends it cleanly."""
    app = App(tmp_path, "arn:aws:kinesis:us-east-1:000000000000:stream/orders")
    with Consumer(app, f"http://127.0.0.1:{free_port()}") as consumer:
        wait_until(lambda: "127.0.0.1" in consumer.output, 30, lambda: f"a message:\n{consumer.output}")
        if consumer.running():
            consumer.signal(15)
        assert consumer.wait(20) in (0, 1, 2)
