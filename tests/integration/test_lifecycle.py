"""Start, stop, restart."""

import re
import signal
import sqlite3
import time

import pytest

from apps import App
from harness import Consumer, clean_environment, create_stream, kinesis, put_in_order, stream_arn, wait_until


@pytest.fixture
def app(client, stream_name, tmp_path):
    create_stream(client, stream_name, 2)
    return App(tmp_path / "app", stream_arn(client, stream_name), shard_iterator_type="TRIM_HORIZON",
               shard_idle_wait_millis=200)


def put(client, app, numbers):
    put_in_order(client, app.keys["stream_arn"].rsplit("/", 1)[1], [(f"k{n}", n) for n in numbers])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_ends_it_cleanly_and_a_restart_repeats_nothing(service, client, app, number):
    put(client, app, range(100))
    with Consumer(app, service.endpoint) as consumer:
        consumer.wait_for(lambda: len(app.delivered()) >= 100, 30, "100 records")
        consumer.signal(number)
        assert consumer.wait(15) == 0, consumer.output
    put(client, app, range(100, 150))
    with Consumer(app, service.endpoint) as consumer:
        consumer.wait_for(lambda: len(app.delivered()) >= 150, 30, "50 more records")
        consumer.signal(number)
        assert consumer.wait(15) == 0, consumer.output
    assert sorted(app.delivered()) == sorted((f"k{n}", n) for n in range(150))


def test_under_nohup_a_hangup_changes_nothing(service, client, app):
    put(client, app, range(10))
    with Consumer(app, service.endpoint, through=["nohup"]) as consumer:
        consumer.wait_for(lambda: len(app.delivered()) >= 10, 30, "10 records")
        consumer.signal(signal.SIGHUP)
        put(client, app, range(10, 20))
        consumer.wait_for(lambda: len(app.delivered()) >= 20, 30, "10 more records")
        consumer.signal(signal.SIGTERM)
        assert consumer.wait(15) == 0, consumer.output


def stored_positions(app):
    """How many shards have a position in the state directory."""
    path = app.state / "kinesis.db"
    if not path.exists():
        return 0
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        tables = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
        return sum(database.execute(f"select count(*) from {table}").fetchone()[0]
                   for table in tables if "lease" in table)


def test_latest_killed_before_its_first_record_loses_none(service, client, stream_name, tmp_path):
    create_stream(client, stream_name, 2)
    put_in_order(client, stream_name, [("old", 0)])
    time.sleep(1.5)  # LATEST is stored as the service's Date, which tells whole seconds
    app = App(tmp_path / "app", stream_arn(client, stream_name), shard_iterator_type="LATEST",
              shard_idle_wait_millis=200)
    with Consumer(app, service.endpoint) as consumer:
        consumer.wait_for(lambda: stored_positions(app) >= 2, 30, "the stored starts of both shards")
        consumer.signal(signal.SIGKILL)
        consumer.wait(10)
    entries = [(f"k{n}", n) for n in range(100)]
    put_in_order(client, stream_name, entries)
    with Consumer(app, service.endpoint) as consumer:
        consumer.wait_for(lambda: len(app.delivered()) >= 100, 30, "100 records")
        consumer.signal(signal.SIGTERM)
        assert consumer.wait(15) == 0
    seen = set(app.delivered())
    assert set(entries) <= seen
    assert ("old", 0) not in seen, "LATEST delivered a record from before the start"


def test_one_process_a_state_directory(service, client, app):
    put(client, app, range(10))
    with Consumer(app, service.endpoint) as first:
        first.wait_for(lambda: len(app.delivered()) >= 10, 30, "10 records")
        with Consumer(app, service.endpoint) as second:
            assert second.wait(15) == 2
            assert first.running()


def test_a_failing_batch_is_retried_until_it_succeeds(service, client, stream_name, tmp_path):
    create_stream(client, stream_name, 1)
    arn = stream_arn(client, stream_name)
    failing = App(tmp_path / "app", arn, shard_iterator_type="TRIM_HORIZON", environment={"GUEST_FAIL_IF": "<<k5:"})
    put_in_order(client, stream_name, [(f"k{n}", n) for n in range(10)])
    with Consumer(failing, service.endpoint) as consumer:
        consumer.wait_for(lambda: "failures=3" in consumer.output, 30, "three attempts of the first batch")
        consumer.signal(signal.SIGTERM)
        assert consumer.wait(15) == 0
    assert ("k6", 6) not in failing.delivered()
    healed = App(tmp_path / "app", arn, shard_iterator_type="TRIM_HORIZON")
    with Consumer(healed, service.endpoint) as consumer:
        consumer.wait_for(lambda: ("k9", 9) in healed.delivered(), 30, "the batch, now that the handler is healed")
        consumer.signal(signal.SIGTERM)
        assert consumer.wait(15) == 0


def test_up_local_creates_the_missing_streams(tmp_path):
    app = App(tmp_path / "app", "arn:aws:kinesis:eu-west-1:123456789012:stream/made-here",
              shard_iterator_type="TRIM_HORIZON")
    environment = clean_environment(app.folder)
    with Consumer(app, None, "--local", environment=environment) as consumer:
        port = consumer.wait_for(lambda: re.search(r"127\.0\.0\.1:(\d+)", consumer.output), 30, "its address").group(1)
        client = kinesis(f"http://127.0.0.1:{port}", "eu-west-1")
        wait_until(lambda: "made-here" in client.list_streams()["StreamNames"], 20, "the manifest's stream")
        put_in_order(client, "made-here", [("k", 1)])
        consumer.wait_for(lambda: app.delivered() == [("k", 1)], 30, "the record")
        consumer.signal(signal.SIGINT)
        assert consumer.wait(15) == 0
