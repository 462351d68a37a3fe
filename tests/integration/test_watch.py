"""`up --build --watch`: a handler that is built anew takes over while records come."""

import re
import signal
import threading
import time

import pytest

from apps import guest, toml
from harness import Process, BINARY, clean_environment, delivered, kinesis, put_in_order, wait_until

STREAM = "watched"
ARN = f"arn:aws:kinesis:us-east-1:000000000000:stream/{STREAM}"
PRINTED = re.compile(rb"^v(\d{5}) \d+ [\w\-]+ (<<.*)$", re.MULTILINE)
TAKES_OVER = re.compile(r"version (\d+) takes over, ([\d.]+) s after its build")


def variant(number):
    """The tests' handler, which prints this number at the begin of each record's line."""
    code = guest("handler").read_bytes()
    said = b"record %.*s %.*s %.*s\n"
    assert code.count(said) == 1
    return code.replace(said, b"v%05d" % number + said[len("record"):])


class WatchedApp:
    """Its build copies the variant that src/version.txt names."""

    def __init__(self, folder, **keys):
        self.folder = folder / "app"
        self.state = self.folder / "state"
        self.manifest = self.folder / "spin.toml"
        (self.folder / "src").mkdir(parents=True)
        self.keys = {"stream_arn": ARN, "shard_iterator_type": "TRIM_HORIZON", "shard_idle_wait_millis": 100,
                     "batch_size": 20, **keys}
        self.command = "cp variants/$(cat src/version.txt).wasm handler.wasm"
        self.environment = {}
        self.write()
        self.variants(1, 2)
        self.edit(1)

    def write(self):
        def lines(table):
            return "\n".join(f"{name} = {toml(value)}" for name, value in table.items())
        self.manifest.write_text(f"""spin_manifest_version = 2
[application]
name = "watched"
[[trigger.kinesis]]
component = "handler"
{lines(self.keys)}
[component.handler]
source = "handler.wasm"
[component.handler.environment]
{lines(self.environment)}
[component.handler.build]
command = {toml(self.command)}
watch = ["src/**/*.txt"]
""")

    def variants(self, *numbers):
        (self.folder / "variants").mkdir(exist_ok=True)
        for number in numbers:
            (self.folder / f"variants/{number}.wasm").write_bytes(variant(number))

    def edit(self, version):
        new = self.folder / "version.new"
        new.write_text(str(version))
        new.rename(self.folder / "src/version.txt")

    def printed(self):
        log = self.state / "logs/handler_stdout.txt"
        return PRINTED.findall(log.read_bytes()) if log.exists() else []

    def handled(self):
        """(version, key, number) in the order of the handler's output."""
        return [(int(version), *delivered(text)[0]) for version, text in self.printed()]

    def start(self, *flags):
        return Process(
            [BINARY, "up", "-f", self.manifest, "--state-dir", self.state, "--local", "--limits", "none", "--quiet",
             *flags],
            self.folder, "up", clean_environment(self.folder))


def client_of(up):
    port = up.wait_for(lambda: re.search(r"embedded Kinesis: http://127\.0\.0\.1:(\d+)", up.output), 30, "its address")
    client = kinesis(f"http://127.0.0.1:{port.group(1)}")
    wait_until(lambda: STREAM in client.list_streams()["StreamNames"], 20, "the stream")
    return client


@pytest.fixture
def app(tmp_path):
    return WatchedApp(tmp_path)


class Load(threading.Thread):
    """Puts the next number of each key again and again."""

    def __init__(self, client, keys):
        super().__init__(daemon=True)
        self.client, self.keys, self.number, self.ended = client, keys, 0, threading.Event()
        self.start()

    def run(self):
        while not self.ended.wait(0.05):
            put_in_order(self.client, STREAM, [(key, self.number) for key in self.keys])
            self.number += 1

    def stop(self):
        self.ended.set()
        self.join(60)
        return {(key, number) for key in self.keys for number in range(self.number)}


def test_fifty_edits_under_load_lose_and_repeat_nothing(app):
    edits = 50
    app.variants(*range(1, edits + 2))
    app.environment["GUEST_COMMAND"] = "sleep 30"  # so that most swaps meet a call
    app.write()
    with app.start("--build", "--watch") as up:
        load = Load(client_of(up), [f"k{n}" for n in range(20)])
        up.wait_for(lambda: app.handled(), 60, "the first records")
        for version in range(2, edits + 2):
            app.edit(version)
            up.wait_for(lambda: f"version {version} takes over" in up.output, 30, f"version {version}")
        sent = load.stop()
        up.wait_for(lambda: len(app.printed()) >= len(sent), 60, "every record")
        up.signal(signal.SIGTERM)
        assert up.wait(20) == 0
        output = up.output
    handled = app.handled()
    assert sorted((key, number) for _, key, number in handled) == sorted(sent), "each once"
    last = {}
    for version, key, number in handled:
        former_version, former_number = last.get(key, (0, -1))
        assert number == former_number + 1, f"{key} in its order"
        assert version >= former_version, "no call of a former version after one of the next"
        last[key] = (version, number)
    times = {int(version): float(seconds) for version, seconds in TAKES_OVER.findall(output)}
    assert sorted(times) == list(range(2, edits + 2))
    assert max(times.values()) < 1, times
    assert "on the former one" in output, "no swap met a call"
    assert len({version for version, _, _ in handled}) > edits / 2, "versions were really used"


def test_what_does_not_build_or_load_leaves_the_former_version_running(app):
    with app.start("--build", "--watch") as up:
        client = client_of(up)
        put_in_order(client, STREAM, [("a", 0)])
        up.wait_for(lambda: app.handled() == [(1, "a", 0)], 60, "version 1")
        app.edit("missing")
        up.wait_for(lambda: "the former version goes on" in up.output, 30, "a failed build")
        assert 'component "handler" is not built: `cp variants/' in up.output
        assert "exit code 1" in up.output
        put_in_order(client, STREAM, [("a", 1)])
        up.wait_for(lambda: len(app.handled()) == 2, 30, "version 1 again")
        (app.folder / "variants/bad.wasm").write_bytes(b"\0asm is what it is not")
        app.edit("bad")
        up.wait_for(lambda: 'component "handler" does not load' in up.output, 30, "code that does not load")
        put_in_order(client, STREAM, [("a", 2)])
        up.wait_for(lambda: len(app.handled()) == 3, 30, "version 1 still")
        app.edit(2)
        up.wait_for(lambda: "version 2 takes over" in up.output, 30, "a version that is well")
        put_in_order(client, STREAM, [("a", 3)])
        up.wait_for(lambda: len(app.handled()) == 4, 30, "version 2")
        assert app.handled() == [(1, "a", 0), (1, "a", 1), (1, "a", 2), (2, "a", 3)]
        app.edit("2\n")  # the same variant
        up.wait_for(lambda: "the build changed nothing" in up.output, 30, "a build without a change")


def test_a_batch_that_fails_is_handled_by_the_version_that_mends_it(app):
    (app.folder / "variants").mkdir(exist_ok=True)
    (app.folder / "variants/0.wasm").write_bytes(
        variant(0).replace(b"GUEST_FAIL_IF", b"PATH_FAIL_IF_"))  # fails by an environment of its own
    app.environment = {"PATH_FAIL_IF_": "<<a:1>>"}
    app.write()
    app.edit(0)
    with app.start("--build", "--watch") as up:
        client = client_of(up)
        put_in_order(client, STREAM, [("a", 0)])
        put_in_order(client, STREAM, [("a", 1)])
        put_in_order(client, STREAM, [("a", 2)])
        up.wait_for(lambda: "failures=2" in up.output, 60, "a failing batch")
        app.edit(1)
        up.wait_for(lambda: [(1, "a", number) for number in (1, 2)] == app.handled()[-2:], 30, "the mended version")


def test_a_changed_manifest_restarts_the_app_within_the_process(app):
    with app.start("--build", "--watch") as up:
        client = client_of(up)
        put_in_order(client, STREAM, [("a", 0)])
        up.wait_for(lambda: app.handled() == [(1, "a", 0)], 60, "version 1")
        app.keys["batch_size"] = 0
        app.write()
        up.wait_for(lambda: "the app goes on as it was" in up.output, 30, "a manifest that is wrong")
        assert '"batch_size" must be 1 to 10000' in up.output
        app.keys["batch_size"] = 5
        app.write()
        up.wait_for(lambda: up.output.count("Active streams:") == 2, 60, "a restart")
        put_in_order(client, STREAM, [("a", 1)])  # the embedded Kinesis went on, at its address
        up.wait_for(lambda: len(app.handled()) >= 2, 30, "the next record")
        assert app.handled() == [(1, "a", 0), (1, "a", 1)], "positions are kept"
        app.edit(2)
        up.wait_for(lambda: "version 2 takes over" in up.output, 30, "a swap after the restart")
        up.signal(signal.SIGINT)
        assert up.wait(20) == 0


def test_without_build_the_wasm_file_itself_is_watched(app):
    (app.folder / "handler.wasm").write_bytes(variant(1))
    with app.start("--watch") as up:
        client = client_of(up)
        put_in_order(client, STREAM, [("a", 0)])
        up.wait_for(lambda: app.handled() == [(1, "a", 0)], 60, "version 1")
        (app.folder / "handler.wasm").write_bytes(variant(2))
        up.wait_for(lambda: "version 2 takes over" in up.output, 30, "version 2")
        put_in_order(client, STREAM, [("a", 1)])
        up.wait_for(lambda: app.handled()[-1] == (2, "a", 1), 30, "its record")
        assert "Building" not in up.output


def test_a_first_build_that_fails_ends_the_start_or_waits_for_an_edit(app):
    app.edit("missing")
    with app.start("--build") as up:
        assert up.wait(30) == 1
        assert "is not built" in up.output
    up.output_path.unlink()
    with app.start("--build", "--watch") as up:
        up.wait_for(lambda: "waiting for a change" in up.output, 30, "the wait")
        time.sleep(0.3)
        app.edit(1)
        client = client_of(up)
        put_in_order(client, STREAM, [("a", 0)])
        up.wait_for(lambda: app.handled() == [(1, "a", 0)], 60, "version 1")


def test_a_signal_ends_a_build_and_its_children(app):
    app.command = "echo $$ > pid.txt; sleep 600"
    app.write()
    with app.start("--build", "--watch") as up:
        pid = app.folder / "pid.txt"
        up.wait_for(lambda: pid.exists() and pid.read_text().strip(), 30, "the build")
        up.signal(signal.SIGTERM)
        assert up.wait(20) == 0, up.output
    number = pid.read_text().strip()
    wait_until(lambda: not running(number), 10, "the build is gone")


def running(number):
    try:
        with open(f"/proc/{number}/stat") as stat:
            return stat.read().split()[2] != "Z"
    except FileNotFoundError:
        return False
