"""The real Kinesis Client Library 3.1.3 consumes from the embedded Kinesis, over HTTP/2 with prior knowledge."""

import sys
from pathlib import Path

import pytest

from emulators import KCL, DynamoDbLocal
from harness import (REGION, Process, clean_environment, create_stream, delivered, kinesis, open_shards, put_in_order,
                     split)

HERE = Path(__file__).resolve().parent


def properties(service, table_store, output, mode):
    return "\n".join(f"{name} = {value}" for name, value in {
        "executableName": f"{sys.executable} {HERE / 'kcl_processor.py'} {output}",
        "streamName": f"kcl-{mode}",
        "applicationName": f"kcl-smoke-{mode}",
        "AwsCredentialsProvider": "DefaultCredentialsProvider",
        "initialPositionInStream": "TRIM_HORIZON",
        "regionName": REGION,
        "kinesisEndpoint": service.endpoint,
        "dynamoDBEndpoint": table_store.endpoint,
        "metricsLevel": "NONE",
        "retrievalMode": mode,
        "workerIdentifier": "smoke",
        "shardSyncIntervalMillis": 2000,
        "idleTimeBetweenReadsInMillis": 300,
    }.items()) + "\n"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mode", ["POLLING", "FANOUT"])
def test_the_kcl_reads_every_record_and_follows_a_split(service, tmp_path, mode):
    client = kinesis(service.endpoint)
    stream = f"kcl-{mode}"
    create_stream(client, stream, 2)
    expected = [(f"k{n}", n) for n in range(100)]
    put_in_order(client, stream, expected)
    output = tmp_path / "records.txt"
    output.touch()
    with DynamoDbLocal(tmp_path) as table_store:
        (tmp_path / "kcl.properties").write_text(properties(service, table_store, output, mode))
        command = ["java", "-Xmx400m", "-cp", f"{KCL}/*", "software.amazon.kinesis.multilang.MultiLangDaemon",
                   "--properties-file", tmp_path / "kcl.properties"]
        with Process(command, tmp_path, "kcl", clean_environment(tmp_path)) as daemon:
            daemon.wait_for(lambda: len(delivered(output.read_bytes())) >= 100, 150, "the KCL's first 100 records")
            first = open_shards(client, stream)[0]
            split(client, stream, first)
            more = [(f"k{n}", n + 100) for n in range(100)]
            put_in_order(client, stream, more)
            daemon.wait_for(lambda: len(delivered(output.read_bytes())) >= 200, 100, "the KCL's records after a split")
    text = output.read_text()
    assert sorted(delivered(output.read_bytes())) == sorted(expected + more)
    assert f"{first['ShardId']} ended" in text
