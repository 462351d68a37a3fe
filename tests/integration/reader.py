"""A reader of a page, who follows it word by word.

    ```sh               is run to its end, from the folder where the last one ended
    ```sh background    is started, and left running
    ```sh stopped       is run after what was started has been stopped
    ```text             is what the one that runs prints, sooner or later
    ```rust file=PATH   is what the reader writes into PATH
"""

import re
import signal
import subprocess
from pathlib import Path

from harness import BINARY, Process, clean_environment, free_port

BLOCK = re.compile(r"^```(\w+)(?: (.*?))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class Reader:
    """Does what a page says, in a folder of its own. The embedded Kinesis has a port of its own too, and so have
    the servers for which `instead` has other words than the page."""

    def __init__(self, folder, toolchain, environment=None, instead=None):
        self.start = self.folder = Path(folder)
        self.toolchain = toolchain
        self.port = free_port()
        self.exported = {}
        self.environment = {**clean_environment(folder), **(toolchain.environment if toolchain else {}),
                            **(environment or {})}
        path = self.environment["PATH"]
        self.environment["PATH"] = f"{BINARY.parent}:{path}"
        self.instead = {"127.0.0.1:4567": f"127.0.0.1:{self.port}", **(instead or {})}
        self.running = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.running:
            self.running.signal(signal.SIGINT)
            self.running.wait(30)
            self.running = None

    def script(self, text):
        text = text.replace("up --local", f"up --local --local-port {self.port}")
        for word, own in self.instead.items():
            text = text.replace(word, own)
        return text

    def prepare(self):
        if self.toolchain and not (self.folder / ".cargo").exists() and not (self.folder / "go.work").exists():
            self.toolchain.prepare(self.folder)

    def run(self, text):
        script = f"set -e\n{self.script(text)}\npwd >'{self.start}/where'\nenv -0 >'{self.start}/exported'\n"
        done = subprocess.run(["bash", "-c", script], cwd=self.folder, env={**self.environment, **self.exported},
                              capture_output=True, text=True, timeout=900)
        assert done.returncode == 0, f"{text}\n{done.stdout[-3000:]}\n{done.stderr[-5000:]}"
        self.folder = Path((self.start / "where").read_text().strip())
        after = dict(one.split("=", 1) for one in (self.start / "exported").read_text().split("\0") if "=" in one)
        self.exported = {name: value for name, value in after.items() if name.startswith("AWS_")}

    def begin(self, text):
        self.running = Process(["bash", "-c", f"exec nice {self.script(text)}"], self.folder, "background",
                               {**self.environment, **self.exported})
        self.running.wait_for(lambda: "lease taken" in self.running.output, 600, "a worker at work", every=0.2)

    def sees(self, text):
        lines = text.strip().splitlines()
        self.running.wait_for(lambda: all(line in self.running.output for line in lines), 60, f"printed {lines}")

    def follow(self, page):
        for language, info, text in BLOCK.findall(Path(page).read_text()):
            if info.startswith("file="):
                (self.folder / info.removeprefix("file=")).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / info.removeprefix("file=")).write_text(text)
            elif language == "sh":
                if info == "stopped":
                    self.stop()
                if (self.folder / "spin.toml").exists():
                    self.prepare()
                self.begin(text) if info == "background" else self.run(text)
            elif language == "text":
                self.sees(text)
