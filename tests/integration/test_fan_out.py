"""Enhanced fan-out: stock clients on the embedded Kinesis."""

import threading
import time

import pytest
from botocore.exceptions import ClientError, EventStreamError

from harness import (LocalKinesis, create_stream, delivered, kinesis, merge, open_shards, payload, put_in_order, split,
                     stream_arn, wait_until)


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
