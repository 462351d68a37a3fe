"""Leases in DynamoDB, over DynamoDB Local: the tables, and workers that come, go and die."""

import os
import signal
import subprocess
import time

import boto3
import pytest

from apps import App
from emulators import DynamoDbLocal
from harness import (BINARY, REGION, Consumer, clean_environment, create_stream, put_in_order, stream_arn,
                     wait_until)

SHARDS = 6
PREFIX = "kt-test"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with DynamoDbLocal(tmp_path_factory.mktemp("dynamodb")) as server:
        yield server


@pytest.fixture
def dynamodb(store):
    return boto3.client("dynamodb", endpoint_url=store.endpoint, region_name=REGION, aws_access_key_id="test",
                        aws_secret_access_key="test")


def environment_of(app, service, store):
    return clean_environment(app.folder, AWS_ENDPOINT_URL_KINESIS=service.endpoint,
                             AWS_ENDPOINT_URL_DYNAMODB=store.endpoint)


def make_app(folder, arn, name, **application):
    return App(folder, arn, shard_iterator_type="TRIM_HORIZON", shard_idle_wait_millis=200, application_name=name,
               application={"lease_store": f"dynamodb:{PREFIX}", **application})


def start(app, service, store):
    return Consumer(app, service.endpoint, environment=environment_of(app, service, store))


def stop(consumer):
    consumer.signal(signal.SIGTERM)
    assert consumer.wait(30) == 0, consumer.output[-4000:]


def rows_of(dynamodb, table):
    items, more = [], {}
    while True:
        page = dynamodb.scan(TableName=table, ConsistentRead=True, **more)
        items += page["Items"]
        if "LastEvaluatedKey" not in page:
            return items
        more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def owners_of(dynamodb, table):
    """How many rows each worker has; none while the tables are being made."""
    counts = {}
    try:
        rows = rows_of(dynamodb, table)
    except dynamodb.exceptions.ResourceNotFoundException:
        return counts
    for row in rows:
        owner = row.get("leaseOwner", {}).get("S", "")
        counts[owner] = counts.get(owner, 0) + 1
    return counts


def check(app, service, store):
    return subprocess.run([BINARY, "check", "-f", app.manifest], capture_output=True, text=True, timeout=60,
                          env=environment_of(app, service, store))


def test_a_worker_makes_its_tables_and_the_next_goes_on_where_it_stopped(service, client, store, dynamodb, tmp_path):
    create_stream(client, "made", 2)
    arn = stream_arn(client, "made")
    app = make_app(tmp_path / "a", arn, "shop/made")
    before = check(app, service, store)
    assert "the first worker makes it" in before.stdout, before.stderr
    put_in_order(client, "made", [(f"k{n}", n) for n in range(50)])
    with start(app, service, store) as consumer:
        consumer.wait_for(lambda: len(app.delivered()) >= 50, 60, "50 records")
        stop(consumer)
    table = f"{PREFIX}-shop.made"
    rows = rows_of(dynamodb, table)
    assert len(rows) == 2
    assert all("leaseOwner" not in row and row["checkpoint"]["S"].isdigit() for row in rows), rows
    assert rows_of(dynamodb, f"{table}-workers") == [
        row for row in rows_of(dynamodb, f"{table}-workers") if row["scope"]["S"].startswith("seed@")], \
        "a worker that stopped is forgotten"
    assert dynamodb.describe_table(TableName=table)["Table"]["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert f"the DynamoDB table {table}" in check(app, service, store).stdout
    # Another machine: another state directory.
    elsewhere = make_app(tmp_path / "b", arn, "shop/made")
    put_in_order(client, "made", [(f"k{n}", n + 50) for n in range(50)])
    with start(elsewhere, service, store) as consumer:
        consumer.wait_for(lambda: len(elsewhere.delivered()) >= 50, 60, "the next 50 records")
        stop(consumer)
    assert sorted(elsewhere.delivered()) == sorted((f"k{n}", n + 50) for n in range(50))


def test_workers_share_the_shards_and_take_over_from_a_dead_one(service, client, store, dynamodb, tmp_path):
    create_stream(client, "shared", SHARDS)
    arn = stream_arn(client, "shared")
    apps = [make_app(tmp_path / f"w{n}", arn, "shared", worker_id=f"w{n}") for n in range(3)]
    consumers = [start(app, service, store) for app in apps]
    table = f"{PREFIX}-shared"
    try:
        wait_until(lambda: sorted(owners_of(dynamodb, table).values()) == [2, 2, 2] and
                   "" not in owners_of(dynamodb, table), 60, "two shards a worker")
        entries = [(f"k{n}", n) for n in range(200)]
        put_in_order(client, "shared", entries)
        wait_until(lambda: sum(len(app.delivered()) for app in apps) >= 200, 60, "200 records")
        assert sorted(entry for app in apps for entry in app.delivered()) == sorted(entries)
        consumers[0].kill()
        killed = time.monotonic()
        wait_until(lambda: sorted(owners_of(dynamodb, table).values()) == [3, 3], 20, "the dead worker's shards move")
        assert time.monotonic() - killed < 6
        moved = time.monotonic()
        stop(consumers[1])
        wait_until(lambda: list(owners_of(dynamodb, table).values()) == [SHARDS], 20, "the last one has all")
        assert time.monotonic() - moved < 10
        more = [(f"k{n}", n + 200) for n in range(200)]
        begun = len(apps[2].delivered())
        put_in_order(client, "shared", more)
        wait_until(lambda: len(apps[2].delivered()) >= begun + 200, 60, "the last worker's records")
        stop(consumers[2])
        assert owners_of(dynamodb, table) == {"": SHARDS}
    finally:
        for consumer in consumers:
            consumer.kill()


def test_a_table_of_somebody_else_is_refused_and_left_alone(service, client, store, dynamodb, tmp_path):
    create_stream(client, "foreign", 1)
    table = f"{PREFIX}-foreign"
    dynamodb.create_table(TableName=table, BillingMode="PAY_PER_REQUEST",
                          AttributeDefinitions=[{"AttributeName": "leaseKey", "AttributeType": "S"}],
                          KeySchema=[{"AttributeName": "leaseKey", "KeyType": "HASH"}])
    app = make_app(tmp_path, stream_arn(client, "foreign"), "foreign")
    with start(app, service, store) as consumer:
        assert consumer.wait(60) == 2
        assert table in consumer.output and "import-kcl" in consumer.output
    assert rows_of(dynamodb, table) == []


def test_a_store_that_is_away_is_waited_for(service, client, tmp_path):
    create_stream(client, "away", 1)
    app = make_app(tmp_path / "app", stream_arn(client, "away"), "away")
    put_in_order(client, "away", [("k", 1)])
    with DynamoDbLocal(tmp_path) as store:
        with start(app, service, store) as consumer:
            consumer.wait_for(lambda: app.delivered(), 60, "the first record")
            os.kill(store.child.pid, signal.SIGSTOP)
            time.sleep(5)
            put_in_order(client, "away", [("k", 2)])
            time.sleep(2)
            os.kill(store.child.pid, signal.SIGCONT)
            consumer.wait_for(lambda: ("k", 2) in app.delivered(), 60, "the record after the silence")
            assert app.delivered() == [("k", 1), ("k", 2)]
            stop(consumer)
