"""Stock AWS clients on the embedded Kinesis: boto3 and the AWS CLI."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from harness import (LocalKinesis, clean_environment, create_stream, delivered, kinesis, merge, open_shards, payload,
                     put_in_order, split, wait_active, wait_until)


def read_shard(client, stream, shard_id, **iterator):
    """Every record of a shard from its oldest on; stops at its end or when it has caught up."""
    iterator.setdefault("ShardIteratorType", "TRIM_HORIZON")
    cursor = client.get_shard_iterator(StreamName=stream, ShardId=shard_id, **iterator)["ShardIterator"]
    records, children = [], []
    while cursor:
        answer = client.get_records(ShardIterator=cursor, Limit=1000)
        records += answer["Records"]
        children = answer.get("ChildShards", [])
        cursor = answer.get("NextShardIterator")
        if not answer["Records"] and answer["MillisBehindLatest"] == 0 and cursor:
            break
    return records, children


def test_put_and_read_keeps_bytes_keys_and_order(client, stream_name):
    create_stream(client, stream_name, 1)
    data = [bytes(range(256)), b"", "naïve ☃".encode(), b"x" * 100_000]
    for index, item in enumerate(data):
        if item:
            client.put_record(StreamName=stream_name, Data=item, PartitionKey=f"schlüssel-{index}")
    shard = open_shards(client, stream_name)[0]["ShardId"]
    records, _ = read_shard(client, stream_name, shard)
    assert [record["Data"] for record in records] == [item for item in data if item]
    assert [record["PartitionKey"] for record in records] == ["schlüssel-0", "schlüssel-2", "schlüssel-3"]
    sequence = [int(record["SequenceNumber"]) for record in records]
    assert sequence == sorted(set(sequence))


def test_records_go_to_the_shard_of_their_hash_key(client, stream_name):
    create_stream(client, stream_name, 4)
    shards = open_shards(client, stream_name)
    for shard in shards:
        for end in ("StartingHashKey", "EndingHashKey"):
            answer = client.put_record(StreamName=stream_name, Data=b"x", PartitionKey="k",
                                       ExplicitHashKey=shard["HashKeyRange"][end])
            assert answer["ShardId"] == shard["ShardId"]


def test_split_and_merge_end_parents_and_name_children(client, stream_name):
    create_stream(client, stream_name, 2)
    put_in_order(client, stream_name, [(f"k{n}", n) for n in range(100)])
    first, second = open_shards(client, stream_name)
    split(client, stream_name, first)
    halves = open_shards(client, stream_name)[:2]
    assert {half["ParentShardId"] for half in halves} == {first["ShardId"]}
    assert open_shards(client, stream_name)[2]["ShardId"] == second["ShardId"]
    put_in_order(client, stream_name, [(f"k{n}", n + 100) for n in range(100)])
    merge(client, stream_name, *halves)
    put_in_order(client, stream_name, [(f"k{n}", n + 200) for n in range(100)])
    merged = open_shards(client, stream_name)[0]
    assert {merged["ParentShardId"], merged["AdjacentParentShardId"]} == {half["ShardId"] for half in halves}

    records, children = read_shard(client, stream_name, first["ShardId"])
    assert {child["ShardId"] for child in children} == {half["ShardId"] for half in halves}
    seen = [delivered(record["Data"])[0] for record in records]
    for shard in (*halves, merged, second):
        seen += [delivered(record["Data"])[0] for record in read_shard(client, stream_name, shard["ShardId"])[0]]
    assert sorted(seen) == sorted((f"k{n}", n + more) for n in range(100) for more in (0, 100, 200))


def test_every_iterator_type(client, stream_name):
    create_stream(client, stream_name, 1)
    numbers = [client.put_record(StreamName=stream_name, Data=payload("k", n), PartitionKey="k")["SequenceNumber"]
               for n in range(5)]
    shard = open_shards(client, stream_name)[0]["ShardId"]

    def after(**iterator):
        return [delivered(record["Data"])[0][1] for record in read_shard(client, stream_name, shard, **iterator)[0]]

    assert after(ShardIteratorType="TRIM_HORIZON") == [0, 1, 2, 3, 4]
    assert after(ShardIteratorType="AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[2]) == [2, 3, 4]
    assert after(ShardIteratorType="AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[2]) == [3, 4]
    assert after(ShardIteratorType="AT_TIMESTAMP", Timestamp=0) == [0, 1, 2, 3, 4]
    latest = client.get_shard_iterator(StreamName=stream_name, ShardId=shard, ShardIteratorType="LATEST")
    client.put_record(StreamName=stream_name, Data=payload("k", 5), PartitionKey="k")
    records = client.get_records(ShardIterator=latest["ShardIterator"])["Records"]
    assert [delivered(record["Data"])[0][1] for record in records] == [5]


def test_listing_pages_and_update_shard_count(client, stream_name):
    create_stream(client, stream_name, 6)
    page = client.list_shards(StreamName=stream_name, MaxResults=4)
    rest = client.list_shards(NextToken=page["NextToken"])
    assert len(page["Shards"]) == 4 and len(rest["Shards"]) == 2
    client.update_shard_count(StreamName=stream_name, TargetShardCount=3, ScalingType="UNIFORM_SCALING")
    wait_until(lambda: len(open_shards(client, stream_name)) == 3, 20, "three open shards")


@pytest.mark.parametrize("call, code", [
    (lambda c, s: c.describe_stream_summary(StreamName="no-such-stream"), "ResourceNotFoundException"),
    (lambda c, s: c.create_stream(StreamName=s, ShardCount=1), "ResourceInUseException"),
    (lambda c, s: c.get_records(ShardIterator="garbage"), "InvalidArgumentException"),
    (lambda c, s: c.put_record(StreamName=s, Data=b"x", PartitionKey="k", ExplicitHashKey=str(2**128)),
     "InvalidArgumentException"),
    (lambda c, s: c.split_shard(StreamName=s, ShardToSplit="shardId-000000000000", NewStartingHashKey="0"),
     "InvalidArgumentException"),
    (lambda c, s: c.split_shard(StreamName=s, ShardToSplit="shardId-000000000999", NewStartingHashKey="5"),
     "ResourceNotFoundException"),
    (lambda c, s: c.put_record(StreamName=s, Data=b"x" * (10 * 1024 * 1024 + 1), PartitionKey="k"),
     ("ValidationException", "InvalidArgumentException")),
])
def test_error_types_are_the_services(client, stream_name, call, code):
    create_stream(client, stream_name, 1)
    with pytest.raises(ClientError) as caught:
        call(client, stream_name)
    assert caught.value.response["Error"]["Code"] in ((code,) if isinstance(code, str) else code)


def test_a_shard_refuses_more_than_its_share(client, stream_name):
    create_stream(client, stream_name, 1)
    records = [{"Data": b"x", "PartitionKey": "k"}] * 500
    codes = set()
    for _ in range(6):
        answer = client.put_records(StreamName=stream_name, Records=records)
        codes |= {result.get("ErrorCode") for result in answer["Records"]}
    assert "ProvisionedThroughputExceededException" in codes


def test_streams_survive_a_restart(tmp_path):
    with LocalKinesis(tmp_path) as server:
        client = kinesis(server.endpoint)
        create_stream(client, "kept", 2)
        put_in_order(client, "kept", [(f"k{n}", n) for n in range(50)])
        before = client.describe_stream_summary(StreamName="kept")["StreamDescriptionSummary"]
        server.kill()
    with LocalKinesis(tmp_path) as server:
        client = kinesis(server.endpoint)
        after = client.describe_stream_summary(StreamName="kept")["StreamDescriptionSummary"]
        assert after["StreamCreationTimestamp"] == before["StreamCreationTimestamp"]
        seen = []
        for shard in open_shards(client, "kept"):
            seen += [delivered(record["Data"])[0] for record in read_shard(client, "kept", shard["ShardId"])[0]]
        assert sorted(seen) == sorted((f"k{n}", n) for n in range(50))


class Cli:
    """The AWS CLI as a user has it: a process, its text, its exit code."""

    def __init__(self, endpoint, home):
        self.endpoint, self.home = endpoint, home

    def __call__(self, *words):
        done = subprocess.run(
            [sys.executable, Path(sys.executable).parent / "aws", "kinesis", *words, "--output", "json",
             "--endpoint-url", self.endpoint],
            env=clean_environment(self.home), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"aws kinesis {' '.join(words)}: {done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else {}


def test_the_aws_cli_creates_puts_reads_splits_and_merges(service, tmp_path, stream_name):
    aws = Cli(service.endpoint, tmp_path)
    client = kinesis(service.endpoint)
    aws("create-stream", "--stream-name", stream_name, "--shard-count", "1")
    aws("wait", "stream-exists", "--stream-name", stream_name)
    put = aws("put-record", "--stream-name", stream_name, "--partition-key", "k", "--data", "aGVsbG8=")
    iterator = aws("get-shard-iterator", "--stream-name", stream_name, "--shard-id", put["ShardId"],
                   "--shard-iterator-type", "TRIM_HORIZON")["ShardIterator"]
    records = aws("get-records", "--shard-iterator", iterator)["Records"]
    assert [record["SequenceNumber"] for record in records] == [put["SequenceNumber"]]
    aws("split-shard", "--stream-name", stream_name, "--shard-to-split", put["ShardId"],
        "--new-starting-hash-key", str(2**127))
    wait_active(client, stream_name)
    shards = [shard["ShardId"] for shard in aws("list-shards", "--stream-name", stream_name)["Shards"]]
    assert len(shards) == 3
    aws("merge-shards", "--stream-name", stream_name, "--shard-to-merge", shards[1],
        "--adjacent-shard-to-merge", shards[2])
    wait_active(client, stream_name)
    assert len(open_shards(client, stream_name)) == 1
    assert stream_name in aws("list-streams")["StreamNames"]
    aws("delete-stream", "--stream-name", stream_name)
    aws("wait", "stream-not-exists", "--stream-name", stream_name)
