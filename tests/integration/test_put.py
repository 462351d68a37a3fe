"""`put`, `tail` and `test` read and write the same files."""

import base64
import json
import subprocess
import time

import pytest

from apps import guest
from harness import BINARY, ROOT, clean_environment, create_stream

LINE = '{"shardId":"s","sequenceNumber":"%d","partitionKey":"%s","approximateArrivalTimestamp":%s,"data":"%s"}\n'


@pytest.fixture
def run(service, tmp_path):
    def run(*words, text=""):
        return subprocess.run([BINARY, *words], cwd=tmp_path, input=text.encode(), capture_output=True, timeout=60,
                              env=clean_environment(tmp_path, AWS_ENDPOINT_URL_KINESIS=service.endpoint))
    return run


def stored(client, stream):
    """(key, data) of the only shard's records."""
    iterator = client.get_shard_iterator(StreamName=stream, ShardId="shardId-000000000000",
                                         ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    out, deadline = [], time.monotonic() + 10
    while time.monotonic() < deadline:
        answer = client.get_records(ShardIterator=iterator)
        out += [(record["PartitionKey"], record["Data"]) for record in answer["Records"]]
        if not answer["Records"] and out:
            break
        iterator = answer["NextShardIterator"]
        time.sleep(0.2)
    return out


def test_files_of_every_kind_are_put(client, run, stream_name, tmp_path):
    create_stream(client, stream_name, 1)
    (tmp_path / "a.json").write_text('[{"id": "x", "n": 1}, {"id": "y", "n": 2}]')
    (tmp_path / "b.csv").write_text('id,text\nz,"one, two"\n')
    put = run("put", "--stream", stream_name, "--file", "a.json", "--file", "b.csv", "--key-field", "id")
    assert put.returncode == 0, put.stderr
    assert run("put", "--stream", stream_name, "--keys", "2", text="l1\nl2\nl3\n").returncode == 0
    (tmp_path / "raw.bin").write_bytes(b"\0\1\n")
    assert run("put", "--stream", stream_name, "--file", "raw.bin", "--format", "raw", "--key", "k").returncode == 0
    assert stored(client, stream_name) == [
        ("x", b'{"id":"x","n":1}'), ("y", b'{"id":"y","n":2}'), ("z", b'{"id":"z","text":"one, two"}'),
        ("key-0", b"l1"), ("key-1", b"l2"), ("key-0", b"l3"), ("k", b"\0\1\n")]


def test_generated_load_is_the_same_for_the_same_seed(client, run, stream_name):
    for number in (1, 2):
        name = f"{stream_name}-{number}"
        create_stream(client, name, 1)
        put = run("put", "--stream", name, "--generate", "--count", "200", "--keys", "5", "--size", "100", "--seed",
                  "7", "--in-order")
        assert put.stdout == b"put 200 records\n", put.stderr
    first, second = (stored(client, f"{stream_name}-{number}") for number in (1, 2))
    assert first == second
    values = [json.loads(data) for _, data in first]
    assert [value["number"] for value in values] == list(range(200))
    assert {key for key, _ in first} == {f"key-{n}" for n in range(5)} and {len(data) for _, data in first} == {100}


def test_a_load_may_be_bounded_by_time(client, run, stream_name):
    create_stream(client, stream_name, 1)
    begun = time.monotonic()
    put = run("put", "--stream", stream_name, "--generate", "--rate", "50", "--duration", "1", "--keys", "3")
    assert put.returncode == 0, put.stderr
    assert 20 <= int(put.stdout.split()[1]) <= 60 and 0.8 < time.monotonic() - begun < 10


def test_what_tail_recorded_is_replayed_at_its_pace(client, run, stream_name, tmp_path):
    create_stream(client, stream_name, 1)
    (tmp_path / "old.jsonl").write_text("".join(
        LINE % (n, f"k{n % 2}", 1700000000 + n, base64.b64encode(b"data %d" % n).decode()) for n in range(4)))
    begun = time.monotonic()
    put = run("put", "--stream", stream_name, "--replay", "old.jsonl", "--speed", "2")
    assert put.returncode == 0, put.stderr
    assert time.monotonic() - begun >= 1.5
    expected = [(f"k{n % 2}", b"data %d" % n) for n in range(4)]
    assert stored(client, stream_name) == expected
    recorded = run("tail", "--stream", stream_name, "--from-start", "--count", "4", "--format", "json")
    assert recorded.returncode == 0, recorded.stderr
    (tmp_path / "new.jsonl").write_bytes(recorded.stdout)
    assert run("put", "--stream", stream_name, "--replay", "new.jsonl", "--speed", "100").returncode == 0
    assert stored(client, stream_name) == expected * 2


def test_what_cannot_be_put_is_named(client, run, stream_name, tmp_path):
    create_stream(client, stream_name, 1)
    (tmp_path / "a.json").write_text('[{"id": 1}, {"no": 2}]')
    put = run("put", "--stream", stream_name, "--file", "a.json", "--key-field", "id")
    assert put.returncode == 1 and b'a.json: record 2: it has no field "id"' in put.stderr
    put = run("put", "--stream", stream_name, "--file", "none.json")
    assert put.returncode == 1 and b"cannot read none.json" in put.stderr
    (tmp_path / "large.bin").write_bytes(bytes((10 << 20) + 1))
    put = run("put", "--stream", stream_name, "--file", "large.bin", "--format", "raw")
    assert put.returncode == 1 and b"a stream takes at most 10 MiB" in put.stderr


def test_a_handler_is_tested_with_records_of_a_file(run, tmp_path):
    (tmp_path / "event.json").write_text(json.dumps({"Records": [
        {"kinesis": {"partitionKey": "k", "sequenceNumber": "4959", "data": base64.b64encode(b"hello").decode(),
                     "approximateArrivalTimestamp": 1545084650.987}}]}))
    done = run("test", guest("handler"), "--file", "event.json", "--expect-output", "record 4959 k hello")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(b"ok  component handler: ok of 1 record in ")
    assert b"  | record 4959 k hello" in done.stdout
    failed = run("test", guest("handler"), "--json", text="!fail because\n")
    assert failed.returncode == 1
    said = json.loads(failed.stdout)
    assert said["outcome"] == "error" and "because" in said["message"] and said["failures"] == [0]
    assert said["deviation"] == "expected ok, but it ended with error"
    assert run("test", guest("handler"), "--expect", "error=because", text="!fail because\n").returncode == 0
    assert run("test", guest("handler"), "--expect", "trap", text="!trap\n").returncode == 0
    assert run("test", guest("handler"), "--expect", "timeout", "--timeout-millis", "100",
               text="!loop\n").returncode == 0


def test_failed_items_and_states_are_shown_and_expected(run):
    stream = guest("stream")
    said = json.loads(run("test", stream, "--json", "--window-seconds", "60", "--state", "seven", text="a\n!from\nc\n").stdout)
    assert said["outcome"] == "failures" and said["failures"] == [1, 2]
    assert "state seven" in said["output"]
    assert run("test", stream, "--expect", "failures=1,2", text="a\n!from\nc\n").returncode == 0
    wrong = run("test", stream, "--expect", "failures=2", text="a\n!from\nc\n")
    assert wrong.returncode == 1 and b"expected failures of 2, but 1,2 failed" in wrong.stdout
    states = run("test", stream, "--window-seconds", "60", "--batch-size", "1", "--expect-state", "sss", "--json",
                 text="!state 3\n!state 3\n")
    assert states.returncode == 0, states.stdout
    assert [json.loads(line)["records"] for line in states.stdout.splitlines()] == [1, 1]


def test_wrong_use_of_test_is_named(run, tmp_path):
    assert run("test", "none.wasm", text="a\n").returncode == 2
    refused = run("test", guest("handler"), "--expect", "well", text="a\n")
    assert refused.returncode == 2 and b"error=TEXT" in refused.stderr
    assert run("test", ROOT / "none", text="").returncode == 2
