"""The pages of docs/guide, followed word by word.

    ```sh               is run to its end, from the folder where the last one ended
    ```sh background    is started, and left running
    ```sh stopped       is run after what was started has been stopped
    ```text             is what the one that runs prints, sooner or later
    ```rust file=PATH   is what the reader writes into PATH
"""

import re
import signal
import subprocess
from pathlib import Path

import boto3
import pytest

from apps import guest
from emulators import DynamoDbLocal
from harness import BINARY, REGION, ROOT, LocalKinesis, Process, clean_environment, create_stream, free_port, kinesis
from templates import has_new
from toolchains import Cpp, Go, Rust

BLOCK = re.compile(r"^```(\w+)(?: (.*?))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class Reader:
    """Does what a page says, in a folder of its own. The embedded Kinesis has a port of its own too."""

    def __init__(self, folder, toolchain, environment=None):
        self.start = self.folder = Path(folder)
        self.toolchain = toolchain
        self.port = free_port()
        self.exported = {}
        self.environment = {**clean_environment(folder), **(toolchain.environment if toolchain else {}),
                            **(environment or {})}
        path = self.environment["PATH"]
        self.environment["PATH"] = f"{BINARY.parent}:{path}"
        self.running = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.running:
            self.running.signal(signal.SIGINT)
            self.running.wait(30)
            self.running = None

    def script(self, text):
        text = text.replace("up --local", f"up --local --local-port {self.port}")
        return text.replace("127.0.0.1:4567", f"127.0.0.1:{self.port}")

    def prepare(self):
        if self.toolchain and not (self.folder / ".cargo").exists() and not (self.folder / "go.work").exists():
            self.toolchain.prepare(self.folder)

    def run(self, text):
        script = f"set -e\n{self.script(text)}\npwd >'{self.start}/where'\nenv -0 >'{self.start}/exported'\n"
        done = subprocess.run(["bash", "-c", script], cwd=self.folder, env={**self.environment, **self.exported},
                              capture_output=True, text=True, timeout=900)
        assert done.returncode == 0, f"{text}\n{done.stdout[-3000:]}\n{done.stderr[-5000:]}"
        self.folder = Path((self.start / "where").read_text().strip())
        after = dict(one.split("=", 1) for one in (self.start / "exported").read_text().split("\0") if "=" in one)
        self.exported = {name: value for name, value in after.items() if name.startswith("AWS_")}

    def begin(self, text):
        self.running = Process(["bash", "-c", f"exec nice {self.script(text)}"], self.folder, "background",
                               {**self.environment, **self.exported})
        self.running.wait_for(lambda: "lease taken" in self.running.output, 600, "a worker at work", every=0.2)

    def sees(self, text):
        lines = text.strip().splitlines()
        self.running.wait_for(lambda: all(line in self.running.output for line in lines), 60, f"printed {lines}")

    def follow(self, page):
        for language, info, text in BLOCK.findall((ROOT / "docs/guide" / page).read_text()):
            if info.startswith("file="):
                (self.folder / info.removeprefix("file=")).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / info.removeprefix("file=")).write_text(text)
            elif language == "sh":
                if info == "stopped":
                    self.stop()
                if (self.folder / "spin.toml").exists():
                    self.prepare()
                self.begin(text) if info == "background" else self.run(text)
            elif language == "text":
                self.sees(text)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("page,toolchain", [
    ("rust.md", Rust), ("go.md", Go), ("cpp.md", Cpp), ("coming-from-the-original-plugin.md", Rust),
    ("coming-from-lambda.md", Cpp)], ids=lambda value: value if isinstance(value, str) else "")
def test_the_page_is_true(tmp_path, page, toolchain):
    if not has_new():
        pytest.skip("a trigger-kinesis without `new`")
    with Reader(tmp_path, toolchain()) as reader:
        reader.follow(page)


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
            reader.follow("coming-from-the-kcl.md")
        output = (tmp_path / ".spin/logs/orders_stdout.txt").read_text()
        assert "record 2" in output and "record 1" not in output
        assert dynamodb.scan(TableName="my-consumer-2")["Items"]


def test_every_page_of_the_guide_is_followed():
    pages = {path.name for path in (ROOT / "docs/guide").glob("*.md") if "```sh" in path.read_text()}
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    followed = set(re.findall(r"([\w-]+\.md)\b", tests))
    assert pages <= followed, pages - followed
