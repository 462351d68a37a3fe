"""Tumbling windows through the whole program, with a handler of the second world that counts."""

import re
import signal
import time

from apps import App, guest
from harness import Consumer, create_stream, open_shards, split, stream_arn

CALL = re.compile(rb"^call \S+ (\S+) .* window (\d+)-(\d+)( final)?( early)? state (\S*)$", re.MULTILINE)


def window_app(client, stream_name, tmp_path, **keys):
    create_stream(client, stream_name, 1)
    return App(tmp_path / "app", stream_arn(client, stream_name), source=guest("stream"),
               shard_iterator_type="TRIM_HORIZON", shard_idle_wait_millis=200, tumbling_window_seconds=3,
               environment={"GUEST_COUNT": "yes"}, **keys)


def finals(app):
    """What each final call got, by shard and window; a call that a kill made twice counts once."""
    return {(call[1].decode(), int(call[2])): int(call[6]) for call in CALL.finditer(app.guest_bytes()) if call[4]}


def put(client, stream_name, count):
    for number in range(count):
        client.put_record(StreamName=stream_name, PartitionKey=f"k{number}", Data=b"x")
        time.sleep(0.02)


def test_window_sums_are_right_across_kills_and_a_split(service, client, stream_name, tmp_path):
    app = window_app(client, stream_name, tmp_path)
    for _ in range(3):
        with Consumer(app, service.endpoint) as consumer:
            put(client, stream_name, 40)
            consumer.signal(signal.SIGKILL)
            consumer.wait(10)
    with Consumer(app, service.endpoint) as consumer:
        put(client, stream_name, 20)
        split(client, stream_name, open_shards(client, stream_name)[0])
        put(client, stream_name, 20)
        consumer.wait_for(lambda: sum(finals(app).values()) >= 160, 30, lambda: f"160 counted, not {finals(app)}")
        consumer.signal(signal.SIGTERM)
        assert consumer.wait(15) == 0, consumer.output
    sums = finals(app)
    assert sum(sums.values()) == 160, sums
    assert all(start % 3000 == 0 for _, start in sums)


def test_a_window_ends_by_time_and_only_once(service, client, stream_name, tmp_path):
    app = window_app(client, stream_name, tmp_path)
    with Consumer(app, service.endpoint) as consumer:
        put(client, stream_name, 1)
        consumer.wait_for(lambda: finals(app), 20, "a final call with no later record")
        time.sleep(4)
        consumer.signal(signal.SIGTERM)
        assert consumer.wait(15) == 0, consumer.output
    assert list(finals(app).values()) == [1]
    assert app.guest_bytes().count(b" final ") == 1


def test_a_component_without_state_is_refused(service, client, stream_name, tmp_path):
    app = window_app(client, stream_name, tmp_path)
    app.source = guest("handler")
    app.write()
    with Consumer(app, service.endpoint) as consumer:
        assert consumer.wait(20) == 2
    assert "needs a handler that carries state" in consumer.output
