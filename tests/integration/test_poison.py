"""on_poison = "key": a record that keeps failing holds back its partition key, and nothing else; nothing is lost."""

import json
import random
import signal
import sqlite3
import subprocess
import time
import urllib.request

import pytest

from apps import App
from emulators import DynamoDbLocal
from harness import (BINARY, Consumer, LocalKinesis, clean_environment, create_stream, free_port, kinesis, open_shards,
                     put_in_order, split, stream_arn)

KEYS = ("bad", "good", "fine", "well")
POISON = ("bad", 10)


def entries(numbers):
    return [(key, number) for number in numbers for key in KEYS]


def put(client, stream, numbers, sent):
    for number in numbers:
        put_in_order(client, stream, entries([number]), sent)


def poisoned_app(folder, arn, **keys):
    """Its handler fails on one record of key `bad`."""
    return App(folder, arn, shard_iterator_type="TRIM_HORIZON", shard_idle_wait_millis=100, detector_poll_millis=500,
               batch_size=10, on_poison="key", environment={"GUEST_FAIL_IF": "<<%s:%d>>" % POISON}, **keys)


def heal(app):
    app.environment = {}
    app.write()


def first_deliveries(records):
    """key -> its numbers in the order in which they were first delivered."""
    seen, order = set(), {}
    for key, number in records:
        if (key, number) not in seen:
            seen.add((key, number))
            order.setdefault(key, []).append(number)
    return order


def delivered_up_to(app, key, last):
    return first_deliveries(app.delivered()).get(key, []) == list(range(last + 1))


def spilled(app):
    """How many records wait; None before the consumer made its tables."""
    try:
        with sqlite3.connect(f"file:{app.state}/kinesis.db?mode=ro", uri=True) as database:
            return database.execute("SELECT count(*) FROM spill").fetchone()[0]
    except sqlite3.OperationalError:
        return None


def wait_for_all(consumer, app, last, keys=KEYS, seconds=60):
    consumer.wait_for(lambda: all(delivered_up_to(app, key, last) for key in keys), seconds,
                      lambda: {key: len(numbers) for key, numbers in first_deliveries(app.delivered()).items()})


@pytest.fixture
def stream(client, stream_name):
    create_stream(client, stream_name, 1)
    return stream_name


def test_a_poison_record_holds_back_its_key_alone(service, client, stream, tmp_path):
    sent = []
    put(client, stream, range(30), sent)
    app = poisoned_app(tmp_path / "app", stream_arn(client, stream))
    others = [key for key in KEYS if key != "bad"]
    admin = f"127.0.0.1:{free_port()}"
    with Consumer(app, service.endpoint, "--admin", admin) as consumer:
        wait_for_all(consumer, app, 29, others)
        put(client, stream, range(30, 60), sent)
        wait_for_all(consumer, app, 59, others)
        assert first_deliveries(app.delivered())["bad"] == list(range(10)), "the poison record is never passed over"
        consumer.wait_for(lambda: spilled(app) == 50, 20, lambda: f"{spilled(app)} records wait")
        with urllib.request.urlopen(f"http://{admin}/api/status", timeout=10) as answer:
            shard = json.load(answer)["shards"][0]
        assert (shard["spilled_keys"], shard["spilled_records"], shard["reason"]) == (1, 50, "keys_waiting")
        assert "1 key with 50 records waits" in shard["detail"]
        consumer.signal(signal.SIGTERM)
        assert consumer.wait(20) == 0

    heal(app)
    before = len(app.delivered())
    with Consumer(app, service.endpoint) as consumer:
        wait_for_all(consumer, app, 59)
        consumer.wait_for(lambda: spilled(app) == 0, 20, "nothing waits any more")
        put(client, stream, range(60, 70), sent)
        wait_for_all(consumer, app, 69)
    after = app.delivered()[before:]
    assert [entry for entry in after if entry[0] != "bad" and entry[1] < 60] == [], "a stop repeats nothing"


def test_kills_lose_and_reorder_nothing_while_a_key_waits(service, client, stream, tmp_path):
    dice = random.Random(11)
    app = poisoned_app(tmp_path / "app", stream_arn(client, stream))
    for start in range(0, 120, 20):
        put(client, stream, range(start, start + 20), [])
        with Consumer(app, service.endpoint) as consumer:
            before = app.guest_size()
            consumer.wait_for(lambda: app.guest_size() > before, 60, "a delivery")
            time.sleep(dice.uniform(0, 0.4))
            consumer.signal(signal.SIGKILL)
            consumer.wait(10)
    assert first_deliveries(app.delivered())["bad"] == list(range(10))
    heal(app)
    with Consumer(app, service.endpoint) as consumer:
        wait_for_all(consumer, app, 119)
        consumer.wait_for(lambda: spilled(app) == 0, 20, "nothing waits any more")


def test_only_the_poison_record_is_given_up(service, client, stream, tmp_path):
    put(client, stream, range(20), [])
    app = poisoned_app(tmp_path / "app", stream_arn(client, stream), maximum_retry_attempts=2)
    with Consumer(app, service.endpoint) as consumer:
        others = [key for key in KEYS if key != "bad"]
        wait_for_all(consumer, app, 19, others)
        wanted = [number for number in range(20) if number != 10]
        consumer.wait_for(lambda: first_deliveries(app.delivered()).get("bad") == wanted, 60,
                          lambda: first_deliveries(app.delivered()).get("bad"))
    documents = list((app.state / "failed").rglob("*.json"))
    assert len(documents) == 1
    document = json.loads(documents[0].read_text())
    assert document["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert document["KinesisBatchInfo"]["batchSize"] == 1
    assert [record["partitionKey"] for record in document["records"]] == ["bad"]


def test_a_shard_ends_only_when_nothing_of_it_waits(service, client, stream, tmp_path):
    put(client, stream, range(15), [])
    app = poisoned_app(tmp_path / "app", stream_arn(client, stream))
    others = [key for key in KEYS if key != "bad"]
    with Consumer(app, service.endpoint) as consumer:
        wait_for_all(consumer, app, 14, others)
        split(client, stream, open_shards(client, stream)[0])
        put(client, stream, range(15, 30), [])
        time.sleep(3)  # several looks at the shards: children would have begun
        assert all(number < 15 for _, number in app.delivered())
        consumer.signal(signal.SIGTERM)
        assert consumer.wait(20) == 0
    heal(app)
    with Consumer(app, service.endpoint) as consumer:
        wait_for_all(consumer, app, 29)


def test_a_full_spill_makes_the_shard_wait_and_drops_nothing(service, client, stream, tmp_path):
    put(client, stream, range(40), [])
    app = poisoned_app(tmp_path / "app", stream_arn(client, stream), on_poison_max_records=5)
    with Consumer(app, service.endpoint) as consumer:
        consumer.wait_for(lambda: spilled(app) == 5, 60, "the spill is full")
        time.sleep(2)
        assert spilled(app) == 5
        assert not delivered_up_to(app, "good", 39), "the shard waits with the key"
        consumer.signal(signal.SIGTERM)
        assert consumer.wait(20) == 0
    heal(app)
    with Consumer(app, service.endpoint) as consumer:
        wait_for_all(consumer, app, 39)


@pytest.mark.timeout(180)
def test_another_worker_finds_in_dynamodb_what_waits(tmp_path):
    with LocalKinesis(tmp_path) as server, DynamoDbLocal(tmp_path) as leases:
        client = kinesis(server.endpoint)
        create_stream(client, "shared", 1)
        put(client, "shared", range(15), [])
        # Larger than one item of DynamoDB holds.
        for number in range(15, 18):
            put_in_order(client, "shared", [(key, number) for key in KEYS if key != "bad"])
            client.put_record(StreamName="shared", PartitionKey="bad",
                              Data=f"<<bad:{number}>>".encode() + b"." * 900_000)
        put(client, "shared", range(18, 25), [])
        others = [key for key in KEYS if key != "bad"]
        arn = stream_arn(client, "shared")
        apps = [poisoned_app(tmp_path / name, arn, application={"lease_store": "dynamodb:poison"})
                for name in ("first", "second")]
        environment = [clean_environment(app.folder, AWS_ENDPOINT_URL_KINESIS=server.endpoint,
                                         AWS_ENDPOINT_URL_DYNAMODB=leases.endpoint) for app in apps]
        with Consumer(apps[0], server.endpoint, environment=environment[0]) as consumer:
            wait_for_all(consumer, apps[0], 24, others)
            time.sleep(2)  # the positions are stored once a second
            consumer.signal(signal.SIGKILL)
            consumer.wait(10)
        exported = subprocess.run(
            [BINARY, "leases", "export-kcl", "--table", "new", "-f", apps[0].manifest, "--state-dir", apps[0].state],
            env=environment[0], capture_output=True, text=True, timeout=60)
        assert exported.returncode == 2 and "wait in the spill" in exported.stderr, exported.stderr
        heal(apps[1])
        with Consumer(apps[1], server.endpoint, environment=environment[1]) as consumer:
            wanted = list(range(10, 25))
            consumer.wait_for(lambda: first_deliveries(apps[1].delivered()).get("bad") == wanted, 60,
                              lambda: first_deliveries(apps[1].delivered()))
            consumer.signal(signal.SIGTERM)
            assert consumer.wait(20) == 0
        assert first_deliveries(apps[0].delivered())["bad"] == list(range(10))
