"""KPL aggregates of an independent writer, and filters, through the whole program."""

import json
import re
import signal
import subprocess

import pytest
from aws_kinesis_agg.aggregator import RecordAggregator

from apps import App
from harness import BINARY, Consumer, clean_environment, create_stream, payload, put_in_order, stream_arn


def put_aggregate(client, stream, pairs):
    """One aggregate of (key, number) pairs, put as a producer of the format does."""
    aggregator = RecordAggregator()
    for key, number in pairs:
        assert aggregator.add_user_record(key, payload(key, number)) is None
    key, hash_key, data = aggregator.clear_and_get().get_contents()
    more = {"ExplicitHashKey": hash_key} if hash_key else {}
    client.put_record(StreamName=stream, Data=data, PartitionKey=key, **more)


@pytest.fixture
def make_app(client, stream_name, tmp_path):
    create_stream(client, stream_name, 1)

    def make(**keys):
        return App(tmp_path / "app", stream_arn(client, stream_name), shard_iterator_type="TRIM_HORIZON",
                   shard_idle_wait_millis=200, **keys)
    return make


def stop(consumer):
    consumer.signal(signal.SIGTERM)
    assert consumer.wait(15) == 0, consumer.output


def test_user_records_of_aggregates_and_plain_records_arrive_in_order(service, client, stream_name, make_app):
    app = make_app(batch_size=3)
    expected = [("a", 0), ("b", 1), ("a", 2), ("c", 3), ("a", 4), ("b", 5), ("b", 6)]
    put_in_order(client, stream_name, expected[:1])
    put_aggregate(client, stream_name, expected[1:5])
    put_in_order(client, stream_name, expected[5:6])
    put_aggregate(client, stream_name, expected[6:])
    with Consumer(app, service.endpoint) as consumer:
        consumer.wait_for(lambda: len(app.delivered()) >= len(expected), 30, "all user records")
        stop(consumer)
    assert app.delivered() == expected


def test_a_kill_inside_of_an_aggregate_repeats_at_most_one_batch_and_loses_none(
        service, client, stream_name, make_app):
    app = make_app(batch_size=5)
    expected = [("k", number) for number in range(20_000)]
    put_aggregate(client, stream_name, expected)
    with Consumer(app, service.endpoint) as consumer:
        consumer.wait_for(lambda: len(app.delivered()) >= 100, 30, "some user records", every=0.002)
        consumer.signal(signal.SIGKILL)
        consumer.wait(10)
    before = len(app.delivered())
    assert before < len(expected), "the kill came too late to mean anything"
    with Consumer(app, service.endpoint) as consumer:
        consumer.wait_for(lambda: expected[-1] in app.delivered(), 30, "the last user record")
        stop(consumer)
    seen = app.delivered()
    assert sorted(set(seen)) == sorted(expected)
    assert len(seen) - len(expected) <= 5, "more than one batch was repeated"


def test_lanes_spread_the_user_records_of_one_aggregate(service, client, stream_name, make_app):
    app = make_app(parallelization_factor=4, batch_size=10)
    expected = [(f"k{number % 20}", number) for number in range(400)]
    put_aggregate(client, stream_name, expected)
    with Consumer(app, service.endpoint) as consumer:
        consumer.wait_for(lambda: len(app.delivered()) >= len(expected), 30, "all user records")
        stop(consumer)
    seen = app.delivered()
    assert sorted(seen) == sorted(expected)
    for key in {key for key, _ in expected}:
        numbers = [number for k, number in seen if k == key]
        assert numbers == sorted(numbers), f"order of {key}"


def test_without_deaggregation_an_aggregate_is_one_record(service, client, stream_name, make_app):
    app = make_app(deaggregate=False)
    put_aggregate(client, stream_name, [("a", 1), ("b", 2)])
    put_in_order(client, stream_name, [("end", 9)])
    with Consumer(app, service.endpoint) as consumer:
        consumer.wait_for(lambda: ("end", 9) in app.delivered(), 30, "the last record")
        stop(consumer)
    assert app.delivered() == [("end", 9)], "the handler shows no data that is no text"
    assert app.guest_bytes().count(b"record ") == 2


PATTERN = json.dumps({"data": {"kind": ["buy"], "price": [{"numeric": [">=", 100]}]}})


def put_orders(client, stream):
    orders = [{"kind": "buy", "price": 99, "id": "<<small:1>>"}, {"kind": "buy", "price": 100, "id": "<<big:2>>"},
              {"kind": "sell", "price": 500, "id": "<<sell:3>>"}]
    for order in orders:
        client.put_record(StreamName=stream, Data=json.dumps(order), PartitionKey="k")
    client.put_record(StreamName=stream, Data=b"no json <<plain:4>>", PartitionKey="k")
    client.put_record(StreamName=stream, Data=json.dumps({"kind": "buy", "price": 1e3, "id": "<<last:5>>"}),
                      PartitionKey="k")


@pytest.mark.parametrize("on_non_json, expected", [
    ("drop", [("big", 2), ("last", 5)]),
    ("pass", [("big", 2), ("plain", 4), ("last", 5)]),
    ("fail", [("big", 2), ("last", 5)]),
])
def test_filters_keep_what_matches(service, client, stream_name, make_app, on_non_json, expected):
    app = make_app(filters=[PATTERN], on_non_json=on_non_json)
    put_orders(client, stream_name)
    with Consumer(app, service.endpoint) as consumer:
        consumer.wait_for(lambda: ("last", 5) in app.delivered(), 30, "the last order")
        stop(consumer)
    assert app.delivered() == expected
    failed = [path.read_text() for path in (app.state / "failed").rglob("*.json")]
    assert len(failed) == (1 if on_non_json == "fail" else 0)
    assert all("<<plain:4>>" in text for text in failed)


def test_a_filter_dry_run_shows_what_would_happen_and_moves_nothing(service, client, stream_name, make_app):
    app = make_app(filters=[PATTERN])
    put_orders(client, stream_name)
    done = subprocess.run(
        [BINARY, "check", "-f", app.manifest, "--state-dir", app.state, "--filter-dry-run", "--sample", "50"],
        capture_output=True, text=True, timeout=60, cwd=app.folder,
        env=clean_environment(app.folder, AWS_ENDPOINT_URL_KINESIS=service.endpoint))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 records of the last hour" in done.stdout
    assert "filter 1 matches 2 (40 %)" in done.stdout
    assert "skipped, matched by no filter: 2 (40 %)" in done.stdout
    assert re.search(r'no JSON, dropped by on_non_json = "drop": 1 \(20 %\)', done.stdout)
    assert not (app.state / "kinesis.db").exists()
