"""Positions move from the real Kinesis Client Library 3.1.3 to us and back, at the exact record."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import aws_kinesis_agg.aggregator
import boto3
import pytest

from apps import App
from emulators import KCL, DynamoDbLocal
from harness import (BINARY, REGION, Consumer, Process, clean_environment, create_stream, delivered, payload,
                     stream_arn, wait_until)

HERE = Path(__file__).resolve().parent
PLAIN, AGGREGATES, EACH = 20, 4, 5
FIRST = PLAIN + AGGREGATES * EACH + PLAIN
TAKEN_BY_KCL = PLAIN + EACH + 2  # two user records into the second aggregate


def properties(service, store, application, output, most=None):
    command = f"{sys.executable} {HERE / 'kcl_processor.py'} {output}" + (f" {most}" if most else "")
    return "\n".join(f"{name} = {value}" for name, value in {
        "executableName": command,
        "streamName": "moving",
        "applicationName": application,
        "AwsCredentialsProvider": "DefaultCredentialsProvider",
        "initialPositionInStream": "TRIM_HORIZON",
        "regionName": REGION,
        "kinesisEndpoint": service.endpoint,
        "dynamoDBEndpoint": store.endpoint,
        "metricsLevel": "NONE",
        "retrievalMode": "POLLING",
        "workerIdentifier": "mover",
        "shardSyncIntervalMillis": 2000,
        "idleTimeBetweenReadsInMillis": 300,
    }.items()) + "\n"


def daemon(folder, name, text):
    file = folder / f"{name}.properties"
    file.write_text(text)
    command = ["java", "-Xmx400m", "-cp", f"{KCL}/*", "software.amazon.kinesis.multilang.MultiLangDaemon",
               "--properties-file", file]
    return Process(command, folder, name, clean_environment(folder))


def put_plain(client, numbers):
    for number in numbers:
        client.put_record(StreamName="moving", PartitionKey="k", Data=payload("k", number))


def put_aggregate(client, numbers):
    writer = aws_kinesis_agg.aggregator.RecordAggregator()
    for number in numbers:
        writer.add_user_record("k", payload("k", number))
    partition_key, _, data = writer.clear_and_get().get_contents()
    client.put_record(StreamName="moving", PartitionKey=partition_key, Data=data)


def leases(app, service, store, *arguments):
    return subprocess.run(
        [BINARY, "leases", *arguments, "-f", app.manifest, "--state-dir", app.state], capture_output=True, text=True,
        timeout=90, env=clean_environment(app.folder, AWS_ENDPOINT_URL_KINESIS=service.endpoint,
                                          AWS_ENDPOINT_URL_DYNAMODB=store.endpoint))


def numbers(entries):
    return [number for _, number in entries]


@pytest.mark.timeout(600)
def test_the_kcl_hands_over_to_us_and_we_hand_back_at_the_exact_record(service, client, tmp_path):
    create_stream(client, "moving", 1)
    put_plain(client, range(PLAIN))
    for index in range(AGGREGATES):
        put_aggregate(client, range(PLAIN + index * EACH, PLAIN + (index + 1) * EACH))
    put_plain(client, range(FIRST - PLAIN, FIRST))
    output = tmp_path / "before.txt"
    output.touch()
    app = App(tmp_path / "app", stream_arn(client, "moving"), shard_idle_wait_millis=200)
    with DynamoDbLocal(tmp_path) as store:
        dynamodb = boto3.client("dynamodb", endpoint_url=store.endpoint, region_name=REGION,
                                aws_access_key_id="test", aws_secret_access_key="test")
        with daemon(tmp_path, "kcl-before", properties(service, store, "old", output, TAKEN_BY_KCL)) as kcl:
            kcl.wait_for(lambda: len(delivered(output.read_bytes())) >= TAKEN_BY_KCL, 200, "the KCL's records")
            kcl.wait_for(lambda: position_of(dynamodb, "old")[1] == "1", 100, "its checkpoint inside an aggregate")
            live = leases(app, service, store, "import-kcl", "--table", "old")
            assert live.returncode != 0 and 'KCL worker "mover" is at work' in live.stderr, live.stderr
            forced = leases(app, service, store, "import-kcl", "--table", "old", "--force")
            assert forced.returncode == 0, forced.stderr
            kcl.kill()
        again = leases(app, service, store, "import-kcl", "--table", "old")
        assert again.returncode != 0 and "--overwrite" in again.stderr, again.stderr
        done = leases(app, service, store, "import-kcl", "--table", "old", "--overwrite")
        assert done.returncode == 0, done.stderr
        assert "imported 1 positions" in done.stdout
        with Consumer(app, service.endpoint) as consumer:
            consumer.wait_for(lambda: len(app.delivered()) >= FIRST - TAKEN_BY_KCL, 60, "the rest")
            refused = leases(app, service, store, "export-kcl", "--table", "new")
            assert refused.returncode != 0, "our worker lives"
            time.sleep(1)
            consumer.signal(signal.SIGTERM)
            assert consumer.wait(60) == 0
        assert numbers(app.delivered()) == list(range(TAKEN_BY_KCL, FIRST)), "no record twice, none left out"
        put_plain(client, range(FIRST, FIRST + 10))
        exported = leases(app, service, store, "export-kcl", "--table", "new")
        assert exported.returncode == 0, exported.stderr
        taken = leases(app, service, store, "export-kcl", "--table", "new")
        assert taken.returncode != 0 and "exists" in taken.stderr
        after = tmp_path / "after.txt"
        after.touch()
        with daemon(tmp_path, "kcl-after", properties(service, store, "new", after)) as kcl:
            kcl.wait_for(lambda: len(delivered(after.read_bytes())) >= 10, 200, "the KCL's records after the export")
            time.sleep(2)
            kcl.kill()
        assert numbers(delivered(after.read_bytes())) == list(range(FIRST, FIRST + 10))


@pytest.mark.timeout(300)
def test_an_import_into_dynamodb_is_where_workers_go_on(service, client, tmp_path):
    create_stream(client, "copied", 2)
    shards = client.list_shards(StreamName="copied")["Shards"]
    sequences = {}
    for shard in shards:
        for number in range(4):
            answer = client.put_record(
                StreamName="copied", PartitionKey="k", ExplicitHashKey=shard["HashKeyRange"]["StartingHashKey"],
                Data=payload(shard["ShardId"], number))
            sequences[shard["ShardId"], number] = answer["SequenceNumber"]
    with DynamoDbLocal(tmp_path) as store:
        dynamodb = boto3.client("dynamodb", endpoint_url=store.endpoint, region_name=REGION,
                                aws_access_key_id="test", aws_secret_access_key="test")
        dynamodb.create_table(TableName="kcl", BillingMode="PAY_PER_REQUEST",
                              AttributeDefinitions=[{"AttributeName": "leaseKey", "AttributeType": "S"}],
                              KeySchema=[{"AttributeName": "leaseKey", "KeyType": "HASH"}])
        for shard, done in zip((shard["ShardId"] for shard in shards), (1, 2)):
            dynamodb.put_item(TableName="kcl", Item={
                "leaseKey": {"S": shard}, "leaseCounter": {"N": "7"},
                "checkpoint": {"S": sequences[shard, done]}, "checkpointSubSequenceNumber": {"N": "0"},
                "ownerSwitchesSinceCheckpoint": {"N": "0"}})
        app = App(tmp_path / "app", stream_arn(client, "copied"), shard_idle_wait_millis=200,
                  application={"lease_store": "dynamodb:kt"})
        imported = leases(app, service, store, "import-kcl", "--table", "kcl")
        assert imported.returncode == 0, imported.stderr
        environment = clean_environment(app.folder, AWS_ENDPOINT_URL_KINESIS=service.endpoint,
                                        AWS_ENDPOINT_URL_DYNAMODB=store.endpoint)
        with Consumer(app, service.endpoint, environment=environment) as consumer:
            consumer.wait_for(lambda: len(app.delivered()) >= 3, 60, "what the KCL had not read")
            refused = leases(app, service, store, "export-kcl", "--table", "back")
            assert refused.returncode != 0 and "is at work" in refused.stderr, refused.stderr
            consumer.signal(signal.SIGTERM)
            assert consumer.wait(60) == 0
        assert sorted(app.delivered()) == sorted(
            [(shards[0]["ShardId"], 2), (shards[0]["ShardId"], 3), (shards[1]["ShardId"], 3)])
        back = leases(app, service, store, "export-kcl", "--table", "back", "--multi-stream")
        assert back.returncode == 0, back.stderr
        wait_until(lambda: len(dynamodb.scan(TableName="back")["Items"]) == 2, 10, "the new table's rows")


def position_of(dynamodb, table):
    try:
        row = dynamodb.scan(TableName=table, ConsistentRead=True)["Items"][0]
    except (dynamodb.exceptions.ResourceNotFoundException, IndexError):
        return "", ""
    return row["checkpoint"]["S"], row["checkpointSubSequenceNumber"]["N"]
