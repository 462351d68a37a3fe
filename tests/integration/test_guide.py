"""The pages of docs/guide, followed word by word."""

import re
from pathlib import Path

import boto3
import pytest

from apps import guest
from emulators import DynamoDbLocal
from harness import REGION, ROOT, LocalKinesis, create_stream, kinesis
from reader import Reader
from templates import has_new
from toolchains import Cpp, Go, Rust

GUIDE = ROOT / "docs/guide"


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("page,toolchain", [
    ("rust.md", Rust), ("go.md", Go), ("cpp.md", Cpp), ("coming-from-the-original-plugin.md", Rust),
    ("coming-from-lambda.md", Cpp)], ids=lambda value: value if isinstance(value, str) else "")
def test_the_page_is_true(tmp_path, page, toolchain):
    if not has_new():
        pytest.skip("a trigger-kinesis without `new`")
    with Reader(tmp_path, toolchain()) as reader:
        reader.follow(GUIDE / page)


@pytest.mark.timeout(600)
def test_the_page_of_the_kcl_is_true(tmp_path):
    (tmp_path / "orders.wasm").write_bytes(guest("handler").read_bytes())
    with LocalKinesis(tmp_path) as service, DynamoDbLocal(tmp_path) as store:
        client = kinesis(service.endpoint)
        create_stream(client, "orders", 1)
        numbers = [client.put_record(StreamName="orders", PartitionKey="k", Data=f"record {number}".encode())
                   for number in range(3)]
        dynamodb = boto3.client("dynamodb", endpoint_url=store.endpoint, region_name=REGION,
                                aws_access_key_id="test", aws_secret_access_key="test")
        dynamodb.create_table(TableName="my-consumer", BillingMode="PAY_PER_REQUEST",
                              AttributeDefinitions=[{"AttributeName": "leaseKey", "AttributeType": "S"}],
                              KeySchema=[{"AttributeName": "leaseKey", "KeyType": "HASH"}])
        dynamodb.put_item(TableName="my-consumer", Item={
            "leaseKey": {"S": numbers[0]["ShardId"]}, "leaseCounter": {"N": "7"},
            "checkpoint": {"S": numbers[1]["SequenceNumber"]}, "checkpointSubSequenceNumber": {"N": "0"},
            "ownerSwitchesSinceCheckpoint": {"N": "0"}})
        surroundings = {"AWS_ENDPOINT_URL_KINESIS": service.endpoint, "AWS_ENDPOINT_URL_DYNAMODB": store.endpoint}
        with Reader(tmp_path, None, surroundings) as reader:
            reader.follow(GUIDE / "coming-from-the-kcl.md")
        output = (tmp_path / ".spin/logs/orders_stdout.txt").read_text()
        assert "record 2" in output and "record 1" not in output
        assert dynamodb.scan(TableName="my-consumer-2")["Items"]


def test_every_page_of_the_guide_is_followed():
    pages = {path.name for path in GUIDE.glob("*.md") if "```sh" in path.read_text()}
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    followed = set(re.findall(r"([\w-]+\.md)\b", tests))
    assert pages <= followed, pages - followed
