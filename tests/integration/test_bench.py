"""`trigger-kinesis bench --component`: what one component costs."""

import json
import subprocess

from apps import guest
from harness import BINARY, clean_environment


def bench(folder, *words):
    return subprocess.run([BINARY, "bench", *words], cwd=folder, env=clean_environment(folder), capture_output=True,
                          text=True, timeout=120)


def test_what_a_component_costs_is_measured(tmp_path):
    component = guest("handler")
    done = bench(tmp_path, "--json", "--component", component)
    assert done.returncode == 0, done.stderr
    (cost,) = json.loads(done.stdout)
    assert cost["component"] == str(component) and cost["bytes"] == component.stat().st_size
    assert cost["compile_seconds"] > 0 and cost["compile_cpu_seconds"] > 0 and cost["cached_load_ms"] > 0
    assert cost["instance_micros"] > 0 and cost["call_micros"] > 0
    assert cost["memory_bytes"] % 65536 == 0 and cost["memory_bytes"] > 0


def test_what_cannot_be_measured_is_named_once(tmp_path):
    text = tmp_path / "text.wasm"
    text.write_text("no component")
    done = bench(tmp_path, "--component", text)
    assert done.returncode == 1 and done.stderr.count("text.wasm") == 1, done.stderr
    assert "not a WebAssembly file" in done.stderr
    absent = bench(tmp_path, "--component", tmp_path / "absent.wasm")
    assert absent.returncode == 2 and "absent.wasm" in absent.stderr
