"""Three workers on one stream of 64 shards, leases in DynamoDB: killed, stopped, resharded; nothing lost, no overlap."""

import os
import random
import signal
import statistics
import threading
import time
from dataclasses import dataclass, field

import pytest

from apps import App
from emulators import DynamoDbLocal
from harness import (RECORD, Consumer, LocalKinesis, clean_environment, create_stream, kinesis, merge, open_shards,
                     put_in_order, split, stream_arn, wait_until)

SHARDS = 64
KEYS = 256
WORKERS = 3
KILLS = int(os.environ.get("KT_SCALE_KILLS", 5))
STOPS = int(os.environ.get("KT_SCALE_STOPS", 3))
ROUND_SECONDS = 0.2  # one record of each key
FLOWS_AGAIN_SECONDS = 5.0
HAND_OVER_SECONDS = 0.5


class Steady(threading.Thread):
    """Runs step() again and again until stopped; what went wrong is kept for the test."""

    def __init__(self, every):
        super().__init__(daemon=True)
        self.every, self.failure, self.ended = every, None, threading.Event()

    def run(self):
        try:
            while not self.ended.wait(self.every):
                self.step()
        except BaseException as failure:
            self.failure = failure

    def finish(self):
        self.ended.set()
        self.join()
        assert self.failure is None, self.failure


class Producer(Steady):
    """One record of each key a round, however the stream is cut."""

    def __init__(self, endpoint, stream):
        super().__init__(ROUND_SECONDS)
        self.client, self.stream, self.number, self.sent = kinesis(endpoint), stream, 0, []
        self.put_at = {}

    def step(self):
        entries = [(f"k{key:03d}", self.number) for key in range(KEYS)]
        put_in_order(self.client, self.stream, entries, self.sent)
        now = time.monotonic()
        self.put_at.update({entry: now for entry in entries})
        self.number += 1


class Resharder(Steady):
    """Splits a shard and merges two, in turn."""

    def __init__(self, endpoint, stream, dice):
        super().__init__(3)
        self.client, self.stream, self.dice, self.done = kinesis(endpoint), stream, dice, 0

    def step(self):
        shards = open_shards(self.client, self.stream)
        if self.done % 2 == 0:
            split(self.client, self.stream, self.dice.choice(shards))
        else:
            index = self.dice.randrange(len(shards) - 1)
            merge(self.client, self.stream, shards[index], shards[index + 1])
        self.done += 1


@dataclass
class Fleet:
    """The workers, and when each delivery was first seen in whose log."""
    folder: object
    endpoint: str
    leases: str
    arn: str
    apps: list = field(default_factory=list)
    consumers: list = field(default_factory=list)
    deliveries: list = field(default_factory=list)  # (time, worker, key, number), in order of sight
    offsets: list = field(default_factory=list)

    def start(self):
        for worker in range(WORKERS):
            app = App(self.folder / f"worker-{worker}", self.arn, shard_iterator_type="TRIM_HORIZON",
                      shard_idle_wait_millis=200, detector_poll_millis=1000,
                      application={"lease_store": "dynamodb:scale"})
            self.apps.append(app)
            self.offsets.append(0)
            self.consumers.append(None)
            self.begin(worker)

    def begin(self, worker):
        app = self.apps[worker]
        environment = clean_environment(app.folder, AWS_ENDPOINT_URL_KINESIS=self.endpoint,
                                        AWS_ENDPOINT_URL_DYNAMODB=self.leases)
        self.consumers[worker] = Consumer(app, self.endpoint, environment=environment)

    def look(self):
        """Reads what the guests printed since; a line still being written is left for the next look."""
        now = time.monotonic()
        for worker, app in enumerate(self.apps):
            if app.guest_size() <= self.offsets[worker]:
                continue
            with open(app.guest_log, "rb") as log:
                log.seek(self.offsets[worker])
                text = log.read()
            text = text[:text.rfind(b"\n") + 1]
            self.offsets[worker] += len(text)
            for key, number in RECORD.findall(text):
                self.deliveries.append((now, worker, key.decode(), int(number)))

    def owners(self):
        """Who delivered each key last."""
        return {key: worker for _, worker, key, _ in self.deliveries}

    def check_alive(self):
        for consumer in self.consumers:
            assert consumer.running(), consumer.output[-4000:]

    def wait_for_all_to_work(self, seconds=30):
        """Every worker delivers again, and the keys are spread."""
        begun = len(self.deliveries)

        def spread():
            self.look()
            self.check_alive()
            fresh = {}
            for _, worker, key, _ in self.deliveries[begun:]:
                fresh[key] = worker
            counts = [sum(1 for owner in fresh.values() if owner == worker) for worker in range(WORKERS)]
            return len(fresh) == KEYS and min(counts) >= KEYS // WORKERS // 2
        wait_until(spread, seconds, lambda: f"the keys are spread over {WORKERS} workers: {self.owners()}", every=0.02)

    def time_until_flowing(self, keys, others_than, since, seconds):
        """For each key, how long after `since` another worker delivered a record of it that is new; and the numbers of
        the last record before and of that one."""
        newest = {}
        for _, _, key, number in self.deliveries:
            newest[key] = max(newest.get(key, -1), number)
        begun, took, around = len(self.deliveries), {}, {}

        def flowing():
            self.look()
            for when, worker, key, number in self.deliveries[begun:]:
                if key in keys and worker != others_than and number > newest[key]:
                    took.setdefault(key, when - since)
                    around.setdefault(key, (newest[key], number))
            return len(took) == len(keys)
        wait_until(flowing, seconds, lambda: f"{len(keys) - len(took)} of {len(keys)} keys still stand", every=0.01)
        return took, around


def percentile(values, percent):
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]


def describe(name, seconds):
    values = sorted(seconds)
    return (f"{name}: p50 {percentile(values, 50) * 1000:.0f} ms, p99 {percentile(values, 99) * 1000:.0f} ms, "
            f"worst {values[-1] * 1000:.0f} ms over {len(values)} keys")


def kill_one(fleet, dice):
    worker = dice.randrange(WORKERS)
    fleet.look()
    keys = {key for key, owner in fleet.owners().items() if owner == worker}
    fleet.consumers[worker].signal(signal.SIGKILL)
    killed = time.monotonic()
    fleet.consumers[worker].wait(10)
    took, _ = fleet.time_until_flowing(keys, worker, killed, 30)
    fleet.begin(worker)
    fleet.wait_for_all_to_work()
    return list(took.values())


def stop_one(fleet, producer, dice):
    """How long each key stood until another worker delivered it: of keys that stayed in their shard, of keys that a
    reshard moved meanwhile (they wait for their old shard's end, too); and what was repeated."""
    worker = dice.randrange(WORKERS)
    fleet.look()
    keys = {key for key, owner in fleet.owners().items() if owner == worker}
    begun = len(fleet.deliveries)
    seen = {(key, number) for _, _, key, number in fleet.deliveries}
    fleet.consumers[worker].signal(signal.SIGTERM)
    asked = time.monotonic()
    took, around = fleet.time_until_flowing(keys, worker, asked, 30)
    assert fleet.consumers[worker].wait(20) == 0
    fleet.look()
    repeats = [(key, number) for _, _, key, number in fleet.deliveries[begun:] if (key, number) in seen]
    fleet.begin(worker)
    fleet.wait_for_all_to_work()
    shard_of = {(key, number): shard for shard, _, key, number in list(producer.sent)}
    moved = {key for key, numbers in around.items() if len({shard_of.get((key, number)) for number in numbers}) > 1}
    stayed = [seconds for key, seconds in took.items() if key not in moved]
    return stayed, [took[key] for key in moved], repeats


def check_everything_arrived_in_order(fleet, sent):
    first = {}
    for index, (_, _, key, number) in enumerate(fleet.deliveries):
        first.setdefault((key, number), index)
    missing = [(key, number) for _, _, key, number in sent if (key, number) not in first]
    assert not missing, f"{len(missing)} records were never delivered: {missing[:5]}"
    for worker in range(WORKERS):
        highest = {}
        for index, (_, at, key, number) in enumerate(fleet.deliveries):
            if at == worker and first[key, number] == index:
                assert number > highest.get(key, -1), f"{key}:{number} came after {highest[key]}"
                highest[key] = number


@pytest.mark.timeout(900)
def test_a_killed_and_a_stopped_worker_hand_their_shards_on(tmp_path):
    seed = int(os.environ.get("KT_DRILL_SEED", random.randrange(2**32)))
    print(f"KT_DRILL_SEED={seed}")
    dice = random.Random(seed)
    with LocalKinesis(tmp_path, "--limits", "none") as server, DynamoDbLocal(tmp_path) as leases:
        client = kinesis(server.endpoint)
        create_stream(client, "scale", SHARDS)
        fleet = Fleet(tmp_path, server.endpoint, leases.endpoint, stream_arn(client, "scale"))
        producer = Producer(server.endpoint, "scale")
        resharder = Resharder(server.endpoint, "scale", dice)
        try:
            fleet.start()
            producer.start()
            fleet.wait_for_all_to_work(60)
            resharder.start()
            flowing = [seconds for _ in range(KILLS) for seconds in kill_one(fleet, dice)]
            handed, resharded, repeated = [], [], []
            for _ in range(STOPS):
                stayed, moved, repeats = stop_one(fleet, producer, dice)
                handed += stayed
                resharded += moved
                repeated += repeats
            resharder.finish()
            producer.finish()
            wanted = {(key, number) for _, _, key, number in producer.sent}

            def arrived():
                fleet.look()
                return wanted <= {(key, number) for _, _, key, number in fleet.deliveries}
            wait_until(arrived, 60, "everything is delivered")
            for consumer in fleet.consumers:
                consumer.signal(signal.SIGTERM)
            assert [consumer.wait(20) for consumer in fleet.consumers] == [0] * WORKERS
        finally:
            for consumer in fleet.consumers:
                consumer.kill()
            for thread in (producer, resharder):
                thread.ended.set()
    check_everything_arrived_in_order(fleet, producer.sent)
    print(f"{len(producer.sent)} records, {SHARDS} shards at first, {resharder.done} reshards, {KILLS} kills, "
          f"{STOPS} stops")
    print(describe("flowing again after SIGKILL", flowing))
    print(describe("handed over after SIGTERM", handed))
    if resharded:
        print(describe("the same, of keys that a reshard moved meanwhile", resharded))
    assert max(flowing) <= FLOWS_AGAIN_SECONDS, describe("flowing again after SIGKILL", flowing)
    assert not repeated, f"{len(repeated)} records were repeated by planned stops: {repeated[:5]}"
    # A key's next record may be a round away when its shard has changed hands, and a read is up to 200 ms away.
    assert max(handed) <= HAND_OVER_SECONDS + ROUND_SECONDS + 0.2, describe("handed over after SIGTERM", handed)
