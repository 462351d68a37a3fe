"""What the build commands of templates and examples need around them, a language each: the compiler's
environment, caches that outlive a test, and the checkout's SDK in the place of the registry's."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from harness import ROOT

CACHE = Path(os.environ.get("KT_CACHE", Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
                            / "trigger-kinesis"))
GUEST_RUST = ROOT / "tools/guest-rust.sh"


class Rust:
    """Apps share one target folder, so that the SDK and its dependencies are compiled once."""

    def __init__(self):
        home = Path.home()
        self.cargo = os.environ.get("KT_CARGO") or shutil.which("cargo") or str(home / ".cargo/bin/cargo")
        self.environment = {
            "PATH": f"{Path(self.cargo).parent}:{os.environ['PATH']}",
            "CARGO_HOME": os.environ.get("CARGO_HOME", str(home / ".cargo")),
            "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", str(home / ".rustup")),
        }
        if "KT_RUSTC" in os.environ:
            self.environment["RUSTC"] = os.environ["KT_RUSTC"]
        checked = subprocess.run([GUEST_RUST, "--config"], capture_output=True, text=True,
                                 env={**os.environ, **self.environment})
        if checked.returncode != 0:
            pytest.skip(checked.stderr.strip())
        self.config = checked.stdout
        if self.config:
            self.environment["RUSTC_BOOTSTRAP"] = "1"
        rustc = self.environment.get("RUSTC", str(Path(self.cargo).with_name("rustc")))
        version = subprocess.run([rustc, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
        self.target = CACHE / f"guest-apps-{version}{'-build-std' if self.config else ''}"

    def prepare(self, app):
        """The app's build uses the checkout's SDK, the versions that the SDK is tested with, and the shared folder."""
        app = Path(app)
        config = app / ".cargo/config.toml"
        config.parent.mkdir(exist_ok=True)
        config.write_text(f'{self.config}[patch.crates-io]\nspin-kinesis-sdk = {{ path = "{ROOT}/sdk/rust" }}\n'
                          f'spin-kinesis-macro = {{ path = "{ROOT}/sdk/rust/macro" }}\n')
        if not (app / "Cargo.lock").exists():
            shutil.copy(ROOT / "sdk/rust/Cargo.lock", app / "Cargo.lock")
        self.target.mkdir(parents=True, exist_ok=True)
        (app / "target").symlink_to(self.target)

    def guest(self, folder, output):
        """A crate of tests/guests as a module."""
        done = subprocess.run([GUEST_RUST, folder, output], capture_output=True, text=True, timeout=900,
                              env={**os.environ, **self.environment})
        assert done.returncode == 0, done.stderr[-6000:]
        return output
