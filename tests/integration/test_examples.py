"""Each example: built as its spin.toml says, run on the embedded Kinesis, and held against what its page promises."""

import collections
import http.server
import json
import re
import shutil
import sqlite3
import threading
import time

import pytest

from harness import ROOT, LocalKinesis, create_stream, kinesis
from postgres import Postgres
from reader import Reader
from templates import build, running
from toolchains import Go, Rust


def copied(name, tmp_path):
    """The example in a folder of its own. The SDK is the checkout's."""
    folder = tmp_path / "examples" / name
    shutil.copytree(ROOT / "examples" / name, folder, ignore=shutil.ignore_patterns("target", ".spin", "*.wasm"))
    (tmp_path / "sdk").symlink_to(ROOT / "sdk")
    return folder


def example(name, toolchain, tmp_path):
    """The same, built. Its compiled parts are the checkout's."""
    folder = copied(name, tmp_path)
    toolchain.prepare(folder)
    build(folder, toolchain.environment)
    return folder


@pytest.mark.timeout(1200)
def test_orders_are_enriched_with_what_came_before_them(tmp_path):
    folder = example("order-enricher", Rust(), tmp_path)

    def event(kind, **fields):
        return json.dumps({"type": kind, **fields})

    def order(number, customer):
        return event("order", id=number, customer=customer, lines=[{"article": "tea", "count": 2, "cents": 500}])

    with running(folder) as app:
        app.put("c-1", event("customer", id="c-1", name="Ada", discount_percent=10), order("o-1", "c-1"),
                event("customer", id="c-1", name="Ada", discount_percent=50), order("o-2", "c-1"), order("o-3", "c-9"))
        app.wait_for(lambda: app.output().count('"total_cents"') >= 3, 60, "three orders")
        with sqlite3.connect(folder / ".spin/sqlite_key_value.db") as database:
            stored = {key: json.loads(value) for key, value in database.execute(
                "SELECT key, value FROM spin_key_value WHERE key LIKE 'order:%'")}
    assert {key: value["total_cents"] for key, value in stored.items()} == {
        "order:o-1": 900, "order:o-2": 500, "order:o-3": 1000}
    assert stored["order:o-2"]["customer"]["name"] == "Ada" and stored["order:o-3"]["customer"] is None


@pytest.fixture(scope="module")
def postgres():
    with Postgres() as server:
        server.run((ROOT / "examples/postgres-forwarder/tables.sql").read_text())
        yield server


@pytest.fixture(scope="module")
def forwarder(tmp_path_factory):
    return example("postgres-forwarder", Rust(), tmp_path_factory.mktemp("forwarder"))


@pytest.mark.timeout(1200)
def test_each_record_is_in_the_table_once_whatever_is_killed(forwarder, postgres):
    flags = ["--variable", f"database={postgres.url}", "--variable", f"database_host=127.0.0.1:{postgres.port}"]
    postgres.run("TRUNCATE events, shard_owners")

    def count():
        return int(postgres.run("SELECT count(*) FROM events")[0][0])

    with LocalKinesis(forwarder, "--limits", "none") as server:
        client = kinesis(server.endpoint)
        create_stream(client, "orders", 2)
        sent = 0
        for goal in (1000, 2500, 4000):
            while sent < goal:
                put = client.put_records(StreamName="orders", Records=[
                    {"Data": json.dumps({"number": sent + place}).encode(), "PartitionKey": f"key {place % 17}"}
                    for place in range(100)])
                assert put["FailedRecordCount"] == 0
                sent += 100
            with running(forwarder, *flags, server=Kept(server)) as app:
                app.wait_for(lambda: count() >= goal - 700, 60, lambda: f"{count()} of {goal} rows")
                app.consumer.kill()
        with running(forwarder, *flags, server=Kept(server)) as app:
            app.wait_for(lambda: count() >= sent, 60, lambda: f"{count()} of {sent} rows")
    numbers = postgres.run("SELECT payload->>'number' FROM events")
    assert sorted(int(number) for number, in numbers) == list(range(sent))
    assert len(postgres.run("SELECT shard FROM shard_owners WHERE token > 0")) == 2


@pytest.mark.timeout(1200)
def test_a_worker_that_lost_its_shard_writes_nothing(forwarder, postgres):
    flags = ["--variable", f"database={postgres.url}", "--variable", f"database_host=127.0.0.1:{postgres.port}"]
    shutil.rmtree(forwarder / ".spin", ignore_errors=True)
    shutil.rmtree(forwarder / "local-state", ignore_errors=True)
    postgres.run("TRUNCATE events, shard_owners")
    with running(forwarder, *flags) as app:
        app.put("k", "1")
        app.wait_for(lambda: postgres.run("SELECT 1 FROM events"), 60, "the first row")
        postgres.run("UPDATE shard_owners SET token = token + 1000")
        app.put("k", "2")
        app.printed_within(30, "another worker writes", stream="stderr")
    assert postgres.run("SELECT payload FROM events") == [("1",)]


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name,toolchain", [
    ("order-enricher", Rust), ("postgres-forwarder", Rust), ("webhook-fan-out", Rust), ("anomaly-detector", Go)],
    ids=lambda value: value if isinstance(value, str) else "")
def test_its_page_is_true(tmp_path, postgres, name, toolchain):
    folder = copied(name, tmp_path)
    postgres.run("DROP TABLE IF EXISTS events, shard_owners")
    hooks = [Receiver(), Receiver()]
    instead = {"127.0.0.1:5432": f"127.0.0.1:{postgres.port}"}
    instead.update((f"127.0.0.1:{port}/", hook.url.removeprefix("http://")) for port, hook in zip((8000, 8001), hooks))
    try:
        with Reader(folder, toolchain(), instead=instead) as reader:
            reader.follow(folder / "README.md")
        assert all(len(hook.taken) == (name == "webhook-fan-out") for hook in hooks)
    finally:
        postgres.run((ROOT / "examples/postgres-forwarder/tables.sql").read_text())
        for hook in hooks:
            hook.shutdown()
            hook.server_close()


class Kept:
    """A server that a `with` block shall not end."""

    def __init__(self, server):
        self.server = server

    def __enter__(self):
        return self.server

    def __exit__(self, *_):
        pass


class Receiver(http.server.ThreadingHTTPServer):
    """A webhook: notes what it took; refuses what `refuses` says."""

    def __init__(self, refuses=lambda body, times: False):
        super().__init__(("127.0.0.1", 0), Hook)
        self.refuses, self.taken, self.times = refuses, [], collections.Counter()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Hook(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.read_body()
        self.server.times[body] += 1
        refused = self.server.refuses(body, self.server.times[body])
        if not refused:
            self.server.taken.append((self.headers["x-partition-key"], body, self.headers["idempotency-key"]))
        self.send_response(503 if refused else 204)
        self.send_header("content-length", "0")
        self.end_headers()

    def read_body(self):
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, *_):
        pass


@pytest.mark.timeout(1200)
def test_every_webhook_gets_every_record_and_a_refused_one_again(tmp_path):
    folder = example("webhook-fan-out", Rust(), tmp_path)
    steady, moody = Receiver(), Receiver(lambda body, times: body == b"ben 5" and times <= 2)
    numbers = range(10)
    with LocalKinesis(folder) as server:
        client = kinesis(server.endpoint)
        create_stream(client, "orders", 1)
        for number in numbers:
            for key in ("ada", "ben"):
                client.put_record(StreamName="orders", PartitionKey=key, Data=f"{key} {number}".encode())
        flags = ["--variable", f"webhooks={steady.url}, {moody.url}", "--variable", "webhook_hosts=127.0.0.1:*"]
        with running(folder, *flags, server=Kept(server)) as app:
            app.wait_for(lambda: all(len({body for _, body, _ in hook.taken}) == 20 for hook in (steady, moody)), 60,
                         lambda: f"{steady.taken}\n{moody.taken}")
    for hook in (steady, moody):
        for key in ("ada", "ben"):
            firsts = list(dict.fromkeys(body for name, body, _ in hook.taken if name == key))
            assert firsts == [f"{key} {number}".encode() for number in numbers]
        names = {body: name for _, body, name in hook.taken}
        assert len(set(names.values())) == 20
        assert all(names[body] == name for _, body, name in hook.taken)
        hook.shutdown()
    assert moody.times[b"ben 5"] == 3, "until it was taken, and not again"
    assert moody.times[b"ada 2"] == 1, "what comes before the failed record never comes again"


@pytest.mark.timeout(1200)
def test_a_window_with_a_reading_far_from_the_rest_is_named_once(tmp_path):
    folder = example("anomaly-detector", Go(), tmp_path)
    manifest = folder / "spin.toml"
    manifest.write_text(re.sub(r"(tumbling_window_seconds) = \d+", r"\1 = 4", manifest.read_text()))

    def found(app):
        return [json.loads(line) for line in app.output().splitlines()]
    with LocalKinesis(folder) as server:
        client = kinesis(server.endpoint)
        create_stream(client, "readings", 1)

        def read(sensor, *values):
            client.put_records(StreamName="readings", Records=[
                {"Data": json.dumps({"sensor": sensor, "value": value}).encode(), "PartitionKey": sensor}
                for value in values])
        time.sleep(4 - time.time() % 4 + 0.2)  # all in one window
        read("hall", *[20 + number % 3 for number in range(40)])
        read("oven", *[180 + number % 3 for number in range(25)])
        client.put_record(StreamName="readings", PartitionKey="oven", Data=b"no reading")
        read("oven", 400, *[180 + number % 3 for number in range(25)])
        with running(folder, server=Kept(server)) as app:
            app.printed_within(60, "no reading and is left out", stream="stderr")
            app.wait_for(lambda: found(app), 60, "an anomaly")
            read("hall", *[20 + number % 3 for number in range(40)])
            time.sleep(6)
        (anomaly,) = found(app)
    assert (anomaly["sensor"], anomaly["value"], anomaly["readings"]) == ("oven", 400, 51)
    assert anomaly["deviations"] > 5 and anomaly["window"] % 4000 == 0
