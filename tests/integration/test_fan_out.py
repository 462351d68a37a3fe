"""Enhanced fan-out: stock clients on the embedded Kinesis, and our own consumer on it and on others."""

import os
import random
import signal
import subprocess
import time

import pytest
from botocore.exceptions import ClientError, EventStreamError

from apps import App
from emulators import Kinesalite, KinesisLocal
from harness import (BINARY, Consumer, LocalKinesis, clean_environment, create_stream, delivered, kinesis, merge,
                     open_shards, payload, put_in_order, split, stream_arn, wait_until)


def register(client, stream, name="app"):
    arn = stream_arn(client, stream)
    made = client.register_stream_consumer(StreamARN=arn, ConsumerName=name)["Consumer"]["ConsumerARN"]
    wait_until(lambda: client.describe_stream_consumer(ConsumerARN=made)["ConsumerDescription"]["ConsumerStatus"]
               == "ACTIVE", 10, "the consumer is ACTIVE")
    return made


def subscribe(client, consumer, shard, **position):
    position = position or {"Type": "TRIM_HORIZON"}
    answer = client.subscribe_to_shard(ConsumerARN=consumer, ShardId=shard, StartingPosition=position)
    return answer["EventStream"]


def events(stream):
    for event in stream:
        yield event["SubscribeToShardEvent"]


def test_consumers_come_and_go(client, stream_name):
    create_stream(client, stream_name, 1)
    arn = stream_arn(client, stream_name)
    consumer = register(client, stream_name)
    described = client.describe_stream_consumer(StreamARN=arn, ConsumerName="app")["ConsumerDescription"]
    assert described["ConsumerARN"] == consumer and described["StreamARN"] == arn
    with pytest.raises(client.exceptions.ResourceInUseException):
        client.register_stream_consumer(StreamARN=arn, ConsumerName="app")
    for name in ("b", "c"):
        register(client, stream_name, name)
    pages = client.get_paginator("list_stream_consumers").paginate(
        StreamARN=arn, PaginationConfig={"PageSize": 2})
    assert [one["ConsumerName"] for page in pages for one in page["Consumers"]] == ["app", "b", "c"]
    with pytest.raises(client.exceptions.ResourceInUseException):
        client.delete_stream(StreamName=stream_name)
    client.deregister_stream_consumer(ConsumerARN=consumer)
    wait_until(lambda: len(client.list_stream_consumers(StreamARN=arn)["Consumers"]) == 2, 10, "it is gone")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.describe_stream_consumer(ConsumerARN=consumer)


def test_boto3_is_pushed_what_was_put_and_what_is_put_later(client, stream_name):
    create_stream(client, stream_name, 1)
    consumer = register(client, stream_name)
    data = [bytes(range(256)), "naïve ☃".encode(), b"x" * 300_000]
    for item in data:
        client.put_record(StreamName=stream_name, Data=item, PartitionKey="schlüssel")
    stream = subscribe(client, consumer, "shardId-000000000000")
    got = []
    pushed = events(stream)
    while len(got) < len(data):
        got += next(pushed)["Records"]
    assert [record["Data"] for record in got] == data
    assert {record["PartitionKey"] for record in got} == {"schlüssel"}
    assert got[0]["ApproximateArrivalTimestamp"].timestamp() == pytest.approx(time.time(), abs=60)
    begun = time.monotonic()
    late = client.put_record(StreamName=stream_name, Data=b"late", PartitionKey="k")
    event = next(event for event in pushed if event["Records"])
    assert time.monotonic() - begun < 1
    assert event["Records"][0]["SequenceNumber"] == late["SequenceNumber"]
    assert event["ContinuationSequenceNumber"] == late["SequenceNumber"]
    assert event["MillisBehindLatest"] == 0
    stream.close()


def test_every_position_begins_where_it_says(client, stream_name):
    create_stream(client, stream_name, 1)
    numbers = [client.put_record(StreamName=stream_name, Data=payload("k", n), PartitionKey="k")["SequenceNumber"]
               for n in range(3)]

    def first(name, **position):
        stream = subscribe(client, register(client, stream_name, name), "shardId-000000000000", **position)
        event = next(events(stream))
        stream.close()
        return [delivered(record["Data"])[0][1] for record in event["Records"]]

    assert first("horizon", Type="TRIM_HORIZON") == [0, 1, 2]
    assert first("at", Type="AT_SEQUENCE_NUMBER", SequenceNumber=numbers[1]) == [1, 2]
    assert first("after", Type="AFTER_SEQUENCE_NUMBER", SequenceNumber=numbers[1]) == [2]
    assert first("latest", Type="LATEST") == []
    assert first("time", Type="AT_TIMESTAMP", Timestamp=0) == [0, 1, 2]


def test_a_second_subscription_waits_five_seconds_and_takes_over(client, stream_name):
    create_stream(client, stream_name, 1)
    consumer = register(client, stream_name)
    first = subscribe(client, consumer, "shardId-000000000000")
    begun = time.monotonic()
    next(events(first))
    with pytest.raises(client.exceptions.ResourceInUseException):
        subscribe(client, consumer, "shardId-000000000000")
    time.sleep(max(0, begun + 5.1 - time.monotonic()))
    second = subscribe(client, consumer, "shardId-000000000000")
    with pytest.raises(EventStreamError, match="ResourceInUseException"):
        for _ in first:
            pass
    client.put_record(StreamName=stream_name, Data=b"<<k:1>>", PartitionKey="k")
    event = next(event for event in events(second) if event["Records"])
    assert event["Records"][0]["Data"] == b"<<k:1>>"
    second.close()


def test_the_last_event_of_a_shard_names_its_children_and_the_stream_ends(client, stream_name):
    create_stream(client, stream_name, 2)
    consumer = register(client, stream_name)
    put_in_order(client, stream_name, [(f"k{n}", n) for n in range(200)])
    first, second = open_shards(client, stream_name)
    stream = subscribe(client, consumer, first["ShardId"])
    split(client, stream_name, first)
    told = list(events(stream))
    assert told[-1]["ChildShards"] and "ContinuationSequenceNumber" not in told[-1]
    children = open_shards(client, stream_name)[:2]
    assert {child["ShardId"] for child in told[-1]["ChildShards"]} == {child["ShardId"] for child in children}
    merge(client, stream_name, children[1], second)
    both = list(events(subscribe(client, consumer, second["ShardId"])))
    assert both[-1]["ChildShards"][0]["ParentShards"] == [children[1]["ShardId"], second["ShardId"]]
    seen = [delivered(record["Data"])[0] for event in told + both for record in event["Records"]]
    assert sorted(seen) == sorted((f"k{n}", n) for n in range(200))


def test_a_subscription_ends_with_its_consumer_or_its_stream(client, stream_name):
    create_stream(client, stream_name, 1)
    consumer = register(client, stream_name)
    stream = subscribe(client, consumer, "shardId-000000000000")
    next(events(stream))
    client.delete_stream(StreamName=stream_name, EnforceConsumerDeletion=True)
    with pytest.raises(EventStreamError, match="ResourceNotFoundException"):
        for _ in stream:
            pass
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        subscribe(client, consumer, "shardId-000000000000")


def test_a_subscription_ends_when_its_life_is_over(tmp_path):
    with LocalKinesis(tmp_path, "--subscription-life-millis", 700, create=["orders:1"]) as service:
        client = kinesis(service.endpoint)
        begun = time.monotonic()
        told = list(events(subscribe(client, register(client, "orders"), "shardId-000000000000")))
        assert 0.6 < time.monotonic() - begun < 3
        assert told and not any(event["Records"] for event in told)


def test_the_server_stops_at_once_and_keeps_consumers(tmp_path):
    with LocalKinesis(tmp_path, create=["orders:1"]) as service:
        client = kinesis(service.endpoint)
        consumer = register(client, "orders")
        stream = subscribe(client, consumer, "shardId-000000000000")
        next(events(stream))
        begun = time.monotonic()
        service.signal(15)
        assert service.wait(10) == 0
        assert time.monotonic() - begun < 2
    with LocalKinesis(tmp_path) as service:
        client = kinesis(service.endpoint)
        assert client.describe_stream_consumer(ConsumerARN=consumer)["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE"
        client.put_record(StreamName="orders", Data=b"<<k:1>>", PartitionKey="k")
        assert next(events(subscribe(client, consumer, "shardId-000000000000")))["Records"]


def test_a_client_that_reads_nothing_holds_a_bounded_amount(tmp_path):
    """40 MB lie ready for a client that takes none of it."""
    with LocalKinesis(tmp_path, "--limits", "none", create=["orders:1"]) as service:
        client = kinesis(service.endpoint)
        for _ in range(40):
            client.put_records(StreamName="orders", Records=[
                {"Data": b"x" * 100_000, "PartitionKey": "k"} for _ in range(10)])

        def resident():
            with open(f"/proc/{service.child.pid}/statm") as statm:
                return int(statm.read().split()[1]) * 4096
        before = resident()
        streams = [subscribe(client, register(client, "orders", f"c{n}"), "shardId-000000000000") for n in range(10)]
        time.sleep(1)
        assert resident() - before < 60_000_000
        got = sum(len(event["Records"]) for event, _ in zip(events(streams[0]), range(45)))
        assert got == 400
        for stream in streams:
            stream.close()


# Our own consumer, pushed.

KEYS = 40


def numbered(first, count):
    """`count` records of each key, from number `first` on, by number."""
    return [[(f"k{key}", number) for key in range(KEYS)] for number in range(first, first + count)]


def check_all(app, rounds):
    """Each record was delivered, and each for the first time after its elder."""
    first = {}
    for index, record in enumerate(app.delivered()):
        first.setdefault(record, index)
    for entries in rounds:
        for key, number in entries:
            assert (key, number) in first, f"{key}:{number} was never delivered"
            assert number == 0 or first[key, number - 1] < first[key, number], f"{key}:{number} came before its elder"


def wait_all(consumer, app, rounds, seconds):
    wanted = {record for entries in rounds for record in entries}
    consumer.wait_for(lambda: wanted <= set(app.delivered()), seconds,
                      lambda: f"{len(wanted - set(app.delivered()))} records not delivered", every=0.2)


def fan_out_app(tmp_path, client, stream, **keys):
    return App(tmp_path / "app", stream_arn(client, stream), shard_iterator_type="TRIM_HORIZON",
               enhanced_fan_out="drill", detector_poll_millis=1000, **keys)


@pytest.mark.timeout(300)
def test_our_consumer_is_pushed_across_splits_merges_and_kills(tmp_path):
    """Renewal each 6.5 s, SIGKILLs, splits and merges: nothing lost, nothing out of order."""
    dice = random.Random(int(os.environ.get("KT_DRILL_SEED", "7")))
    with LocalKinesis(tmp_path, "--limits", "none", "--subscription-life-millis", 6500) as service:
        client = kinesis(service.endpoint)
        create_stream(client, "drill", 2)
        app = fan_out_app(tmp_path, client, "drill", batch_size=50)
        rounds, number = [], 0
        for step in ("split", "merge", "split", "merge"):
            with Consumer(app, service.endpoint) as consumer:
                for entries in numbered(number, 30):
                    put_in_order(client, "drill", entries)
                    rounds.append(entries)
                    number += 1
                    time.sleep(dice.uniform(0, 0.2))
                shards = open_shards(client, "drill")
                if step == "split":
                    split(client, "drill", dice.choice(shards))
                else:
                    merge(client, "drill", shards[0], shards[1])
                for entries in numbered(number, 10):
                    put_in_order(client, "drill", entries)
                    rounds.append(entries)
                    number += 1
                time.sleep(dice.uniform(0, 1))
                assert consumer.running(), consumer.output[-4000:]
                consumer.signal(signal.SIGKILL)
                consumer.wait(10)
        with Consumer(app, service.endpoint) as consumer:
            wait_all(consumer, app, rounds, 60)
            # The consumer was registered once, by the first of them.
            arn = stream_arn(client, "drill")
            assert len(client.list_stream_consumers(StreamARN=arn)["Consumers"]) == 1
            consumer.signal(signal.SIGTERM)
            assert consumer.wait(20) == 0
            assert "polled" not in consumer.output
        check_all(app, rounds)


@pytest.mark.timeout(120)
def test_our_consumer_is_pushed_at_once_while_nobody_reads_the_shard(tmp_path):
    """Records arrive long before a poller with this idle wait could have them, and GetRecords is not called."""
    with LocalKinesis(tmp_path, create=["orders:1"]) as service:
        client = kinesis(service.endpoint)
        app = fan_out_app(tmp_path, client, "orders", shard_idle_wait_millis=60_000)
        with Consumer(app, service.endpoint) as consumer:
            client.put_record(StreamName="orders", Data=payload("k0", 0), PartitionKey="k0")
            consumer.wait_for(lambda: app.delivered(), 30, "the first record")
            time.sleep(3)
            begun = time.monotonic()
            client.put_record(StreamName="orders", Data=payload("k0", 1), PartitionKey="k0")
            consumer.wait_for(lambda: ("k0", 1) in app.delivered(), 10, "the second record", every=0.01)
            assert time.monotonic() - begun < 1


@pytest.mark.timeout(120)
def test_our_consumer_polls_a_service_without_fan_out(tmp_path):
    with Kinesalite(tmp_path) as service:
        client = kinesis(service.endpoint)
        create_stream(client, "drill", 2)
        app = fan_out_app(tmp_path, client, "drill")
        rounds = numbered(0, 3)  # it can not answer more than 16 kB in CBOR
        with Consumer(app, service.endpoint) as consumer:
            for entries in rounds:
                put_in_order(client, "drill", entries)
            wait_all(consumer, app, rounds, 40)
            assert consumer.output.count("enhanced fan-out is refused") == 1, consumer.output
        check_all(app, rounds)


@pytest.mark.timeout(180)
def test_our_consumer_is_pushed_by_another_server_across_a_split(tmp_path):
    """kinesis-local: no initial-response, JSON events, one a second, and a closed shard that says nothing for ever."""
    with KinesisLocal(tmp_path) as service:
        client = kinesis(service.endpoint)
        create_stream(client, "drill", 1)
        app = fan_out_app(tmp_path, client, "drill")
        rounds = numbered(0, 5)
        with Consumer(app, service.endpoint) as consumer:
            for entries in rounds:
                put_in_order(client, "drill", entries)
            wait_all(consumer, app, rounds, 60)
            split(client, "drill", open_shards(client, "drill")[0])
            more = numbered(5, 5)
            for entries in more:
                put_in_order(client, "drill", entries)
            wait_all(consumer, app, rounds + more, 90)
        check_all(app, rounds + more)


@pytest.mark.timeout(60)
def test_the_command_lists_and_deregisters_consumers(tmp_path):
    with LocalKinesis(tmp_path, create=["orders:1"]) as service:
        client = kinesis(service.endpoint)
        consumer = register(client, "orders", "mine")

        def run(*words):
            return subprocess.run([BINARY, "consumers", *words, "--stream", "orders", "--endpoint-url",
                                   service.endpoint], env=clean_environment(tmp_path), capture_output=True, text=True,
                                  timeout=20, check=False)
        assert consumer in run("list").stdout
        assert run("deregister", "--consumer", "mine").returncode == 0
        wait_until(lambda: consumer not in run("list").stdout, 10, "the consumer is gone")
        gone = run("deregister", "--consumer", "mine")
        assert gone.returncode == 1 and "ResourceNotFoundException" in gone.stderr
