"""The SDKs for JavaScript and Python: their own tests, and one component a world that does as its records say."""

import shutil
import signal
import sys

import pytest

from apps import App
from harness import ROOT, Consumer, clean_environment, create_stream, stream_arn

GUESTS = ROOT / "tests/guests"


def test_the_javascript_sdk_passes_its_own_tests(node):
    printed = node.run("node", "--test", "test/", cwd=node.sdk_folder())
    assert "# fail 0" in printed or "ℹ fail 0" in printed, printed


def test_the_python_sdk_passes_its_own_tests(python):
    folder = python.folder / "checkout/sdk/python"
    shutil.copytree(ROOT / "sdk/python", folder)
    shutil.copytree(ROOT / "wit", python.folder / "checkout/wit")
    python.run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests", cwd=folder, PYTHONPATH="src")


WORLDS = ["js stream-handler-async", "js stream-handler", "js spin-kinesis", "python stream-handler",
          "python spin-kinesis"]


class Components:
    """By language and world; each is built and compiled once a session."""

    def __init__(self, folder, node, python):
        self.folder = folder
        self.toolchains = {"js": node, "python": python}
        self.made = {}

    def of(self, which):
        if which not in self.made:
            language, world = which.split()
            output = self.folder / f"{language}-{world}.wasm"
            {"js": self.build_js, "python": self.build_python}[language](world, output)
            self.made[which] = output
        return self.made[which]

    def build_js(self, world, output):
        node = self.toolchains["js"]
        app = self.folder / "js"
        if not app.exists():
            shutil.copytree(GUESTS / "js", app)
            (app / "node_modules").mkdir()
            (app / "node_modules/spin-kinesis-sdk").symlink_to(node.sdk_folder())
        source = "async_handler.js" if world.endswith("async") else "handler.js"
        node.run("node", node.sdk_folder() / "bin/spin-kinesis-build.js", source, "-o", output, "--world", world, cwd=app)

    def build_python(self, world, output):
        python = self.toolchains["python"]
        app = self.folder / "python"
        if not app.exists():
            shutil.copytree(GUESTS / "python", app)
            python.run("python3", "-m", "venv", ".venv", cwd=app)
            python.run(".venv/bin/pip", "install", "-q", "spin-kinesis-sdk", "componentize-py", cwd=app)
        python.run(".venv/bin/componentize-py", "-w", world, "componentize", "app", "-o", output, cwd=app,
                   VIRTUAL_ENV=app / ".venv")


@pytest.fixture(scope="session")
def components(tmp_path_factory, node, python):
    return Components(tmp_path_factory.mktemp("components"), node, python)


@pytest.fixture(params=WORLDS)
def which(request):
    return request.param


@pytest.fixture
def run(service, client, stream_name, tmp_path, components, which):
    """Starts the component on a stream of its own; what it takes to compile is kept for the next test."""
    create_stream(client, stream_name, 1)

    def started(**keys):
        app = App(tmp_path / "app", stream_arn(client, stream_name), source=components.of(which),
                  shard_iterator_type="TRIM_HORIZON", shard_idle_wait_millis=100, **keys)
        environment = clean_environment(app.folder, AWS_ENDPOINT_URL_KINESIS=service.endpoint,
                                        XDG_CACHE_HOME=components.folder / "cache")
        return app, Consumer(app, service.endpoint, environment=environment)
    return started


def printed(app):
    return app.guest_bytes().decode().splitlines()


def put(client, stream, *payloads):
    client.put_records(StreamName=stream, Records=[
        {"Data": one if isinstance(one, bytes) else one.encode(), "PartitionKey": "k"} for one in payloads])


@pytest.mark.timeout(400)
def test_a_handler_does_as_its_records_say(run, client, stream_name, which):
    app, consumer = run(maximum_retry_attempts=1, function_response_types=["ReportBatchItemFailures"])

    def wait(*lines):
        consumer.wait_for(lambda: all(line in printed(app) for line in lines), 120, f"it prints {lines}")

    def wait_for_given_up(number):
        consumer.wait_for(lambda: consumer.output.count("records were given up") == number, 30, f"{number} given up")

    put(client, stream_name, "hello", "", b"\xff\x00", "gr\u00fc\u00dfe \u20ac \U0001f600")
    with consumer:
        wait("text hello", "empty", "bytes 255 0", "text gr\u00fc\u00dfe \u20ac \U0001f600", "group k 4")
        put(client, stream_name, "error")
        wait_for_given_up(1)
        put(client, stream_name, "type error")
        wait_for_given_up(2)
        put(client, stream_name, "before the item", "item")
        wait_for_given_up(3)
        put(client, stream_name, "before the failed", "failed")
        wait_for_given_up(4)
        put(client, stream_name, "last")
        wait("text last")
        consumer.signal(signal.SIGTERM)
        assert consumer.wait(15) == 0, consumer.output
    lines = printed(app)
    # An error has the text of what was thrown; nothing trapped.
    assert 'message="poison, as told"' in consumer.output
    assert {"js": "TypeError", "python": "AttributeError"}[which.split()[0]] in consumer.output
    assert "trapped" not in consumer.output
    # What stands before a failed record is handled once.
    assert lines.count("text before the item") == 1 and lines.count("text before the failed") == 1
    # A call begins with the build's memory, but not with its random numbers.
    drawn = [line for line in lines if line.startswith("drawn")]
    assert len(set(drawn)) == len(drawn) > 5 and "drawn again" not in drawn
    shard = "shardId-000000000000 attempt 1" if "stream" in which else "? attempt ?"
    assert f"call of 1 from {shard}" in lines
    complaints = (app.state / "logs" / f"{app.component}_stderr.txt").read_text()
    assert "poison, as told" in complaints and "no good" in complaints


@pytest.mark.timeout(300)
@pytest.mark.parametrize("which", ["js stream-handler-async", "python stream-handler"], indirect=True)
def test_a_windows_state_goes_from_call_to_call(run, client, stream_name):
    app, consumer = run(tumbling_window_seconds=1, batch_size=2)
    put(client, stream_name, *"abcde")
    with consumer:
        consumer.wait_for(lambda: "window of 5" in printed(app), 120, "the window's end")
    assert "call of 0 from shardId-000000000000 attempt 1" in printed(app)
