"""Records of 10 MiB, a handler that stalls, 200 shards: what the program holds stays within its budget."""

import signal

import pytest

from apps import App
from harness import Consumer, LocalKinesis, delivered, kinesis, payload, wait_active

SHARDS = 200
MIB = 1024 * 1024
BUDGET = 128 * MIB
RECORD = 10 * MIB - 64  # with its key below the service's 10 MiB
INVOCATIONS = 2
# Beside the budget: the program itself, one batch in each guest and on its way there, and what a body is read into.
BESIDES = (80 + INVOCATIONS * 3 * 10 + 60) * MIB


def resident(pid, field="VmHWM"):
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith(field):
                return int(line.split()[1]) * 1024
    raise AssertionError(f"no {field} in /proc/{pid}/status")


def stalled_peak(consumer):
    """The most that was resident once it grew no more: what a stalled handler lets the shards read."""
    seen = []

    def steady():
        seen.append(resident(consumer.child.pid))
        return len(seen) > 20 and seen[-1] == seen[-20] and seen[-1] > BUDGET // 2
    consumer.wait_for(steady, 60, lambda: f"memory comes to rest: {[value // MIB for value in seen[-20:]]}", every=0.5)
    return seen[-1]


@pytest.mark.timeout(300)
def test_large_records_and_a_stalled_handler_stay_within_the_budget(tmp_path):
    with LocalKinesis(tmp_path, "--limits", "none") as server:
        client = kinesis(server.endpoint)
        client.create_stream(StreamName="large", ShardCount=SHARDS, MaxRecordSizeInKiB=10240)
        wait_active(client, "large")
        description = client.describe_stream_summary(StreamName="large")["StreamDescriptionSummary"]
        assert description["MaxRecordSizeInKiB"] == 10240
        shards = client.list_shards(StreamName="large")["Shards"]
        wanted = set()
        for number, shard in enumerate(shards):
            key = f"k{number:03d}"
            client.put_record(StreamName="large", PartitionKey=key, Data=payload(key, 0, RECORD),
                              ExplicitHashKey=shard["HashKeyRange"]["StartingHashKey"])
            wanted.add((key, 0))
        app = App(tmp_path / "app", description["StreamARN"], shard_iterator_type="TRIM_HORIZON",
                  handler_timeout_millis=300_000, environment={"GUEST_COMMAND": "sleep 3600000"},
                  application={"memory_budget_bytes": BUDGET, "max_concurrent_invocations": INVOCATIONS})
        with Consumer(app, server.endpoint) as consumer:
            stalled = stalled_peak(consumer)
            consumer.kill()
        app.environment = {}
        app.write()
        with Consumer(app, server.endpoint) as consumer:
            consumer.wait_for(lambda: wanted <= set(app.delivered()), 200,
                              lambda: f"{len(wanted - set(app.delivered()))} records missing", every=1)
            flowing = resident(consumer.child.pid)
            consumer.signal(signal.SIGTERM)
            assert consumer.wait(20) == 0
    print(f"{SHARDS} shards, a record of {RECORD / MIB:.1f} MiB in each, budget {BUDGET // MIB} MiB: at most "
          f"{stalled // MIB} MiB resident with a stalled handler, {flowing // MIB} MiB while records flow")
    assert stalled <= BUDGET + BESIDES, f"{stalled // MIB} MiB resident with a stalled handler"
    assert flowing <= BUDGET + BESIDES, f"{flowing // MIB} MiB resident while records flow"
