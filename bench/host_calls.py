#!/usr/bin/env python3
"""What a host call costs: key-value on SQLite and outbound HTTP, as the guest sees it and in CPU of the whole program.

    . ~/.cache/trigger-kinesis/emulators.sh; $KT_VENV/bin/python bench/host_calls.py [--guests 1,8] [--count N] [CASE...]

CASE: get-1k, get-64k, set-1k, set-64k, http, spin. Needs build/release with its guests; KT_BINARY and KT_GUESTS name
others. The HTTP server is the embedded Kinesis, in a process of its own.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/integration"))

from harness import Consumer, LocalKinesis, create_stream, kinesis, open_shards  # noqa: E402
from host_app import HostApp  # noqa: E402
from apps import guest  # noqa: E402

# What each case asks for, and how many calls of it by default.
CASES = {"get-1k": ("get", 1024, 20_000), "get-64k": ("get", 65536, 5_000), "set-1k": ("set", 1024, 2_000),
         "set-64k": ("set", 65536, 1_000), "http": ("http", None, 3_000), "spin": ("spin", None, 3_000)}


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(folder, case, guests, count):
    what, more, usual = CASES[case]
    count = count or usual
    with LocalKinesis(folder, "--limits", "none") as server:
        client = kinesis(server.endpoint)
        create_stream(client, "asked", guests)
        app = HostApp(folder / "app", guest("caller"),
                      {"key_value_stores": ["default"], "allowed_outbound_hosts": ["http://127.0.0.1:*"]})
        deed = f"{what} {count} {more or server.endpoint + '/'}"
        with Consumer(app, server.endpoint, "--quiet") as consumer:
            consumer.wait_for(lambda: "lease taken" in consumer.output, 30, "it reads")
            before = cpu_seconds(consumer.child.pid)
            for number, shard in enumerate(open_shards(client, "asked")):
                client.put_record(StreamName="asked", PartitionKey=f"key-{number}", Data=deed.encode(),
                                  ExplicitHashKey=shard["HashKeyRange"]["StartingHashKey"])
            def answered():
                return app.guest_bytes().count(f"{deed}: ".encode()) >= guests
            consumer.wait_for(answered, 300, "every guest is done", every=0.02)
            used = cpu_seconds(consumer.child.pid) - before
        took = [line.rpartition(": ")[2] for line in app.guest_bytes().decode().splitlines() if line.startswith(deed)]
    if not all(text.endswith(" us") for text in took):
        sys.exit(f"{case}: {took}")
    micros = [int(text.split()[0]) for text in took]
    rate = sum(count / (one / 1e6) for one in micros)
    size = f", {rate * more / 1e6:,.0f} MB/s" if more else ""
    print(f"{case:8} {guests:2} guests: {rate:10,.0f} calls/s{size}; {sum(micros) / len(micros) / count:7.1f} us a call, "
          f"{used / guests / count * 1e6:6.1f} us of CPU", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--guests", default="1,8", help="how many at a time")
    parser.add_argument("--count", type=int, help="calls of each guest")
    parser.add_argument("cases", nargs="*", metavar="CASE", default=[])
    arguments = parser.parse_args()
    for case in arguments.cases or CASES:
        for guests in map(int, arguments.guests.split(",")):
            with tempfile.TemporaryDirectory(prefix="host-calls-") as folder:
                run(Path(folder), case, guests, arguments.count)


if __name__ == "__main__":
    main()
