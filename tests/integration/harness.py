"""Starting processes and waiting for conditions, always with a deadline."""

import itertools
import os
import random
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import boto3
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("KT_BINARY", ROOT / "build/release/trigger-kinesis"))
REGION = "us-east-1"
ACCOUNT = "000000000000"


def ports_of_servers():
    """Below those that the system gives to connections, in an order of this run's own; all, where that leaves few."""
    given = Path("/proc/sys/net/ipv4/ip_local_port_range")
    end = int(given.read_text().split()[0]) if given.exists() else 32000
    ports = range(12000, end) if end > 14000 else range(12000, 60000)
    return itertools.cycle(random.Random(os.getpid()).sample(ports, len(ports)))


PORTS = ports_of_servers()

# What a child may see of our environment: nothing that could reach a real account.
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR", "ASAN_OPTIONS", "JAVA_HOME")


def clean_environment(home, **more):
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    environment.update(
        HOME=str(home), AWS_REGION=REGION, AWS_DEFAULT_REGION=REGION,
        AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_EC2_METADATA_DISABLED="true")
    environment.update({name: str(value) for name, value in more.items() if value is not None})
    for name, value in more.items():
        if value is None:
            environment.pop(name, None)
    return environment


def free_port():
    """A port for a server that starts later, which no connection is given meanwhile, nor another caller of this run."""
    for _ in range(1000):
        port = next(PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError("no free port among a thousand")


def wait_until(condition, seconds, what, every=0.05):
    """The first true value of condition(); fails the test with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(every)


def listening(port):
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def default_signals():
    """In the child: whatever started the tests (nohup ignores SIGHUP) is not its affair."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


class Process:
    """A child with its output in a file. Ends with the `with` block."""

    def __init__(self, command, folder, name, environment=None, **options):
        self.name = name
        self.output_path = Path(folder) / f"{name}.log"
        with open(self.output_path, "ab") as output:
            self.child = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, cwd=folder, env=environment, start_new_session=True,
                preexec_fn=default_signals, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    @property
    def output(self):
        return self.output_path.read_text(errors="replace")

    def running(self):
        return self.child.poll() is None

    def kill(self):
        if self.running():
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()

    def signal(self, number):
        self.child.send_signal(number)

    def wait(self, seconds):
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end within {seconds} s:\n{self.output[-4000:]}") from None

    def wait_for(self, condition, seconds, what, every=0.05):
        def checked():
            if not self.running():
                raise AssertionError(f"{self.name} ended with {self.child.returncode}:\n{self.output[-4000:]}")
            return condition()
        try:
            return wait_until(checked, seconds, what, every)
        except AssertionError as problem:
            raise AssertionError(f"{problem}\n{self.name} printed:\n{self.output[-4000:]}") from None


class LocalKinesis(Process):
    """`trigger-kinesis local` on a free port."""

    def __init__(self, folder, *flags, port=None, create=()):
        self.port = port or free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.state = Path(folder) / "local-state"
        created = [word for stream in create for word in ("--create", stream)]
        super().__init__(
            [BINARY, "local", "--listen", f"127.0.0.1:{self.port}", "--state-dir", self.state, *created, *flags],
            folder, "local", clean_environment(folder))
        self.wait_for(lambda: listening(self.port), 20, "the embedded Kinesis listens")


class Consumer(Process):
    """`trigger-kinesis up` on a manifest, against an endpoint."""

    def __init__(self, app, endpoint, *flags, environment=None, through=(), **options):
        self.app = app
        super().__init__(
            [*through, BINARY, "up", "-f", app.manifest, "--state-dir", app.state, *flags], app.folder, "up",
            environment or clean_environment(app.folder, AWS_ENDPOINT_URL_KINESIS=endpoint), **options)

    def signal(self, number):
        """A worker is asked to stop in order once it listens to that: before, a signal ends it as any program."""
        if number in (signal.SIGTERM, signal.SIGINT):
            wait_until(lambda: not self.running() or self.catches(number), 30, f"{self.name} listens to signals")
        super().signal(number)

    def catches(self, number):
        status = Path(f"/proc/{self.child.pid}/status").read_text()
        return int(re.search(r"^SigCgt:\s*(\w+)", status, re.MULTILINE)[1], 16) >> (number - 1) & 1


def kinesis(endpoint, region=REGION, **more):
    return boto3.client(
        "kinesis", endpoint_url=endpoint, region_name=region, aws_access_key_id="test", aws_secret_access_key="test",
        verify=False, config=Config(retries={"max_attempts": 5, "mode": "standard"}, read_timeout=30, **more))


def create_stream(client, name, shards):
    client.create_stream(StreamName=name, ShardCount=shards)
    wait_active(client, name)


def wait_active(client, name):
    wait_until(
        lambda: client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE",
        30, f"stream {name} is active")


def stream_arn(client, name):
    return client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]


def open_shards(client, name):
    """Shards without an end, by the start of their hash range."""
    shards, token = [], None
    while True:
        answer = client.list_shards(NextToken=token) if token else client.list_shards(StreamName=name)
        shards += answer["Shards"]
        token = answer.get("NextToken")
        if not token:
            break
    still_open = [shard for shard in shards if not shard["SequenceNumberRange"].get("EndingSequenceNumber")]
    return sorted(still_open, key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))


def split(client, name, shard):
    low, high = (int(shard["HashKeyRange"][end]) for end in ("StartingHashKey", "EndingHashKey"))
    client.split_shard(StreamName=name, ShardToSplit=shard["ShardId"], NewStartingHashKey=str((low + high) // 2 + 1))
    wait_active(client, name)


def merge(client, name, shard, adjacent):
    client.merge_shards(StreamName=name, ShardToMerge=shard["ShardId"], AdjacentShardToMerge=adjacent["ShardId"])
    wait_active(client, name)


# What the records of these tests hold: `<<key:number>>`. A line that a kill cut short does not match.
RECORD = re.compile(rb"<<([\w\-]+):(\d+)>>")


def payload(key, number, size=0):
    text = f"<<{key}:{number}>>"
    return (text + "." * max(0, size - len(text))).encode()


def delivered(text):
    return [(key.decode(), int(number)) for key, number in RECORD.findall(text)]


def put_in_order(client, stream, entries, sent=None):
    """Puts (key, number) pairs, at most 500 a request, no key twice in one: a refused record can be repeated
    before its key's next one. Appends (shard id, sequence number, key, number) to `sent`."""
    waiting = [{"Data": payload(key, number), "PartitionKey": key} for key, number in entries]
    deadline = time.monotonic() + 60
    while waiting:
        answer = client.put_records(StreamName=stream, Records=waiting)
        refused = []
        for entry, result in zip(waiting, answer["Records"]):
            if result.get("ErrorCode"):
                refused.append(entry)
            elif sent is not None:
                key, number = delivered(entry["Data"])[0]
                sent.append((result["ShardId"], int(result["SequenceNumber"]), key, number))
        waiting = refused
        if waiting:
            assert time.monotonic() < deadline, "the stream refused records for a minute"
            time.sleep(0.05)
