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
RATE = 5000  # records a second: slow enough that the kills come while records flow


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
            begun = time.monotonic()
            for number in range(RECORDS // KEYS):
                time.sleep(max(0, begun + number * KEYS / RATE - time.monotonic()))
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


def live_for_a_while(consumer, app, producer, dice):
    """Until the moment to die: any, or between a guest's last word and its checkpoint."""
    manner = dice.choice(("any moment", "after a delivery", "amid a delivery"))
    if manner != "any moment" and producer.is_alive():
        before = app.guest_size()
        consumer.wait_for(lambda: app.guest_size() > before, 60, "a delivery after a restart")
    time.sleep(dice.uniform(0, 2))
    if manner == "amid a delivery" and producer.is_alive():
        before = app.guest_size()
        consumer.wait_for(lambda: app.guest_size() > before or not producer.is_alive(), 60, "one more delivery",
                          every=0.0005)


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

        cuts, kills, kills_at = [], 0, []
        while kills < KILLS or producer.is_alive() or resharder.is_alive():
            assert kills < 40 * KILLS, "the producer does not come to its end"
            with Consumer(app, server.endpoint) as consumer:
                live_for_a_while(consumer, app, producer, dice)
                assert consumer.running(), consumer.output[-4000:]
                consumer.signal(signal.SIGKILL)
                consumer.wait(10)
            kills += 1
            kills_at.append(len(producer.sent))
            cuts.append(app.guest_size())
        assert producer.failure is None and resharder.failure is None, (producer.failure, resharder.failure)
        assert len(producer.sent) == RECORDS
        under_load = sum(1 for sent in kills_at if sent < RECORDS)
        assert under_load >= KILLS, f"only {under_load} kills came while records were put"
        wanted = {(key, number) for _, _, key, number in producer.sent}
        with Consumer(app, server.endpoint) as consumer:
            consumer.wait_for(lambda: wanted <= set(app.delivered()), 120,
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
