"""Manifests for the tests, and the guests that they name."""

import os
from pathlib import Path

from harness import ROOT, delivered

GUESTS = Path(os.environ.get("KT_GUESTS", ROOT / "build/release/guests"))


def guest(name):
    """A guest that the build made from tests/guests; `handler` prints each record's data."""
    path = GUESTS / f"{name}.wasm"
    assert path.exists(), f"no {path}: build the release preset"
    return path


class App:
    """One trigger and one component in a folder of its own."""

    def __init__(self, folder, stream_arn, source=None, component="recorder", application=None, environment=None,
                 **keys):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.component = component
        self.state = self.folder / "state"
        self.manifest = self.folder / "spin.toml"
        self.keys = {"stream_arn": stream_arn, **keys}
        self.application = application or {}
        self.source = source or guest("handler")
        self.environment = environment or {}
        self.write()

    def write(self):
        def lines(table):
            return [f"{name} = {toml(value)}" for name, value in table.items()]
        parts = [
            "spin_manifest_version = 2", "", "[application]", 'name = "drill"', 'version = "0.1.0"', "",
            *(["[application.trigger.kinesis]", *lines(self.application), ""] if self.application else []),
            "[[trigger.kinesis]]", f'component = "{self.component}"', *lines(self.keys), "",
            f"[component.{self.component}]", f"source = {toml(str(self.source))}", "",
            *([f"[component.{self.component}.environment]", *lines(self.environment), ""] if self.environment else []),
        ]
        self.manifest.write_text("\n".join(parts))

    @property
    def guest_log(self):
        return self.state / "logs" / f"{self.component}_stdout.txt"

    def guest_bytes(self):
        return self.guest_log.read_bytes() if self.guest_log.exists() else b""

    def guest_size(self):
        return self.guest_log.stat().st_size if self.guest_log.exists() else 0

    def delivered(self):
        return delivered(self.guest_bytes())


def toml(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
