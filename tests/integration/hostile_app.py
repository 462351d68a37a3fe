"""An app of two components, one of them hostile, and what the process looked like meanwhile."""

import os
import time
from pathlib import Path

from apps import guest, toml
from harness import BINARY, Process, clean_environment, delivered, free_port, kinesis, listening, payload

MIB = 1024 * 1024
# A good record is handled within this while the hostile component is at work.
PATIENCE = 10


class HostileApp:
    """`up --local` on two streams: what `bad` is told to do is a record of the stream `bad`."""

    def __init__(self, folder, allowed=None, trigger=None, application=None, component=(), runtime=None, flags=(),
                 source="hostile"):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.state = self.folder / "state"
        self.port = free_port()
        self.flags = ["--quiet", *map(str, flags)]
        trigger = {"batch_size": 1, "maximum_retry_attempts": 0, "handler_timeout_millis": 30_000, **(trigger or {})}
        parts = ["spin_manifest_version = 2", "[application]", 'name = "siege"', "[application.trigger.kinesis]",
                 *lines({"max_instance_memory": 64 * MIB, **(application or {})})]
        for name, source, keys in (("bad", source, trigger), ("good", "handler", {})):
            arn = f"arn:aws:kinesis:us-east-1:000000000000:stream/{name}"
            parts += ["[[trigger.kinesis]]", *lines({
                "component": name, "stream_arn": arn, "shard_iterator_type": "TRIM_HORIZON",
                "shard_idle_wait_millis": 100, **keys})]
            parts += [f"[component.{name}]", f"source = {toml(str(guest(source)))}"]
            if name == "bad":
                parts += [*lines(allowed or {}), *component]
        self.manifest = self.folder / "spin.toml"
        self.manifest.write_text("\n".join(parts) + "\n")
        if runtime:
            (self.folder / "runtime.toml").write_text(runtime)
            self.flags += ["--runtime-config-file", str(self.folder / "runtime.toml")]

    def out(self, component, stream="stdout"):
        path = self.state / "logs" / f"{component}_{stream}.txt"
        return path.read_bytes() if path.exists() else b""


def lines(table):
    return [f"{name} = {toml(value)}" for name, value in table.items()]


class Siege(Process):
    """The running app. Good records go on being put, and must be handled, for as long as a deed lasts."""

    def __init__(self, app, **environment):
        self.app = app
        self.sent = 0
        self.slowest = 0
        self.peak = 0
        super().__init__(
            [BINARY, "up", "-f", app.manifest, "--state-dir", app.state, "--local", "--local-port", app.port,
             "--limits", "none", *app.flags],
            app.folder, "up", clean_environment(app.folder, AWS_ENDPOINT_URL_KINESIS=None, **environment))
        self.wait_for(lambda: listening(app.port), 30, "the embedded Kinesis listens")
        self.client = kinesis(f"http://127.0.0.1:{app.port}")
        self.wait_for(lambda: {"bad", "good"} <= set(self.client.list_streams()["StreamNames"]), 20, "the streams exist")
        self.another_is_handled()
        self.before = self.peak = resident(self.child.pid)

    def another_is_handled(self):
        self.sent += 1
        begun = time.monotonic()
        self.client.put_record(StreamName="good", PartitionKey="good", Data=payload("good", self.sent))
        self.wait_for(lambda: ("good", self.sent) in delivered(self.app.out("good")), PATIENCE,
                      f"the good component handles record {self.sent}", every=0.02)
        self.slowest = max(self.slowest, time.monotonic() - begun)

    def tell(self, *deeds, key="bad"):
        for deed in deeds:
            self.client.put_record(StreamName="bad", PartitionKey=key, Data=deed.encode())

    def hold_out(self, condition, what, seconds=60):
        """Until the condition holds good records are handled, at least three, and memory is watched."""
        handled, deadline = 0, time.monotonic() + seconds
        while not (condition() and handled >= 3):
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}\n{self.output[-4000:]}"
            self.another_is_handled()
            self.peak = max(self.peak, resident(self.child.pid))
            handled += 1
        assert self.running(), self.output[-4000:]

    def answers(self, *deeds, seconds=60):
        """What the hostile guest printed to each deed that its calls survived."""
        self.tell(*deeds)
        printed = []

        def answered():
            printed[:] = [line for line in self.app.out("bad").decode(errors="replace").splitlines()
                          if any(line.startswith(f"{deed}: ") for deed in deeds)]
            return len(printed) >= len(deeds)
        self.hold_out(answered, lambda: f"answers to {deeds}: {printed}", seconds)
        return [line.partition(": ")[2] for line in printed]

    def complaint(self, *deeds, says, seconds=60):
        """Waits for the log line that tells how the calls were stopped."""
        seen = len(self.output)
        self.tell(*deeds)
        self.hold_out(lambda: says in self.output[seen:], f"the log says {says!r}", seconds)
        return self.output[seen:]

    def grew_at_most(self, mebibytes):
        grown = (self.peak - self.before) // MIB
        print(f"resident before {self.before // MIB} MiB, grew by {grown} MiB; good records within {self.slowest:.2f} s")
        assert grown <= mebibytes, f"grew by {grown} MiB"


def resident(pid):
    """The most that was resident until now."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"no VmHWM of {pid}")


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))
