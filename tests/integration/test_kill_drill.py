"""SIGKILL at random moments, under load and resharding: nothing is lost, nothing reordered, little repeated."""

import os
import random
import signal
import threading
import time
from collections import Counter

import pytest

from apps import App
from harness import (Consumer, LocalKinesis, create_stream, delivered, kinesis, merge, open_shards, put_in_order,
                     split, stream_arn)

RECORDS = int(os.environ.get("KT_DRILL_RECORDS", 200_000))
KILLS = int(os.environ.get("KT_DRILL_KILLS", 20))
BATCH_SIZE = 100
KEYS = 500


class Producer(threading.Thread):
    """Puts RECORDS records, one of each key a request, while the stream splits and merges under it."""

    def __init__(self, endpoint, stream):
        super().__init__(daemon=True)
        self.client = kinesis(endpoint)
        self.stream = stream
        self.sent = []
        self.failure = None

    def run(self):
        try:
            keys = [f"k{n:03d}" for n in range(KEYS)]
            for number in range(RECORDS // KEYS):
                put_in_order(self.client, self.stream, [(key, number) for key in keys], self.sent)
        except BaseException as failure:  # shown by the test
            self.failure = failure


class Resharder(threading.Thread):
    """Splits, splits, merges, and again, evenly over the producer's way."""

    STEPS = ("split", "merge", "split", "split", "merge", "split", "merge", "merge")

    def __init__(self, endpoint, stream, producer, dice):
        super().__init__(daemon=True)
        self.client = kinesis(endpoint)
        self.stream, self.producer, self.dice = stream, producer, dice
        self.done = []
        self.failure = None

    def run(self):
        try:
            for index, step in enumerate(self.STEPS, 1):
                while len(self.producer.sent) < RECORDS * index // (len(self.STEPS) + 1) and self.producer.is_alive():
                    time.sleep(0.05)
                self.reshard(step)
        except BaseException as failure:
            self.failure = failure

    def reshard(self, step):
        shards = open_shards(self.client, self.stream)
        if step == "split":
            split(self.client, self.stream, self.dice.choice(shards))
        else:
            index = self.dice.randrange(len(shards) - 1)
            merge(self.client, self.stream, shards[index], shards[index + 1])
        self.done.append(step)


def replays(segments, shard_of):
    """For each restart, how many records of each shard it delivered again."""
    seen, counts = set(), []
    for segment in segments:
        again = Counter(shard_of[record] for record in segment if record in seen)
        seen.update(segment)
        counts.append(again)
    return counts


@pytest.mark.timeout(900)
def test_kills_under_load_and_resharding(tmp_path):
    seed = int(os.environ.get("KT_DRILL_SEED", random.randrange(2**32)))
    print(f"KT_DRILL_SEED={seed}")
    dice = random.Random(seed)
    with LocalKinesis(tmp_path, "--limits", "none") as server:
        client = kinesis(server.endpoint)
        create_stream(client, "drill", 4)
        app = App(tmp_path / "app", stream_arn(client, "drill"), shard_iterator_type="TRIM_HORIZON",
                  batch_size=BATCH_SIZE, shard_idle_wait_millis=200, detector_poll_millis=1000)
        producer = Producer(server.endpoint, "drill")
        resharder = Resharder(server.endpoint, "drill", producer, dice)
        producer.start()
        resharder.start()

        cuts, kills = [], 0
        while kills < KILLS or producer.is_alive() or resharder.is_alive():
            assert kills < 40 * KILLS, "the producer does not come to its end"
            before = len(app.guest_bytes())
            with Consumer(app, server.endpoint) as consumer:
                if kills % 2:  # every other one dies only after it has delivered something
                    consumer.wait_for(lambda: len(app.guest_bytes()) > before, 60, "a delivery after a restart")
                time.sleep(dice.uniform(0, 2.5))
                assert consumer.running(), consumer.output[-4000:]
                consumer.signal(signal.SIGKILL)
                consumer.wait(10)
            kills += 1
            cuts.append(len(app.guest_bytes()))
        assert producer.failure is None and resharder.failure is None, (producer.failure, resharder.failure)
        assert len(producer.sent) == RECORDS
        wanted = {(key, number) for _, _, key, number in producer.sent}
        with Consumer(app, server.endpoint) as consumer:
            consumer.wait_for(lambda: len(app.guest_bytes()) > 0 and wanted <= set(app.delivered()), 120,
                              lambda: f"{len(wanted - set(app.delivered()))} records never delivered", every=0.5)
            consumer.signal(signal.SIGTERM)
            assert consumer.wait(20) == 0
    check(app, producer.sent, cuts, kills, resharder.done)


def check(app, sent, cuts, kills, resharded):
    seen = app.delivered()
    first = {}
    for index, record in enumerate(seen):
        first.setdefault(record, index)
    for _, _, key, number in sent:
        assert (key, number) in first, f"{key}:{number} was never delivered"
        assert number == 0 or first[key, number - 1] < first[key, number], f"{key}:{number} came before its elder"

    text = app.guest_bytes()
    segments = [delivered(text[begin:end]) for begin, end in zip([0, *cuts], [*cuts, len(text)])]
    shard_of = {(key, number): shard for shard, _, key, number in sent}
    worst = max((count for again in replays(segments, shard_of) for count in again.values()), default=0)
    print(f"{len(sent)} records, {kills} kills, {len(resharded)} reshards, {len(seen) - len(first)} repeats, "
          f"at most {worst} of one shard after one restart")
    assert worst <= BATCH_SIZE, f"a restart repeated {worst} records of one shard, more than a batch"
