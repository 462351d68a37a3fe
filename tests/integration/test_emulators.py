"""The consumer, unchanged, against two Kinesis emulators that we did not write."""

import pytest

from apps import App
from emulators import Kinesalite, KinesisLocal
from harness import Consumer, create_stream, kinesis, merge, open_shards, put_in_order, split, stream_arn


@pytest.mark.parametrize("emulator", [KinesisLocal, Kinesalite], ids=["kinesis-local", "kinesalite"])
@pytest.mark.timeout(240)
def test_records_arrive_in_order_across_a_split_and_a_merge(emulator, tmp_path):
    with emulator(tmp_path) as server:
        client = kinesis(server.endpoint)
        create_stream(client, "orders", 2)
        app = App(tmp_path / "app", stream_arn(client, "orders"), shard_iterator_type="TRIM_HORIZON",
                  detector_poll_millis=1000)
        expected = []

        def put(start):
            for number in range(start, start + 5):
                entries = [(f"k{key}", number) for key in range(20)]
                put_in_order(client, "orders", entries)
                expected.extend(entries)

        put(0)
        with Consumer(app, server.endpoint) as consumer:
            consumer.wait_for(lambda: len(app.delivered()) >= len(expected), 60, "the first records")
            split(client, "orders", open_shards(client, "orders")[0])
            put(5)
            consumer.wait_for(lambda: len(app.delivered()) >= len(expected), 60, "the records after a split")
            merge(client, "orders", *open_shards(client, "orders")[:2])
            put(10)
            consumer.wait_for(lambda: len(app.delivered()) >= len(expected), 60, "the records after a merge")
            consumer.signal(2)
            assert consumer.wait(20) == 0
        seen = app.delivered()
        assert sorted(seen) == sorted(expected)
        for key in {key for key, _ in seen}:
            numbers = [number for name, number in seen if name == key]
            assert numbers == sorted(numbers), f"{key} out of order"
