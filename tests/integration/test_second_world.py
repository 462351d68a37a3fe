"""Handlers of trigger-kinesis:handler@0.1.0, through the whole program."""

import re
import signal
import subprocess
import time

import aws_kinesis_agg.aggregator
import pytest

from apps import App, guest
from harness import BINARY, Consumer, clean_environment, create_stream, stream_arn

CALL = re.compile(r"^call (?P<arn>\S+) (?P<shard>\S+) attempt (?P<attempt>\d+) behind (?P<behind>\d+) "
                  r"fencing (?P<fencing>\d+) window (?P<window>\S+)(?P<flags>( final)?( early)?) state (?P<state>.*)$")
RECORD = re.compile(r"^record (?P<sequence>\d+)/(?P<sub>\d+) (?P<key>\S+) (?P<hash_key>\S+) (?P<arrival>\d+) "
                    r"(?P<idempotency>\S+) (?P<data>.*)$")


def calls(app):
    """Each call's context, and the records that it printed."""
    found = []
    for line in app.guest_bytes().decode().splitlines():
        if match := CALL.match(line):
            found.append((match.groupdict(), []))
        elif match := RECORD.match(line):
            found[-1][1].append(match.groupdict())
    return found


def records(app):
    return [record for _, printed in calls(app) for record in printed]


def final_calls(app):
    return [(context, printed) for context, printed in calls(app) if " final" in context["flags"]]


@pytest.fixture(params=["stream", "stream_async"])
def form(request):
    return request.param


@pytest.fixture
def app(client, stream_name, tmp_path, form):
    create_stream(client, stream_name, 1)
    return App(tmp_path / "app", stream_arn(client, stream_name), source=guest(form),
               shard_iterator_type="TRIM_HORIZON", shard_idle_wait_millis=200)


def put(client, stream_name, *payloads):
    """In one shard, in this order; what the service said of each."""
    return [client.put_record(StreamName=stream_name, PartitionKey="k", Data=payload.encode())
            for payload in payloads]


def stop(consumer):
    consumer.signal(signal.SIGTERM)
    assert consumer.wait(15) == 0, consumer.output


def test_check_says_which_world_a_handler_is_of(app, form):
    checked = subprocess.run([BINARY, "check", "--offline", "-f", app.manifest], capture_output=True, text=True,
                             env=clean_environment(app.folder), timeout=60)
    world = {"stream": "stream-handler", "stream_async": "stream-handler-async"}[form]
    assert checked.returncode == 0, checked.stderr
    assert f"a handler of trigger-kinesis:handler@0.1, {world}\n" in checked.stdout


def test_a_handler_is_told_its_context_and_each_records_place(service, client, stream_name, app):
    before = int(time.time() * 1000)
    answers = put(client, stream_name, "one", "two", "three")
    arn = app.keys["stream_arn"]
    created = client.describe_stream_summary(StreamName=stream_name)["StreamDescriptionSummary"][
        "StreamCreationTimestamp"]
    with Consumer(app, service.endpoint) as consumer:
        consumer.wait_for(lambda: len(records(app)) >= 3, 30, "3 records")
        stop(consumer)
    assert [record["data"] for record in records(app)] == ["one", "two", "three"]
    for context, _ in calls(app):
        assert context["arn"] == arn
        assert context["shard"] == answers[0]["ShardId"]
        assert context["attempt"] == "1"
        assert int(context["fencing"]) > 0
        assert context["window"] == "-" and context["state"] == "-"
    for record, answer in zip(records(app), answers):
        assert record["sequence"] == answer["SequenceNumber"]
        assert record["sub"] == "0" and record["hash_key"] == "-" and record["key"] == "k"
        assert before - 2000 <= int(record["arrival"]) <= int(time.time() * 1000) + 2000
        assert record["idempotency"].startswith(f"{arn}/{int(created.timestamp())}")
        assert record["idempotency"].endswith(f"/{answer['ShardId']}/{answer['SequenceNumber']}/0")
    assert len({record["idempotency"] for record in records(app)}) == 3


def test_user_records_of_an_aggregate_have_places_and_keys_of_their_own(service, client, stream_name, app):
    writer = aws_kinesis_agg.aggregator.RecordAggregator()
    hash_key = str(2 ** 127)
    for number in range(3):
        writer.add_user_record(f"k{number}", f"user {number}", hash_key)
    partition_key, explicit_hash_key, data = writer.clear_and_get().get_contents()
    sequence = client.put_record(StreamName=stream_name, PartitionKey=partition_key,
                                 ExplicitHashKey=explicit_hash_key, Data=data)["SequenceNumber"]
    with Consumer(app, service.endpoint) as consumer:
        consumer.wait_for(lambda: len(records(app)) >= 3, 30, "3 user records")
        stop(consumer)
    got = records(app)
    assert [record["data"] for record in got] == ["user 0", "user 1", "user 2"]
    assert [record["key"] for record in got] == ["k0", "k1", "k2"]
    assert [(record["sequence"], record["sub"]) for record in got] == [(sequence, str(n)) for n in range(3)]
    assert [record["hash_key"] for record in got] == [hash_key] * 3
    assert [record["idempotency"].rsplit("/", 2)[1:] for record in got] == [[sequence, str(n)] for n in range(3)]


def test_a_failed_batch_comes_again_with_the_next_attempt_and_the_same_keys(service, client, stream_name, app):
    put(client, stream_name, "fine", "!fail not yet")
    with Consumer(app, service.endpoint) as consumer:
        consumer.wait_for(lambda: any(context["attempt"] == "3" for context, _ in calls(app)), 30, "a third attempt")
        consumer.kill()
    seen = {}
    for context, printed in calls(app):
        for record in printed:
            seen.setdefault(record["sequence"], set()).add(record["idempotency"])
    assert all(len(keys) == 1 for keys in seen.values()), seen


def test_a_restart_goes_on_with_a_fencing_token_that_is_not_smaller(service, client, stream_name, app):
    put(client, stream_name, "one")
    with Consumer(app, service.endpoint) as consumer:
        consumer.wait_for(lambda: len(records(app)) >= 1, 30, "a record")
        stop(consumer)
    put(client, stream_name, "two")
    with Consumer(app, service.endpoint) as consumer:
        consumer.wait_for(lambda: len(records(app)) >= 2, 30, "another record")
        stop(consumer)
    tokens = [int(context["fencing"]) for context, _ in calls(app)]
    assert tokens == sorted(tokens) and tokens[0] < tokens[-1], tokens
    assert [record["data"] for record in records(app)] == ["one", "two"]


def test_what_comes_before_the_first_failed_item_never_comes_again(service, client, stream_name, app):
    answers = put(client, stream_name, "zero", "one", "!item", "three")
    first = answers[0]["SequenceNumber"]
    failing = answers[2]["SequenceNumber"]
    with Consumer(app, service.endpoint) as consumer:
        consumer.wait_for(lambda: sum(r["sequence"] == failing for r in records(app)) >= 3, 30, "three tries of it")
        consumer.kill()
    assert sum(record["sequence"] == first for record in records(app)) == 1
    assert sum(record["sequence"] == answers[3]["SequenceNumber"] for record in records(app)) >= 2


def test_an_index_that_no_record_has_fails_the_whole_batch_and_says_so(service, client, stream_name, app):
    put(client, stream_name, "!index 7")
    with Consumer(app, service.endpoint) as consumer:
        consumer.wait_for(lambda: "record 7 of the batch" in consumer.output, 30, "the message")
        consumer.wait_for(lambda: any(context["attempt"] == "2" for context, _ in calls(app)), 30, "a second attempt")
        consumer.kill()


def test_a_windows_state_counts_every_record_once_also_across_a_restart(service, client, stream_name, app):
    app.keys["tumbling_window_seconds"] = 2
    app.environment["GUEST_COUNT"] = "yes"
    app.write()
    sent = 0

    def put_for(seconds):
        nonlocal sent
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            put(client, stream_name, f"record {sent}")
            sent += 1
            time.sleep(0.1)

    put_for(1.5)
    with Consumer(app, service.endpoint) as consumer:
        consumer.wait_for(lambda: len(records(app)) >= sent, 30, "all records so far")
        stop(consumer)
    put_for(3)
    with Consumer(app, service.endpoint) as consumer:
        consumer.wait_for(lambda: len(records(app)) >= sent, 30, "all records")
        put(client, stream_name, "the first of a later window")
        seen = {match for match in (context["window"] for context, _ in calls(app))}
        consumer.wait_for(lambda: seen <= {context["window"] for context, _ in final_calls(app)}, 30,
                          "final calls of all windows")
        stop(consumer)
    for context, printed in calls(app):
        start, end = map(int, context["window"].split("-"))
        assert end - start == 2000 and start % 2000 == 0
        for record in printed:
            assert start <= int(record["arrival"]) < end
    for context, printed in final_calls(app):
        assert not printed
        of_this_window = [record for other, more in calls(app) if other["window"] == context["window"] for record in more]
        assert context["state"] == str(len(of_this_window)), context
