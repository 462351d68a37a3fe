"""What the build commands of templates and examples need around them, a language each: the compiler's
environment, caches that outlive a test, and the checkout's SDK in the place of the registry's."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from harness import ROOT, clean_environment

CACHE = Path(os.environ.get("KT_CACHE", Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
                            / "trigger-kinesis"))
GUEST_RUST = ROOT / "tools/guest-rust.sh"


def run(command, folder, environment):
    done = subprocess.run(["nice", *command], cwd=folder, env={**os.environ, **environment}, capture_output=True,
                          text=True, timeout=900)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


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

    def unit_tests(self, app):
        run(["cargo", "test"], app, self.environment)

    def guest(self, folder, output):
        """A crate of tests/guests as a module. Another checkout may have built its own into the same target folder."""
        (folder / "src/lib.rs").touch()
        done = subprocess.run([GUEST_RUST, folder, output], capture_output=True, text=True, timeout=900,
                              env={**os.environ, **self.environment})
        assert done.returncode == 0, done.stderr[-6000:]
        return output


class Node:
    """JavaScript and TypeScript: npm without the network, and the checkout's SDK packed as the registry would have it."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.modules = Path(os.environ["KT_GUEST_NPM"]) / "node_modules"
        self.environment = {"npm_config_cache": str(self.modules.parent / "cache"), "npm_config_offline": "true",
                            "npm_config_audit": "false", "npm_config_fund": "false", "npm_config_update_notifier": "false"}
        self.sdk = None

    def run(self, *command, cwd, seconds=300):
        return ran(command, cwd, self.environment, seconds)

    def packed_sdk(self):
        if not self.sdk:
            name = self.run("npm", "pack", "--silent", ROOT / "sdk/js", cwd=self.folder).split()[-1]
            self.sdk = self.folder / name
        return self.sdk

    def prepare(self, app):
        """What a user does to try the checkout's SDK, who has it packed. Once an app is enough."""
        if "file:" in (Path(app) / "package.json").read_text():
            return
        self.run("npm", "install", self.packed_sdk(), cwd=app)

    def sdk_folder(self):
        """A copy of the SDK with its dependencies, to build components with and run its tests in."""
        folder = self.folder / "checkout/sdk/js"
        if not folder.exists():
            shutil.copytree(ROOT / "sdk/js", folder, ignore=shutil.ignore_patterns("node_modules"))
            shutil.copytree(ROOT / "wit", self.folder / "checkout/wit")
            (folder / "node_modules").symlink_to(self.modules)
        return folder


class Python:
    """pip without the network, and the checkout's SDK as a wheel beside those of the registry."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.wheels = self.folder / "wheels"
        shutil.copytree(os.environ["KT_GUEST_WHEELS"], self.wheels)
        self.environment = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels), "PIP_DISABLE_PIP_VERSION_CHECK": "1",
                            "PYTHONDONTWRITEBYTECODE": "1"}
        source = self.folder / "sdk"
        shutil.copytree(ROOT / "sdk/python", source, ignore=shutil.ignore_patterns("__pycache__"))
        python = Path(os.environ["KT_VENV"]) / "bin/python"
        self.run(python, "-m", "pip", "wheel", "--no-deps", "-w", self.wheels, source, cwd=self.folder)

    def run(self, *command, cwd, seconds=300, **environment):
        return ran(command, cwd, {**self.environment, **environment}, seconds)

    def prepare(self, app):
        """Nothing: the app's own build command finds the wheels."""


def ran(command, cwd, environment, seconds):
    done = subprocess.run(["nice", *map(str, command)], cwd=cwd, timeout=seconds, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env={**clean_environment(cwd), **environment})
    assert done.returncode == 0, f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout[-6000:]}"
    return done.stdout


class Go:
    """Stock Go. A go.work file in the app names the checkout's SDK; nothing is downloaded."""

    def __init__(self):
        go = shutil.which(os.environ.get("KT_GO", "go"))
        if not go:
            pytest.skip("no go: run tools/setup/go")
        self.environment = {"PATH": f"{Path(go).parent}:{os.environ['PATH']}", "GOCACHE": str(CACHE / "go-build"),
                            "GOPATH": str(CACHE / "go"), "GOTOOLCHAIN": "local", "GOPROXY": "off", "GOFLAGS": ""}

    def prepare(self, app):
        (Path(app) / "go.work").write_text(f"go 1.24\n\nuse (\n\t.\n\t{ROOT}/sdk/go\n)\n")

    def unit_tests(self, app):
        run(["go", "test", "./..."], app, self.environment)

    def guest(self, folder, output):
        """A module of tests/guests."""
        done = subprocess.run(["nice", "go", "build", "-buildmode=c-shared", "-ldflags=-s -w", "-o", output, "."],
                              cwd=folder, capture_output=True, text=True, timeout=600,
                              env={**os.environ, **self.environment, "GOOS": "wasip1", "GOARCH": "wasm"})
        assert done.returncode == 0, done.stderr
        return output


class Cpp:
    """clang with the wasm32 target. The template brings its headers along."""

    def __init__(self):
        if not shutil.which("clang++-19"):
            pytest.skip("no clang++-19: run tools/setup/system")
        self.environment = {}

    def prepare(self, app):
        pass

    def unit_tests(self, app):
        pass
