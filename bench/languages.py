#!/usr/bin/env python3
"""What a handler costs in each language: builds the same one with every SDK, lets `trigger-kinesis bench --component`
measure it, and prints the table of docs/benchmarks.md.

    tools/setup/emulators && . ~/.cache/trigger-kinesis/emulators.sh
    $KT_VENV/bin/python bench/languages.py [--keep FOLDER] [language …]

Takes KT_BINARY, else build/release/trigger-kinesis. Measure on a quiet machine: compilation uses all cores.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT / "tests/integration"))
# Made by tools/setup/rust: which cargo builds guests.
RUST = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "trigger-kinesis/rust.sh"

from harness import BINARY  # noqa: E402
from toolchains import Go, Node, Python, Rust  # noqa: E402

SOURCES = HERE / "languages"


def rust(name):
    def build(folder, output):
        if RUST.exists():
            for line in RUST.read_text().splitlines():
                key, _, value = line.removeprefix("export ").partition("=")
                os.environ.setdefault(key, value.strip("'\""))
        Rust().guest(SOURCES / name, output)
    return build


def cpp(folder, output):
    subprocess.run(["clang++-19", "--target=wasm32-wasi", "-mexec-model=reactor", "-std=c++20", "-O2", "-fno-exceptions",
                    "-fno-rtti", "-Wl,--strip-debug", "-Wl,--initial-memory=2097152", "-I", ROOT / "sdk/cpp",
                    HERE / "guest.cc", "-o", output], check=True)


def go(folder, output):
    subprocess.run(["go", "build", "-buildmode=c-shared", "-ldflags=-s -w", "-o", output, "."], cwd=SOURCES / "go",
                   env={**os.environ, **Go().environment, "GOOS": "wasip1", "GOARCH": "wasm"}, check=True)


def script(source):
    def build(folder, output):
        node = Node(folder)
        app = folder / "app"
        shutil.copytree(SOURCES / "js", app)
        (app / "node_modules").mkdir()
        (app / "node_modules/spin-kinesis-sdk").symlink_to(node.sdk_folder())
        node.run("node", node.sdk_folder() / "bin/spin-kinesis-build.js", source, "-o", output, cwd=app)
    return build


def python(folder, output):
    tools = Python(folder)
    app = folder / "app"
    shutil.copytree(SOURCES / "python", app)
    tools.run("python3", "-m", "venv", ".venv", cwd=app)
    tools.run(".venv/bin/pip", "install", "-q", "spin-kinesis-sdk", "componentize-py", cwd=app)
    tools.run(".venv/bin/componentize-py", "-w", "stream-handler", "componentize", "app", "-o", output, cwd=app,
              VIRTUAL_ENV=app / ".venv")


LANGUAGES = {
    "rust-original": ("Rust, as the original SDK builds it", rust("rust-original")),
    "rust": ("Rust", rust("rust")),
    "cpp": ("C++", cpp),
    "go": ("Go", go),
    "js": ("JavaScript", script("handler.js")),
    "ts": ("TypeScript", script("handler.ts")),
    "python": ("Python", python),
}


def measured(component):
    done = subprocess.run([BINARY, "bench", "--json", "--component", component], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)[0]


def row(name, cost):
    def millis(micros):
        return f"{micros / 1000:.3f}"
    size = cost["bytes"]
    return [name, f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB",
            f"{cost['compile_seconds']:.2f} s ({cost['compile_cpu_seconds']:.1f})", f"{cost['cached_load_ms']:.0f} ms",
            f"{millis(cost['instance_micros'])} ms", f"{millis(cost['call_micros'])} ms",
            f"{millis(cost['instance_micros'] + cost['call_micros'])} ms", f"{cost['memory_bytes'] / 1e6:.1f} MB"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("languages", nargs="*", metavar="language", help=", ".join(LANGUAGES))
    parser.add_argument("--keep", type=Path, help="leave the components here, and take those that are there")
    options = parser.parse_args()
    for one in options.languages:
        if one not in LANGUAGES:
            parser.error(f"no language {one}: there are {', '.join(LANGUAGES)}")
    with tempfile.TemporaryDirectory(prefix="kt-languages-") as scratch:
        keep = (options.keep or Path(scratch)).resolve()
        keep.mkdir(parents=True, exist_ok=True)
        chosen = options.languages or LANGUAGES
        for one in chosen:
            component = keep / f"{one}.wasm"
            if not component.exists():
                print(f"building {one}", file=sys.stderr)
                folder = Path(scratch) / one
                folder.mkdir()
                LANGUAGES[one][1](folder, component)
        print("| language | component | cold compile (CPU s) | cached load | instance | call, 100 x 1 KiB | both | memory |")
        print("|---|---|---|---|---|---|---|---|")
        for one in chosen:
            print(f"| {' | '.join(row(LANGUAGES[one][0], measured(keep / f'{one}.wasm')))} |", flush=True)


if __name__ == "__main__":
    main()
